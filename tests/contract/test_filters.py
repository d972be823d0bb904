"""The filters that an author chooses: operators, filters of one's own and `any_of`, over HTTP."""

import datetime as dt
import enum
import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.validate import Length, Range
from openapi_spec_validator import validate

from openrest import models
from openrest.config import ControllerOptions
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.filters import CustomFilter
from openrest.interfaces import DataStore, Record
from openrest.models import model_shape
from openrest.models.dumping import dumper
from openrest.models.shapes import String
from openrest.models.walking import without_rules
from openrest.openapi import Version
from openrest.pagination import Pagination
from openrest.query import MEMBERSHIP, ORDERING, TEXT, AnyOf, Condition, Query, Test
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Answer, Client
from tests.contract.kinds import VERSIONS
from tests.needs import fuzzed_in_ci


class Genre(enum.Enum):
    POP = 1
    JAZZ = 2


class Song(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(max=20))
    seconds = models.IntegerField(allow_none=True, validate=Range(0, 900))
    level = models.FloatField()
    price = models.DecimalField(places=2, digits=8, validate=Range(max=Decimal(50)))
    loud = models.BooleanField(load_default=False)
    genre = models.EnumField(Genre)
    day = models.DateField(data_key="the day")
    at = models.DateTimeField()
    stamp = models.TimestampField(allow_none=True)
    ref = models.UUIDField()
    tags = models.ListField(models.StringField())
    secret = models.StringField(load_only=True)
    shout = models.FunctionField(lambda song: song.name.upper())


SHAPE, _ = model_shape(Song)
ALL: dict[str, Any] = {
    member.name: True
    for member in SHAPE.members
    if not member.write_only and member.compute is None
}
SONGS: list[Record] = [
    {"name": "Blue", "seconds": 60, "price": Decimal("0.50"), "genre": Genre.JAZZ, "tags": ["a"],
     "day": dt.date(2026, 1, 2), "loud": False, "secret": "x"},
    {"name": "blue moon", "seconds": 120, "level": 0.5, "tags": ["a", "b"], "loud": True},
    {"name": "100%", "seconds": None, "level": 1.5, "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
     "loud": False},
    {"name": "ÉTÉ", "seconds": 240, "price": Decimal("2"), "genre": Genre.POP, "loud": True,
     "day": dt.date(2026, 2, 1)},
    {"name": "un été", "seconds": 120, "price": Decimal("10"), "level": -1.0, "loud": False,
     "ref": uuid.UUID(int=7), "stamp": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
]  # fmt: skip

LONG = CustomFilter(
    field=models.BooleanField(),
    tests=lambda long: [Condition("seconds", "gte" if long else "lt", 120)],
    description="Only long songs, or only short ones",
)
#: What is not given is found by name and by text, whatever the case of letters.
WORDS = CustomFilter(
    field=models.ListField(models.StringField(validate=Length(min=1)), validate=Length(1, 3)),
    tests=lambda words: [Condition("name", "icontains", word) for word in words],
)
OPTIONS: ControllerOptions = {
    "filters": {**ALL, "long": LONG, "words": WORDS},
    "any_of": True,
    "pagination": Pagination(100),
}


def serve(
    store: DataStore, options: ControllerOptions = OPTIONS, openapi: Version = "3.1"
) -> WSGIDispatcher:
    class Songs(Controller):
        resource = {"resource_name": "songs", "model": Song, "datastore": store}
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": [], "options": options}
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Songs], openapi=openapi, debug=True)


def make(kind: Kind, folder: Path) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], Song)
    return SQLiteDataStore({"name": str(folder / "songs.db"), "table": "songs"}, Song)


@pytest.fixture(scope="module", params=KINDS)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DataStore]:
    made = make(request.param, tmp_path_factory.mktemp("data"))
    yield made
    if isinstance(made, SQLiteDataStore):
        made.close()


@pytest.fixture(scope="module")
def client(store: DataStore) -> Client:
    return Client(serve(store))


@pytest.fixture
def api(client: Client, store: DataStore) -> Client:
    fill(store, SONGS)
    return client


