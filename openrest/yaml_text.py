"""Writing YAML that its versions 1.1 and 1.2 read alike."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["to_yaml"]

_BREAKS = re.compile("[\x85\u2028\u2029]")
#: What is no text in YAML 1.2 (section 10.3.2), or in other readers of 1.1, and is to PyYAML.
_NOT_TEXT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[yYnN]"
)


#: libyaml, which is some five times faster, where PyYAML has it.
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]
    """Writes what is shared again instead of naming it: readers of YAML differ over anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Line breaks of YAML 1.1 that PyYAML writes as they are, and reads as spaces.
    style = '"' if _BREAKS.search(text) or _NOT_TEXT.fullmatch(text) else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _text)


def to_yaml(value: Any) -> bytes:
    """A wire value as YAML in UTF-8, its members in their order."""
    text: bytes = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, encoding="utf-8"
    )
    return text
