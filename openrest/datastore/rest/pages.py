"""How another API is asked for a part of a list: one class a style."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from openrest.errors import UpstreamFailed

__all__ = [
    "Answered",
    "Ask",
    "CursorPages",
    "LinkedPages",
    "NumberedPages",
    "OffsetPages",
    "Pages",
    "Pairs",
    "tokens",
    "value_at",
]

#: Parameters of a query string, in their order.
Pairs = Sequence[tuple[str, str]]

#: As many pages are read one after the other: an upstream may have a next one for ever.
_MOST_PAGES: Final = 10_000

# Each part of a text fits in one way alone, so that none takes longer than it is long.
_TO_COMMA: Final = re.compile(r'[^",]*(?:"[^"]*"[^",]*)*')
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*(?:=\s*("[^"]*"|[^\s;"]*))?')


@dataclass(frozen=True, slots=True)
class Answered:
    """A part of a list: its objects, the whole body, and the header ``Link``."""

    objects: list[Any]
    body: Any
    link: str

    @property
    def next(self) -> str | None:
        """Where the next part is, after ``Link`` (RFC 8288)."""
        start = self.link.find("<")
        while start >= 0:
            end = self.link.find(">", start)
            if end < 0:
                return None
            rest = _TO_COMMA.match(self.link, end + 1)
            assert rest is not None, "it matches nothing, too"  # nosec B101
            if any(_is_next(*each.groups()) for each in _PARAMETER.finditer(rest[0])):
                return self.link[start + 1 : end]
            start = self.link.find("<", rest.end())
        return None


def _is_next(name: str, value: str | None) -> bool:
    """Whether a parameter of a link says that it leads to the next page."""
    return name.lower() == "rel" and "next" in (value or "").strip('"').lower().split()


#: Asks for a part of a list, by parameters besides those that all parts have, or by an address.
Ask = Callable[[Pairs | str], Answered]


class Pages(ABC):
    """A style of pages; `most` objects are on one at most."""

    most: int

    @abstractmethod
    def parts(self, ask: Ask, offset: int, limit: int | None) -> Iterator[list[Any]]:
        """The objects after the first `offset`, a page at a time, until there are `limit`."""

    def first(self) -> Pairs:
        """The parameters of a first page that is as short as can be."""
        return ()


def _check(pages: object, most: int, **names: str | None) -> None:
    if type(most) is not int or most < 1:
        raise ValueError(
            f"{type(pages).__name__}: most must be a whole number from 1, not {most!r}"
        )
    for what, name in names.items():
        if name == "":
            raise ValueError(f"{type(pages).__name__}: {what} must be a name, not {name!r}")


class _Read:
    """Asks for one page after the other, of a list that comes to an end.

    Raises UpstreamFailed for one that does not, since it heeds no offset or has always a next page.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._pages = 0
        self._last: list[Any] | None = None

    def __call__(self, page: Pairs | str, most: int | None = None) -> Answered:
        answer = self._ask(page)
        self._pages += 1
        if most is not None and len(answer.objects) > most:
            raise UpstreamFailed(f"A list has {len(answer.objects)} objects for {_shown(page)}")
        if answer.objects and answer.objects == self._last:
            raise UpstreamFailed(f"A list has the same objects again for {_shown(page)}")
        if self._pages == _MOST_PAGES:
            raise UpstreamFailed(f"A list has more than {_MOST_PAGES} pages: {_shown(page)}")
        self._last = answer.objects
        return answer


def _shown(page: Pairs | str) -> str:
    return page[:200] if isinstance(page, str) else urlencode(page)


@dataclass(frozen=True, slots=True)
class OffsetPages(Pages):
    """``?offset=40&limit=20``, of which `limit` is at most `most`."""

    most: int = 100
    offset: str = "offset"
    limit: str = "limit"

    def __post_init__(self) -> None:
        _check(self, self.most, offset=self.offset, limit=self.limit)

    def parts(self, ask: Ask, offset: int, limit: int | None) -> Iterator[list[Any]]:
        read = _Read(ask)
        while limit is None or limit > 0:
            size = self.most if limit is None else min(limit, self.most)
            objects = read(((self.offset, str(offset)), (self.limit, str(size))), size).objects
            yield objects
            if len(objects) < size:
                return
            offset += len(objects)
            limit = None if limit is None else limit - len(objects)

    def first(self) -> Pairs:
        return ((self.limit, "1"),)


