"""Another HTTP API as a store."""

from __future__ import annotations

import itertools
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from marshmallow import Schema

from openrest.datastore.records import Keeper, copier, unique_members, validator_mistakes
from openrest.datastore.rest.asking import Asking
from openrest.datastore.rest.client import Answer, Client
from openrest.datastore.rest.forms import Form
from openrest.datastore.rest.pages import Answered, Pairs, tokens, value_at
from openrest.datastore.rest.resource import resource_mistakes, upstream_mistakes
from openrest.datastore.rest.upstream import Upstream
from openrest.datastore.selecting import Selector
from openrest.datastore.uniques import comparable
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordConflict,
    RecordNotFound,
    RecordRefused,
    StoreError,
    StoreUnavailable,
    Unreadable,
    UpstreamFailed,
)
from openrest.interfaces import Change, Check, DataStore, Record, StoreValidator
from openrest.models import shapes as s
from openrest.query import Condition, Query, Search
from openrest.store_time import time_left
from openrest.strict_json import read_json

__all__ = ["RestDataStore"]

log = logging.getLogger("openrest")

#: Statuses that say that there is no such object.
_GONE: Final = (404, 410)
#: Statuses that say that an object cannot be taken.
_REFUSED: Final = (400, 409, 413, 422)
#: A strong entity tag (RFC 9110, section 8.8.3).
_STRONG: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
#: Seconds, the longest pause before a change begins anew because somebody else was first.
_PAUSE: Final = 0.25


