from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from openrest.controllers import Controller, WSGIDispatcher
from openrest.ratelimit import RateLimit
from openrest.testing.contract import check_contract
from tests.needs import CI, fuzzed_in_ci


@dataclass
class Api:
    """The example in a folder of its own: a project of each of two tenants, and a task of Bob's."""

    example: Any
    app: WSGIDispatcher
    bridge: str = ""
    tower: str = ""
    plan: str = ""

    def __post_init__(self) -> None:
        self.bridge = self.made("mia", "/projects", {"name": "Bridge", "budget": 5000})
        self.tower = self.made("gus", "/projects", {"name": "Tower"})
        self.plan = self.made("bob", "/tasks", {"title": "Plan", "project": self.bridge})

    def made(self, who: str, path: str, body: Any) -> str:
        answer = self.ask(who, "POST", path, body)
        assert answer.status_code == 201, answer.json
        return str(answer.get_json()["id"])

    def ask(self, who: str, method: str, path: str, body: Any = None) -> TestResponse:
        sent: dict[str, Any] = {} if body is None else {"json": body}
        if method == "PATCH":
            sent["content_type"] = "application/merge-patch+json"
        headers = {"X-API-Key": f"key-of-{who}"}
        return Client(self.app).open(path, method=method, headers=headers, **sent)

    def status(self, who: str, method: str, path: str, body: Any = None) -> int:
        return self.ask(who, method, path, body).status_code

    def listed(self, who: str, path: str, name: str) -> list[Any]:
        return [each[name] for each in self.ask(who, "GET", path).get_json()["object_list"]]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.chdir(tmp_path)  # its file is made where the test is
    monkeypatch.delitem(sys.modules, "examples.tenants", raising=False)
    example: Any = importlib.import_module("examples.tenants")
    return Api(example, WSGIDispatcher(controllers(example), document="allowed", debug=True))


def controllers(example: Any) -> list[type[Controller]]:
    return [example.Projects, example.Tasks, example.Audit]


def test_each_tenant_has_their_own_rows_and_an_administrator_those_of_all(api: Api) -> None:
    assert api.listed("bob", "/projects", "name") == ["Bridge"]
    assert api.listed("gus", "/projects", "name") == ["Tower"]
    assert sorted(api.listed("ann", "/projects", "name")) == ["Bridge", "Tower"]
    assert api.listed("gus", "/projects?tenant=acme", "name") == []
    for method, body in (("GET", None), ("PATCH", {"title": "Mine"}), ("DELETE", None)):
        assert api.status("gus", method, f"/tasks/{api.plan}", body) == 404
    assert api.status("gus", "GET", f"/projects/{api.bridge}/tasks") == 404


def test_the_tenant_is_that_of_the_user_and_never_of_the_body(api: Api) -> None:
    assert api.ask("gus", "GET", f"/projects/{api.tower}").get_json()["tenant"] == "globex"
    for tenant in ("acme", "globex"):
        refused = api.ask("gus", "POST", "/projects", {"name": "Theirs", "tenant": tenant})
        assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (
            422,
            "#/tenant",
        )
    assert api.status("gus", "PATCH", f"/projects/{api.tower}", {"tenant": "acme"}) == 422


def test_a_task_is_of_a_project_of_the_same_tenant(api: Api) -> None:
    task = {"title": "Dig", "project": api.tower}
    refused = api.ask("bob", "POST", "/tasks", task)
    assert refused.status_code == 409
    nowhere = {**task, "project": "00000000-0000-4000-8000-000000000000"}
    # As of one that is not there at all, so nobody learns that it is.
    assert api.ask("bob", "POST", "/tasks", nowhere).get_json() == refused.get_json()
    assert api.status("bob", "PATCH", f"/tasks/{api.plan}", {"project": api.tower}) == 409


def test_a_name_is_taken_for_its_own_tenant_alone(api: Api) -> None:
    assert api.status("gus", "POST", "/projects", {"name": "Bridge"}) == 201
    assert api.status("mia", "POST", "/projects", {"name": "Bridge"}) == 409


def test_members_change_what_is_theirs_and_managers_what_is_their_tenants(api: Api) -> None:
    path, done = f"/tasks/{api.plan}", {"done": True}
    assert api.status("eve", "PATCH", path, done) == 403
    assert api.status("bob", "PATCH", path, done) == 200
    assert api.status("mia", "PATCH", path, done) == 200
    assert api.status("bob", "PATCH", path, {"owner": "eve@acme"}) == 422


def test_managers_and_administrators_delete(api: Api) -> None:
    assert api.status("bob", "DELETE", f"/tasks/{api.plan}") == 403
    assert api.status("mia", "DELETE", f"/projects/{api.bridge}") == 204
    assert api.listed("ann", "/tasks", "title") == []
    assert api.status("ann", "DELETE", f"/projects/{api.tower}") == 204


