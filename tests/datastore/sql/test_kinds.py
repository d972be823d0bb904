"""All checks of schemathesis on each kind of field, stored in each kind of server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openrest.datastore import SQLDataStore
from openrest.testing.contract import check_contract
from tests.contract.kinds import kind_models, serve
from tests.datastore.sql.servers import SERVERS, Server
from tests.needs import fuzzing, only_in_ci

# Links are texts to a database, and take a minute each.
NAMES = [name for name, _ in kind_models("3.1") if name != "links"]


@fuzzing
@only_in_ci
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_kind_of_field_is_what_the_document_says(
    name: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database: Server = request.getfixturevalue(kind)

    def where(_: str) -> dict[str, Any]:
        return {"url": database.url, "table": database.table()}

    served = {name: dict(kind_models("3.1"))[name]}
    app = serve(served, "list", tmp_path, store=(SQLDataStore, where))
    report = check_contract(app, examples=10, seed=1)
    assert report.findings == ()
