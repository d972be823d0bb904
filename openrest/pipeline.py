"""One request through an operation's row: every step, in order."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from openrest import messages as msg
from openrest import parsing
from openrest.access import demand, unauthorized
from openrest.asking import ASKER, Asker
from openrest.bodies import Environ, Limits, discard_body
from openrest.compression import Choice, choose
from openrest.contract import Body, Contribution, Header, Parameter, ResponseSpec
from openrest.credentials import Sent
from openrest.dry_run import is_dry, rehearsed
from openrest.errors import (
    BadGateway,
    Conflict,
    ContractError,
    CredentialsRefused,
    Forbidden,
    GatewayTimeout,
    InternalServerError,
    InvalidData,
    KeyReused,
    MethodNotAllowed,
    Mistake,
    NotAcceptable,
    NotFound,
    OutOfScope,
    Problem,
    RecordConflict,
    RecordNotFound,
    RuleViolated,
    ServiceUnavailable,
    StoreUnavailable,
    TooManyRecords,
    UnprocessableContent,
    UpstreamFailed,
    UpstreamTimedOut,
)
from openrest.formats import Format, asked_for
from openrest.idempotency import key_reused
from openrest.interfaces import User
from openrest.limiting import counted_alone
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.examples import native_example
from openrest.models.links import mounted_at
from openrest.models.patterns import Pattern
from openrest.models.places import pointer
from openrest.models.walking import may_refuse
from openrest.naming import REQUEST_ID, named
from openrest.negotiation import best
from openrest.observability.exchange import CURRENT_EXCHANGE, Exchange
from openrest.operations import Call, Operation, Result
from openrest.parsing import parse, path_text, path_values, root_of, shown
from openrest.partial import CHOSEN
from openrest.plans import Plan, status_line
from openrest.preferences import heed
from openrest.ratelimit.addresses import address_of
from openrest.ratelimit.limit import RequestView
from openrest.rendering import Response, check_problem, encoded, render, render_problem
from openrest.routing import TEMPLATE, Router
from openrest.store_time import TIME_IS_UP
from openrest.streaming import Spooled, Stream
from openrest.translation import Translate
from openrest.unkept import UNKEPT, mark_unkept

__all__ = ["COUNTED_ALONE", "Pipeline", "contribution"]

log = logging.getLogger("openrest")

COUNTED_ALONE: Final = (
    "Rate limits are counted in memory, by each process of this server for itself: together they "
    "allow several times as much. RateLimit(..., storage='redis://...') counts for all of them. "
    "It is so of %s."
)

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
    asks_upstream: bool = False,
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
    if asks_upstream:
        responses += [
            ResponseSpec(
                status=502,
                description="The server that keeps the data failed",
                example=BadGateway(say(msg.UPSTREAM_FAILED)),
            ),
            ResponseSpec(
                status=504,
                description="The server that keeps the data has not answered in time: a write may "
                "have been done, or not",
                example=GatewayTimeout(say(msg.UPSTREAM_LATE)),
            ),
        ]
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


class Allowing(Protocol):
    """Tells each caller which methods they may use."""

    #: The path of a GET by which it is known who makes a request.
    path: str

    def allow(self, template: str, who: Callable[[], User | None]) -> str | None:
        """What ``Allow`` says of a path template to them; None for what it says to all."""


class Pipeline:
    """Answers requests by the rows of a table, and by nothing else.

    With `debug` a ContractError leaves the application and every answer is checked against its
    schema; without, the error is logged and answered 500. `translate` gives the language of
    problems. ``Allow`` has what `allowing` says of it, where that is given.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        limits: Limits,
        *,
        debug: bool,
        translate: Translate | None = None,
        allowing: Allowing | None = None,
    ) -> None:
        self.router = Router(operations)
        self.plans = {(row.path, row.method): Plan(row, debug=debug) for row in operations}
        self.limits = limits
        self.debug = debug
        self.translate = translate
        self.allowing = allowing
        #: Which limits several processes allow more than, as long as nobody has been told.
        self._counted_alone: Sequence[str] = counted_alone(operations)

    def run(self, environ: Environ, exchange: Exchange | None = None) -> Response:
        """The response to one request; every error becomes a problem (RFC 9457).

        Where somebody watches, the `exchange` gets to know what is asked, and by whom.
        """
        if self._counted_alone and environ.get("wsgi.multiprocess"):
            names, self._counted_alone = self._counted_alone, ()
            if names:  # else another thread has told
                log.warning(COUNTED_ALONE, ", ".join(names))
        try:
            template, texts = self._match(environ)
            if exchange is not None:
                exchange.path = template
            if environ["REQUEST_METHOD"] == "OPTIONS":
                environ[TEMPLATE] = template
                return self._options(template, environ)
            plan = self._plan(template, environ)
            if exchange is not None:
                exchange.operation = plan.operation.id
            with mounted_at(root_of(environ)):
                return self._operate(plan, texts, environ, exchange)
        except Problem as problem:
            discard_body(environ, self.limits)
            return render_problem(problem, self.translate)
        except ContractError as error:
            if self.debug:
                raise
            return self._internal(environ, error)
        except Exception as error:
            return self._internal(environ, error)

    def _operate(
        self, plan: Plan, texts: Mapping[str, str], environ: Environ, exchange: Exchange | None
    ) -> Response:
        """Every step of one operation, in order."""
        token = None
        try:
            user = _authenticate(plan, environ)
            if exchange is not None:
                exchange.user = user  # also of somebody who may not
            token = ASKER.set(Asker(user))
            limited = _limit(plan, environ, user)
            _authorize(plan, user)
            path = path_values(plan, texts)
            format = _negotiate(plan, environ)
            coding = _coding(plan, environ) if plan.operation.codings else None
            call = parse(plan, path, format, environ, self.limits)
            call.user, call.limited = user, limited
            if plan.minimal is not None:
                heed(call)
            result = _handle(plan, call, self.limits.max_store_seconds)
            if call.later and not is_dry(call):
                self._do_later(plan, call)
            return _render(plan, call, result, format, coding, environ)
        except Problem as problem:
            mark_unkept(plan.operation, problem)
            check_problem(plan, problem)
            raise
        finally:
            if token is not None:
                ASKER.reset(token)

    def _do_later(self, plan: Plan, call: Call) -> None:
        """The work that was put off until the handler is done: it cannot undo what is stored."""
        for work in call.later:
            try:
                work()
            except Exception as error:
                said = (
                    f"{plan.operation.id}: work after the change failed: {error!r}"
                    f"{named(call.request_id)}"
                )
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
            allow = self._allow(template, environ)
            said = say(msg.OTHER_METHODS, address=shown(environ), methods=allow, method=method[:40])
            # Where each caller has methods of their own, it is theirs alone.
            unkept = [] if self.allowing is None else [UNKEPT]
            raise MethodNotAllowed(said, headers=[("Allow", allow), *unkept])
        return plan

    def _options(self, template: str, environ: Environ) -> Response:
        return Response(status_line(204), [("Allow", self._allow(template, environ))], b"")

    def _allow(self, template: str, environ: Environ) -> str:
        own = None
        if self.allowing is not None:
            own = self.allowing.allow(template, partial(self._asking, self.allowing.path, environ))
        return self.router.allow[template] if own is None else own

    def _asking(self, path: str, environ: Environ) -> User | None:
        """Who asks what is allowed, found as for an operation: guesses count here, too.

        That is no operation, and announces no 401, 429 or 503: where one would be answered,
        somebody unknown asks.
        """
        try:
            return _authenticate(self.plans[path, "GET"], environ)
        except Problem:
            return None

    def _internal(self, environ: Environ, error: Exception) -> Response:
        """A 500 without internals; its `instance` is in the log line with the traceback too."""
        instance = f"urn:uuid:{uuid.uuid4()}"
        log.error(
            "%s %s failed: %s%s",
            environ["REQUEST_METHOD"],
            shown(environ),
            instance,
            named(environ.get(REQUEST_ID, "")),
            exc_info=error,
        )
        return render_problem(_internal_problem(instance), self.translate)


