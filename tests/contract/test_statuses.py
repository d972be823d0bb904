"""Every status that the document announces can be had, and no other one is sent."""

from pathlib import Path

import pytest

from tests.contract.apis import KINDS, Kind, everything
from tests.contract.client import Client
from tests.contract.prober import Prober


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
        ("list_things", [200, 304, 406, 414, 422, 431, 500]),
        ("create_things", [201, 400, 406, 409, 413, 414, 415, 422, 431, 500]),
        ("get_things", [200, 304, 404, 406, 414, 422, 431, 500]),
        ("update_things", [200, 400, 404, 406, 409, 412, 413, 414, 415, 422, 431, 500]),
        ("patch_things", [200, 400, 404, 406, 409, 412, 413, 414, 415, 422, 431, 500]),
        ("delete_things", [204, 404, 412, 414, 422, 431, 500]),
        ("grow_things", [200, 400, 404, 406, 409, 413, 414, 415, 422, 431, 500]),
        ("how_many_things", [200, 406, 414, 422, 431, 500]),
        ("forget_note_things", [204, 404, 414, 422, 431, 500]),
        ("create_labels", [201, 400, 406, 409, 413, 414, 415, 422, 431, 500]),
        ("create_devices", [201, 400, 406, 413, 414, 415, 422, 431, 500]),
        ("patch_devices", [200, 400, 404, 406, 412, 413, 414, 415, 422, 431, 500]),
        ("update_devices", [200, 400, 404, 406, 412, 413, 414, 415, 422, 431, 500]),
        ("index", [200, 303, 406, 414, 422, 431, 500]),
        ("get_schema", [200, 404, 406, 414, 422, 431, 500]),
    ],
)
def test_an_operation_announces_what_it_can_answer(
    id: str, statuses: list[int], tmp_path: Path
) -> None:
    client = Client(everything("list", tmp_path))
    assert sorted(status for name, status in announced(client) if name == id) == statuses