class RestDataStore(DataStore):
    """Reads and writes the records that another HTTP API has.

        RestDataStore(
            {"url": "https://example.org/api/people", "upstream": Upstream.openrest()}, Person
        )

    `url` is that of the list; an object is below it, by its key. Further keys:

    - ``"upstream"``: an `Upstream`, what it can do and in which words; without, it lists and gets.
    - ``"headers"``: headers of each request, such as credentials, or a function that gives them.
    - ``"seconds"``: the longest that one call takes, whatever happens in it (10).
    - ``"retries"``: how often a call is repeated that does nothing twice (2).
    - ``"connections"``: how many there are at the same time (10).
    - ``"max_bytes"``: the longest body that is read (10,000,000).
    - ``"cache_bytes"``: how much is kept of answers that have an ``ETag`` (10,000,000).
    - ``"failures"`` and ``"pause"``: after so many failures in a row (5) nothing is asked for so
      many seconds (10).
    - ``"ca_file"``: the certificates of those whose word is taken for who a server is.

    What it can do is what the upstream can. Its atomic change is a GET and a PUT with ``If-Match``,
    begun anew where that is refused (412). Raises ConfigurationError for a resource that cannot be
    used.
    """

    can_be_away = True
    asks_upstream = True
    writable = False
    inserts_many = False

    @classmethod
    def for_resource(cls, resource: Any) -> type[DataStore]:
        mistakes = [*resource_mistakes(resource)]
        if mistakes:
            raise ConfigurationError(cls.__name__, mistakes)
        able = _abilities(resource.get("upstream", Upstream()))
        return type(cls.__name__, (cls,), {**able, "__doc__": cls.__doc__})

    def __init__(
        self,
        resource: Any,
        model: type[Schema],
        validators: Sequence[StoreValidator] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(resource, model, validators)
        mistakes = [*resource_mistakes(resource)]
        if not mistakes:
            upstream = resource.get("upstream", Upstream())
            vars(self).update(_abilities(upstream))
            mistakes = [*upstream_mistakes(upstream, self.shape), *validator_mistakes(self)]
        if mistakes:
            raise ConfigurationError(type(self).__name__, mistakes)
        self._upstream: Upstream = upstream
        self._path = urlsplit(resource["url"]).path or "/"
        self._client = Client(resource, clock)
        self._form = Form(self.shape, self.key, upstream)
        self._asking = Asking(self.shape, self.key, upstream, self._form)
        self._select = Selector(self.shape)
        self._keep = Keeper(self.shape, self.key)
        self._copy = copier(self.shape)
        self._uniques = {frozenset(names) for names in unique_members(validators)}
        self._records = tokens(upstream.records)
        self._record = tokens(upstream.record)
        self._total = None if upstream.total is None else tokens(upstream.total)

    def ping(self) -> None:
        self._list(self._asking(Query()).pairs, self._shortest)

    def find(self, query: Query) -> list[Record]:
        return list(self._found(query))

    def stream(self, query: Query) -> Iterator[Record]:
        """The records of `find`, a page at a time.

        Where the upstream finds what is beyond a position, no write disturbs it.
        """
        pages, key = self._upstream.pages, self.key.name
        whole = query == replace(query, offset=0, limit=None, beyond=None, backwards=False)
        if not whole or pages is None or not self.seekable:
            yield from self._found(query)
            return
        page = replace(query, limit=pages.most)
        while True:
            records = list(self._found(page))
            yield from records
            if len(records) < pages.most:
                return
            page = replace(page, beyond=query.position(records[-1], key))

    def count(self, query: Query) -> int:
        alike = replace(
            query, order=(), members=(), offset=0, limit=None, beyond=None, backwards=False
        )
        asked = None if _is_void(query) or self._total is None else self._asking(alike)
        if asked is None or asked.left or self._total is None:
            return sum(1 for _ in self._found(alike))
        total = value_at(self._list(asked.pairs, self._shortest).body, self._total)
        if type(total) is not int or not 0 <= total <= s.INT64_MAX:
            raise UpstreamFailed(f"GET {self._client.url} has no total at {self._upstream.total}")
        return total

    def count_up_to(self, query: Query, most: int) -> int:
        if self._total is None:
            return super().count_up_to(query, most)
        return min(self.count(query), most)

    def get(self, key: Any) -> Record:
        return self._object(self._got(key), "GET", key)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        [kept] = self._checked([record], check)
        answer = self._client.ask("POST", self._path, body=_json(self._form.dump(kept)))
        if answer.status not in (200, 201):
            raise self._refusal("POST", answer)
        if answer.body:
            return self._object(answer, "POST")
        place = self._client.within(answer.location) if answer.location else None
        if place is None:
            raise self._failed("POST", "gives neither the object nor where it is")
        found = self._client.ask("GET", place)
        if found.status != 200:
            raise self._failed("GET", _said(found))
        return self._object(found, "GET")

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        if len(records) == 1:
            return [self.insert(records[0], check)]
        if not self.inserts_many:
            raise NotImplementedError(f"{self._client.url} does not take several objects at once")
        kept = self._checked(records, check)
        if not kept:
            return []
        body = _json([self._form.dump(record) for record in kept])
        answer = self._client.ask("POST", self._path, body=body)
        if answer.status not in (200, 201):
            raise self._refusal("POST", answer, many=True)
        made = value_at(self._value(answer, "POST"), self._record)
        if not isinstance(made, list) or len(made) != len(kept):
            raise self._failed("POST", "gives no array of what it has made")
        return [self._form.load(one, f"POST {self._client.url}") for one in made]

    def update(self, key: Any, change: Change) -> Record:
        for _ in self._attempts():
            found = self._got(key)
            current = self._object(found, "GET", key)
            new = self._keep.instead(key, change(self._copy(current)))
            body = _json(self._form.dump(new, current))
            answer = self._client.ask(
                "PUT", self._target(key), body=body, if_match=self._strong(found)
            )
            if answer.status == 412:
                continue
            if answer.status in _GONE:
                raise RecordNotFound(key)
            if answer.status not in (200, 201, 204):
                raise self._refusal("PUT", answer)
            return self._object(answer, "PUT", key) if answer.body else new
        raise self._forestalled()

    def delete(self, key: Any, check: Check | None = None) -> None:
        for _ in self._attempts():
            etag = None
            if check is not None:
                found = self._got(key)
                check(self._object(found, "GET", key))
                etag = self._strong(found)
            answer = self._client.ask("DELETE", self._target(key), if_match=etag)
            if answer.status == 412 and check is not None:
                continue
            if answer.status in _GONE:
                raise RecordNotFound(key)
            if answer.status not in (200, 202, 204):
                raise self._refusal("DELETE", answer)
            return
        raise self._forestalled()

    def _attempts(self) -> Iterator[None]:
        """One after the other until the time is over, after pauses that grow.

        Their number says nothing: of many that write at the same time only one gets through in
        each round, however quick the upstream is.
        """
        until = time.monotonic() + time_left(self._client.seconds)
        yield
        for number in itertools.count(1):
            time.sleep(random.uniform(0, min(_PAUSE, 0.01 * number)))  # nosec B311  # nobody gains by guessing it
            if time.monotonic() >= until:
                return
            yield

    def _forestalled(self) -> StoreUnavailable:
        """The failure of a change for which somebody else was first until its time was over."""
        return StoreUnavailable(
            f"{self._client.url}: too many write at the same time, "
            "or its ETags change by themselves"
        )

    def _checked(self, records: Sequence[Record], check: Check | None) -> list[Record]:
        kept = [self._form.without_owned(self._keep(record), record) for record in records]
        for index, record in enumerate(kept):
            if not self.key.read_only and self._segment(record[self.key.name]) is None:
                raise RecordRefused((self.key.name,), index)
            if check is not None:
                check(self._copy(record))
        return kept

    def _found(self, query: Query) -> Iterator[Record]:
        """The records of a query, as they come."""
        if _is_void(query):
            return
        parts = self._asking.parts(query)
        if len(parts) > 1 or (query.backwards and not self._asking.turns_round(query)):
            yield from self._selected(query, parts)
            return
        if query.beyond is None and not query.backwards:
            yield from self._matching(query)
            return
        if not self.seekable:
            raise ContractError(f"{type(self).__name__} does not begin at a position.")
        end = None if query.limit is None else query.offset + query.limit
        beyond = itertools.chain.from_iterable(
            self._matching(replace(near, limit=end)) for near in self._asking.beyond(query)
        )
        window = itertools.islice(beyond, query.offset, end)
        yield from reversed([*window]) if query.backwards else window

    def _matching(self, query: Query) -> Iterator[Record]:
        """The records that meet the conditions, in the order of the upstream."""
        asked = self._asking(query)
        what = f"GET {self._client.url}"
        if asked.left:
            # Which of them are in the window is only known here.
            end = None if query.limit is None else query.offset + query.limit
            records = (
                self._form.load(one, what, asked.members)
                for one in self._objects(asked.pairs, 0, None)
            )
            matching = (one for one in records if all(test.holds(one) for test in asked.left))
            yield from itertools.islice(matching, query.offset, end)
            return
        objects = self._objects(asked.pairs, query.offset, query.limit)
        for one in itertools.islice(objects, query.limit):
            yield self._form.load(one, what, asked.members)

    def _selected(self, query: Query, parts: Sequence[Query]) -> Sequence[Record]:
        """The records of a query that cannot be asked for as a whole: sorted here."""
        found = list(itertools.chain.from_iterable(map(self._matching, parts)))
        found.sort(key=comparable(self.key))
        ordered = self._select.ordered(query, found)
        return query.window(ordered, lambda record: query.position(record, self.key.name))

    def _objects(self, pairs: Pairs, offset: int, limit: int | None) -> Iterator[Any]:
        """The objects of a list from the offset on, at least `limit` of them, page by page."""
        pages = self._upstream.pages
        if pages is None:
            yield from itertools.islice(self._list(pairs, ()).objects, offset, None)
            return
        for part in pages.parts(lambda page: self._list(pairs, page), offset, limit):
            yield from part

    @property
    def _shortest(self) -> Pairs:
        pages = self._upstream.pages
        return () if pages is None else pages.first()

    def _list(self, pairs: Pairs, page: Pairs | str) -> Answered:
        """A part of the list; where `page` is an address it is that of a part that was told."""
        if isinstance(page, str):
            target = self._client.within(page)
            if target is None:
                raise self._failed("GET", f"has its next page at another server: {page:.200}")
        else:
            asked = urlencode([*pairs, *page])
            target = f"{self._path}?{asked}" if asked else self._path
        answer = self._client.ask("GET", target)
        if answer.status != 200:
            raise self._failed("GET", _said(answer))
        body = self._value(answer, "GET")
        objects = value_at(body, self._records)
        if not isinstance(objects, list):
            place = self._upstream.records or "the top"
            raise self._failed("GET", f"has no array of objects at {place}")
        return Answered(objects, body, answer.link)

    def _got(self, key: Any) -> Answer:
        answer = self._client.ask("GET", self._target(key), compressed=False)
        if answer.status in _GONE:
            raise RecordNotFound(key)
        if answer.status != 200:
            raise self._failed("GET", _said(answer))
        return answer

    def _target(self, key: Any) -> str:
        segment = self._segment(key)
        if segment is None:
            raise RecordNotFound(key)
        return f"{self._path.rstrip('/')}/{segment}{'/' if self._upstream.slash else ''}"

    def _segment(self, key: Any) -> str | None:
        """The key in a path; None where that would be another path: that of the list, or above."""
        text = self._form.text(self.key.name, key)
        return None if text in (None, "", ".", "..") else quote(text, safe="")

    def _strong(self, answer: Answer) -> str:
        """The ETag with which a change is atomic (RFC 9110, section 13.1.1)."""
        if not _STRONG.fullmatch(answer.etag):
            raise self._failed("GET", "has no strong ETag, without which no change is atomic")
        return answer.etag

    def _object(self, answer: Answer, method: str, key: Any = None) -> Record:
        """The record of an answer about one, which is that with the key where there is one."""
        found = value_at(self._value(answer, method), self._record)
        record = self._form.load(found, f"{method} {self._client.url}")
        if key is not None and record[self.key.name] != key:
            raise self._failed(method, f"of {key!r} is about {record[self.key.name]!r}")
        return record

    def _value(self, answer: Answer, method: str) -> Any:
        kind = answer.media_type
        if kind != "application/json" and not kind.endswith("+json"):
            raise self._failed(method, f"is {kind or 'of no media type'} instead of JSON")
        try:
            return read_json(answer.body)
        except Unreadable as error:
            raise self._failed(method, f"is no JSON: {error}") from error

    def _refusal(self, method: str, answer: Answer, *, many: bool = False) -> StoreError:
        """Why a write was not done."""
        if answer.status not in _REFUSED:
            return self._failed(method, _said(answer))
        try:
            problem = read_json(answer.body)
        except Unreadable:
            problem = None
        detail = problem.get("detail", problem) if isinstance(problem, dict) else problem
        log.info("%s %s: %s: %.500r", method, self._client.url, answer.status, detail)
        index, members = self._form.blamed(problem, many=many)
        taken = {self.key.name} if method == "POST" else set()
        if answer.status == 409 and (set(members) == taken or frozenset(members) in self._uniques):
            return RecordConflict(members, index)
        return RecordRefused(members, index)

    def _failed(self, method: str, said: str) -> UpstreamFailed:
        return UpstreamFailed(f"The answer to {method} {self._client.url} {said}")


def _abilities(upstream: Upstream) -> dict[str, Any]:
    """What a store can do that asks this upstream."""
    return {
        "operators": frozenset(upstream.filters),
        "alternatives": upstream.any_of is not None,
        "sortable": upstream.sort is not None,
        "searchable": upstream.search is not None,
        "seekable": upstream.seeks,
        "writable": upstream.writes,
        "inserts_many": upstream.bulk,
        "enforces": (UniqueTogether,) if upstream.unique else (),
    }


def _is_void(query: Query) -> bool:
    """Whether it surely finds nothing: null passes no comparison, and a text without words none."""
    return (
        query.limit == 0
        or query.offset > s.INT64_MAX
        or any(
            (isinstance(test, Condition) and test.value is None)
            or (isinstance(test, Search) and not test.words)
            for test in query.conditions
        )
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _said(answer: Answer) -> str:
    """What is wrong with an answer by its status."""
    if answer.status in (401, 403):
        return f"is {answer.status}: see to the credentials in resource['headers']"
    if 300 <= answer.status < 400:
        return f"is {answer.status}, a redirection to {answer.location:.200}, which is not followed"
    detail = answer.body[:300].decode(errors="replace") if answer.status < 500 else ""
    # It may tell what was asked for that is not there; no client is told.
    return f"is {answer.status}: {detail!r}" if detail else f"is {answer.status}"