def _authenticate(plan: Plan, environ: Environ) -> User | None:
    """Who makes the request, where that is asked."""
    authentication, guesses = plan.operation.authentication, plan.operation.guesses
    if authentication is None:
        return None
    if plan.operation.same_origin is not None:
        plan.operation.same_origin.check(environ)
    if guesses is not None:
        guesses.look(_viewed(plan, environ, None))
    refused, user = None, None
    try:
        user = authentication.authenticate(Sent(environ))
    except CredentialsRefused as error:
        refused = error
    except StoreUnavailable as error:
        # Where users are is no concern of a client: 502 and 504 are about the data it asks for.
        away = StoreUnavailable(str(error), error.retry_after)
        raise _away(plan, away, environ.get(REQUEST_ID, "")) from error
    if refused is not None:
        if guesses is not None:
            guesses.count(_viewed(plan, environ, None))
        raise unauthorized(authentication, refused)
    if user is not None and "id" not in user:
        kind = type(authentication).__name__
        raise ContractError(f"{kind} gives a user who has no 'id'.")
    return user


def _limit(plan: Plan, environ: Environ, user: User | None) -> Sequence[tuple[str, str]]:
    """Count the request, where it is limited; the headers that say what is left then."""
    limiter = plan.operation.limiter
    return () if limiter is None else limiter.take(_viewed(plan, environ, user))


