"""What clients read in problems comes from one table, or from the author of the API."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from marshmallow import pre_load
from marshmallow.validate import Length, Range

from openrest import messages as msg
from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Scope
from openrest.bulk import Bulk
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import RecordRefused, StoreUnavailable, UpstreamFailed, UpstreamTimedOut
from openrest.idempotency import Idempotency
from openrest.interfaces import Check, Record
from openrest.models import shapes as s
from openrest.pagination import CursorPagination
from openrest.ratelimit import RateLimit
from openrest.views import JsonResponse, MessagePackResponse, YamlResponse
from tests.attacks.flooding import same_hash
from tests.contract.apis import Kind, everything
from tests.contract.client import JSON_PATCH, Answer, Client
from tests.contract.prober import LABEL, SUCCESSES, THING, Prober

#: What the authors of the APIs say.
OWN = {"It would be too large.", "Low is above high.", "Must be even.", "Says nothing."}


ID = "abcdefab-0000-0000-0000-000000000000"


class Pair(models.Model):
    low = models.IntegerField(required=True)
    high = models.IntegerField()


class Odd(models.Model):
    """What can be wrong in ways that the API of everything has no use for."""

    id = models.PkField()
    pair = models.ListField(models.IntegerField(), validate=Length(2, 3))
    long = models.StringField(validate=Length(min=3))
    three = models.StringField(validate=Length(equal=3))
    ratio = models.FloatField(validate=Range(1, 2))
    even = models.IntegerField(validate=lambda value: value % 2 == 0)
    text = models.StringField()
    wall = models.NaiveDateTimeField()
    clock = models.TimeField()
    day = models.DateField(format="%d/%m/%Y")
    ip = models.IPv4Field()
    mail = models.EmailField()
    url = models.UrlField()
    target = models.UrlField(relative=True)
    path = models.UrlField(relative=True, absolute=False)
    point = models.TupleField([models.FloatField(), models.FloatField()])
    counts = models.DictField(
        keys=models.UUIDField(), values=models.IntegerField(), validate=Length(1, 2)
    )
    several = models.DictField(values=models.IntegerField(), validate=Length(min=2))
    anywhere = models.DictField(keys=models.UUIDField(), values=models.IntegerField())
    version = models.ConstantField({"v": 1})
    bounds = models.NestedField(Pair)
    other = models.IntForeignField(foreign={"resource": "odds"})
    linked = models.IntForeignField(foreign={"resource": "odds", "format": "uri"})
    follows = models.IntForeignField(foreign={"resource": "odds", "on_delete": "cascade"})

    @pre_load
    def spoil(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Make values that no JSON can hold, of some that it can."""
        spoilt = {"text": "\ud800", "ratio": math.nan}
        return {**data, **{name: spoilt[name] for name in spoilt if name == data.get("long")}}


class Slip(models.Model):
    name = models.StringPkField()
    anything = models.RawField()


class Distant(PythonListDataStore):
    """Fails as stores do that have their data from another server."""

    can_be_away = asks_upstream = True

    def insert(self, record: Record, check: Check | None = None) -> Record:
        raise {
            "failed": UpstreamFailed("it is broken"),
            "late": UpstreamTimedOut("it is slow"),
            "refused": RecordRefused(["name"]),
        }[record["name"]]


class Far(models.Model):
    name = models.StringPkField()


class Fars(Controller):
    resource = {"resource_name": "fars", "resource": [], "model": Far, "datastore": Distant}
    controller = {"list_verbs": ["POST"], "unique_verbs": []}
    view = {"response_class": JsonResponse}


class Gates(Controller):
    resource = {"resource_name": "gates", "resource": [], "model": Far,
                "datastore": PythonListDataStore}  # fmt: skip
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": [],
        "options": {
            "authentication": ApiKeyAuthentication({hash_api_key("key"): {"id": 1}}),
            "authorization": Scope("admin"),
        },
    }
    view = {"response_class": JsonResponse}