@dataclass(frozen=True, slots=True)
class NumberedPages(Pages):
    """``?page=3&per_page=20``: pages of `most` objects, the first of which has the number `first`.

    `size` is None where all pages have `most` objects whatever is asked.
    """

    most: int = 100
    page: str = "page"
    size: str | None = "per_page"
    number: int = 1

    def __post_init__(self) -> None:
        _check(self, self.most, page=self.page, size=self.size)

    def parts(self, ask: Ask, offset: int, limit: int | None) -> Iterator[list[Any]]:
        fits = limit is not None and 0 < limit <= self.most and offset % limit == 0
        size = limit if fits and limit and self.size is not None else self.most
        place, skipped = divmod(offset, size)
        read = _Read(ask)
        while limit is None or limit > 0:
            objects = read(self._page(place, size), size).objects
            wanted = objects[skipped:]
            yield wanted
            if len(objects) < size:
                return
            place, skipped = place + 1, 0
            limit = None if limit is None else limit - len(wanted)

    def first(self) -> Pairs:
        return self._page(0, 1)

    def _page(self, place: int, size: int) -> Pairs:
        sized = () if self.size is None else ((self.size, str(size)),)
        return ((self.page, str(self.number + place)), *sized)


class _Chained(Pages):
    """Each page tells of the next one: those before the offset are read, too."""

    size: str | None

    def parts(self, ask: Ask, offset: int, limit: int | None) -> Iterator[list[Any]]:
        size = self.most if limit is None else min(offset + limit, self.most)
        sized = () if self.size is None else ((self.size, str(size)),)
        asked: Pairs | str | None = sized
        seen = {asked}
        read = _Read(ask)
        while limit is None or limit > 0:
            assert asked is not None, "the loop ends with the last page"  # nosec B101
            answer = read(asked)
            wanted = answer.objects[offset:]
            offset = max(0, offset - len(answer.objects))
            yield wanted
            limit = None if limit is None else limit - len(wanted)
            asked = self.following(answer, sized)
            if asked is None:
                return
            if asked in seen:  # it would be read for ever
                raise UpstreamFailed(f"A list leads from its pages back to one of them: {asked}")
            seen.add(asked)

    def first(self) -> Pairs:
        return () if self.size is None else ((self.size, "1"),)

    @abstractmethod
    def following(self, answer: Answered, sized: Pairs) -> Pairs | str | None:
        """What asks for the next page; None after the last one."""


@dataclass(frozen=True, slots=True)
class LinkedPages(_Chained):
    """Each page has the address of the next one.

    It is in the header ``Link`` with ``rel="next"`` (RFC 8288), or with `next` in the body at
    this JSON pointer (RFC 6901). `size` is the parameter for how many objects there are on a page.
    """

    most: int = 100
    next: str | None = None
    size: str | None = None

    def __post_init__(self) -> None:
        _check(self, self.most, size=self.size)
        tokens(self.next or "")

    def following(self, answer: Answered, sized: Pairs) -> Pairs | str | None:
        if self.next is None:
            return answer.next
        found = value_at(answer.body, tokens(self.next))
        return found if isinstance(found, str) and found else None


@dataclass(frozen=True, slots=True)
class CursorPages(_Chained):
    """Each page has the `cursor` of the next one, in the body at the JSON pointer `next`."""

    next: str
    most: int = 100
    cursor: str = "cursor"
    size: str | None = "limit"

    def __post_init__(self) -> None:
        _check(self, self.most, cursor=self.cursor, size=self.size)
        tokens(self.next)

    def following(self, answer: Answered, sized: Pairs) -> Pairs | str | None:
        found = value_at(answer.body, tokens(self.next))
        if found is None or found == "" or isinstance(found, (bool, dict, list)):
            return None
        return (*sized, (self.cursor, str(found)))


def tokens(pointer: str) -> tuple[str, ...]:
    """The parts of a JSON pointer (RFC 6901). Raises ValueError for what is none."""
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON pointer: it begins with '/', or is empty.")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def value_at(value: Any, place: Sequence[str]) -> Any:
    """What is there in a value of JSON; None for nothing, and for null."""
    for token in place:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value
