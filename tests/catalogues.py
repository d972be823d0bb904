"""Catalogues of gettext, compiled without its tools."""

import re
import struct
from ast import literal_eval
from collections.abc import Mapping

__all__ = ["compiled", "read_po"]

_HEAD = "Content-Type: text/plain; charset=UTF-8\n"
_STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'


def read_po(text: str) -> dict[str, str]:
    """The translations of a .po file, without plurals and contexts."""
    pairs = re.findall(rf"^msgid {_STRING}^msgstr {_STRING}", text, re.MULTILINE)
    found = {literal_eval(f"({msgid})"): literal_eval(f"({msgstr})") for msgid, msgstr in pairs}
    return {msgid: msgstr for msgid, msgstr in found.items() if msgid and msgstr}


def compiled(translations: Mapping[str, str]) -> bytes:
    """The .mo file of the translations (GNU gettext manual, section 10.3)."""
    pairs = sorted((msgid.encode(), msgstr.encode()) for msgid, msgstr in translations.items())
    pairs.insert(0, (b"", _HEAD.encode()))
    texts = [msgid for msgid, _ in pairs] + [msgstr for _, msgstr in pairs]
    place = 28 + 8 * len(texts)
    table = b""
    for text in texts:
        table += struct.pack("<2I", len(text), place)
        place += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + table + b"".join(text + b"\0" for text in texts)
