"""Worlds that differ in what somebody may not see answer them alike, to the last byte.

Compared are the status, every header, the body, and what the stores were asked: how long an answer
takes is told by no more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import rendering
from openrest.controllers.controller import Controller
from openrest.datastore.scoped import Scoped
from openrest.field_access import FieldAccess
from openrest.interfaces import Record, User
from tests.attacks.asked import EVERYTHING, ONE, OTHER
from tests.attacks.database_worlds import DatabaseWorld
from tests.attacks.drawn import REQUESTS, Request, hidden_worlds
from tests.attacks.worlds import KNOWN, STRANGERS, Hidden, World, key
from tests.contract.client import MERGE_PATCH
from tests.datastore.sql.servers import server
from tests.needs import CI, fuzzing, only_in_ci

KINDS = [(kind, pages) for kind in ("list", "sqlite") for pages in ("offset", "bounded", "cursor")]
#: One here, more with CI=true. SQLite takes its time to make the files of each world.
CHOSEN = [*KINDS[:3], KINDS[5]] if CI else KINDS[:1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


@cache
def two_worlds(folder: Path, kind: str, pages: str) -> tuple[World, World]:
    # Making the document takes longer than all the requests of an example.
    one, other = (World(kind, folder / f"{kind}-{pages}-{n}", pages) for n in (1, 2))
    return one, other


@pytest.fixture(scope="module")
def database_worlds(folder: Path) -> Iterator[tuple[World, World]]:
    with server("postgresql", folder) as database:
        one, other = (DatabaseWorld(folder / f"sql-{n}", "cursor", database) for n in (1, 2))
        yield one, other


def compare(
    worlds: tuple[World, World],
    hidden: tuple[Hidden, Hidden],
    requests: list[Request],
    as_whom: dict[str, str],
) -> None:
    """Assert that nobody can tell one world from the other by the answers to the requests."""
    for world, what in zip(worlds, hidden, strict=True):
        world.fill(what)
    last: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for request in requests:
        one, other = (
            request.sent(world, as_whom, said) for world, said in zip(worlds, last, strict=True)
        )
        assert one.status == other.status, request
        assert one.headers == other.headers, request
        assert one.data == other.data, request
        assert worlds[0].asked == worlds[1].asked, request


def compare_any(
    worlds: tuple[World, World],
    callers: Mapping[str, dict[str, str]],
    how_long: settings | None = None,
) -> None:
    """The same of whatever is hidden in them, whatever one of the callers asks."""

    @given(
        st.tuples(hidden_worlds(), hidden_worlds()),
        st.lists(REQUESTS, min_size=1, max_size=8),
        st.sampled_from([*callers.values()]),
    )
    def hold(
        hidden: tuple[Hidden, Hidden], requests: list[Request], as_whom: dict[str, str]
    ) -> None:
        compare(worlds, hidden, requests, as_whom)

    (how_long or settings())(hold)()


@pytest.mark.parametrize(("kind", "pages"), CHOSEN)
@fuzzing
def test_nobody_can_tell_worlds_apart_by_what_they_may_not_see(
    folder: Path, kind: str, pages: str
) -> None:
    worlds = two_worlds(folder, kind, pages)

    compare_any(worlds, KNOWN)


@fuzzing
def test_to_somebody_unknown_there_is_nothing_at_all(folder: Path) -> None:
    worlds = two_worlds(folder, "list", "offset")

    compare_any(worlds, STRANGERS)


#: What ada does meanwhile, with rows of her own. She makes none: keys are counted for all.
MEANWHILE = st.one_of(
    st.builds(
        Request,
        st.just("PATCH"),
        st.sampled_from([f"/tasks/{n}" for n in range(1, 15)]),
        st.builds(
            lambda text, rating: {"text": text, "rating": rating},
            st.text(max_size=5).filter(lambda text: "\0" not in text),
            st.integers(0, 3),
        ),
        st.just(MERGE_PATCH),
    ),
    st.builds(
        Request,
        st.sampled_from(["DELETE", "GET"]),
        st.sampled_from([f"/tasks/{n}" for n in range(1, 15)] + ["/tasks?state=open"]),
    ),
    st.builds(
        Request, st.just("POST"), st.sampled_from([f"/tasks/{n}/done" for n in range(1, 15)])
    ),
    st.builds(
        Request,
        st.just("PATCH"),
        st.just("/tasks?state__in=open,done"),
        st.just({"text": "changed"}),
        st.just(MERGE_PATCH),
    ),
)


@fuzzing
def test_what_others_do_meanwhile_is_in_no_answer(folder: Path) -> None:
    """The answers to one user are those of a world in which no other has done anything."""
    worlds = two_worlds(folder, "list", "offset")

    @given(
        hidden_worlds(),
        st.lists(
            st.one_of(
                st.tuples(st.just(True), REQUESTS),
                st.tuples(st.just(False), MEANWHILE),
            ),
            min_size=2,
            max_size=10,
        ),
    )
    def hold(hidden: Hidden, steps: list[tuple[bool, Request]]) -> None:
        for world in worlds:
            world.fill(hidden)
        last: tuple[dict[str, str], dict[str, str]] = ({}, {})
        for is_bobs, request in steps:
            if not is_bobs:
                request.sent(worlds[0], key("ada"), {})
                continue
            one, other = (
                request.sent(world, key("bob"), said)
                for world, said in zip(worlds, last, strict=True)
            )
            assert one == other, request

    hold()


@only_in_ci
@fuzzing
def test_nobody_can_tell_worlds_in_a_database_apart(database_worlds: tuple[World, World]) -> None:
    compare_any(database_worlds, KNOWN, settings(max_examples=60))


@only_in_ci
@fuzzing
@pytest.mark.parametrize("name", ["bob", "ron"])
def test_each_way_to_ask_a_database_tells_nothing(
    database_worlds: tuple[World, World], name: str
) -> None:
    compare(database_worlds, (ONE, OTHER), EVERYTHING, KNOWN[name])


@only_in_ci
@fuzzing
def test_in_a_database_a_leak_would_be_found(
    database_worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*LEAKS["lists and counts have the rows of all"])
    with pytest.raises(AssertionError):
        compare(database_worlds, (ONE, OTHER), EVERYTHING, key("bob"))


#: Some of it here, all of it with CI=true.
SOME = EVERYTHING if CI else EVERYTHING[::4]
KNOWN_AT = [
    pytest.param(
        kind,
        pages,
        name,
        marks=() if (number, name) in ((0, "bob"), (5, "ron")) else only_in_ci,
    )
    for number, (kind, pages) in enumerate(KINDS)
    for name in KNOWN
    if name == "bob" or number in (0, 5)
]


@pytest.mark.parametrize(("kind", "pages", "name"), KNOWN_AT)
def test_each_way_to_ask_tells_nothing(folder: Path, kind: str, pages: str, name: str) -> None:
    compare(two_worlds(folder, kind, pages), (ONE, OTHER), SOME, KNOWN[name])


@pytest.mark.parametrize("name", STRANGERS)
def test_each_way_to_ask_tells_somebody_unknown_nothing(folder: Path, name: str) -> None:
    worlds = two_worlds(folder, "list", "offset")
    compare(worlds, (ONE, OTHER), SOME[::5], STRANGERS[name])


def test_a_boss_sees_the_difference(folder: Path) -> None:
    worlds = two_worlds(folder, "list", "offset")
    with pytest.raises(AssertionError):
        compare(worlds, (ONE, OTHER), [Request("GET", "/tasks?limit=50")], key("boss"))


def _all(self: FieldAccess, names: Any) -> tuple[str, ...]:
    return tuple(names)


def _nothing(self: FieldAccess, user: User | None, *rest: Any) -> frozenset[str]:
    return frozenset()


def _refused_as_different(
    self: FieldAccess, user: User | None, current: Record, new: Record, sent: Any
) -> Record:
    self._refuse(user, [n for n in self.writable if new.get(n) != current.get(n)])
    return new


#: What the promise would break by: a method, and what would be in its place.
LEAKS: dict[str, tuple[Any, str, Any]] = {
    "lists and counts have the rows of all": (Scoped, "_narrowed", lambda self, query: query),
    "one object may be anybody's": (Scoped, "get", lambda self, key: self.base.get(key)),
    "changes reach what is anybody's": (
        Scoped,
        "update",
        lambda self, key, change: self.base.update(key, change),
    ),
    "deletions do": (
        Scoped,
        "delete",
        lambda self, key, check=None: self.base.delete(key, check),
    ),
    "fields are shown": (FieldAccess, "hidden", _nothing),
    "fields are asked by": (FieldAccess, "see", _nothing),
    "a search is in all fields": (FieldAccess, "public", _all),
    "a field is refused where it would change": (FieldAccess, "changed", _refused_as_different),
    "a patch sees what is hidden": (
        Controller,
        "_json_patch_without",
        property(lambda self: lambda hidden: self._make_json_patch(frozenset())),
    ),
    "a version is that of all fields": (
        rendering,
        "without",
        lambda record, hidden: record,
    ),
}


@pytest.mark.parametrize("leak", LEAKS if CI else list(LEAKS)[:3])
def test_each_leak_would_be_found(folder: Path, leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*LEAKS[leak], raising=False)
    with pytest.raises(AssertionError):
        compare(two_worlds(folder, "list", "offset"), (ONE, OTHER), EVERYTHING, key("bob"))
