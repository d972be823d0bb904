"""The deviations from marshmallow's own suite, each with its reason: deviations.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Deviation", "deviations"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """What openrest chose, why, and the tests that fail for it; `failure` is how, if that tells."""

    choice: str
    reason: str
    tests: tuple[str, ...]
    failure: str = ""

    def covered(self, ids: Iterable[str]) -> Iterator[str]:
        """Those of the tests that it is about, with all their parameters."""
        return (name for name in ids if name in self.tests or name.partition("[")[0] in self.tests)


def deviations() -> list[Deviation]:
    """The table, from top to bottom."""
    text = Path(__file__).with_name("deviations.toml").read_text(encoding="utf-8")
    return [
        Deviation(**{**entry, "tests": tuple(entry["tests"])})
        for entry in tomllib.loads(text)["deviation"]
    ]