def test_an_administrator_is_of_no_tenant_and_creates_nothing(api: Api) -> None:
    assert api.status("ann", "POST", "/projects", {"name": "Of nobody"}) == 403
    task = {"title": "Of nobody", "project": api.tower}
    assert api.status("ann", "POST", "/tasks", task) == 403
    # They see the projects of all, and so could send a task from one tenant to another.
    assert api.status("ann", "PATCH", f"/tasks/{api.plan}", {"project": api.tower}) == 403


def test_who_has_no_tenant_by_mistake_sees_nothing(api: Api) -> None:
    with pytest.raises(KeyError):
        api.example.own({"id": "zoe", "roles": ["member"]})


def test_a_budget_is_shown_to_those_in_charge_also_where_it_is_embedded(api: Api) -> None:
    path = f"/tasks/{api.plan}?embed=project"
    shown = {
        who: api.ask(who, "GET", path).get_json()["_embedded"]["project"].get("budget")
        for who in ("bob", "mia", "ann")
    }
    assert shown == {"bob": None, "mia": 5000, "ann": 5000}
    assert api.status("bob", "GET", "/projects?budget=5000") == 403


def test_all_users_of_a_tenant_count_together(api: Api) -> None:
    def left(who: str) -> int:
        field = api.ask(who, "GET", "/projects").headers["RateLimit"]
        return int(field.partition('"tenant";r=')[2].partition(";")[0])

    first = left("mia")
    assert (left("bob"), left("eve"), left("mia")) == (first - 1, first - 2, first - 3)
    assert left("gus") > first
    assert left("ann") == 2999


def test_each_tenant_reads_what_has_been_written_of_theirs(api: Api) -> None:
    assert api.listed("mia", "/audit", "user") == ["bob@acme", "mia@acme"]
    assert api.listed("gus", "/audit", "user") == ["gus@globex"]
    assert len(api.listed("ann", "/audit", "user")) == 3
    assert api.status("bob", "GET", "/audit") == 403
    [entry] = api.ask("mia", "GET", "/audit?resource=projects").get_json()["object_list"]
    assert (entry["tenant"], entry["after"]["budget"]) == ("acme", 5000)


def test_each_has_a_document_of_what_they_may(api: Api) -> None:
    def methods(who: str, path: str) -> list[str]:
        paths = api.ask(who, "GET", "/openapi.json").get_json()["paths"]
        return sorted({"get", "post", "patch", "delete"} & {*paths.get(path, ())})

    paths = ("/projects", "/projects/{id}", "/tasks", "/tasks/{id}", "/audit")
    assert [methods("bob", path) for path in paths] == [
        ["get"],
        ["get"],
        ["get", "post"],
        ["get", "patch"],
        [],
    ]
    assert [methods("ann", path) for path in paths] == [
        ["get"],
        ["delete", "get"],
        ["get"],
        ["delete", "get"],
        ["get"],
    ]


def test_the_job_forgets_the_tasks_of_each_tenant_in_their_name(api: Api) -> None:
    api.made("gus", "/tasks", {"title": "Dig", "project": api.tower, "done": True})
    api.made("gus", "/tasks", {"title": "Fill", "project": api.tower})
    assert api.status("bob", "PATCH", f"/tasks/{api.plan}", {"done": True}) == 200
    assert api.example.forget_done(api.app) == {"acme": 1, "globex": 1}
    assert api.listed("ann", "/tasks", "title") == ["Fill"]
    [entry] = api.ask("gus", "GET", "/audit?user=nightly").get_json()["object_list"]
    assert (entry["action"], entry["before"]["title"]) == ("delete", "Dig")


@fuzzed_in_ci
def test_the_document_of_a_manager_tells_the_truth(api: Api) -> None:
    # Members cannot make projects, nor administrators tasks: drawn requests would find none.
    # With room for all that schemathesis sends.
    roomy = [RateLimit("1000000/minute", by=api.example.tenant, name="tenant")]
    check_contract(
        WSGIDispatcher(
            [with_limits(each, roomy) for each in controllers(api.example)],
            document="allowed",
            debug=True,
        ),
        examples=20 if CI else 3,
        seed=1,
        settings={"auth": {"openapi": {"ApiKey": {"api_key": "key-of-mia"}}}},
        document_headers={"X-API-Key": "key-of-mia"},
    )


def with_limits(base: type[Controller], limits: list[RateLimit]) -> type[Controller]:
    options: Any = {**base.controller.get("options", {}), "ratelimit": limits}
    mappings = {"resource": base.resource, "view": base.view}
    changed = {**mappings, "controller": {**base.controller, "options": options}}
    return type(base.__name__, (base,), changed)
