"""Fuzzing an API against the document that it serves, in the process that runs the tests."""

from __future__ import annotations

import inspect
import re
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from openrest.testing.contract_links import CreatedKeys
from openrest.testing.contract_report import ContractBroken, ContractReport, Finding

try:
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import Status, StopReason, events, from_schema
    from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
    from schemathesis.transport.wsgi import WSGI_TRANSPORT

    from openrest.testing import contract_formats
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "openrest.testing.contract fuzzes with schemathesis: pip install 'openrest[testing]'"
    ) from error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from schemathesis.engine.recorder import ScenarioRecorder

__all__ = ["ContractBroken", "ContractReport", "Finding", "check_contract"]

_METHODS: Final = frozenset("get put post delete options head patch trace query".split())

_LINKS_ONLY: Final = {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")}

#: Seconds after which an answer counts as a hanging server; far beyond what a busy machine needs.
_PATIENCE: Final = 30

_CONDITIONS: Final = ("If-Match", "If-None-Match", "If-Unmodified-Since")
_KEY: Final = "Idempotency-Key"
#: The statuses that schemathesis takes for an acceptance, and for a refusal, by itself.
_TAKEN: Final = ("2xx", "3xx", "401", "403", "404", "409", "429", "5xx")
_REFUSED: Final = (
    "400",
    "401",
    "403",
    "404",
    "405",
    "406",
    "409",
    "415",
    "422",
    "428",
    "429",
    "5xx",
)

#: No schema can say how long a whole address may be, nor all headers: many parameters that are good
#: each by itself may be too much together.
_TOO_MUCH: Final = ("414", "431")
_LENGTHS: Final = {
    "positive_data_acceptance": {"expected-statuses": [*_TAKEN, *_TOO_MUCH]},
    "negative_data_rejection": {"expected-statuses": [*_REFUSED, *_TOO_MUCH]},
}

#: How often, with other seeds, links are followed to operations that have not succeeded.
_ATTEMPTS: Final = 3

#: What every HTTP message may have: OpenAPI describes it elsewhere, or the server adds it.
_EVERYWHERE: Final = frozenset(
    {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}
)


def check_contract(
    app: WSGIApplication | Callable[[], WSGIApplication],
    *,
    examples: int = 100,
    seed: int | None = None,
    document: str = "/openapi.json",
    settings: Mapping[str, Any] | None = None,
    document_headers: Mapping[str, str] | None = None,
) -> ContractReport:
    """Send an API what its document allows and what it forbids, and check every answer.

        def test_the_document_tells_the_truth():
            check_contract(make_app)

    `app` is a WSGI application or a function that makes a fresh one. All checks and all phases of
    schemathesis run, `examples` a phase and operation. Beyond them no status and no header may be
    answered that the document does not announce, and each operation has to succeed at least once:
    one that never does has not been tested. `seed` repeats a run. `settings` are in the
    words of ``schemathesis.toml``, for what an API cannot be tested without, such as credentials.
    `document_headers` are sent for the document, where each caller has their own.

    Raises ContractBroken with every difference. Make the application with ``debug=True``, and the
    bodies are checked by openrest itself as well.
    """
    contract_formats.register()
    tested = cast("Callable[[], WSGIApplication]", app)() if _makes_one(app) else app
    read = partial(
        schemathesis.openapi.from_wsgi, document, tested, headers=dict(document_headers or {})
    )
    raw = read().raw_schema
    settings = {**(settings or {}), **_with_conditions(raw, settings or {})}
    config = SchemathesisConfig.from_dict(_settings(examples, seed, settings))
    schema = read(config=config)
    watch = _Watch(schema.raw_schema)
    with _in_process():
        watch.see_all(from_schema(schema).execute())
        for attempt in range(_ATTEMPTS):
            for operations in watch.operations_to_reach():
                # Only a link leads to some keys, and among many links few lead there. Few examples
                # must not make that look like a lie.
                linked = SchemathesisConfig.from_dict(
                    {
                        **_settings(max(examples, 100), config.seed + attempt, settings),
                        "phases": _LINKS_ONLY,
                    }
                )
                schema = read(config=linked)
                included = schema.include(name=sorted(operations))
                with CreatedKeys(schema.raw_schema).filled_in(GLOBAL_HOOK_DISPATCHER):
                    watch.see_all(from_schema(included).execute())
    watch.finish()
    report = ContractReport(
        seed=config.seed,
        findings=tuple(watch.findings.values()),
        answers={label: dict(sorted(seen.items())) for label, seen in watch.answers.items()},
    )
    if report.findings:
        raise ContractBroken(report)
    return report


def _settings(examples: int, seed: int | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """What a user gave, over what a run in tests needs: no files of it, nor of hypothesis."""
    settings: dict[str, Any] = {
        **more,
        "generation": {"database": "none", **more.get("generation", {}), "max-examples": examples},
        "checks": {"max_response_time": _PATIENCE, **_LENGTHS, **more.get("checks", {})},
    }
    return settings if seed is None else {**settings, "seed": seed}


def _with_conditions(document: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for the operations that have conditions as parameters.

    No condition that is made up holds, and schemathesis takes the 412 and the 428 that the
    document announces for it as a refusal of good data.
    """
    ids = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "412" in operation["responses"]
        and any(p.get("name") in _CONDITIONS for p in operation.get("parameters", ()))
    ]
    checks = {
        "positive_data_acceptance": {"expected-statuses": [*_TAKEN, *_TOO_MUCH, "412", "428"]},
        "negative_data_rejection": {"expected-statuses": [*_REFUSED, *_TOO_MUCH, "412", "428"]},
        "missing_required_header": {"expected-statuses": ["400", "401", "403", "406", "415", "422",
                                                          "428"]},
    }  # fmt: skip
    if not ids:
        return {}
    own = {"include-operation-id": ids, "checks": checks}
    return {"operations": [*more.get("operations", ()), own]}


def _makes_one(app: Any) -> bool:
    """Whether it takes no arguments, where a WSGI application takes two."""
    try:
        inspect.signature(app).bind()
    except TypeError:
        return False
    return True


@contextmanager
def _in_process() -> Iterator[None]:
    """Keeps settings of sockets from an application that is reached without one.

    The probes of `ignored_auth` hand them on (schemathesis 4.32.5), and werkzeug's test client
    takes none of them.
    """
    send = WSGI_TRANSPORT.send

    def send_in_process(case: Any, *, session: Any = None, **options: Any) -> Any:
        _renew_key(case)
        for name in ("max_redirects", "verify", "cert", "proxies"):
            options.pop(name, None)
        # It asks for codings, as it does over a socket, where what it sends with decodes them.
        return contract_formats.decoded(send(case, session=session, **options))

    vars(WSGI_TRANSPORT)["send"] = send_in_process
    try:
        yield
    finally:
        del vars(WSGI_TRANSPORT)["send"]


def _renew_key(case: Any) -> None:
    """Give a request with a good idempotency key one that no other request has had.

    Made-up keys repeat. For another body the API announces 422, which schemathesis takes for a
    refusal of good data; for the same one an answer leads to what may have been deleted since.
    """
    key = (case.headers or {}).get(_KEY)
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers[_KEY] = str(uuid.uuid4())


class _Watch:
    """Collects what the events of a run say; each difference once an operation."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.answers: dict[str, Counter[int]] = {}
        self._document = document
        for path, methods in document["paths"].items():
            for method in methods:
                if method in _METHODS:
                    self.answers[f"{method.upper()} {path}"] = Counter()

    def see_all(self, happening: Iterable[events.EngineEvent]) -> None:
        for event in happening:
            self.see(event)

    def see(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished):
            self._see_scenario(event.recorder)
        elif isinstance(event, events.NonFatalError):
            # The frames nearest to the fault: those before them are schemathesis' and werkzeug's.
            message = "".join(traceback.format_exception(event.value, limit=-4))
            self._add(Finding(check="error", operation=event.label, message=message))
        elif isinstance(event, events.FatalError):
            self._add(Finding(check="error", operation="The run", message=repr(event.exception)))
        elif isinstance(event, events.SchemaAnalysisWarnings):
            for warning in event.warnings:
                where = warning.operation_label or "The document"
                self._add(Finding(check=warning.kind, operation=where, message=warning.message))
        elif isinstance(event, events.EngineFinished):
            self._see_end(event)

    def operations_to_reach(self) -> list[set[str]]:
        """For each resource with an operation that has not succeeded what may lead there.

        That are the operations of the resource, and those of others from which links lead to
        them: an object may have to refer to others.
        """
        missed = dict.fromkeys(_segment(label) for label in self._without_success())
        leading = self._leading()
        found = []
        for segment in missed:
            labels = [label for label in self.answers if _segment(label) == segment]
            for label in labels:
                labels += [each for each in leading.get(label, ()) if each not in labels]
            found.append(set(labels))
        return found

    def _leading(self) -> dict[str, list[str]]:
        """Of each operation those from which links lead to it."""
        entries = {
            label: self._document["paths"][path][method.lower()]
            for label, (method, _, path) in ((each, each.partition(" ")) for each in self.answers)
        }
        by_id = {entry.get("operationId"): label for label, entry in entries.items()}
        leading: dict[str, list[str]] = {}
        for label in entries:
            for response in self._responses(label).values():
                for link in response.get("links", {}).values():
                    leading.setdefault(by_id.get(link.get("operationId"), ""), []).append(label)
        return leading

    def _without_success(self) -> list[str]:
        return [
            label
            for label, seen in self.answers.items()
            if not any(200 <= status < 400 for status in seen)
        ]

    def finish(self) -> None:
        for label in self._without_success():
            seen = self.answers[label]
            said = ", ".join(f"{status} {count} times" for status, count in seen.items())
            self._add(
                Finding(
                    check="never_succeeds",
                    operation=label,
                    message=f"No request has succeeded, so nothing is tested. It answered "
                    f"{said or 'nothing'}.",
                )
            )

    def _see_end(self, event: events.EngineFinished) -> None:
        if event.stop_reason is not StopReason.COMPLETED:
            message = event.stop_reason.skip_explanation or event.stop_reason.value
            self._add(Finding(check="stopped", operation="The run", message=message))
        for failure in event.failures:
            self._add(Finding(check="after_run", operation="The run", message=str(failure)))

    def _see_scenario(self, recorder: ScenarioRecorder) -> None:
        for id, nodes in recorder.checks.items():
            for node in nodes:
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    if node.name == "use_after_free" and _was_only_tried(recorder, failure):
                        continue
                    # A check may have sent requests of its own, and blame one of them.
                    self._blame(recorder, failure.case_id or id, node.name, str(failure))
                elif node.status is not Status.SUCCESS:
                    self._blame(recorder, id, node.name, f"The check ended in {node.status}.")
        for id, interaction in recorder.interactions.items():
            if interaction.response is not None and id in recorder.cases:
                self._see_answer(recorder, id, interaction.response)

    def _see_answer(self, recorder: ScenarioRecorder, id: str, response: Any) -> None:
        operation = recorder.cases[id].value.operation
        label, status = f"{operation.method.upper()} {operation.path}", response.status_code
        # Checks also probe a path with methods that it does not have.
        if recorder.cases[id].value.method.upper() != operation.method.upper():
            return
        self.answers[label][status] += 1
        responses = self._responses(label)
        declared = responses.get(str(status), responses.get(f"{status // 100}XX"))
        if declared is None:
            message = f"{status} is none of {', '.join(responses)}."
            self._blame(recorder, id, "undeclared_status", message)
            return
        headers = {name.lower() for name in declared.get("headers", {})}
        surprising = ", ".join(sorted(response.headers.keys() - headers - _EVERYWHERE))
        if surprising:
            message = f"{status} has the headers {surprising}, which it does not declare."
            self._blame(recorder, id, "undeclared_header", message)

    def _responses(self, label: str) -> Mapping[str, Any]:
        method, _, path = label.partition(" ")
        responses = self._document["paths"][path][method.lower()]["responses"]
        return {status: self._resolved(response) for status, response in responses.items()}

    def _resolved(self, response: Any) -> Any:
        """The response, or the component that stands for it."""
        reference = response.get("$ref", "")
        if not reference.startswith("#/components/responses/"):
            return response
        return self._document["components"]["responses"][reference.rpartition("/")[2]]

    def _blame(self, recorder: ScenarioRecorder, id: str, check: str, message: str) -> None:
        case = recorder.cases[id].value
        interaction = recorder.interactions.get(id)
        sent = interaction.request.headers if interaction else {}
        self._add(
            Finding(
                check=check,
                operation=f"{case.operation.method.upper()} {case.operation.path}",
                message=message,
                request=case.as_curl_command(
                    headers={name: values[0] for name, values in sent.items()}
                ),
                answer=_shown(interaction.response) if interaction else "",
            )
        )

    def _add(self, finding: Finding) -> None:
        title = finding.message.partition("\n")[0]
        self.findings.setdefault((finding.operation, finding.check, title), finding)


def _segment(label: str) -> str:
    """The first segment of the path of an operation."""
    return label.partition(" ")[2].split("/")[1]


def _was_only_tried(recorder: ScenarioRecorder, failure: Any) -> bool:
    """Whether all the requests that deleted the resource were dry runs, so that it is still there.

    schemathesis knows of no such requests.
    """
    deleted = [
        urlsplit(sent.request.uri)
        for sent in recorder.interactions.values()
        if sent.request.method == "DELETE"
        and sent.response is not None
        and 200 <= sent.response.status_code < 300
    ]
    of_it = [parse_qs(url.query) for url in deleted if failure.free == f"DELETE {url.path}"]
    return bool(of_it) and all(query.get("dry_run") == ["true"] for query in of_it)


def _shown(response: Any) -> str:
    if response is None:
        return ""
    body = response.content.decode(errors="replace")
    return f"[{response.status_code}] {body if len(body) <= 1000 else body[:1000] + '...'}"
