"""What links are filled in with, where a check of the contract follows them."""

from types import SimpleNamespace
from typing import Any

from openrest.testing.contract_links import _expressions


def answer(body: str, **headers: list[str]) -> Any:
    named = {name.replace("_", "-"): values for name, values in headers.items()}
    return SimpleNamespace(headers=named, content=body.encode())


def test_one_object_has_its_members_and_its_address() -> None:
    found = _expressions(
        answer('{"id": 7}', content_type=["application/json"], location=["/books/7"])
    )
    assert found == {"$response.header.Location": "/books/7", "$response.body#/id": 7}


def test_of_many_objects_or_another_format_there_is_nothing() -> None:
    assert _expressions(answer('[{"id": 7}]', content_type=["application/json"])) == {}
    assert _expressions(answer("id\n7\n", content_type=["text/csv"])) == {}