class Safe(models.Model):
    name = models.StringPkField()
    owner = models.StringField()
    code = models.IntegerField()


class Safes(Controller):
    resource = {"resource_name": "safes", "resource": [{"name": "a", "owner": "me"}],
                "model": Safe, "datastore": PythonListDataStore}  # fmt: skip
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["DELETE"],
        "options": {
            "authentication": ApiKeyAuthentication({hash_api_key("key"): {"id": "me"}}),
            "scope": lambda user: {"owner": user["id"]},
            "readable": {"code": Scope("admin")},
            "writable": {"code": Scope("admin")},
        },
    }
    view = {"response_class": JsonResponse}

    def may_change(self, call: Call, current: Record) -> bool:
        return False


def safes(method: str, target: str = "/safes", body: Any = None) -> Callable[[Client], Answer]:
    return lambda client: client.send(method, target, body, headers={"X-API-Key": "key"})


class Turns(Gates):
    """May be asked once."""

    resource = {**Gates.resource, "resource_name": "turns"}
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": [],
        "options": {
            "ratelimit": {
                "GET": RateLimit("1/day"),
                # Nothing listens there.
                "POST": RateLimit("1/day", storage="redis://127.0.0.1:1", on_error="refuse"),
            }
        },
    }


class Jars(Gates):
    resource = {**Gates.resource, "resource_name": "jars"}
    controller = {
        "list_verbs": ["POST"],
        "unique_verbs": [],
        "options": {
            "authentication": ApiKeyAuthentication(
                {hash_api_key("key"): {"id": 1}}, location="cookie", name="Jar"
            )
        },
    }


class Odds(Controller):
    resource = {
        "resource_name": "odds",
        "resource": [],
        "model": Odd,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PATCH", "DELETE"],
        "options": {"pagination": CursorPagination(20, secret="s" * 16)},
    }
    view = {
        "response_class": JsonResponse,
        "options": {"alternatives": [YamlResponse, MessagePackResponse]},
    }

    @operation(
        "GET",
        "/nothing",
        parameters=[Parameter(name="names", shape=s.List(item=s.String()), is_json=True)],
    )
    def nothing(self, call: Call) -> Result:
        """Do nothing."""
        return Result(None, 204)


class Slips(Controller):
    resource = {
        "resource_name": "slips",
        "resource": [{"name": "a"}, {"name": "c"}, {"name": "d"}],
        "model": Slip,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["POST", "PATCH", "DELETE"],
        "unique_verbs": ["PUT", "PATCH"],
        "options": {
            "json_patch": True,
            "upsert": True,
            "concurrency": "required",
            "idempotency": Idempotency(),
            "prefer": True,
            "bulk": Bulk(max_affected=2, max_patched_bytes=1),
            "filters": {"name": ["in"]},
        },
    }
    view = {"response_class": JsonResponse}


class Spoken:
    """A client of an API whose texts are marked by a translation, which notes what it is asked."""

    def __init__(self, make: Callable[..., WSGIDispatcher]) -> None:
        self.asked: list[str] = []
        self.client = Client(make(translate=self.translate))
        self.asked.clear()  # the start asks for the whole table

    def translate(self, text: str) -> str:
        self.asked.append(text)
        return f"§{text}"

    def check(self, answer: Answer) -> None:
        """Assert that the answer has marked texts, of the table or of the API's author, only."""
        for text in said(answer):
            assert text.startswith("§"), text
        assert set(self.asked) <= {*msg.texts(), *OWN}


def said(answer: Answer) -> Iterator[str]:
    """The texts of a problem."""
    yield answer.json["title"]
    yield answer.json["detail"]
    for mistake in answer.errors:
        yield mistake["detail"]


def spoken_everything(folder: Path, kind: Kind = "list") -> Spoken:
    return Spoken(lambda **options: everything(kind, folder, **options))


