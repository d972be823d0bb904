"""Every status that the document announces can be had, and no other one is sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from openrest.controllers import Call
from openrest.errors import StoreUnavailable
from tests.contract.apis import KINDS, Kind, everything
from tests.contract.client import JSON, MERGE_PATCH, Answer, Client

THING = {"name": "a", "size": 99}
LABEL = {"slug": "a", "shelf": "x", "place": 1}
DEVICE = {"made": "2026-01-01"}
NOBODY = "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"

#: What succeeds, by operation: {} are filled in with the keys of objects that are there.
SUCCESSES: dict[str, tuple[str, str, Any, int]] = {
    "list_things": ("GET", "/things", None, 200),
    "create_things": ("POST", "/things", THING, 201),
    "get_things": ("GET", "/things/{thing}", None, 200),
    "update_things": ("PUT", "/things/{thing}", THING, 200),
    "patch_things": ("PATCH", "/things/{thing}", {"size": 99}, 200),
    "delete_things": ("DELETE", "/things/{thing}", None, 204),
    "grow_things": ("POST", "/things/{thing}/grow", {"by": 1}, 200),
    "how_many_things": ("GET", "/things/count", None, 200),
    "largest_things": ("GET", "/things/largest", None, 200),
    "forget_note_things": ("DELETE", "/things/{thing}/note", None, 204),
    "list_labels": ("GET", "/labels", None, 200),
    "create_labels": ("POST", "/labels", {**LABEL, "slug": "b", "place": 2}, 201),
    "get_labels": ("GET", "/labels/a", None, 200),
    "update_labels": ("PUT", "/labels/a", {"shelf": "x"}, 200),
    "patch_labels": ("PATCH", "/labels/a", {}, 200),
    "delete_labels": ("DELETE", "/labels/a", None, 204),
    "list_devices": ("GET", "/devices", None, 200),
    "create_devices": ("POST", "/devices", DEVICE, 201),
    "get_devices": ("GET", "/devices/{device}", None, 200),
    "update_devices": ("PUT", "/devices/{device}", DEVICE, 200),
    "patch_devices": ("PATCH", "/devices/{device}", {}, 200),
    "delete_devices": ("DELETE", "/devices/{device}", None, 204),
    "index": ("GET", "/", None, 200),
    "list_schema": ("GET", "/schema", None, 200),
    "get_schema": ("GET", "/schema/things", None, 200),
}  # fmt: skip

#: What contradicts a rule or a stored object, by operation.
CONFLICTS: dict[str, Any] = {
    "create_things": {**THING, "low": 2, "high": 1},
    "update_things": {**THING, "even": 1},
    "patch_things": {"note": "note"},
    "grow_things": {"by": 3},
    "create_labels": LABEL,
    "update_labels": {"shelf": "taken", "place": 1},
    "patch_labels": {"shelf": "taken"},
}


class Prober:
    """Asks one operation for one status."""

    def __init__(self, client: Client, id: str) -> None:
        self.client = client
        self.method, target, self.body, self.success = SUCCESSES[id]
        thing = client.post("/things", THING).json["id"]
        device = client.post("/devices", DEVICE).json["serial"]
        client.post("/labels", LABEL)
        client.post("/labels", {"slug": "other", "shelf": "taken", "place": 1})
        self.target = target.format(thing=thing, device=device)
        self.missing = target.format(thing=2**62, device=NOBODY).replace("/a", "/none")
        self.conflict = CONFLICTS.get(id)
        self.content_type = MERGE_PATCH if self.method == "PATCH" else JSON

    def ask(self, status: int) -> Answer:
        if status in (500, 503):
            return self.fail(RuntimeError("secret") if status == 500 else StoreUnavailable("gone"))
        if status == self.success:
            return self.send(self.body)
        match status:
            case 303:
                return self.send(headers={"Accept": "text/html"})
            case 400:
                return self.send()
            case 404:
                return self.send(self.body, target=self.missing)
            case 406:
                return self.send(self.body, headers={"Accept": "image/png"})
            case 409:
                return self.send(self.conflict)
            case 413:
                return self.send(data=b" " * 1_000_001)
            case 415:
                return self.send(data=b"a", content_type="text/plain")
            case 422 if self.body is None:
                return self.send(target=self.target + "?unknown=1")
            case _:
                return self.send({"unknown": 1})

    def send(self, body: Any = None, *, target: str = "", **options: Any) -> Answer:
        options.setdefault("content_type", self.content_type)
        return self.client.send(self.method, target or self.target, body, **options)

    def fail(self, error: Exception) -> Answer:
        template = self.client.template(self.target)
        plan = self.client.app.pipeline.plans[template, self.method]

        def handler(call: Call) -> NoReturn:
            raise error

        working, plan.operation = plan.operation, replace(plan.operation, handler=handler)
        try:
            return self.send(self.body)
        finally:
            plan.operation = working


def announced(client: Client) -> set[tuple[str, int]]:
    return {
        (operation["operationId"], int(status))
        for methods in client.document["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_announced_status_can_be_had(kind: Kind, tmp_path: Path) -> None:
    client = Client(everything(kind, tmp_path))
    reached = set()
    for id, status in sorted(announced(client)):
        answer = Prober(client, id).ask(status)
        if answer.status == status:
            reached.add((id, status))
    assert announced(client) - reached == set()


def test_only_a_store_that_can_be_away_announces_503(tmp_path: Path) -> None:
    for kind, wanted in (("list", False), ("sqlite", True)):
        client = Client(everything(kind, tmp_path))  # type: ignore[arg-type]  # the two kinds
        assert (("get_things", 503) in announced(client)) == wanted


#: What each kind of operation announces, so that nothing is announced by mistake.
@pytest.mark.parametrize(
    ("id", "statuses"),
    [
        ("list_things", [200, 406, 422, 500]),
        ("create_things", [201, 400, 406, 409, 413, 415, 422, 500]),
        ("get_things", [200, 404, 406, 422, 500]),
        ("update_things", [200, 400, 404, 406, 409, 413, 415, 422, 500]),
        ("patch_things", [200, 400, 404, 406, 409, 413, 415, 422, 500]),
        ("delete_things", [204, 404, 422, 500]),
        ("grow_things", [200, 400, 404, 406, 409, 413, 415, 422, 500]),
        ("how_many_things", [200, 406, 422, 500]),
        ("forget_note_things", [204, 404, 422, 500]),
        ("create_labels", [201, 400, 406, 409, 413, 415, 422, 500]),
        ("create_devices", [201, 400, 406, 413, 415, 422, 500]),
        ("update_devices", [200, 400, 404, 406, 413, 415, 422, 500]),
        ("index", [200, 303, 406, 422, 500]),
        ("get_schema", [200, 404, 406, 422, 500]),
    ],
)
def test_an_operation_announces_what_it_can_answer(
    id: str, statuses: list[int], tmp_path: Path
) -> None:
    client = Client(everything("list", tmp_path))
    assert sorted(status for name, status in announced(client) if name == id) == statuses
