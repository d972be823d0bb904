"""The document as YAML."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["to_yaml"]

_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes what is shared again instead of naming it: readers of YAML differ over anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Line breaks of YAML 1.1 that PyYAML writes as they are, and reads as spaces.
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(document: Any) -> bytes:
    """The document as YAML in UTF-8, its members in their order."""
    text: bytes = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, encoding="utf-8"
    )
    return text
