"""A client that believes nothing: every answer is checked against the document that is served."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import msgspec
import yaml
from werkzeug.test import run_wsgi_app

from openrest.controllers import WSGIDispatcher

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
PROBLEM = "application/problem+json"
#: What a browser is told that asks whether a page may send a request.
PREFLIGHT = {
    "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
}  # fmt: skip

#: How what has the schema of a value is read; all else is text.
READERS: dict[str, Any] = {
    JSON: json.loads,
    "application/yaml": yaml.safe_load,
    "application/vnd.msgpack": msgspec.msgpack.decode,
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    data: bytes

    @cached_property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def errors(self) -> list[dict[str, str]]:
        """The places that a problem names."""
        errors: list[dict[str, str]] = self.json.get("errors", [])
        return errors


class Client:
    """Sends requests as a server would hand them on, and asserts that each answer is announced.

    `seen` counts the answers by operation id and status.
    """

    def __init__(self, app: WSGIDispatcher, mount: str = "") -> None:
        self.app = app
        self.mount = mount
        self.seen: Counter[tuple[str, int]] = Counter()
        self.host = {"Host": "localhost"}
        self.document: dict[str, Any] = self.raw("GET", "/openapi.json", headers=self.host).json

    def get(self, target: str, **headers: str) -> Answer:
        return self.send("GET", target, headers=headers)

    def post(self, target: str, body: Any) -> Answer:
        return self.send("POST", target, body)

    def put(self, target: str, body: Any) -> Answer:
        return self.send("PUT", target, body)

    def patch(self, target: str, body: Any) -> Answer:
        return self.send("PATCH", target, body, content_type=MERGE_PATCH)

    def delete(self, target: str) -> Answer:
        return self.send("DELETE", target)

    def send(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer to a JSON `body`, to bytes as they are (`data`) or to no body."""
        if body is not None:
            data = json.dumps(body).encode()
        answer = self.raw(method, target, data, content_type, headers)
        self.check(method, target, answer)
        return answer

    def raw(
        self,
        method: str,
        target: str,
        data: bytes | None = None,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
        **environ: Any,
    ) -> Answer:
        """The answer, unchecked, to the target of a request line and to headers."""
        path, _, query = target.partition("?")
        everything: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": self.mount,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(data or b""),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{"HTTP_" + n.upper().replace("-", "_"): v for n, v in (headers or {}).items()},
        }
        if data is not None:
            everything["CONTENT_LENGTH"] = str(len(data))
            everything["CONTENT_TYPE"] = content_type
        chunks, status, sent = run_wsgi_app(self.app, {**everything, **environ}, buffered=True)
        assert len({name.lower() for name, _ in sent}) == len(sent), f"a header twice: {sent}"
        return Answer(int(status[:3]), dict(sent), b"".join(chunks))

    def check(self, method: str, target: str, answer: Answer) -> None:
        """Assert that the document announces the answer, in all that it says."""
        template = self.template(target.partition("?")[0])
        methods = self.document["paths"].get(template, {})
        operation = methods.get("get" if method == "HEAD" else method.lower())
        if method == "OPTIONS" and template:
            assert answer.status == 204
            assert answer.headers.keys() - self.everywhere - PREFLIGHT == {"Allow"}
        elif operation is None:
            # No operation is asked here: the address or the method is not there.
            assert answer.status == (405 if template else 404)
            assert ("Allow" in answer.headers) == (answer.status == 405)
            self.check_problem(answer, method)
        else:
            self.seen[operation["operationId"], answer.status] += 1
            assert str(answer.status) in operation["responses"], f"undeclared: {answer}"
            self.check_response(operation["responses"][str(answer.status)], answer, method)

    @property
    def everywhere(self) -> set[str]:
        """The headers that go with every answer."""
        return {*self.document["components"].get("headers", {})}

    def check_response(self, response: dict[str, Any], answer: Answer, method: str) -> None:
        response = self.resolved(response)
        declared = response.get("headers", {})
        extra = answer.headers.keys() - declared.keys() - {"Content-Type", "Content-Length"}
        assert not extra, f"undeclared headers: {extra}"
        for name, header in ((name, self.resolved(each)) for name, each in declared.items()):
            if header.get("required"):
                assert name in answer.headers, f"{name} is missing"
            if name in answer.headers:
                self.validate(answer.headers[name], header["schema"])
        if answer.status >= 400:
            self.check_problem(answer, method)
        elif "content" not in response:
            assert answer.data == b""
            assert "Content-Type" not in answer.headers
        else:
            self.check_length(answer, method)
            media_type = answer.headers["Content-Type"].partition(";")[0]
            content = response["content"][media_type]
            if method != "HEAD" and "schema" in content:
                read = json.loads if re.search("[+/]json$", media_type) else READERS.get(media_type)
                self.validate((read or bytes.decode)(answer.data), content["schema"])

    def check_problem(self, answer: Answer, method: str) -> None:
        assert answer.headers["Content-Type"] == PROBLEM
        self.check_length(answer, method)
        if method != "HEAD":
            self.validate(answer.json, {"$ref": "#/components/schemas/Problem"})
            assert answer.json["status"] == answer.status

    def check_length(self, answer: Answer, method: str) -> None:
        if method == "HEAD":
            assert answer.data == b""
        else:
            # A stream does not know its length; what is short is none.
            length = answer.headers.get("Content-Length", str(max(len(answer.data), 65_536)))
            assert length == str(len(answer.data))

    def resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in response:
            return response
        found: Any = self.document
        for name in response["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        assert isinstance(found, dict)
        return found

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        validator = _validator(json.dumps(self.document["components"]), json.dumps(schema))
        validator.validate(value)

    def template(self, path: str) -> str:
        """The path of the document that is meant: a literal segment before a parameter."""
        fitting = [
            template
            for template in self.document["paths"]
            if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), path, re.DOTALL)
        ]
        return min(fitting, key=lambda template: template.count("{"), default="")


@cache
def _validator(components: str, schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {**json.loads(schema), "components": json.loads(components)}, validate_formats=True
    )
