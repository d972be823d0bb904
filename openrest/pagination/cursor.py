"""Pages by cursors: what comes after an object, or before one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from openrest import messages as msg
from openrest.contract import Contribution, Parameter, ResponseSpec
from openrest.errors import Mistake, NotFound
from openrest.interfaces import CallView, DataStore, PaginationStyle, Record
from openrest.messages import say
from openrest.models import shapes as s
from openrest.options import store_name
from openrest.pagination.links import LINK, LINKED, link_headers, link_members
from openrest.pagination.sizes import Size
from openrest.pagination.tokens import Cursor, Signer, Unknown
from openrest.pagination.totals import Total, Totals
from openrest.query import Query

__all__ = ["SECRET_VARIABLE", "CursorPagination"]

#: The environment variable that has the secrets, with spaces between them.
SECRET_VARIABLE: Final = "OPENREST_SECRET"

#: Characters of a secret. Whoever guesses it can begin pages where he likes.
_LEAST: Final = 16

#: The cursor of the last page, which no position has.
_LAST: Final = "last"


class CursorPagination(PaginationStyle):
    """``?cursor=...&limit=20``: a page begins where another one ended.

        "options": {"pagination": CursorPagination(20, secret=os.environ["SECRET"])}

    Each page costs the same, however far down it is, and who follows the links sees each object
    that is there all the while exactly once, in any order, whatever others insert and delete.

    Cursors are signed: `secret` is a text of at least 16 characters, the same in every process, or
    several, of which the first signs and all verify. Unless given, it is the value of the
    environment variable ``OPENREST_SECRET``, where spaces stand between several.

    `limit`, `max_limit`, `total` and `max_total` are those of `Pagination`, but that nothing is
    counted unless `total` says so. Raises ValueError for an option that makes no sense; a secret
    that is missing or too short is refused with the mapping (ConfigurationError).
    """

    def __init__(
        self,
        limit: int,
        *,
        max_limit: int | None = None,
        secret: str | Sequence[str] | None = None,
        total: Total = "none",
        max_total: int | None = None,
    ) -> None:
        self._size = Size("CursorPagination", "limit", limit, max_limit)
        self._totals = Totals("CursorPagination", total, max_total)
        self.limit, self.max_limit = self._size.default, self._size.maximum
        if secret is None:
            secret = os.environ.get(SECRET_VARIABLE, "").split()
        self._secrets = [secret] if isinstance(secret, str) else list(secret)
        if not all(isinstance(each, str) for each in self._secrets):
            raise ValueError("CursorPagination needs secrets that are texts")
        self._signer = Signer(self._secrets, free=frozenset({"cursor", "limit"}))

    def contribution(self) -> Contribution:
        return Contribution(
            description=f"{self._size.words}; {LINKED}",
            parameters=(
                Parameter(name="cursor", shape=s.String(words=(_LAST,)),
                          description="Where the page begins, as a link of another page says; "
                          f"`{_LAST}` is the last page. One of another query is 404"),
                self._size.parameter,
            ),
            headers=(LINK,),
            meta=(*self._totals.members, self._size.member, *link_members()),
            responses=(
                ResponseSpec(status=404, description="No page begins at this `cursor`",
                             example=_not_found()),
            ),
        )  # fmt: skip

    def mistakes(self, store: type[DataStore] | DataStore) -> Iterable[str]:
        if not store.seekable:
            yield f"{store_name(store)} cannot begin at a position, which a cursor is."
        if not self._secrets:
            yield (
                "the cursors have no secret: give CursorPagination one, the same in every process "
                f"(secret=...), or set the environment variable {SECRET_VARIABLE}."
            )
        for place, secret in enumerate(self._secrets):
            if len(secret) < _LEAST:
                yield f"secret[{place}] has fewer than {_LEAST} characters: it could be guessed."

    def read(
        self, call: CallView, query: Query, store: DataStore
    ) -> tuple[list[Record], dict[str, Any]]:
        limit, token = call.query["limit"], call.query.get("cursor")
        tokens = self._signer.tokens(call, query, store)
        cursor = None
        if token not in (None, _LAST):
            try:
                cursor = tokens.cursor(token)
            except Unknown as unknown:
                raise _not_found() from unknown
        backwards = token == _LAST if cursor is None else cursor.backwards
        # One more than are shown tells whether there is another page.
        asked = replace(
            query,
            limit=limit + 1,
            beyond=None if cursor is None else cursor.position,
            backwards=backwards,
            members=_with_position(query, store),
        )
        records = list(store.find(asked))
        more = len(records) > limit
        records = records[-limit:] if backwards else records[:limit]

        first = call.link(cursor=None, limit=limit)
        last = f"{first}&cursor={_LAST}"

        def beside(record: Record, *, backwards: bool) -> str:
            position = query.position(record, store.key.name)
            return f"{first}&cursor={tokens.token(Cursor(position, backwards))}"

        following = previous = None
        if records:
            if cursor is not None if backwards else more:
                following = beside(records[-1], backwards=False)
            if more if backwards else cursor is not None:
                previous = beside(records[0], backwards=True)
        elif cursor is not None:
            # Nothing is left in this direction: what there is, lies in the other.
            following, previous = (first, None) if backwards else (None, last)
        links = {"first": first, "last": last, "next": following, "previous": previous}
        if cursor is None and not more:
            total = self._totals.known(len(records))
        else:
            total = self._totals.count(query, store, least=len(records) + more)
        return records, {**self._totals.meta(total), "limit": limit, **links}

    def headers(self, meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return link_headers(meta)


def _with_position(query: Query, store: DataStore) -> tuple[str, ...] | None:
    """The fields that are wanted, and those that say where a record stands."""
    if query.members is None:
        return None
    position = (*(order.member for order in query.order), store.key.name)
    return tuple(dict.fromkeys((*query.members, *position)))


def _not_found() -> NotFound:
    mistake = Mistake(say(msg.UNKNOWN_CURSOR), parameter="cursor")
    return NotFound(say(msg.NO_PAGE), [mistake])
