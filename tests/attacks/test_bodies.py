"""Bodies, parameters and tokens that want more than their sender has."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attacks.asked import OTHER
from tests.attacks.worlds import World, key
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Answer


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World("list", tmp_path, "cursor").fill(OTHER)


def sent(world: World, method: str, target: str, body: Any, kind: str = JSON) -> Answer:
    return world.client.send(method, target, body, content_type=kind, headers=key("bob"))


#: What a client may not set, whatever it is called.
NOT_THEIRS: list[tuple[str, Any]] = [
    ("id", 99),
    ("owner", "ada"),
    ("owner", "bob"),
    ("made", "2020-01-01T00:00:00Z"),
    ("gone", None),
    ("resource_uri", "/tasks/1"),
    ("_embedded", {}),
    ("ID", 99),
    ("Owner", "ada"),
    ("owner ", "ada"),
    ("is_admin", True),
    ("roles", ["boss"]),
    ("__proto__", {"owner": "ada"}),
    ("constructor", {"prototype": {"owner": "ada"}}),
    ("__class__", "x"),
    ("__dict__", {"owner": "ada"}),
    ("self", 1),
]


@pytest.mark.parametrize(("name", "value"), NOT_THEIRS)
def test_nobody_assigns_what_is_not_theirs_to_set(world: World, name: str, value: Any) -> None:
    before = world.client.get("/tasks/2", **key("boss")).json
    wanted = {"title": "new", name: value}
    operations = [{"op": "add", "path": f"/{name}", "value": value}]
    answers = [
        sent(world, "POST", "/tasks", wanted),
        sent(world, "POST", "/tasks", [{"title": "first"}, wanted]),
        sent(world, "PUT", "/tasks/2", wanted),
        sent(world, "PATCH", "/tasks/2", {name: value}, MERGE_PATCH),
        sent(world, "PATCH", "/tasks?title=alpha", {name: value}, MERGE_PATCH),
    ]
    assert [answer.status for answer in answers] == [422] * 5
    patched = sent(world, "PATCH", "/tasks/2", operations, JSON_PATCH)
    # A patch may say of a member what is there anyway.
    assert patched.status == 409 or before.get(name, ...) == value
    assert world.client.get("/tasks/2", **key("boss")).json == before


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-HTTP-Method-Override": "DELETE"}, ""),
        ({"X-HTTP-Method": "DELETE"}, ""),
        ({"X-Method-Override": "DELETE"}, ""),
        ({}, "?_method=DELETE"),
        ({}, "?X-HTTP-Method-Override=DELETE"),
    ],
)
def test_a_method_is_that_of_the_request_line(
    world: World, headers: dict[str, str], query: str
) -> None:
    for method in ("GET", "POST"):
        answer = world.client.raw(method, f"/tasks/2{query}", headers={**headers, **key("bob")})
        assert answer.status == (405 if method == "POST" else 422 if query else 200)
    assert world.client.get("/tasks/2", **key("bob")).status == 200


@pytest.mark.parametrize("name", ["X-User", "X-Remote-User", "Remote-User", "X-Forwarded-User"])
def test_nobody_is_known_by_a_header_that_a_proxy_might_set(world: World, name: str) -> None:
    assert world.client.get("/tasks", **{name: "boss"}).status == 401
    assert world.client.raw("GET", "/tasks", REMOTE_USER="boss").status == 401


def next_cursor(world: World, target: str, name: str = "bob") -> str:
    following: str = world.client.get(target, **key(name)).json["meta"]["next"]
    return dict(parse_qsl(urlsplit(following).query))["cursor"]


@given(st.data())
def test_a_cursor_that_is_changed_anywhere_is_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = _shared(tmp_path_factory)
    cursor = next_cursor(world, "/tasks?sort=title")
    place = data.draw(st.integers(0, len(cursor) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. "
    instead = data.draw(st.sampled_from(alphabet))
    changed = cursor[:place] + instead + cursor[place + 1 :]
    if changed == cursor:
        return
    answer = world.client.get(
        f"/tasks?sort=title&cursor={changed.replace(' ', '%20')}", **key("bob")
    )
    assert answer.status == 404


_SHARED: dict[str, World] = {}


def _shared(factory: pytest.TempPathFactory) -> World:
    if "world" not in _SHARED:
        _SHARED["world"] = World("list", factory.mktemp("cursors"), "cursor").fill(OTHER)
    return _SHARED["world"]


def test_a_cursor_is_for_its_query_alone(world: World) -> None:
    cursor = next_cursor(world, "/tasks?sort=title")
    for other in (
        "/tasks?",
        "/tasks?sort=-title&",
        "/tasks?sort=state&",
        "/tasks?sort=title&q=alpha&",
        "/tasks?sort=title&owner=bob&",
        "/tasks/open?sort=title&",
        "/projects?sort=name&",
    ):
        answer = world.client.get(f"{other}cursor={cursor}", **key("bob"))
        assert answer.status in (404, 422), other


def test_a_cursor_that_one_signs_oneself_is_none(world: World) -> None:
    for secret in ("", "secret", "no secret, since it is in a tesT", "x" * 32):
        payload = json.dumps([False, "a", 1]).encode()
        forged = base64.urlsafe_b64encode(secret.encode()[:16].ljust(16, b"\0") + payload)
        target = f"/tasks?sort=title&cursor={forged.decode().rstrip('=')}"
        assert world.client.get(target, **key("bob")).status == 404


def test_a_cursor_of_somebody_who_may_read_more_tells_nothing(world: World) -> None:
    """It has the value of a hidden field in it: whoever may not sort by that may not use it."""
    cursor = next_cursor(world, "/tasks?sort=estimate", "boss")
    refused = world.client.get(f"/tasks?sort=estimate&cursor={cursor}", **key("bob"))
    assert refused.status == 403


#: JSON that is small and dear: deep, wide, with long numbers, or with names that collide.
_DEEP = "[" * 100_000
BOMBS: list[tuple[str, int]] = [
    (_DEEP, 400),
    ('{"title":' * 100_000, 400),
    ('{"title":"a","more":' + '{"a":' * 65 + "1" + "}" * 66, 400),
    ('{"title":"a","more":{"a":' + "9" * 100_000 + "}}", 400),
    ('{"title":"a","more":{"a":1e999}}', 400),
    ('{"title":"a","more":{"a":' + "0" * 5000 + "}}", 400),
    ('{"title":"a","title":"b"}', 400),
    ('{"title":"a","more":{"__proto__":1,"__proto__":2}}', 400),
    ('{"title":"a","estimate":1E400}', 400),
    ('{"title":"' + "\\ud800" * 1000 + '"}', 400),
    ('{"title":"' + "a" * 1_000_001 + '"}', 413),
    ('{"title":"a",' + ",".join(f'"n{n}":1' for n in range(50_000)) + "}", 422),
    ("[" + ",".join(['{"title":"a"}'] * 1001) + "]", 422),
    ("[" + "[]," * 100_000 + "[]]", 422),
]


@pytest.mark.parametrize(("body", "status"), BOMBS, ids=range(len(BOMBS)))
def test_a_small_body_costs_little(world: World, body: str, status: int) -> None:
    answer = world.client.send("POST", "/tasks", data=body.encode(), headers=key("bob"))
    assert answer.status == status
    # Nor is the answer longer than somebody can want to read.
    assert len(answer.data) < 20_000


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("any_of=" + "[" * 5000, 422),
        ("any_of=" + '[{"title":' * 200, 422),
        ("any_of=[" + ",".join(["{}"] * 1000) + "]", 422),
        ("owner__in=" + ",".join(map(str, range(1500))), 422),
        ("owner__in=" + ",".join(map(str, range(5000))), 414),
        ("sort=" + ",".join(["title"] * 500), 422),
        ("fields=" + ",".join(["title"] * 1300), 422),
        ("embed=" + "after." * 500, 422),
        ("&".join(f"x{n}=1" for n in range(1000)), 422),
        ("q=" + "a+" * 3900, 422),
        ("limit=" + "9" * 5000, 422),
        ("title=" + "%00", 422),
        ("title=%ff", 422),
    ],
    ids=range(13),
)
def test_a_query_costs_little(world: World, query: str, status: int) -> None:
    answer = world.client.get(f"/tasks?{query}", **key("bob"))
    assert answer.status == status
    assert len(answer.data) < 20_000
    assert world.asked == [[], []]


def test_the_names_of_prototypes_are_names(world: World) -> None:
    """They mean something to clients in JavaScript alone: they come back as they were sent."""
    more = {"__proto__": {"a": 1}, "constructor": {"prototype": 1}, "__class__": 2}
    made = sent(world, "POST", "/tasks", {"title": "new", "more": more})
    assert made.status == 201
    assert made.json["more"] == more
    address = made.headers["Location"]
    patched = sent(world, "PATCH", address, {"more": {"__proto__": {"b": 2}}}, MERGE_PATCH)
    assert patched.json["more"]["constructor"] == {"prototype": 1}
    added = [{"op": "add", "path": "/__proto__/polluted", "value": 1}]
    assert sent(world, "PATCH", address, added, JSON_PATCH).status == 409
