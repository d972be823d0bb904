"""The application keeps to PEP 3333, as far as the reference validator knows it."""

from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from tests.contract.apis import everything
from tests.contract.client import JSON, MERGE_PATCH


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, "200 OK"),
        ("GET", "/things", None, "200 OK"),
        ("HEAD", "/things", None, "200 OK"),
        ("OPTIONS", "/things", None, "204 No Content"),
        ("POST", "/things", b'{"name": "a", "size": 1}', "201 Created"),
        ("POST", "/things", b'{"name": "a"}', "422 Unprocessable Content"),
        ("POST", "/things", b"{", "400 Bad Request"),
        ("POST", "/things", b" " * 1_000_001, "413 Content Too Large"),
        ("PATCH", "/things/1", b"{}", "404 Not Found"),
        ("DELETE", "/things/1", None, "404 Not Found"),
        ("TRACE", "/things", None, "405 Method Not Allowed"),
        ("GET", "/nothing/\xff", None, "404 Not Found"),
        ("GET", "/docs/swagger-ui.css", None, "200 OK"),
        ("GET", "/openapi.yaml", None, "200 OK"),
    ],
)
def test_the_application_keeps_to_pep_3333(
    method: str, path: str, body: bytes | None, status: str, tmp_path: Path
) -> None:
    environ: dict[str, object] = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path}
    environ["QUERY_STRING"] = ""
    setup_testing_defaults(environ)
    if body is not None:
        environ["wsgi.input"].write(body)  # type: ignore[attr-defined]  # it is an io.BytesIO
        environ["wsgi.input"].seek(0)  # type: ignore[attr-defined]  # it is an io.BytesIO
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["CONTENT_TYPE"] = MERGE_PATCH if method == "PATCH" else JSON
    seen: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *more: object) -> object:
        seen.append(status)
        return lambda data: None

    answer = validator(everything("list", tmp_path))(environ, start_response)  # type: ignore[arg-type]  # not the very types of typeshed
    chunks = list(answer)
    answer.close()  # type: ignore[attr-defined]  # the validator's has it
    assert seen == [status]
    assert (b"".join(chunks) == b"") == (method in ("HEAD", "OPTIONS"))
