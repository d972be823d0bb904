"""How long the properties look: shortly on a developer's machine, five times as long in CI."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: machines are shared, and how long one example takes says nothing.
settings.register_profile("short", max_examples=60, deadline=None)
settings.register_profile("long", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("long" if os.environ.get("CI") == "true" else "short")