def fill(store: DataStore, records: list[Record]) -> list[Record]:
    """Put these into the store instead of all that is there; they are numbered from 1."""
    for record in list(store.find(Query())):
        store.delete(record["id"])
    return store.insert_many([{**record, "id": n} for n, record in enumerate(records, 1)])


def found(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.data
    return [song["id"] for song in answer.json["object_list"]]


def any_of(*alternatives: dict[str, Any]) -> str:
    return "any_of=" + quote(json.dumps(alternatives))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("name=Blue", [1]),
        ("name__ne=Blue", [2, 3, 4, 5]),
        ("seconds__lt=120", [1]),
        ("seconds__lte=120", [1, 2, 5]),
        ("seconds__gt=120", [4]),
        ("seconds__gte=120.0", [2, 4, 5]),
        ("seconds__ne=120", [1, 4]),
        ("seconds__in=60,240,7", [1, 4]),
        ("seconds__nin=60,240", [2, 5]),
        ("seconds__isnull=true", [3]),
        ("seconds__isnull=false", [1, 2, 4, 5]),
        ("level__isnull=true", [1, 4]),
        ("genre__isnull=false", [1, 4]),
        ("tags__isnull=true", [3, 4, 5]),
        ("name__contains=u", [1, 2, 5]),
        ("name__contains=%25", [3]),
        ("name__contains=_", []),
        ("name__icontains=BLUE", [1, 2]),
        ("name__icontains=%C3%A9t%C3%A9", [4, 5]),
        ("name__startswith=blue", [2]),
        ("name__istartswith=bLUE", [1, 2]),
        ("name__endswith=%C3%A9", [5]),
        ("name__lt=C", [1, 3]),
        ("name__in=Blue,100%25", [1, 3]),
        ("price__gt=1.5", [4, 5]),
        ("price__lte=2.00", [1, 4]),
        ("price__gt=1000", []),
        ("level__gte=-1", [2, 3, 5]),
        ("level__in=0.5,15e-1", [2, 3]),
        ("loud__ne=false", [2, 4]),
        ("genre__in=POP,JAZZ", [1, 4]),
        ("the+day__gte=2026-01-15", [4]),
        ("the%20day__nin=2026-01-02,2026-01-03", [4]),
        ("at__lte=2026-01-01T01:00:00%2B01:00", [3]),
        ("stamp__gte=1767225600", [5]),
        (f"ref__in={uuid.UUID(int=7)},{uuid.UUID(int=8)}", [5]),
        ("tags=a,b", [2]),
        ("tags__ne=a,b", [1]),
        ("id__gt=2&id__lte=4", [3, 4]),
        ("name__icontains=e&seconds__gte=120&loud=true", [2]),
        ("seconds__gt=1000000", []),
        ("seconds__gte=-5&seconds__lt=61", [1]),
        ("long=true", [2, 4, 5]),
        ("long=false", [1]),
        ("words=BLUE", [1, 2]),
        ("words=blue,moon", [2]),
        ("words=blue&long=false", [1]),
        (any_of({"name": "Blue"}, {"seconds__isnull": True}), [1, 3]),
        (any_of({"seconds": 120, "loud": True}, {"name": "ÉTÉ"}), [2, 4]),
        (any_of({"seconds__in": [60, 240]}), [1, 4]),
        (any_of({"name__in": ["a,b", "100%"]}), [3]),
        (any_of({"tags": ["a"]}, {"price": "10"}), [1, 5]),
        (any_of({"tags": []}), []),
        (any_of({"the day": "2026-02-01"}, {"level__lt": 0}), [4, 5]),
        (any_of({"name": "nobody"}, {}), [1, 2, 3, 4, 5]),
        (any_of({"name": "Blue"}, {"name": "100%"}) + "&long=false", [1]),
    ],
)
def test_a_filter_finds_what_it_says(api: Client, query: str, ids: list[int]) -> None:
    assert found(api.get(f"/songs?{query}")) == ids


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("seconds__gte=x", [("seconds__gte", None, "must be an integer")]),
        ("seconds__gte=", [("seconds__gte", None, "must be an integer")]),
        ("seconds__gte=null", [("seconds__gte", None, "must be an integer")]),
        (
            "seconds__gt=1&seconds__gt=2",
            [("seconds__gt", None, "is given more than once")],
        ),
        (
            "seconds__gtt=1",
            [("seconds__gtt", None, "is not a parameter here. Did you mean 'seconds__gt'?")],
        ),
        (
            "second__lte=1",
            [("second__lte", None, "is not a parameter here. Did you mean 'seconds__lte'?")],
        ),
        (
            "loud__contains=a",
            [("loud__contains", None, "is not a parameter here. Did you mean 'loud__nin'?")],
        ),
        ("seconds__isnull=1", [("seconds__isnull", None, "must be true or false")]),
        ("name__contains=", [("name__contains", None, "must not be empty")]),
        ("seconds__in=1,x,y", [
            ("seconds__in", "#/1", "must be an integer"),
            ("seconds__in", "#/2", "must be an integer"),
        ]),
        (
            "seconds__in=" + ",".join(["1"] * 101),
            [("seconds__in", None, "must have at most 100 items")],
        ),
        ("seconds__in=", [("seconds__in", "#/0", "must be an integer")]),
        ("seconds=901", [("seconds", None, "must be at most 900")]),
        ("long=1", [("long", None, "must be true or false")]),
        ("words=a,,b", [("words", "#/1", "must not be empty")]),
        ("any_of=", [("any_of", None, "is not JSON: Expecting value at line 1, column 1")]),
        ("any_of=[{]", [(
            "any_of", None,
            "is not JSON: Expecting property name enclosed in double quotes at line 1, column 3",
        )]),
        ("any_of=%7B%7D", [("any_of", None, "must be an array")]),
        ("any_of=[]", [("any_of", None, "must not be empty")]),
        ("any_of=null", [("any_of", None, "must be an array")]),
        ("any_of=[null]", [("any_of", "#/0", "must be an object")]),
        ("any_of=NaN", [("any_of", None, "cannot be read. NaN is not JSON.")]),
        (
            'any_of=[{"name":"a","name":"b"}]',
            [("any_of", None, "cannot be read. The member 'name' is there twice.")],
        ),
        ('any_of="%5Cud800"', [("any_of", None, "must be Unicode text without lone surrogates")]),
        ("any_of=" + "[" * 65, [("any_of", None, "is nested deeper than 64 levels")]),
        (any_of(*[{}] * 21), [("any_of", None, "must have at most 20 items")]),
        ('any_of=[{"seconds":+"x"}]', [("any_of", "#/0/seconds", "must be an integer")]),
        (any_of({"seconds": None}), [("any_of", "#/0/seconds", "must be an integer")]),
        (any_of({"seconds__in": []}), [
            ("any_of", "#/0/seconds__in", "must not be empty"),
        ]),
        (any_of({"seconds__in": [1] * 101}), [
            ("any_of", "#/0/seconds__in", "must have at most 100 items"),
        ]),
        (any_of({"name": 1}, {"seconds__gte": "1", "nme": 1}), [
            ("any_of", "#/0/name", "must be a string"),
            ("any_of", "#/1/nme", "is not a member of this object. Did you mean 'name'?"),
            ("any_of", "#/1/seconds__gte", "must be an integer"),
        ]),
        (any_of({"long": True}), [("any_of", "#/0/long", "is not a member of this object.")]),
        ("any_of=[{}]&any_of=[{}]", [("any_of", None, "is given more than once")]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_filter_is_named_with_its_place(
    api: Client, query: str, errors: list[tuple[str, str | None, str]]
) -> None:
    answer = api.get(f"/songs?{query}")
    assert answer.status == 422
    named = [(e["parameter"], e.get("pointer"), e["detail"]) for e in answer.errors]
    assert sorted(named, key=str) == sorted(errors, key=str)


@pytest.mark.parametrize("name", ["secret", "secret__contains", "secret__isnull", "shout"])
def test_what_answers_do_not_show_or_a_store_does_not_have_cannot_be_asked_for(
    api: Client, name: str
) -> None:
    assert api.get(f"/songs?{name}=true").status == 422
    assert api.get(f"/songs?{any_of({name: 'true'})}").status == 422


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_a_whole_number_with_a_fraction_is_one_where_the_document_says_so(
    version: Version,
) -> None:
    api = Client.__new__(Client)
    api.app, api.mount = serve(PythonListDataStore(SONGS, Song), openapi=version), ""
    status = 422 if version == "3.0" else 200
    for query in ("seconds__lt=120.0", "seconds__in=1,120.0", "any_of=[{%22seconds%22:120.0}]"):
        assert api.raw("GET", f"/songs?{query}").status == status


def test_the_links_of_a_page_keep_the_filters(api: Client) -> None:
    query = f"{any_of({'seconds__gte': 120}, {'name': 'Blue'})}&name__ne=x&long=true"
    address: str | None = f"/songs?{query}&limit=1"
    seen = []
    while address is not None:
        answer = api.get(address)
        seen += found(answer)
        address = answer.json["meta"]["next"]
    assert seen == [2, 4, 5]
    assert answer.json["meta"]["total_count"] == 3
    assert found(api.get(answer.json["meta"]["first"])) == [2]


def parameters(options: ControllerOptions, openapi: Version = "3.1") -> dict[str, Any]:
    document = serve(PythonListDataStore([], Song), options, openapi).document
    shown = document["paths"]["/songs"]["get"].get("parameters", [])
    every = [parameter for parameter in shown if parameter["in"] == "query"]
    return {p["name"]: p for p in every if p["name"] not in ("offset", "limit")}


def test_the_document_shows_the_filters_that_are_on_and_no_others() -> None:
    chosen: ControllerOptions = {
        "filters": {"seconds": ["gte", "eq"], "day": ["in"], "tags": True, "long": LONG}
    }
    assert list(parameters(chosen)) == [
        *("seconds__gte", "seconds", "the day__in"),
        *("tags", "tags__ne", "tags__isnull", "long"),
    ]
    assert parameters({"filters": {}}) == {}


def test_without_the_option_there_is_equality_on_every_field_that_answers_show() -> None:
    assert list(parameters({})) == [
        *("id", "name", "seconds", "level", "price", "loud", "genre", "the day", "at", "stamp"),
        *("ref", "tags"),
    ]


def test_true_is_every_operator_that_the_values_have() -> None:
    compared = ("", "__ne")
    within, ordered = ("__in", "__nin"), tuple(f"__{each}" for each in ORDERING)
    text = tuple(f"__{each}" for each in TEXT)
    found: dict[str, set[str]] = {}
    for name in parameters({"filters": ALL}):
        field, sign, operator = name.partition("__")
        found.setdefault(field, set()).add(sign + operator)
    always = {*compared, *within}
    assert found == {
        "id": {*always, *ordered},
        "name": {*always, *ordered, *text},
        "loud": always,
        "genre": {*always, "__isnull"},
        "tags": {*compared, "__isnull"},
        **{
            field: {*always, *ordered, "__isnull"}
            for field in ("seconds", "level", "price", "the day", "at", "stamp", "ref")
        },
    }


def test_a_parameter_that_an_author_adds_to_the_list_is_no_filter() -> None:
    class Songs(Controller):
        resource = {
            "resource_name": "songs",
            "resource": SONGS,
            "model": Song,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": []}
        view = {"response_class": JsonResponse}

        @declare(parameters=[Parameter(name="any_of", shape=String())])
        def get_list(self, call: Call) -> Result:
            assert call.query.get("any_of", "x") == "x"
            return super().get_list(call)

    api = Client(WSGIDispatcher([Songs], debug=True))
    assert found(api.get("/songs?any_of=x&name=Blue")) == [1]


class Twice(models.Model):
    id = models.PkField()
    age = models.IntegerField()
    years = models.IntegerField(attribute="age", dump_only=True)


@pytest.mark.parametrize("options", [{}, {"filters": {"age": ["eq"]}}])
def test_a_value_that_is_shown_twice_has_the_filter_of_the_field_that_stores_it(
    options: ControllerOptions,
) -> None:
    class Ages(Controller):
        resource = {
            "resource_name": "ages",
            "resource": [{"age": 3}, {"age": 4}],
            "model": Twice,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": options}
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Ages], debug=True))
    assert found(api.get("/ages?age=4")) == [2]
    assert api.get("/ages?years=4").status == 422


