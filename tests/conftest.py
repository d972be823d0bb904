"""How long the properties look: shortly on a developer's machine, longer in CI."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import settings

from tests.needs import fuzzing

# No deadline: machines are shared, and how long one example takes says nothing.
settings.register_profile("short", max_examples=30, deadline=None)
settings.register_profile("long", max_examples=100, deadline=None, print_blob=True)
settings.load_profile("long" if os.environ.get("CI") == "true" else "short")


@pytest.hookimpl(tryfirst=True)  # before those are left out that `-m` does not ask for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A property is drawn: what is covered is measured without it."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(fuzzing)


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