def spoken_odds() -> Spoken:
    return Spoken(
        lambda **options: WSGIDispatcher(
            [Odds, Slips, Fars, Gates, Safes, Turns],
            debug=True,
            health=True,
            guesses="1/day",
            **options,
        )
    )


def spoken_edge() -> Spoken:
    return Spoken(
        lambda **options: WSGIDispatcher([Gates, Jars], debug=True, hosts=["localhost"], **options)
    )


def thing(**members: Any) -> Callable[[Client], Answer]:
    return lambda client: client.post("/things", {**THING, **members})


def odd(**members: Any) -> Callable[[Client], Answer]:
    return lambda client: client.post("/odds", members)


def operated(op: str, times: int = 1, /, **operation: Any) -> Callable[[Client], Answer]:
    """Send a JSON Patch of one operation to a slip, or of the same one several times."""
    nested: Any = "x" * 30_000
    for _ in range(60):
        nested = {"in": nested}

    def patch(client: Client) -> Answer:
        put_slip("p", nested, **{"If-None-Match": "*"})(client)
        data, any_version = [{"op": op, **operation}] * times, {"If-Match": "*"}
        return client.send("PATCH", "/slips/p", data, content_type=JSON_PATCH, headers=any_version)

    return patch


def far(name: str) -> Callable[[Client], Answer]:
    return lambda client: client.post("/fars", {"name": name})


def not_ready(client: Client) -> Answer:
    def away() -> NoReturn:
        raise StoreUnavailable("gone")

    store: Any = client.app.controllers[0].store.innermost
    store.ping = away
    return client.get("/health/ready")


def twice(target: str, **headers: str) -> Callable[[Client], Answer]:
    return lambda client: [client.get(target, **headers) for _ in range(2)][-1]


def put_slip(name: str = "a", anything: Any = 1, /, **headers: str) -> Callable[[Client], Answer]:
    body = {"anything": anything}
    return lambda client: client.send("PUT", f"/slips/{name}", body, headers=headers)


def post_slips(key: str, *names: str) -> Callable[[Client], Answer]:
    """Create slips, all with one key."""

    def post(client: Client) -> Answer:
        headers = {"Idempotency-Key": key}
        answers = [client.send("POST", "/slips", {"name": name}, headers=headers) for name in names]
        return answers[-1]

    return post


def patched(**members: Any) -> Callable[[Client], Answer]:
    return lambda client: client.patch(client.post("/odds", {}).headers["Location"], members)


def referred(count: int, by: str) -> Callable[[Client], Answer]:
    """Delete an object to which others refer."""

    def delete(client: Client) -> Answer:
        place = client.post("/odds", {}).headers["Location"]
        odds = next(c for c in client.app.controllers if c.definition.name == "odds")
        odds.store.insert_many([{by: int(place.rpartition("/")[2])} for _ in range(count)])
        return client.delete(place)

    return delete


def body(data: bytes, **options: Any) -> Callable[[Client], Answer]:
    return lambda client: client.raw("POST", "/things", data, **options)


def odd_body(data: bytes, format: str) -> Callable[[Client], Answer]:
    return lambda client: client.raw("POST", "/odds", data, f"application/{format}")


def get(target: str, **headers: str) -> Callable[[Client], Answer]:
    return lambda client: client.get(target, **headers)


def probe(id: str, status: int) -> Callable[[Client], Answer]:
    return lambda client: Prober(client, id).ask(status)


def again(**members: Any) -> Callable[[Client], Answer]:
    """Create a label that clashes with one that is there."""

    def post(client: Client) -> Answer:
        client.post("/labels", LABEL)
        return client.post("/labels", {**LABEL, **members})

    return post


