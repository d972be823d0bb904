"""HEAD is GET without its content, OPTIONS says what there is, and all else is 405."""

from pathlib import Path

import pytest

from tests.contract.apis import everything
from tests.contract.client import Client


@pytest.fixture
def api(tmp_path: Path) -> Client:
    client = Client(everything("list", tmp_path))
    client.post("/things", {"name": "a", "size": 1, "note": "ä"})
    client.post("/labels", {"slug": "a", "shelf": "x"})
    return client


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/things", {}, 200),
        ("/things?limit=1&name=a", {}, 200),
        ("/things/1", {}, 200),
        ("/things/count", {}, 200),
        ("/things/largest", {}, 200),
        ("/labels/a", {}, 200),
        ("/devices", {}, 200),
        ("/", {}, 200),
        ("/", {"Accept": "text/html"}, 303),
        ("/schema", {}, 200),
        ("/schema/things", {}, 200),
        ("/openapi.json", {}, 200),
        ("/openapi.yaml", {}, 200),
        ("/docs", {}, 200),
        ("/docs/swagger-ui.css", {}, 200),
        ("/things/2", {}, 404),
        ("/things/x", {}, 404),
        ("/thing", {}, 404),
        ("/things?ofset=1", {}, 422),
        ("/things", {"Accept": "image/png"}, 406),
    ],
)
def test_head_has_the_status_and_headers_of_get_and_no_content(
    api: Client, target: str, headers: dict[str, str], status: int
) -> None:
    get = api.raw("GET", target, headers=headers)
    head = api.raw("HEAD", target, headers=headers)
    assert (get.status, head.status) == (status, status)
    assert head.data == b""
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/things", "GET, HEAD, OPTIONS, POST"),
        ("/things/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/things/none", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/things/1/grow", "OPTIONS, POST"),
        ("/things/1/note", "DELETE, OPTIONS"),
        ("/things/count", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/schema", "GET, HEAD, OPTIONS"),
        ("/schema/things", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_and_405_list_the_same_methods(api: Client, target: str, allow: str) -> None:
    options = api.raw("OPTIONS", target)
    assert (options.status, options.headers["Allow"], options.data) == (204, allow, b"")
    assert options.headers.keys() - api.everywhere == {"Allow"}
    declared = allow.split(", ")
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "TRACE", "QUERY", "CONNECT", "get"):
        if method not in declared:
            answer = api.raw(method, target, data=b"{}")
            assert (answer.status, answer.headers["Allow"]) == (405, allow)
            assert answer.json == {
                "type": "about:blank",
                "title": "Method Not Allowed",
                "status": 405,
                "detail": f"{target} answers {allow}, not {method}.",
            }


def test_options_of_every_documented_path_are_its_methods(api: Client) -> None:
    for path, operations in api.document["paths"].items():
        allowed = api.raw("OPTIONS", path.replace("{", "a").replace("}", "")).headers["Allow"]
        methods = {method.upper() for method in operations} | {"OPTIONS"}
        assert set(allowed.split(", ")) == methods | ({"HEAD"} if "GET" in methods else set())


def test_options_where_nothing_is_are_404(api: Client) -> None:
    assert api.raw("OPTIONS", "/nothing").status == 404
    assert api.raw("OPTIONS", "*").status == 404
