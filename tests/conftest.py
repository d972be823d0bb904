"""How long the properties look: shortly on a developer's machine, five times as long in CI."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import settings

# No deadline: machines are shared, and how long one example takes says nothing.
settings.register_profile("short", max_examples=60, deadline=None)
settings.register_profile("long", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("long" if os.environ.get("CI") == "true" else "short")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much the tests of drawn models have looked at, in all processes together."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        counted.update(dict(getattr(report, "user_properties", ())).get("drawn", {}))
    if counted:
        said = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counted.items())
        terminalreporter.write_line(f"Drawn models: {said}")
