"""The document as YAML."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["to_yaml"]


class _Dumper(yaml.SafeDumper):
    """Writes what is shared again instead of naming it: readers of YAML differ over anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def to_yaml(document: Any) -> bytes:
    """The document as YAML in UTF-8, its members in their order."""
    text: bytes = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, encoding="utf-8"
    )
    return text
