"""The words of a text, as a search sees them: the same in every store and in every Python."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["found", "has_letter", "plain", "words_of"]

#: Its tables never change. Those of Python and of a database do, and not on one day: a text must
#: not have other words after an update of one of them.
_OLD: Final = unicodedata.ucd_3_2_0


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as `plain` writes them: each once, in their order.

    One that another begins with is left out, since who finds that finds this.
    """
    words = dict.fromkeys(plain(text).split())
    return tuple(word for word in words if not any(o != word and o.startswith(word) for o in words))


def found(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether each of the words begins a word in one of the texts."""
    written = " ".join(["", *map(plain, texts)])
    return all(f" {word}" in written for word in words)


def plain(text: str) -> str:
    """The text in one case of letters, with a space for each character that is of no word."""
    if text.isascii():
        return text.encode().translate(_PLAIN_ASCII).decode()
    return text.translate(_PLAIN)


def has_letter(word: str) -> bool:
    """Whether a letter or digit is in the word that Unicode 3.2 knows as one."""
    return any(_OLD.category(character)[0] in "LN" for character in word)


def _separates(character: str) -> bool:
    """Whether it is a space, a sign or a control character; what is newer than 3.2 is none."""
    old = _OLD.category(character)
    if old[0] not in "PSZ" and old not in ("Cc", "Cf", "Cs"):
        return False
    return unicodedata.category(character)[0] not in "LNM"  # some signs became letters


def _folded(character: str) -> str:
    """The character that stands for it in either case, if that is one (CaseFolding.txt, C + S)."""
    if _OLD.category(character) == "Cn":
        return character
    folded = character.casefold()
    if len(folded) > 1:
        folded = character.lower()
    return folded if len(folded) == 1 else character


class _Plain(dict[int, str]):
    """What `plain` makes of each character; found out once for the common ones."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        made = " " if _separates(character) else _folded(character)
        if code < 0x3000:
            self[code] = made
        return made


_PLAIN: Final = _Plain()
#: The same for ASCII, and for texts of it much faster.
_PLAIN_ASCII: Final = "".join(_PLAIN[code] for code in range(128)).encode().ljust(256)