def test_the_document_says_what_a_filter_takes() -> None:
    shown = parameters(OPTIONS)
    any_integer = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    seconds = {"type": "integer", "minimum": 0, "maximum": 900}
    assert shown["seconds__gte"] == {
        "name": "seconds__gte",
        "in": "query",
        "required": False,
        "schema": any_integer,
        "description": "Only objects whose seconds is this or more",
    }
    assert shown["seconds__in"]["schema"] == {
        "type": "array",
        "items": seconds,
        "minItems": 1,
        "maxItems": 100,
    }
    assert shown["seconds__in"]["explode"] is False
    assert shown["seconds__isnull"]["schema"] == {"type": "boolean"}
    assert shown["long"]["description"] == "Only long songs, or only short ones"
    [(media_type, content)] = shown["any_of"]["content"].items()
    assert media_type == "application/json"
    assert "schema" not in shown["any_of"]
    assert {k: v for k, v in content["schema"].items() if k != "items"} == {
        "type": "array",
        "minItems": 1,
        "maxItems": 20,
    }
    tests = content["schema"]["items"]
    assert tests["additionalProperties"] is False
    assert list(tests["properties"]) == [n for n in shown if n not in ("long", "words", "any_of")]
    assert tests["properties"]["seconds__gte"] == any_integer
    # In JSON an item may have a comma, and no comma joins them.
    assert tests["properties"]["name__in"]["items"] == {
        "type": "string",
        "maxLength": 20,
        "pattern": "^[^\\u0000]*$",
    }


