"""What a query says is read strictly, and every mistake in it is named."""

import enum
import logging
from urllib.parse import quote

import pytest
from marshmallow.validate import Length, OneOf, Range

from openrest import models
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.models import shapes as s
from openrest.query import Condition
from openrest.views import JsonResponse
from tests.contract.client import Client


class Size(enum.Enum):
    S = 1
    L = 2


class Item(models.Model):
    id = models.PkField()
    n = models.IntegerField(allow_none=True, validate=Range(max=100))
    x = models.FloatField()
    flag = models.BooleanField()
    text = models.StringField(validate=Length(max=5))
    day = models.DateField()
    at = models.DateTimeField()
    stamp = models.TimestampField()
    price = models.DecimalField(places=2, digits=5)
    ref = models.UUIDField()
    size = models.EnumField(Size)
    color = models.StringField(validate=OneOf(["red", "green"]))
    tags = models.ListField(models.StringField(validate=Length(min=1)))
    secret = models.StringField(load_only=True)


BOX = s.Object(
    members=(
        s.Member(name="width", wire="width", shape=s.Integer(minimum=1), required=True),
        s.Member(name="colour", wire="colour", shape=s.Nullable(shape=s.String())),
    )
)


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}

    @operation(
        "GET",
        "/search",
        returns="page",
        parameters=[
            Parameter(name="word", shape=s.String(min_length=1), required=True),
            Parameter(
                name="who", wire="X-Who", location="header", shape=s.Integer(), required=True
            ),
            Parameter(name="box", shape=BOX, is_json=True, example={"width": 3}),
        ],
    )
    def search(self, call: Call) -> Result:
        """Find what is in a box."""
        box = call.query.get("box", {"width": 0})
        return self.page(call, (Condition("n", "eq", box["width"]),))


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Items], debug=True))


NINES = "9" * 5000
PLUS = "In a query + is a space: a plus sign is written %2B."
MOMENT = "must be a date and time with an offset, such as 2026-03-01T09:30:00Z"
DAY = "must be a date, such as 2026-03-01"
PRICE = (
    "must be a decimal number in a string, with at most 3 digits before the point and 2 after it"
)
REF = "must be a UUID, such as 5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"


