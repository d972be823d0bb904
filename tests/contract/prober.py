"""What makes each operation of the API of everything answer each of its statuses."""

from dataclasses import replace
from typing import Any, NoReturn

from openrest.controllers import Call
from openrest.errors import StoreUnavailable
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
    "get_labels": ("GET", "/labels/{label}", None, 200),
    "update_labels": ("PUT", "/labels/{label}", {"shelf": "x"}, 200),
    "patch_labels": ("PATCH", "/labels/{label}", {}, 200),
    "delete_labels": ("DELETE", "/labels/{label}", None, 204),
    "list_devices": ("GET", "/devices", None, 200),
    "create_devices": ("POST", "/devices", DEVICE, 201),
    "get_devices": ("GET", "/devices/{device}", None, 200),
    "update_devices": ("PUT", "/devices/{device}", DEVICE, 200),
    "patch_devices": ("PATCH", "/devices/{device}", {}, 200),
    "delete_devices": ("DELETE", "/devices/{device}", None, 204),
    "index": ("GET", "/", None, 200),
    "list_schema": ("GET", "/schema", None, 200),
    "get_schema": ("GET", "/schema/{name}", None, 200),
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
        self.target = target.format(thing=thing, label="a", device=device, name="things")
        self.missing = target.format(thing=2**62, label="none", device=NOBODY, name="none")
        self.conflict = CONFLICTS.get(id)
        self.content_type = MERGE_PATCH if self.method == "PATCH" else JSON

    def ask(self, status: int) -> Answer:
        if status in (500, 503):
            return self.fail(RuntimeError("secret") if status == 500 else StoreUnavailable("gone"))
        if status == self.success:
            return self.send(self.body)
        match status:
            case 304:
                return self.send(headers={"If-None-Match": "*"})
            case 412:
                return self.send(self.body, headers={"If-Match": '"another"'})
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
            case 414:
                return self.send(self.body, target=f"{self.target}?{8_000 * 'a'}")
            case 431:
                return self.send(self.body, headers={"X-Long": 32_768 * "a"})
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
