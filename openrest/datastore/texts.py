"""What stores in databases know of texts."""

from __future__ import annotations

import sys

__all__ = ["after"]


def after(prefix: str) -> str | None:
    """The first text after all that begin with the prefix; None where they are the last."""
    for place in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[place]) + 1
        if code <= sys.maxunicode:
            # Surrogates are in no text, and cannot be bound.
            return prefix[:place] + chr(0xE000 if code == 0xD800 else code)
    return None