@pytest.mark.parametrize(
    ("query", "name", "detail"),
    [
        ("offset=-1", "offset", "must be at least 0"),
        ("offset=x", "offset", "must be an integer"),
        ("offset=", "offset", "must be an integer"),
        ("ofset=1", "ofset", "is not a parameter here. Did you mean 'offset'?"),
        ("Offset=1", "Offset", "is not a parameter here. Did you mean 'offset'?"),
        ("limit=0", "limit", "must be at least 1"),
        ("limit=101", "limit", "must be at most 100"),
        ("colour=red", "colour", "is not a parameter here. Did you mean 'color'?"),
        ("nothing=1", "nothing", "is not a parameter here."),
        ("secret=x", "secret", "is not a parameter here."),
        ("=1", "", "is not a parameter here."),
        ("%00=1", "%00", "is not a parameter here."),
        ("n%20=1", "n ", "is not a parameter here. Did you mean 'n'?"),
        ("n", "n", "must be an integer"),
        ("n=", "n", "must be an integer"),
        ("n=null", "n", "must be an integer"),
        ("n=1&n=1", "n", "is given more than once"),
        ("n=1,2", "n", "must be an integer"),
        ("n=101", "n", "must be at most 100"),
        ("n=-9223372036854775809", "n", "must be at least -9223372036854775808"),
        ("n=1000000000000000000000000000000", "n", "must be at most 100"),
        (f"n={NINES}", "n", "must be an integer"),
        ("n=1e400", "n", "must be an integer"),
        ("n=1e9999999999999999999", "n", "must be an integer"),
        ("n=+1", "n", f"must be an integer. {PLUS}"),
        ("n=%2B1", "n", "must be an integer"),
        ("n=1_0", "n", "must be an integer"),
        ("n=01", "n", "must be an integer"),
        ("n=0x1", "n", "must be an integer"),
        ("n=1.5", "n", "must be an integer"),
        ("n=true", "n", "must be an integer"),
        ("n=%D9%A3", "n", "must be an integer"),
        ("n=1%00", "n", "must be an integer"),
        ("n=1;x=2", "n", "must be an integer"),
        ("n=%", "n", "must be an integer"),
        ("x=NaN", "x", "must be a number"),
        ("x=nan", "x", "must be a number"),
        ("x=Infinity", "x", "must be a number"),
        ("x=-inf", "x", "must be a number"),
        ("x=1e400", "x", "must be at most 1.79769e+308"),
        ("x=-1e400", "x", "must be at least -1.79769e+308"),
        ("x=1,5", "x", "must be a number"),
        ("x=.5", "x", "must be a number"),
        ("x=5.", "x", "must be a number"),
        ("flag=True", "flag", "must be true or false"),
        ("flag=1", "flag", "must be true or false"),
        ("flag=on", "flag", "must be true or false"),
        ("flag=", "flag", "must be true or false"),
        ("text=%00", "text", "must not contain the character NUL"),
        ("text=123456", "text", "must have at most 5 characters"),
        ("day=0000-01-01", "day", DAY),
        ("day=2026-02-29", "day", "is on a day that the calendar does not have"),
        ("day=20260301", "day", DAY),
        ("day=2026-W01-1", "day", DAY),
        ("day=2026-3-1", "day", DAY),
        ("at=2026-01-01", "at", MOMENT),
        ("at=2026-01-01T00:00:00", "at", MOMENT),
        ("at=2026-01-01t00:00:00Z", "at", MOMENT),
        ("at=2026-01-01T00:00:00z", "at", MOMENT),
        ("at=2026-01-01%2000:00:00Z", "at", MOMENT),
        ("at=2016-12-31T23:59:60Z", "at", MOMENT),
        ("at=0000-01-01T00:00:00Z", "at", MOMENT),
        ("at=0001-01-01T00:00:00%2B23:59", "at", MOMENT),
        ("at=9999-12-31T23:59:59-23:59", "at", MOMENT),
        ("at=2026-01-01T00:00:00%2B0000", "at", MOMENT),
        ("at=2026-01-01T00:00:00+01:00", "at", f"{MOMENT}. {PLUS}"),
        ("at=2026-01-01T24:00:00Z", "at", MOMENT),
        ("stamp=1.5", "stamp", "must be an integer"),
        ("stamp=-62135596801", "stamp", "must be at least -62135596800"),
        ("stamp=253402300800", "stamp", "must be at most 253402300799"),
        ("price=1e2", "price", PRICE),
        ("price=1000", "price", PRICE),
        ("price=1.005", "price", PRICE),
        ("price=NaN", "price", PRICE),
        ("ref=5a2f1c0e7d1b4b0a9f6e2c3d4e5f6a7b", "ref", REF),
        ("ref={5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b}", "ref", REF),
        ("size=s", "size", "must be one of S, L. Did you mean 'S'?"),
        ("size=1", "size", "must be one of S, L"),
        ("color=gren", "color", "must be one of red, green. Did you mean 'green'?"),
        ("tags=a&tags=b", "tags", "is given more than once"),
        ("%FF=1", "query", "is not UTF-8"),
        ("text=%FF", "query", "is not UTF-8"),
        ("text=%ED%A0%80", "query", "is not UTF-8"),
        ("text=%C0%80", "query", "is not UTF-8"),
        ("text=\xff", "query", "is not UTF-8"),
        ("&".join(f"p{n}=1" for n in range(101)), "query", "has more than 100 parameters"),
    ],
)  # fmt: skip
def test_what_a_query_may_not_say_is_422_and_named(
    api: Client, caplog: pytest.LogCaptureFixture, query: str, name: str, detail: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = api.get(f"/items?{query}")
    assert answer.status == 422
    assert answer.json == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "The request breaks its schema.",
        "errors": [{"parameter": name, "detail": detail}],
    }
    assert caplog.records == []


@pytest.mark.parametrize(("query", "pointer"), [("tags=", "#/0"), ("tags=a,", "#/1")])
def test_a_mistake_in_a_list_is_named_with_its_place(api: Client, query: str, pointer: str) -> None:
    answer = api.get(f"/items?{query}")
    assert (answer.status, answer.errors) == (
        422,
        [{"pointer": pointer, "parameter": "tags", "detail": "must not be empty"}],
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&",
        "&&n=1&",
        "offset=0",
        "offset=9223372036854775807",
        "limit=1e1",
        "n=5.0",
        "n=-0",
        "n=-9223372036854775808",
        "x=1e-400",
        "x=-0",
        "x=5",
        "flag=true",
        "flag=false",
        "text=",
        "text=%C3%A9",
        "text=%F0%9F%98%80",
        "day=0001-01-01",
        "day=9999-12-31",
        "at=0001-01-01T00:00:00Z",
        "at=9999-12-31T23:59:59.999999Z",
        "at=2026-01-01T00:00:00%2B23:59",
        "at=2026-01-01T00:00:00.5-00:00",
        "stamp=-62135596800",
        "stamp=253402300799",
        "price=999.99",
        "price=-0",
        "price=1",
        "ref=5A2F1C0E-7D1B-4B0A-9F6E-2C3D4E5F6A7B",
        "size=L",
        "tags=a",
        "tags=a,a",
        "tags=a%2Ca",
        "id=0",
        "tags=" + ",".join(map(str, range(1000))),
    ],
)
def test_what_a_query_may_say_is_answered(api: Client, query: str) -> None:
    assert api.get(f"/items?{query}").status == 200


