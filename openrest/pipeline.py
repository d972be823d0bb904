"""One request through an operation's row: every step, in order."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from openrest import messages as msg
from openrest import parsing
from openrest.bodies import Environ, Limits, discard_body
from openrest.compression import Choice, choose
from openrest.contract import Body, Contribution, Header, Parameter, ResponseSpec
from openrest.dry_run import is_dry, rehearsed
from openrest.errors import (
    Conflict,
    ContractError,
    InternalServerError,
    InvalidData,
    KeyReused,
    MethodNotAllowed,
    Mistake,
    NotAcceptable,
    NotFound,
    Problem,
    RecordConflict,
    RecordNotFound,
    RuleViolated,
    ServiceUnavailable,
    StoreUnavailable,
    TooManyRecords,
    UnprocessableContent,
)
from openrest.formats import Format, asked_for
from openrest.idempotency import key_reused
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.examples import native_example
from openrest.models.links import mounted_at
from openrest.models.patterns import Pattern
from openrest.models.places import pointer
from openrest.models.walking import may_refuse
from openrest.negotiation import best
from openrest.operations import Call, Operation, Result
from openrest.parsing import parse, path_text, path_values, root_of, shown
from openrest.plans import Plan, status_line
from openrest.preferences import heed
from openrest.rendering import Response, check_problem, encoded, render, render_problem
from openrest.routing import Router
from openrest.streaming import Spooled, Stream
from openrest.translation import Translate

__all__ = ["Pipeline", "contribution"]

log = logging.getLogger("openrest")

#: The protocol in which only a length tells where an answer ends; granian leaves out the minor.
_HTTP_1_0 = ("HTTP/1.0", "HTTP/1")
DIGITS = Pattern("^[0-9]+$", _sample="1")


def contribution(
    tag: str,
    key: Parameter | None,
    body: Body | None,
    media_types: Sequence[str],
    limits: Limits,
    *,
    can_be_away: bool,
) -> Contribution:
    """The statuses that the pipeline itself can answer for an operation of this form."""
    responses = list(parsing.contribution(body, limits).responses)
    if key is not None:
        missing = RecordNotFound(native_example(key.shape))
        responses.append(
            ResponseSpec(
                status=404,
                description=f"There is no such object in {tag}",
                example=NotFound(str(missing)),
            )
        )
    if media_types:
        responses.append(
            ResponseSpec(
                status=406,
                description=f"`Accept` excludes {', '.join(media_types)}",
                example=_not_acceptable(None, media_types),
            )
        )
    if body is not None and any(each.ruled or may_refuse(each.shape) for each in body.all):
        responses.append(
            ResponseSpec(
                status=409,
                description="The patch cannot be applied to the object, or a rule of the model "
                "refuses what it makes"
                if body.wire
                else "A rule of the model refuses what fits the schema",
                example=Conflict(
                    say(msg.RULE_BROKEN), [Mistake(say(msg.REFUSED_BY_RULE), pointer="#")]
                ),
            )
        )
    if can_be_away:
        responses.append(unavailable(say(msg.AWAY)))
    responses.append(
        ResponseSpec(
            status=500,
            description="The server failed; its log has the `instance` and says why",
            example=_internal_problem("urn:uuid:5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"),
        )
    )
    return Contribution(responses=tuple(responses))


def unavailable(detail: Text) -> ResponseSpec:
    """The status of what cannot be reached for now; `detail` is an example of what is said."""
    return ResponseSpec(
        status=503,
        description="The data cannot be reached for now",
        headers=(
            Header(
                name="Retry-After",
                shape=s.String(patterns=(DIGITS,)),
                description="Seconds after which to try again",
            ),
        ),
        example=ServiceUnavailable(detail),
    )


class Pipeline:
    """Answers requests by the rows of a table, and by nothing else.

    With `debug` a ContractError leaves the application and every answer is checked against its
    schema; without, the error is logged and answered 500. `translate` gives the language of
    problems.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        limits: Limits,
        *,
        debug: bool,
        translate: Translate | None = None,
    ) -> None:
        self.router = Router(operations)
        self.plans = {(row.path, row.method): Plan(row, debug=debug) for row in operations}
        self.limits = limits
        self.debug = debug
        self.translate = translate

    def run(self, environ: Environ) -> Response:
        """The response to one request; every error becomes a problem (RFC 9457)."""
        try:
            template, texts = self._match(environ)
            if environ["REQUEST_METHOD"] == "OPTIONS":
                return self._options(template)
            plan = self._plan(template, environ)
            with mounted_at(root_of(environ)):
                return self._operate(plan, texts, environ)
        except Problem as problem:
            discard_body(environ, self.limits)
            return render_problem(problem, self.translate)
        except ContractError as error:
            if self.debug:
                raise
            return self._internal(environ, error)
        except Exception as error:
            return self._internal(environ, error)

    def _operate(self, plan: Plan, texts: Mapping[str, str], environ: Environ) -> Response:
        """Every step of one operation, in order."""
        try:
            path = path_values(plan, texts)
            format = _negotiate(plan, environ)
            coding = _coding(plan, environ) if plan.operation.codings else None
            call = parse(plan, path, format, environ, self.limits)
            if plan.minimal is not None:
                heed(call)
            result = _handle(plan, call)
            if call.later and not is_dry(call):
                self._do_later(plan, call)
            return _render(plan, call, result, format, coding, environ)
        except Problem as problem:
            check_problem(plan, problem)
            raise

    def _do_later(self, plan: Plan, call: Call) -> None:
        """The work that was put off until the handler is done: it cannot undo what is stored."""
        for work in call.later:
            try:
                work()
            except Exception as error:
                said = f"{plan.operation.id}: work after the change failed: {error!r}"
                if self.debug:
                    raise ContractError(said) from error
                log.error(said, exc_info=error)

    def _match(self, environ: Environ) -> tuple[str, Any]:
        path = path_text(environ)
        found = None if path is None else self.router.match(path)
        if found is None:
            raise NotFound(say(msg.NOTHING_AT, address=shown(environ)))
        return found

    def _plan(self, template: str, environ: Environ) -> Plan:
        method = environ["REQUEST_METHOD"]
        # RFC 9110, section 9.3.2: HEAD is GET, and the server leaves out the body.
        plan = self.plans.get((template, "GET" if method == "HEAD" else method))
        if plan is None:
            allow = self.router.allow[template]
            said = say(msg.OTHER_METHODS, address=shown(environ), methods=allow, method=method[:40])
            raise MethodNotAllowed(said, headers=[("Allow", allow)])
        return plan

    def _options(self, template: str) -> Response:
        return Response(status_line(204), [("Allow", self.router.allow[template])], b"")

    def _internal(self, environ: Environ, error: Exception) -> Response:
        """A 500 without internals; its `instance` is in the log line with the traceback too."""
        instance = f"urn:uuid:{uuid.uuid4()}"
        log.error(
            "%s %s failed: %s",
            environ["REQUEST_METHOD"],
            shown(environ),
            instance,
            exc_info=error,
        )
        return render_problem(_internal_problem(instance), self.translate)