def test_the_description_of_a_list_tells_of_the_operators_where_there_are_some() -> None:
    def description(options: ControllerOptions) -> str:
        document = serve(PythonListDataStore([], Song), options).document
        text: str = document["paths"]["/songs"]["get"]["description"]
        return text

    assert "with exactly these values." in description({"filters": {"seconds": ["eq"]}})
    assert "`name__operator`" in description({"filters": {"seconds": ["gte"]}})
    assert "named like members" not in description({"filters": {"long": LONG}})


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_of_filters_is_valid(version: Version) -> None:
    validate(serve(PythonListDataStore([], Song), openapi=version).document)


# Each version has a third of the fields: each operator is a parameter to look at.
@fuzzed_in_ci
@pytest.mark.parametrize(
    ("version", "kind", "fields"),
    [
        (version, kind, list(ALL)[part::3])
        for part, (version, kind) in enumerate(
            [("3.0", "list"), ("3.1", "sqlite"), ("3.2", "list")]
        )
    ],
)
def test_filters_are_what_the_document_says(
    version: Version, kind: Kind, fields: list[str], tmp_path: Path
) -> None:
    chosen: Any = {**dict.fromkeys(fields, True), "long": LONG, "words": WORDS}
    app = serve(make(kind, tmp_path), {"filters": chosen, "any_of": True}, version)
    report = check_contract(app, examples=3, seed=1)
    assert report.findings == ()
    assert {200, 422} <= report.answers["GET /songs"].keys()


