"""Members that functions make: a client may leave out those that it may also send."""

from pathlib import Path

import pytest

from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.contract.kinds import Computed, serve


@pytest.mark.parametrize("kind", KINDS)
def test_a_method_that_also_loads_need_not_be_sent(kind: Kind, tmp_path: Path) -> None:
    api = Client(serve({"computed": Computed}, kind, tmp_path))
    created = api.post("/computed", {"name": "a"})
    shown = {"id": 1, "name": "a", "size": 1, "length": 1, "shout": None, "double": 2}
    assert (created.status, created.json) == (201, shown)
    patched = api.patch("/computed/1", {"shout": "hey", "size": 2})
    assert patched.json == {**shown, "size": 2, "double": 4, "shout": "HEY"}
    assert api.put("/computed/1", {"name": "b"}).json == {**shown, "name": "b"}
