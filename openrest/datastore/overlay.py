"""A store over another one that is only read: what is written stays in memory, for a while."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from openrest.datastore.records import Keeper, copier, is_assigned, unique_members
from openrest.datastore.selecting import Selector
from openrest.datastore.transactional import SteppedStore
from openrest.datastore.uniques import comparable
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordConflict,
    RecordNotFound,
    StoreUnavailable,
)
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.query import Condition, Order, Query
from openrest.rehearsal import rehearsing

__all__ = ["OverlayDataStore"]

Made = TypeVar("Made")

#: As many keys stand in one condition: any store takes so many.
_CHUNK: Final = 500
#: What a base has to be able to do.
_NEEDED: Final = frozenset({"eq", "nin"})


@dataclass(frozen=True, slots=True)
class _Layer:
    """What has been written: the records, and the keys of those below that are not there any more.

    `last` is the highest key that was given, `until` when all but that is forgotten.
    """

    written: dict[Any, Record] = field(default_factory=dict)
    hidden: dict[Any, None] = field(default_factory=dict)
    last: int = 0
    until: float = 0.0


class OverlayDataStore(SteppedStore):
    """Reads from `base` and never writes to it: so visitors can try out everything.

        "datastore": OverlayDataStore(SQLiteDataStore({"name": "shop.db", "table": "books"}, Book))

    What is written is in the memory of this process, seen by everybody who asks it, and forgotten
    `seconds` after the last write, or with the process. It is at most `most` records that are new,
    changed or gone; where there would be more, writing is StoreUnavailable until they are
    forgotten. It can do what the base can, and writes where the base cannot; `clock` gives seconds.

    Raises ConfigurationError for a base that cannot leave out records by their keys, and
    ValueError for a bound that makes no sense.
    """

    rehearses = True
    changes_many = True
    can_be_away = True
    enforces = (UniqueTogether,)

    def __init__(
        self,
        base: DataStore,
        *,
        most: int = 1000,
        seconds: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, bound in (("most", most), ("seconds", seconds)):
            if isinstance(bound, bool) or not bound > 0:
                raise ValueError(f"OverlayDataStore: {name} must be more than 0, not {bound!r}.")
        missing = sorted(_NEEDED - base.operators)
        if missing:
            raise ConfigurationError(
                "OverlayDataStore", [f"{type(base).__name__} lacks {', '.join(missing)}."]
            )
        as_base = ("resource", "shape", "key", "validators", "operators", "alternatives")
        # Reading asks the base, so it fails as the base does.
        able = ("sortable", "searchable", "seekable", "asks_upstream")
        vars(self).update({name: getattr(base, name) for name in (*as_base, *able)})
        self.base = base
        self._most, self._seconds, self._clock = most, seconds, clock
        self._keep = Keeper(self.shape, self.key)
        self._copy = copier(self.shape)
        self._select = Selector(self.shape)
        self._key_of = comparable(self.key)
        self._uniques = unique_members(self.validators)
        self._layer = _Layer()
        self._draft: _Layer | None = None
        self._turn = threading.Lock()
        self._writer: int | None = None

    def ping(self) -> None:
        self.base.ping()

    def prepare_search(self, members: Sequence[str]) -> None:
        self.base.prepare_search(members)

    def find(self, query: Query) -> Iterable[Record]:
        layer = self._current()
        if not layer.written and not layer.hidden:
            return self.base.find(query)
        above = self._above(layer, query)
        # Of those before the window all may be written ones: the base skips what is sure to be.
        skipped = max(0, query.offset - len(above))
        rest = replace(query, offset=query.offset - skipped)
        end = None if query.limit is None else rest.offset + query.limit
        below = self._below(layer, replace(query, offset=skipped, limit=end))
        merged = list(self._merged(query, above, iter(self.base.find(below))))
        return list(rest.window(merged, lambda record: query.position(record, self.key.name)))

    def stream(self, query: Query) -> Iterator[Record]:
        """The records of `find`, of which few are in memory where the base streams."""
        layer = self._current()
        if query != replace(query, offset=0, limit=None, beyond=None, backwards=False):
            yield from self.find(query)
            return
        stream = self.base.stream(self._below(layer, query))
        try:
            yield from self._merged(query, self._above(layer, query), stream)
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def count(self, query: Query) -> int:
        layer = self._current()
        return self.base.count(self._below(layer, query)) + len(self._above(layer, query))

    def count_up_to(self, query: Query, most: int) -> int:
        layer = self._current()
        below = self.base.count_up_to(self._below(layer, query), most)
        return min(most, below + len(self._above(layer, query)))

    def get(self, key: Any) -> Record:
        layer = self._current()
        with suppress(TypeError):  # a key that cannot be hashed is none of these
            if key in layer.written:
                return self._copy(layer.written[key])
            if key in layer.hidden:
                raise RecordNotFound(key)
        return self.base.get(key)

    def _current(self) -> _Layer:
        """What is written, as this thread sees it."""
        if self._draft is not None and self._writer == threading.get_ident():
            return self._draft
        layer = self._layer
        return layer if self._clock() < layer.until else _Layer(last=layer.last)

    def _below(self, layer: _Layer, query: Query) -> Query:
        """The query of the base, without what is not seen, and with all that its order is of.

        A record that is new may have come to have one below it: the base gives the same keys.
        """
        keys = iter(layer.hidden.keys() | layer.written.keys())
        without = []
        while chunk := list(itertools.islice(keys, _CHUNK)):
            without.append(Condition(self.key.name, "nin", chunk))
        members = query.members
        if members is not None:
            members = (*members, *(order.member for order in query.order), self.key.name)
        return replace(query, conditions=(*query.conditions, *without), members=members)

    def _above(self, layer: _Layer, query: Query) -> list[Record]:
        """The written records that meet the conditions, in the order of the query."""
        records = sorted(layer.written.values(), key=self._key_of)
        return self._select.ordered(query, self._select.matching(query.conditions, records))

    def _merged(
        self, query: Query, written: Iterable[Record], below: Iterator[Record]
    ) -> Iterator[Record]:
        above = iter(written)
        lower, upper = next(below, None), next(above, None)
        while lower is not None and upper is not None:
            pair = sorted((lower, upper), key=self._key_of)
            if self._select.ordered(query, pair)[0] is lower:
                yield lower
                lower = next(below, None)
            else:
                yield self._copy(upper)
                upper = next(above, None)
        if lower is not None:
            yield lower
            yield from below
        if upper is not None:
            yield self._copy(upper)
            yield from map(self._copy, above)

    def _atomically(self, step: Callable[[], Made], *, reads: bool) -> Made:
        if self._writer == threading.get_ident():
            raise ContractError("A change or check must not write to the store that runs it.")
        with self._turn:
            layer = self._current()
            self._draft = replace(layer, written=dict(layer.written), hidden=dict(layer.hidden))
            self._writer = threading.get_ident()
            try:
                made = step()
                draft = self._draft
            finally:
                self._draft = self._writer = None
            self._refuse_more(draft)
            if not rehearsing():
                self._layer = replace(draft, until=self._clock() + self._seconds)
            return made

    def _refuse_more(self, draft: _Layer) -> None:
        if len(draft.written.keys() | draft.hidden.keys()) > self._most:
            raise StoreUnavailable(
                f"more than {self._most} records have been written over {type(self.base).__name__}",
                retry_after=self._left(),
            )

    def _left(self) -> int:
        """The seconds until there is room. A write that never fits is not to be sent soon."""
        left = self._layer.until - self._clock()
        return math.ceil(left if left > 0 else self._seconds)

    @property
    def _open(self) -> _Layer:
        assert self._draft is not None, "only a step writes"  # nosec B101
        return self._draft

    def _add(self, record: Record) -> Record:
        name, draft = self.key.name, self._open
        if is_assigned(self.key):
            if name not in record:
                record[name] = max(draft.last, self._highest()) + 1
            if record[name] > s.INT64_MAX:
                raise StoreUnavailable("every key has been given")
            self._draft = draft = replace(draft, last=max(draft.last, record[name]))
        with suppress(RecordNotFound):
            self.get(record[name])
            raise RecordConflict((name,))
        self._refuse_taken(record)
        draft.written[record[name]] = self._copy(record)
        return record

    def _put(self, key: Any, record: Record) -> None:
        self._refuse_taken(record)
        if key not in self._open.written:
            self._open.hidden[key] = None
        self._open.written[key] = self._copy(record)

    def _remove(self, key: Any) -> None:
        self.get(key)
        if self._open.written.pop(key, None) is None or self._is_below(key):
            self._open.hidden[key] = None

    def _is_below(self, key: Any) -> bool:
        with suppress(RecordNotFound):
            self.base.get(key)
            return True
        return False

    def _highest(self) -> int:
        """The highest key of the base."""
        name = self.key.name
        if self.base.seekable:
            query = Query(limit=1, members=(name,), backwards=True)
        elif self.base.sortable:
            query = Query(order=(Order(name, descending=True),), limit=1, members=(name,))
        else:
            query = Query(members=(name,))
        return max((record[name] for record in self.base.find(query)), default=0)

    def _refuse_taken(self, record: Record) -> None:
        for members in self._uniques:
            if any(record.get(name) is None for name in members):
                continue
            tests = tuple(Condition(name, "eq", record[name]) for name in members)
            for other in self.find(Query(tests, limit=2)):
                if other[self.key.name] != record[self.key.name]:
                    raise RecordConflict(members)