TEXTS = ["", "a", "A", "ab", "b", "é", "É", "İ", "i", "%", "_", "a_b", "+", "&=", "\\", "'", "😀"]
VALUES: dict[str, list[Any]] = {
    "id": [1, 2, 3, 9],
    "name": TEXTS,
    "seconds": [0, 1, 60, 900],
    "level": [-1.0, 0.0, 0.1, 2.5, 1e300],
    "price": [Decimal("0"), Decimal("0.5"), Decimal("2.50"), Decimal("10"), Decimal("-3")],
    "loud": [True, False],
    "genre": list(Genre),
    "day": [dt.date(2026, 1, 1), dt.date(999, 12, 31), dt.date(2026, 1, 2)],
    "at": [dt.datetime(2026, 1, 1, 1, 2, 3, n, tzinfo=dt.UTC) for n in (0, 1, 500_000)],
    "stamp": [dt.datetime(n, 1, 1, tzinfo=dt.UTC) for n in (1, 1969, 2026)],
    "ref": [uuid.UUID(int=n) for n in (0, 1, 2**127)],
    "tags": [["a"], ["a", "b"], ["b", "a"]],
}
DUMP = {m.name: dumper(without_rules(m.shape)) for m in SHAPE.members if m.name in VALUES}
OPTIONAL = {"level", "price", "genre", "day", "at", "ref", "tags"}
NULLABLE = {"seconds", "stamp"}


