"""How long the properties look: shortly on a developer's machine, longer in CI."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from hypothesis import settings

from tests.needs import CI, fuzzing

# No deadline: machines are shared, and how long one example takes says nothing.
settings.register_profile("short", max_examples=25, deadline=None)
settings.register_profile("long", max_examples=100, deadline=None, print_blob=True)
settings.load_profile("long" if CI else "short")


@pytest.hookimpl(tryfirst=True)  # before those are left out that `-m` does not ask for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A property is drawn; what takes too long is for CI."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(fuzzing)
        if not CI and item.get_closest_marker("only_in_ci"):
            item.add_marker(pytest.mark.skip(reason="takes long: with CI=true"))


def pytest_collection_finish() -> None:
    """Leave the thousands of tests out of what each collection of garbage looks at."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: a ratio that nobody sees is a formality."""
    drawn: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "summary":
                    terminalreporter.write_line(str(value))
                elif name == "drawn" and isinstance(value, dict):
                    drawn.update(value)  # the parts of it ran in several processes
    if drawn:
        said = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in drawn.items())
        terminalreporter.write_line(f"Drawn models: {said}")
