"""What a user's own tests need: the suites that a part of one's own must pass.

    from openrest.testing import StoreContract

It needs ``pip install 'openrest[testing]'``. Importing this package alone does not: pytest loads
a plugin from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openrest.testing.store import StoreContract

__all__ = ["StoreContract"]


def __getattr__(name: str) -> Any:
    # Lazy: the plugin is imported in every run of pytest, and hypothesis takes its time.
    if name == "StoreContract":
        from openrest.testing.store import StoreContract

        return StoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