#: What makes the API of everything say each text of the table, by its name.
ASKED_OF_EVERYTHING = {
    "BAD_REQUEST": body(b""),
    "NOT_FOUND": get("/nothing"),
    "METHOD_NOT_ALLOWED": lambda client: client.delete("/things"),
    "NOT_ACCEPTABLE": get("/things", Accept="image/png"),
    "CONFLICT": again(),
    "PRECONDITION_FAILED": probe("update_things", 412),
    "CHANGED_SINCE": probe("update_things", 412),
    "ENTITY_TAGS": get("/things", **{"If-None-Match": "abc"}),
    "CONTENT_TOO_LARGE": probe("create_things", 413),
    "URI_TOO_LONG": probe("get_things", 414),
    "URL_TOO_LONG": probe("get_things", 414),
    "REQUEST_HEADER_FIELDS_TOO_LARGE": probe("get_things", 431),
    "HEADERS_TOO_LARGE": probe("get_things", 431),
    "UNSUPPORTED_MEDIA_TYPE": probe("create_things", 415),
    "UNPROCESSABLE_CONTENT": thing(size="1"),
    "INTERNAL_SERVER_ERROR": probe("get_things", 500),
    "SERVICE_UNAVAILABLE": probe("get_things", 503),
    "NOTHING_AT": get("/nothing"),
    "NOTHING_WITH": get("/things/x"),
    "NOTHING_WITH_NEAR": get("/schema/thing"),
    "NO_RECORD": get("/things/7"),
    "OTHER_METHODS": lambda client: client.delete("/things"),
    "CAN_BE_SENT_AS": get("/things", Accept="image/png"),
    "NOT_READ_HERE": body(b"a", content_type="text/plain"),
    "NO_CONTENT_TYPE": body(b"a", content_type=""),
    "CONTRACT_BROKEN": thing(size="1"),
    "RULE_BROKEN": thing(even=1),
    "SAME_VALUE": again(shelf="free"),
    "SAME_VALUES": again(slug="b"),
    "AND": again(slug="b"),
    "SERVER_FAILED": probe("get_things", 500),
    "AWAY": probe("get_things", 503),
    "NO_BODY": body(b""),
    "BODY_TOO_LARGE": probe("create_things", 413),
    "BODY_CODED": body(b"{}", HTTP_CONTENT_ENCODING="gzip"),
    "BODY_UNREADABLE": body(b"{}", **{"wsgi.input": None}),
    "BODY_ENDED": body(b"{}", CONTENT_LENGTH="3"),
    "BYTE_ORDER_MARK": body(b"\xef\xbb\xbf{}"),
    "NOT_UTF_8": body(b"\xff"),
    "NOT_JSON": body(b"{"),
    "NO_CONSTANT": body(b"NaN"),
    "NESTED_TOO_DEEP": body(b"[" * 65),
    "MEMBER_TWICE": body(b'{"a": 1, "a": 1}'),
    "NUMBER_TOO_LARGE": body(b"1e400"),
    "NUMBER_TOO_LONG": body(b"9" * 5000),
    "BODY_HAS_SURROGATE": body(b'"\\ud800"'),
    "UNKNOWN_PARAMETER": get("/things?qqq=1"),
    "UNKNOWN_PARAMETER_NEAR": get("/things?nam=1"),
    "PLUS": get("/things?seen=2026-03-01T09:30:00+02:00"),
    "GIVEN_TWICE": get("/things?size=1&size=1"),
    "QUERY_NOT_UTF_8": get("/things?name=%FF"),
    "TOO_MANY_PARAMETERS": get("/things?" + "&".join(101 * ["size=1"])),
    "IS_WRITTEN": get("/things/1.0"),
    "MUST_BE": body(b"a", content_type="text/plain"),
    "MUST_ALLOW": get("/things", Accept="image/png"),
    "REQUIRED": lambda client: client.post("/things", {}),
    "READ_ONLY": thing(id=1),
    "UNKNOWN_MEMBER": thing(qqq=1),
    "UNKNOWN_MEMBER_NEAR": thing(nmae=1),
    "TAKEN": again(),
    "BOOLEAN": thing(active=1),
    "INTEGER": thing(size="1"),
    "NUMBER": thing(ratio="1"),
    "AT_LEAST": thing(size=-1),
    "MORE_THAN": thing(share=0),
    "AT_MOST": thing(size=101),
    "LESS_THAN": thing(share=1),
    "DECIMAL": thing(price=1),
    "STRING": thing(name=1),
    "NOT_EMPTY": thing(name=""),
    "MAX_LENGTH": thing(name=21 * "a"),
    "NO_NUL": thing(name="\0"),
    "PATTERN": thing(code="x"),
    "DATE_TIME": thing(seen="now"),
    "DATE": thing(born="today"),
    "NO_SUCH_DAY": thing(born="2026-02-30"),
    "UUID": thing(token="x"),
    "CHOICE": thing(color=1),
    "CHOICE_NEAR": thing(color="reed"),
    "EXCEPT": thing(not_root="root"),
    "NOT_NULL": thing(anything=None),
    "ARRAY": thing(tags="a"),
    "MAX_ITEMS": thing(tags=list("abcd")),
    "OBJECT": body(b"[]"),
}
#: What makes the API of odds say the rest.
ASKED_OF_ODDS = {
    "NOT_YAML": odd_body(b"[", "yaml"),
    "NO_ANCHORS": odd_body(b"*a", "yaml"),
    "NO_TAGS": odd_body(b"!a b", "yaml"),
    "ONE_DOCUMENT": odd_body(b"#", "yaml"),
    "YAML_NAME": odd_body(b"1: a", "yaml"),
    "PACK_ENDED": odd_body(b"\x91", "vnd.msgpack"),
    "PACK_GOES_ON": odd_body(b"\x90\x90", "vnd.msgpack"),
    "PACK_KIND": odd_body(b"\xc1", "vnd.msgpack"),
    "PACK_NAME": odd_body(b"\x81\x01\x01", "vnd.msgpack"),
    "NO_PAGE": get("/odds?cursor=1"),
    "UNKNOWN_CURSOR": get("/odds?cursor=1"),
    "PARAMETER_NOT_JSON": get("/odds/nothing?names=["),
    "PARAMETER_TOO_DEEP": get("/odds/nothing?names=" + "[" * 65),
    "PARAMETER_UNREADABLE": get('/odds/nothing?names={"a":1,"a":1}'),
    "REFUSED_BY_RULE": odd(even=1),
    "PATCH_BROKEN": patched(bounds={"high": 1}),
    "PATCH_UNFIT": operated("test", path="/name", value="other"),
    "NO_SUCH_PLACE": operated("remove", path="/qqq"),
    "NO_SUCH_PLACE_NEAR": operated("remove", path="/nmae"),
    "TEST_FAILED": operated("test", path="/name", value="other"),
    "INTO_ITSELF": operated("move", path="/anything/in", **{"from": "/anything"}),
    "GROWS_TOO_LARGE": operated("copy", 9, path="/anything/more", **{"from": "/anything"}),
    "GROWS_TOO_DEEP": operated("copy", 9, path="/anything" + 50 * "/in", **{"from": "/anything"}),
    "SET_BY_SERVER": operated("replace", path="/name", value="b"),
    "EXISTS_ALREADY": put_slip(**{"If-None-Match": "*"}),
    "NOT_THERE_YET": put_slip("b", **{"If-Match": "*"}),
    "NO_FILTER": lambda client: client.delete("/slips"),
    "TOO_MANY_MATCH": lambda client: client.delete("/slips?name__in=a,c,d"),
    "PATCH_OF_TOO_MANY": lambda client: client.patch("/slips?name__in=a,c", {"anything": 1}),
    "STRICTLY": put_slip(Prefer="handling=strict, foo"),
    "NOT_HEEDED": put_slip(Prefer="handling=strict, foo"),
    "PRECONDITION_REQUIRED": put_slip(),
    "NO_CONDITION": put_slip(),
    "KEY_REUSED": post_slips("k", "b", "c"),
    "OTHER_REQUEST": post_slips("k", "b", "c"),
    "IDEMPOTENCY_KEY": post_slips("a b", "b"),
    "MIN_LENGTH": odd(long="a"),
    "EXACT_LENGTH": odd(three="a"),
    "MIN_ITEMS": odd(pair=[1]),
    "NO_SURROGATE": odd(long="text"),
    "FINITE": odd(long="ratio"),
    "NAIVE_DATE_TIME": odd(wall="now"),
    "TIME": odd(clock="now"),
    "ITEMS": odd(point=[1]),
    "MIN_MEMBERS": odd(several={}),
    "MAX_MEMBERS": odd(counts={f"{n:08}-0000-0000-0000-000000000000": 1 for n in range(3)}),
    "SAME_NAME": odd(counts={ID: 1, ID.upper(): 2}),
    "SAME_HASH": odd(anywhere=dict.fromkeys(map(str, same_hash(20)), 1)),
    "NAME": odd(counts={"x": 1}),
    "MAIL": odd(mail="ada"),
    "URL": odd(url="ada"),
    "URL_OR_PATH": odd(target="ada"),
    "PATH": odd(path="ada"),
    "PARSED": odd(ip="here"),
    "NOT_THERE": odd(day="31/02/2026"),
    "CONSTANT": odd(version={"v": 2}),
    "LINK": odd(linked="/evens/1"),
    "NO_TARGET": odd(other=77),
    "REFERS_TO_NOTHING": odd(other=77),
    "STILL_REFERENCED": referred(1, "other"),
    "NOT_READY": not_ready,
    "UNAUTHORIZED": get("/gates"),
    "WHO_IS_IT": get("/gates"),
    "WRONG_CREDENTIALS": get("/gates", **{"X-API-Key": "wrong"}),
    "FORBIDDEN": get("/gates", **{"X-API-Key": "key"}),
    "MAY_NOT": get("/gates", **{"X-API-Key": "key"}),
    "MAY_NOT_CHANGE": safes("DELETE", "/safes/a"),
    "MAY_NOT_READ": safes("GET", "/safes?code=1"),
    "MAY_NOT_SET": safes("POST", body={"name": "b", "code": 1}),
    "NOT_TO_SET": safes("POST", body={"name": "b", "code": 1}),
    "OUT_OF_SCOPE": safes("POST", body={"name": "b", "owner": "you"}),
    "NOT_YOURS": safes("POST", body={"name": "b", "owner": "you"}),
    "TOO_MANY_REQUESTS": twice("/turns"),
    "TOO_MANY": twice("/turns"),
    "TOO_MANY_GUESSES": twice("/gates", **{"X-API-Key": "wrong"}),
    "CANNOT_COUNT": lambda client: client.post("/turns", {"name": "a"}),
    "BAD_GATEWAY": far("failed"),
    "UPSTREAM_FAILED": far("failed"),
    "GATEWAY_TIMEOUT": far("late"),
    "UPSTREAM_LATE": far("late"),
    "KEEPER_REFUSES": far("refused"),
    "REFUSED_BY_KEEPER": far("refused"),
    "TOO_MANY_REFER": referred(1001, "follows"),
}
#: What makes the edge of an API say the rest.
ASKED_OF_EDGE = {
    "MISDIRECTED_REQUEST": get("/gates", Host="evil.example"),
    "CROSS_SITE": lambda client: client.send(
        "POST",
        "/jars",
        headers={"Host": "localhost", "Cookie": "api_key=key", "Sec-Fetch-Site": "cross-site"},
    ),
    "ANOTHER_HOST": get("/gates", Host="evil.example"),
}
#: What is said of a store that is away.
NEVER_OF_A_LIST = {"AWAY", "SERVICE_UNAVAILABLE"}
#: What only an example in the document says: it is about no address.
ONLY_SHOWN = {"THIS_CAN_BE_SENT_AS"}