def operators(field: str) -> list[str]:
    found = ["eq", "ne"]
    if field != "tags":
        found += MEMBERSHIP
    if field not in ("loud", "genre", "tags"):
        found += ORDERING
    if field == "name":
        found += TEXT
    if field in OPTIONAL | NULLABLE:
        found.append("isnull")
    return found


records = st.fixed_dictionaries(
    {
        "name": st.sampled_from(TEXTS),
        "loud": st.booleans(),
        **{name: st.none() | st.sampled_from(VALUES[name]) for name in sorted(NULLABLE)},
    },
    optional={name: st.sampled_from(VALUES[name]) for name in sorted(OPTIONAL)},
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(VALUES)))
    operator = draw(st.sampled_from(operators(field)))
    value = st.sampled_from(VALUES[field])
    if operator == "isnull":
        value = st.booleans()
    elif operator in TEXT:
        value = value.filter(bool)
    elif operator in MEMBERSHIP:
        value = st.lists(value, min_size=1, max_size=3)
    return Condition(field, operator, draw(value))


alternatives = st.lists(st.lists(conditions(), max_size=3), min_size=1, max_size=3).map(
    lambda several: AnyOf(tuple(map(tuple, several)))
)


def wire(condition: Condition) -> tuple[str, Any]:
    """The parameter that asks for a condition, and its value in JSON."""
    field, operator, value = condition.member, condition.operator, condition.value
    name = {"day": "the day"}.get(field, field)
    if operator in MEMBERSHIP:
        value = [DUMP[field](one) for one in value]
    elif operator != "isnull":
        value = DUMP[field](value)
    return (name if operator == "eq" else f"{name}__{operator}"), value


def spelled(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(spelled, value))
    return value if isinstance(value, str) else json.dumps(value)


def asked(tests: list[Test]) -> str:
    query = {}
    for test in tests:
        if isinstance(test, Condition):
            name, value = wire(test)
            query[name] = spelled(value)
        elif isinstance(test, AnyOf):
            alternatives = [dict(map(wire, every)) for every in test.alternatives]
            query["any_of"] = json.dumps(alternatives)
    return urlencode(query)


def one_of_a_name(tests: list[Condition]) -> list[Condition]:
    """The last of each name: a query asks each parameter once."""
    return list({wire(test)[0]: test for test in tests}.values())


@given(
    songs=st.lists(records, max_size=6),
    every=st.lists(conditions(), max_size=3).map(one_of_a_name),
    some=st.none() | alternatives,
)
def test_a_query_finds_what_plain_python_would(
    client: Client,
    store: DataStore,
    songs: list[Record],
    every: list[Condition],
    some: AnyOf | None,
) -> None:
    stored = fill(store, songs)
    tests: list[Test] = [*every]
    if some is not None:
        tests.append(AnyOf(tuple(tuple(one_of_a_name([*one])) for one in some.alternatives)))
    wanted = [song["id"] for song in stored if all(test.holds(song) for test in tests)]
    answer = client.get(f"/songs?{asked(tests)}")
    assert found(answer) == wanted
    assert answer.json["meta"]["total_count"] == len(wanted)
