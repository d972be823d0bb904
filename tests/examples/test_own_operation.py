from __future__ import annotations

import pytest
from werkzeug.test import Client

from examples.own_operation import Tasks
from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.needs import fuzzed_in_ci


@pytest.fixture
def client() -> Client:
    return Client(WSGIDispatcher([Tasks]))


def test_a_task_is_completed_once(client: Client) -> None:
    done = client.post("/tasks/1/completion", json={"by": "Ada"})
    assert done.json == {"title": "Write the model", "done_by": "Ada", "id": 1}
    again = client.post("/tasks/1/completion", json={"by": "Grace"})
    assert (again.status_code, again.json and again.json["detail"]) == (
        409,
        "Ada has done this already.",
    )


def test_progress_counts_the_tasks(client: Client) -> None:
    client.post("/tasks/1/completion", json={"by": "Ada"})
    assert client.get("/tasks/progress").json == {"total": 2, "done": 1}


def test_the_tasks_of_somebody_come_in_pages(client: Client) -> None:
    for task in (1, 2):
        client.post(f"/tasks/{task}/completion", json={"by": "Ada"})
    page = client.get("/tasks/done/by/Ada?limit=1").json
    assert page and [task["id"] for task in page["object_list"]] == [1]
    assert page["meta"]["total_count"] == 2
    assert page["meta"]["next"] == "/tasks/done/by/Ada?offset=1&limit=1"


def test_the_example_of_a_page_is_at_an_address_that_can_be(client: Client) -> None:
    document = client.get("/openapi.json").json or {}
    [operation] = document["paths"]["/tasks/done/by/{person}"].values()
    shown = operation["responses"]["200"]["content"]["application/json"]["example"]["meta"]
    assert shown["first"] == "/tasks/done/by/string?offset=0&limit=100"


def test_a_task_that_is_not_done_is_deleted_by_force_only(client: Client) -> None:
    assert client.delete("/tasks/1").status_code == 409
    assert client.delete("/tasks/1?force=true").status_code == 204
    assert client.get("/tasks/1").status_code == 404


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    check_contract(WSGIDispatcher([Tasks]), examples=10)