def _negotiate(plan: Plan, environ: Environ) -> Format | None:
    """The format to answer in; None for an operation whose success has no content."""
    formats = plan.formats
    if not formats:
        return None
    if plan.chosen:
        asked = asked_for(environ.get("QUERY_STRING", ""))
        if asked is not None:
            # What is none of them is refused where the parameters are read.
            return plan.chosen.get(asked, formats[0])
    accept = environ.get("HTTP_ACCEPT") or "*/*"
    if accept == "*/*" or accept == plan.media_types[0]:
        return formats[0]
    index = best(accept, plan.media_types)
    if index is None:
        raise _not_acceptable(shown(environ), plan.media_types)
    return formats[index]


def _coding(plan: Plan, environ: Environ) -> Choice | None:
    """The coding to answer in; None where the client asks for none."""
    accept = environ.get("HTTP_ACCEPT_ENCODING")
    if not accept:
        return None
    codings = plan.operation.codings
    choice = choose(accept, codings)
    if choice is None:
        possible = ", ".join([*codings, "identity"])
        said = say(msg.CAN_BE_SENT_AS, address=shown(environ), media_types=possible)
        mistake = Mistake(say(msg.MUST_ALLOW, media_types=possible), header="Accept-Encoding")
        raise NotAcceptable(said, [mistake])
    return choice


def _not_acceptable(address: str | None, media_types: Sequence[str]) -> NotAcceptable:
    possible = ", ".join(media_types)
    said = (
        say(msg.THIS_CAN_BE_SENT_AS, media_types=possible)
        if address is None
        else say(msg.CAN_BE_SENT_AS, address=address, media_types=possible)
    )
    mistake = Mistake(say(msg.MUST_ALLOW, media_types=possible), header="Accept")
    return NotAcceptable(said, [mistake])


def _handle(plan: Plan, call: Call) -> Result:
    """What the handler answers; the errors of stores and models get their statuses here."""
    try:
        with rehearsed(call):
            result = plan.operation.handler(call)
        embedding = plan.operation.embedding
        return result if embedding is None else embedding.embedded(call, result)
    except RecordNotFound as error:
        raise NotFound(str(error)) from error
    except RecordConflict as error:
        within = error.index is not None and isinstance(call.body, list)
        root = f"#/{error.index}" if within else "#"
        mistakes = [
            Mistake(detail, pointer=root + pointer(plan.wires.get(member, member))[1:])
            for member, detail in error.details.items()
        ]
        raise Conflict(str(error), mistakes) from error
    except TooManyRecords as error:
        raise Conflict(str(error)) from error
    except KeyReused as error:
        raise key_reused() from error
    except RuleViolated as error:
        raise Conflict(say(error.detail), error.mistakes) from error
    except InvalidData as error:
        raise UnprocessableContent(say(msg.CONTRACT_BROKEN), error.mistakes) from error
    except StoreUnavailable as error:
        raise _away(plan, error) from error


def _render(
    plan: Plan,
    call: Call,
    result: Result,
    format: Format | None,
    coding: Choice | None,
    environ: Environ,
) -> Response:
    """The response; a store that answers record by record is asked only now."""
    try:
        response = render(plan, call, result, format)
        if coding is not None:
            response = encoded(response, coding)
        if isinstance(response.body, Stream) and environ.get("SERVER_PROTOCOL") in _HTTP_1_0:
            body = Spooled(response.body)
            headers = [*response.headers, ("Content-Length", str(body.length))]
            return Response(response.status_line, headers, body)
    except StoreUnavailable as error:
        raise _away(plan, error) from error
    return response


def _away(plan: Plan, error: StoreUnavailable) -> ServiceUnavailable:
    log.warning("%s: the store is away: %s", plan.operation.id, error)
    return ServiceUnavailable(say(msg.AWAY), headers=[("Retry-After", str(error.retry_after))])


def _internal_problem(instance: str) -> InternalServerError:
    return InternalServerError(say(msg.SERVER_FAILED), instance=instance)