def _viewed(plan: Plan, environ: Environ, user: User | None) -> RequestView:
    row = plan.operation
    return RequestView(row.method, row.id, address_of(environ), user)


def _authorize(plan: Plan, user: User | None) -> None:
    """See that the user may, before anything is read."""
    authentication, permission = plan.operation.authentication, plan.operation.permission
    if authentication is not None and permission is not None:
        demand(authentication, permission, user)


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


def _handle(plan: Plan, call: Call, seconds: float) -> Result:
    """What the handler answers, which may be at stores for so many seconds.

    The errors of stores and models get their statuses here.
    """
    fields = plan.operation.fields
    if fields is not None and CHOSEN in call.query:
        fields.see_members(call.user, call.query[CHOSEN])
    token = TIME_IS_UP.set(time.monotonic() + seconds)
    try:
        with rehearsed(call):
            result = plan.operation.handler(call)
        embedding = plan.operation.embedding
        return result if embedding is None else embedding.embedded(call, result)
    except RecordNotFound as error:
        raise NotFound(str(error)) from error
    except RecordConflict as error:
        mistakes = [
            Mistake(detail, pointer=_place(plan, call, member, error.index))
            for member, detail in error.details.items()
        ]
        raise Conflict(str(error), mistakes) from error
    except OutOfScope as error:
        mistakes = [
            Mistake(say(msg.NOT_YOURS), pointer=_place(plan, call, member, error.index))
            for member in error.members
        ]
        raise Forbidden(str(error), mistakes) from error
    except TooManyRecords as error:
        raise Conflict(str(error)) from error
    except KeyReused as error:
        raise key_reused() from error
    except RuleViolated as error:
        raise Conflict(say(error.detail), error.mistakes) from error
    except InvalidData as error:
        raise UnprocessableContent(say(msg.CONTRACT_BROKEN), error.mistakes) from error
    except StoreUnavailable as error:
        raise _away(plan, error, call.request_id) from error
    finally:
        TIME_IS_UP.reset(token)


def _place(plan: Plan, call: Call, member: str, index: int | None) -> str:
    """Where a member is in the body: in the object of the `index`, where there are several."""
    within = index is not None and isinstance(call.body, list)
    root = f"#/{index}" if within else "#"
    return root + pointer(plan.wires.get(member, member))[1:]


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
        raise _away(plan, error, call.request_id) from error
    return response


def _away(plan: Plan, error: StoreUnavailable, request_id: str) -> Problem:
    log.warning("%s: the store is away: %s%s", plan.operation.id, error, named(request_id))
    exchange = CURRENT_EXCHANGE.get()
    if exchange is not None:
        exchange.store_away = True
    if isinstance(error, UpstreamFailed):
        return BadGateway(say(msg.UPSTREAM_FAILED))
    if isinstance(error, UpstreamTimedOut):
        return GatewayTimeout(say(msg.UPSTREAM_LATE))
    return ServiceUnavailable(say(msg.AWAY), headers=[("Retry-After", str(error.retry_after))])


def _internal_problem(instance: str) -> InternalServerError:
    return InternalServerError(say(msg.SERVER_FAILED), instance=instance)
