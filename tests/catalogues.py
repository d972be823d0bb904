"""Catalogues of gettext, compiled without its tools."""

import re
import struct
from ast import literal_eval
from collections.abc import Mapping

__all__ = ["compiled", "read_po"]

_HEAD = "Content-Type: text/plain; charset=UTF-8\n"
_STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'


def read_po(text: str) -> dict[str, str]:
    """The texts of a .po file with their translations, but no plurals and no contexts."""
    pairs = re.findall(rf"^msgid {_STRING}^msgstr {_STRING}", text, re.MULTILINE)
    return {literal_eval(f"({msgid})"): literal_eval(f"({msgstr})") for msgid, msgstr in pairs}


def compiled(translations: Mapping[str, str]) -> bytes:
    """The .mo file of the translations (GNU gettext manual, section 10.3)."""
    found = {"": _HEAD, **translations}
    pairs = sorted((msgid.encode(), msgstr.encode()) for msgid, msgstr in found.items() if msgstr)
    texts = [msgid for msgid, _ in pairs] + [msgstr for _, msgstr in pairs]
    place = 28 + 8 * len(texts)
    table = b""
    for text in texts:
        table += struct.pack("<2I", len(text), place)
        place += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + table + b"".join(text + b"\0" for text in texts)
