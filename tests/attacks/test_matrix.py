"""Every operation, asked by everybody: who is not known, may not, has not, and may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openrest.testing.contract import check_contract
from tests.attacks.worlds import KNOWN, STRANGERS, Hidden, World, key
from tests.contract.client import JSON, MERGE_PATCH
from tests.needs import fuzzed_in_ci

HIDDEN = Hidden(
    tasks={n: {"title": f"ada {n}"} for n in (1, 3)},
    projects={n: {"name": f"ada {n}"} for n in (1, 3)},
)
TITLE = {"title": "new"}
#: Operation -> a request of bob for what is his, and one for what is ada's, with the statuses.
ASKED: dict[str, tuple[str, str, Any, int, str | None, int]] = {
    "list_projects": ("GET", "/projects", None, 200, None, 0),
    "create_projects": ("POST", "/projects", {"name": "new"}, 201, None, 0),
    "patch_many_projects": ("PATCH", "/projects?owner=bob", {"name": "x"}, 200, None, 0),
    "delete_many_projects": ("DELETE", "/projects?name=x", None, 200, None, 0),
    "get_projects": ("GET", "/projects/2", None, 200, "/projects/1", 404),
    "update_projects": ("PUT", "/projects/2", {"name": "x"}, 200, "/projects/1", 404),
    "patch_projects": ("PATCH", "/projects/2", {"name": "x"}, 200, "/projects/1", 404),
    "delete_projects": ("DELETE", "/projects/2", None, 409, "/projects/1", 404),
    "list_projects_tasks": ("GET", "/projects/2/tasks", None, 200, "/projects/1/tasks", 404),
    "list_tasks": ("GET", "/tasks", None, 200, None, 0),
    "create_tasks": ("POST", "/tasks", TITLE, 201, None, 0),
    "patch_many_tasks": ("PATCH", "/tasks?title=alpha", {"text": "x"}, 200, None, 0),
    "delete_many_tasks": ("DELETE", "/tasks?title=alpha", None, 200, None, 0),
    "get_tasks": ("GET", "/tasks/2", None, 200, "/tasks/1", 404),
    "update_tasks": ("PUT", "/tasks/2", TITLE, 200, "/tasks/1", 404),
    "patch_tasks": ("PATCH", "/tasks/2", {"text": "x"}, 200, "/tasks/1", 404),
    "delete_tasks": ("DELETE", "/tasks/2", None, 204, "/tasks/1", 404),
    "list_tasks_next": ("GET", "/tasks/2/next", None, 200, "/tasks/1/next", 404),
    "done_tasks": ("POST", "/tasks/2/done", None, 200, "/tasks/1/done", 404),
    "still_open_tasks": ("GET", "/tasks/open", None, 200, None, 0),
    "number_tasks": ("GET", "/tasks/number", None, 200, None, 0),
}
#: What says only what the API is: the same to everybody.
OPEN = {"index", "list_schema", "get_schema"}


@pytest.fixture(params=["list", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path, "offset").fill(HIDDEN)


def asked(world: World, method: str, target: str, body: Any, headers: dict[str, str]) -> Any:
    kind = MERGE_PATCH if method == "PATCH" else JSON
    return world.client.send(method, target, body, content_type=kind, headers=headers)


def test_the_matrix_has_every_operation(world: World) -> None:
    documented = {
        operation["operationId"]
        for methods in world.app.document["paths"].values()
        for operation in methods.values()
    }
    assert documented == {*ASKED, *OPEN}


def test_an_operation_answers_each_as_it_may(world: World) -> None:
    for name, (method, target, body, _, theirs, missing) in ASKED.items():
        for who, headers in STRANGERS.items():
            for path in filter(None, (target, theirs, f"{target.partition('?')[0]}?unknown=1")):
                answer = asked(world, method, path, body, headers)
                assert answer.status == 401, (name, who, path)
                assert answer.headers["WWW-Authenticate"].startswith("ApiKey ")
        assert world.asked == [[], []], name  # nothing is read for somebody who is not known
        if method != "GET":
            for path in filter(None, (target, theirs)):
                assert asked(world, method, path, body, key("ron")).status == 403, (name, path)
            assert world.asked == [[], []], name
        if theirs is not None:
            assert asked(world, method, theirs, body, key("bob")).status == missing, name
            assert world.asked != [[], []], name
    # The right ones last: they change what there is.
    for name, (method, target, body, right, _, _) in ASKED.items():
        world.fill(HIDDEN)
        for who in ("bob", "bob's token") if method == "GET" else ("bob",):
            assert asked(world, method, target, body, KNOWN[who]).status == right, name


def test_what_is_open_is_the_same_to_everybody(world: World) -> None:
    for target in ("/", "/schema", "/schema/tasks", "/openapi.json", "/docs"):
        answers = [
            world.client.raw("GET", target, headers=headers)
            for headers in (*STRANGERS.values(), *KNOWN.values(), key("boss"))
        ]
        assert all(answer == answers[0] for answer in answers), target


@pytest.mark.parametrize("target", ["/tasks", "/tasks/2", "/tasks/1", "/tasks/99"])
def test_which_methods_there_are_does_not_depend_on_who_asks_or_what_there_is(
    world: World, target: str
) -> None:
    answers = [
        world.client.send("OPTIONS", target, headers=headers)
        for headers in (*STRANGERS.values(), *KNOWN.values())
    ]
    assert all(answer == answers[0] for answer in answers)
    assert world.asked == [[], []]


@fuzzed_in_ci
def test_schemathesis_finds_no_difference(tmp_path: Path) -> None:
    # As bob, whose rows it would have to guess, each answer is held against the document above.
    world = World("list", tmp_path, "offset")
    settings = {"auth": {"openapi": {"ApiKey": {"api_key": "key-of-boss"}}}}
    # schemathesis writes YAML 1.1, where a name such as 1e100 needs no quotes: once in many runs it
    # sends one, and that is no text in YAML 1.2.
    check_contract(lambda: world.fill(HIDDEN).app, settings=settings, examples=5, seed=3)
