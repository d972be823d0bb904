"""What stores in files have in common: where they may be, and how they stay there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["path_mistakes", "sync_directory"]


def path_mistakes(name: str, path: Any) -> Iterator[str]:
    """Why the path that a resource has under a name is not that of a file, which may be missing."""
    if not isinstance(path, (str, Path)) or not str(path) or "\0" in str(path):
        yield f"resource[{name!r}] must be the path of a file, not {path!r}."
    elif not Path(path).absolute().parent.is_dir():
        yield f"resource[{name!r}]: there is no directory {Path(path).absolute().parent}."
    elif Path(path).is_dir():
        yield f"resource[{name!r}]: {Path(path).absolute()} is a directory."


def sync_directory(path: Path) -> None:
    """See to it that the names in a directory outlive the machine, too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