def test_every_mistake_of_a_query_is_named_at_once(api: Client) -> None:
    assert api.get("/items?offset=-1&limit=x&ofset=1&day=now").errors == [
        {"parameter": "offset", "detail": "must be at least 0"},
        {"parameter": "limit", "detail": "must be an integer"},
        {"parameter": "ofset", "detail": "is not a parameter here. Did you mean 'offset'?"},
        {"parameter": "day", "detail": DAY},
    ]


def test_mistakes_of_the_query_and_of_the_body_are_named_together(api: Client) -> None:
    assert api.post("/items?n=1", {"n": "1", "m": 2}).errors == [
        {"parameter": "n", "detail": "is not a parameter here."},
        {"pointer": "#/n", "detail": "must be an integer"},
        {"pointer": "#/m", "detail": "is not a member of this object."},
    ]


@pytest.mark.parametrize(
    ("query", "headers", "errors"),
    [
        (
            "",
            {},
            [
                {"parameter": "word", "detail": "is required"},
                {"header": "X-Who", "detail": "is required"},
            ],
        ),
        ("word=", {"X-Who": "1"}, [{"parameter": "word", "detail": "must not be empty"}]),
        ("word=a", {"X-Who": "me"}, [{"header": "X-Who", "detail": "must be an integer"}]),
        ("word=a", {"X-Who": ""}, [{"header": "X-Who", "detail": "must be an integer"}]),
        (
            "wort=a",
            {"X-Who": "1"},
            [
                {"parameter": "wort", "detail": "is not a parameter here. Did you mean 'word'?"},
                {"parameter": "word", "detail": "is required"},
            ],
        ),
    ],
)
def test_a_parameter_of_an_own_operation_is_read_like_any_other(
    api: Client, query: str, headers: dict[str, str], errors: list[dict[str, str]]
) -> None:
    answer = api.get(f"/items/search?{query}", **headers)
    assert (answer.status, answer.errors) == (422, errors)


def test_a_parameter_that_is_json_is_read_as_a_body_is(api: Client) -> None:
    api.post("/items", {"n": 3})
    for box, count in (('{"width": 3, "colour": null}', 1), ('{"width":4}', 0)):
        answer = api.get(f"/items/search?word=a&box={quote(box)}", **{"X-Who": "1"})
        assert answer.json["meta"]["total_count"] == count
    wrong = quote('{"width": 0, "color": "red"}')
    answer = api.get(f"/items/search?word=a&box={wrong}", **{"X-Who": "1"})
    assert (answer.status, answer.errors) == (
        422,
        [
            {"pointer": "#/width", "parameter": "box", "detail": "must be at least 1"},
            {
                "pointer": "#/color",
                "parameter": "box",
                "detail": "is not a member of this object. Did you mean 'colour'?",
            },
        ],
    )
    parameters = api.document["paths"]["/items/search"]["get"]["parameters"]
    assert [p for p in parameters if p["name"] == "box"] == [
        {
            "name": "box",
            "in": "query",
            "required": False,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "width": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                            "colour": {"type": ["string", "null"], "pattern": "^[^\\u0000]*$"},
                        },
                        "required": ["width"],
                        "additionalProperties": False,
                    },
                    "example": {"width": 3},
                }
            },
        }
    ]


def test_a_parameter_of_another_operation_is_none_here(api: Client) -> None:
    api.post("/items", {})
    assert api.get("/items/1?limit=1").errors == [
        {"parameter": "limit", "detail": "is not a parameter here."}
    ]
    assert api.get("/?x=1").errors == [{"parameter": "x", "detail": "is not a parameter here."}]


@pytest.mark.parametrize("text", ["1e-9999999999999999999", "-0e9999999999999999999", "0e99"])
def test_a_number_that_no_exponent_makes_another_is_zero(api: Client, text: str) -> None:
    api.post("/items", {"n": 0})
    assert api.get(f"/items?n={text}").json["meta"]["count"] == 1
    assert api.get(f"/items/{text}").status == 404


def test_an_operation_can_be_asked_with_all_its_parameters_whatever_the_limit() -> None:
    api = Client(WSGIDispatcher([Items], max_parameters=1, debug=True))
    every = api.document["paths"]["/items"]["get"]["parameters"]
    number = sum(parameter["in"] == "query" for parameter in every)
    assert api.get("/items?n=1&x=1&flag=true").status == 200
    assert api.get("/items?" + "&".join((number + 1) * ["n=1"])).errors == [
        {"parameter": "query", "detail": f"has more than {number} parameters"}
    ]