def names() -> set[str]:
    return {name for name in vars(msg) if name.isupper()}


def test_every_text_of_the_table_is_asked_for() -> None:
    assert names() - {"PYTHON_SAYS"} == {
        *ASKED_OF_EVERYTHING,
        *ASKED_OF_ODDS,
        *ASKED_OF_EDGE,
        *ONLY_SHOWN,
    }


@pytest.mark.parametrize("name", ASKED_OF_EVERYTHING)
def test_a_text_of_the_table_is_what_a_client_reads(name: str, tmp_path: Path) -> None:
    spoken = spoken_everything(tmp_path, "sqlite" if name in NEVER_OF_A_LIST else "list")
    answer = ASKED_OF_EVERYTHING[name](spoken.client)
    spoken.check(answer)
    assert vars(msg)[name] in spoken.asked


@pytest.mark.parametrize("name", ASKED_OF_EDGE)
def test_a_text_of_the_edge_is_what_a_client_reads(name: str) -> None:
    spoken = spoken_edge()
    answer = ASKED_OF_EDGE[name](spoken.client)
    spoken.check(answer)
    assert vars(msg)[name] in spoken.asked


@pytest.mark.parametrize("name", ASKED_OF_ODDS)
def test_an_odd_text_of_the_table_is_what_a_client_reads(name: str) -> None:
    spoken = spoken_odds()
    answer = ASKED_OF_ODDS[name](spoken.client)
    spoken.check(answer)
    assert vars(msg)[name] in spoken.asked


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "invalid start byte"),
        (b'"\xc3("', "invalid continuation byte"),
        (b'"\xc3', "unexpected end of data"),
        (b"[", "Expecting value"),
        (b"{", "Expecting property name enclosed in double quotes"),
        (b'{"a"}', "Expecting ':' delimiter"),
        (b"[1 2]", "Expecting ',' delimiter"),
        (b"{}{}", "Extra data"),
        (b'"', "Unterminated string starting at"),
        (b'"\n"', "Invalid control character at"),
        (b'"\\x"', "Invalid \\escape"),
        (b'"\\uxxxx"', "Invalid \\uXXXX escape"),
    ],
)
def test_what_python_says_of_a_body_is_translated(data: bytes, reason: str, tmp_path: Path) -> None:
    spoken = spoken_everything(tmp_path)
    answer = body(data)(spoken.client)
    spoken.check(answer)
    assert f": §{reason} at " in answer.json["detail"]


@pytest.mark.parametrize("data", [b"[1,]", b'{"a": 1,}'])
def test_every_version_of_python_says_what_is_in_the_table(data: bytes, tmp_path: Path) -> None:
    spoken = spoken_everything(tmp_path)
    answer = body(data)(spoken.client)
    spoken.check(answer)
    assert answer.json["detail"].startswith("§The body is not JSON: §")


@pytest.mark.parametrize("id", SUCCESSES)
def test_every_error_of_an_operation_is_in_the_other_language(id: str, tmp_path: Path) -> None:
    spoken = spoken_everything(tmp_path)
    method, target, _, _ = SUCCESSES[id]
    template = spoken.client.template(target.partition("?")[0].replace("{", "").replace("}", ""))
    responses = spoken.client.document["paths"][template][method.lower()]["responses"]
    for status in map(int, responses):
        if status >= 400:
            answer = Prober(spoken.client, id).ask(status)
            assert answer.status == status
            spoken.check(answer)


def test_every_example_of_a_problem_in_the_document_is_in_the_other_language(
    tmp_path: Path,
) -> None:
    client = spoken_everything(tmp_path).client
    count = 0
    for methods in client.document["paths"].values():
        for entry in methods.values():
            for status, response in entry["responses"].items():
                if int(status) >= 400:
                    [content] = client.resolved(response)["content"].values()
                    example = content["example"]
                    texts = [example["title"], example["detail"]]
                    texts += [mistake["detail"] for mistake in example.get("errors", ())]
                    assert all(text.startswith("§") for text in texts)
                    count += len(texts)
    assert count > 100
