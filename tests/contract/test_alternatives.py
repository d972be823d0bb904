"""An API of several formats: what each operation can be sent as, and who picks one."""

import csv
import io
import json
from typing import Any

import pytest

from openrest import models
from openrest.config import ControllerOptions, ViewOptions
from openrest.contract import Header, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.testing.contract import check_contract
from openrest.views import (
    CsvResponse,
    JsonResponse,
    MessagePackResponse,
    NdjsonResponse,
    XmlResponse,
    YamlResponse,
    formatter,
)
from tests.contract.client import READERS, Client
from tests.needs import fuzzed_in_ci

ALTERNATIVES: list[Any] = [
    NdjsonResponse,
    CsvResponse,
    XmlResponse,
    YamlResponse,
    MessagePackResponse,
]
EVERY: ViewOptions = {"alternatives": ALTERNATIVES, "format_parameter": True}
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "msgpack": "application/vnd.msgpack",
}


class Toy(models.Model):
    name = models.StringField(required=True)
    price = models.DecimalField(places=2)
    parts = models.ListField(models.StringField())
    odd = models.StringField(data_key="the day", allow_none=True)
    id = models.PkField()


class Cup(models.Model):
    size = models.IntegerField(required=True)


class Plate(models.Model):
    round = models.BooleanField()


class Dish(models.OneOf):
    discriminator = "kind"
    variants = {"cup": Cup, "plate": Plate}
    id = models.PkField()


@formatter(adds=[models.IntegerField(name="length")])
def measure(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {**record, "length": len(record["name"])}


TOYS = [{"name": name, "odd": "a\rb"} for name in ("Top", "=1+1", "-5")]
PAGED: ControllerOptions = {"pagination": Pagination(20)}


def serve(
    shown: ViewOptions = EVERY,
    options: ControllerOptions = PAGED,
    seed: Any = TOYS,
    kept: Any = PythonListDataStore,
    made_of: Any = Toy,
    verbs: Any = ("GET", "PUT", "PATCH", "DELETE"),
    **dispatcher: Any,
) -> WSGIDispatcher:
    class Toys(Controller):
        resource = {
            "resource_name": "toys", "model": made_of, "datastore": kept, "resource": seed,
        }  # fmt: skip
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": verbs,
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": shown}

    return WSGIDispatcher([Toys], **{"debug": True, **dispatcher})


@pytest.fixture
def api() -> Client:
    return Client(serve())


@pytest.mark.parametrize(("name", "media_type"), MEDIA_TYPES.items())
def test_accept_or_the_parameter_picks_a_format_of_every_operation(
    api: Client, name: str, media_type: str
) -> None:
    wanted = media_type.partition(";")[0]
    for target in ("/toys", "/toys/2"):
        by_header = api.get(target, Accept=f"{wanted}, */*;q=0.1")
        by_parameter = api.get(f"{target}?format={name}", Accept="image/png")
        assert by_header.headers["Content-Type"] == media_type
        assert by_parameter.headers["Content-Type"] == media_type
        assert by_header.headers["Vary"] == by_parameter.headers["Vary"] == "Accept"
        if target != "/toys":
            assert by_header.data == by_parameter.data
    for method, target, body in (
        ("POST", "/toys", {"name": "Kite"}),
        ("PUT", "/toys/1", {"name": "Kite"}),
    ):
        answer = api.send(method, f"{target}?format={name}", body)
        assert (answer.status // 100, answer.headers["Content-Type"]) == (2, media_type)


def test_json_yaml_and_message_pack_have_the_same_value(api: Client) -> None:
    for target in ("/toys", "/toys/2"):
        values = [
            READERS[media_type](api.get(target, Accept=media_type).data)
            for media_type in (MEDIA_TYPES[name] for name in ("json", "yaml", "msgpack"))
        ]
        assert values[0] == values[1] == values[2]


def test_a_list_in_lines_is_the_objects_and_its_links_are_in_a_header(api: Client) -> None:
    page = api.get("/toys?limit=2").json
    lines = api.get("/toys?limit=2&format=ndjson")
    assert [json.loads(line) for line in lines.data.splitlines()] == page["object_list"]
    assert '</toys?format=ndjson&offset=2&limit=2>; rel="next"' in lines.headers["Link"]
    rows = list(csv.reader(io.StringIO(api.get("/toys?limit=2&format=csv").data.decode())))
    assert rows == [
        ["name", "price", "parts", "the day", "id"],
        ["Top", "", "", "a\rb", "1"],
        ["'=1+1", "", "", "a\rb", "2"],
    ]


def test_an_empty_list_is_no_line_and_a_row_of_names() -> None:
    api = Client(serve(seed=[]))
    assert api.get("/toys?format=ndjson").data == b""
    assert api.get("/toys?format=csv").data == b"name,price,parts,the day,id\r\n"


def test_formatters_run_on_each_object() -> None:
    api = Client(serve({**EVERY, "formatters": [measure]}))
    assert api.get("/toys/1?format=csv").data.endswith(b',id,length\r\nTop,,,"a\rb",1,3\r\n')
    assert [json.loads(line)["length"] for line in
            api.get("/toys?format=ndjson").data.splitlines()] == [3, 4, 2]  # fmt: skip


def test_the_columns_of_several_kinds_of_objects_are_those_of_all() -> None:
    seed = [{"kind": "cup", "size": 1}, {"kind": "plate", "round": True}]
    api = Client(serve(seed=seed, made_of=Dish))
    assert api.get("/toys?format=csv").data.decode() == (
        "kind,id,size,round\r\ncup,1,1,\r\nplate,2,,true\r\n"
    )


def test_the_parameter_wins_and_is_refused_like_any_other(api: Client) -> None:
    wrong = "must be one of json, ndjson, csv, xml, yaml, msgpack"
    for query, detail in (
        ("format=exe", wrong),
        ("format=", wrong),
        ("format=cvs", f"{wrong}. Did you mean 'csv'?"),
        ("format=CSV", f"{wrong}. Did you mean 'csv'?"),
        ("format=csv&format=csv", "is given more than once"),
        ("format=text/csv", wrong),
        ("%66ormat=exe", wrong),
    ):
        answer = api.get(f"/toys?{query}", Accept="image/png")
        assert answer.status == 422
        assert answer.errors == [{"parameter": "format", "detail": detail}]
    assert api.get("/toys?%66ormat=csv").headers["Content-Type"] == MEDIA_TYPES["csv"]
    assert api.get("/toys?format=%FF", Accept="image/png").status == 422


def test_without_the_option_there_is_no_parameter() -> None:
    api = Client(serve({"alternatives": ALTERNATIVES}))
    assert api.get("/toys?format=csv").status == 422
    assert api.get("/toys", Accept="text/csv").headers["Content-Type"] == MEDIA_TYPES["csv"]
    parameters = api.document["paths"]["/toys/{id}"]["get"]["parameters"]
    assert "format" not in [parameter["name"] for parameter in parameters]


def test_what_has_no_content_has_no_format(api: Client) -> None:
    assert api.send("DELETE", "/toys/1", headers={"Accept": "image/png"}).status == 204
    assert api.send("DELETE", "/toys/2?format=csv").status == 422
    assert "Vary" not in api.send("DELETE", "/toys/2").headers


def test_406_lists_what_is_possible(api: Client) -> None:
    answer = api.get("/toys", Accept="image/png, application/json;q=0")
    possible = ", ".join(name.partition(";")[0] for name in MEDIA_TYPES.values())
    assert answer.status == 406
    assert answer.errors == [{"header": "Accept", "detail": f"must allow {possible}"}]


def test_an_error_is_a_problem_whatever_was_asked_for(api: Client) -> None:
    for target in ("/toys/9?format=csv", "/toys/9"):
        answer = api.get(target, Accept="text/csv")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "accept",
    [
        ", ".join(f"a{n}/b;q=0.{n}" for n in range(400)),
        "text/csv;" * 600,
        "*/*;q=0.1, " * 450 + "text/csv",
        '"' * 5000,
        "text/csv;q=" + "9" * 5000,
    ],
    ids=["types", "parameters", "again", "quotes", "digits"],
)
def test_a_long_accept_is_read_or_refused(api: Client, accept: str) -> None:
    assert len(accept) > 4000
    assert api.get("/toys", Accept=accept).status in (200, 406)


def test_head_has_the_headers_of_the_format(api: Client) -> None:
    answers = [api.send(method, "/toys?format=csv") for method in ("GET", "HEAD")]
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize("openapi", ["3.0", "3.1", "3.2"])
def test_the_document_says_of_each_format_what_it_can(openapi: Any) -> None:
    api = Client(serve(openapi=openapi))
    content = api.document["paths"]["/toys"]["get"]["responses"]["200"]["content"]
    assert list(content) == [name.partition(";")[0] for name in MEDIA_TYPES.values()]
    for name in ("json", "yaml", "msgpack"):
        assert content[MEDIA_TYPES[name]]["schema"] == {"$ref": "#/components/schemas/ToysList"}
    assert content["text/csv"]["schema"] == {"type": "string"}
    assert content["text/csv"]["example"].startswith("name,price,parts,the day,id\r\nstring,")
    assert content["application/xml"].keys() == {"example"}
    lines = content["application/x-ndjson"]
    if openapi == "3.2":
        assert lines["itemSchema"] == {"$ref": "#/components/schemas/Toys"}
        shown = lines["examples"]["shown"]["serializedValue"]
    else:
        assert lines["schema"] == {"type": "string"}
        shown = lines["example"]
    assert [json.loads(line) for line in shown.splitlines()] == (
        content["application/json"]["example"]["object_list"]
    )


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_schemathesis_finds_no_difference(openapi: Any) -> None:
    check_contract(serve(openapi=openapi, verbs=["GET"]), examples=20, seed=1)


class Lines:
    """A user's own format: two names are enough."""

    media_type = "text/x-lines"

    @staticmethod
    def encode(value: Any) -> bytes:
        return "\n".join(f"{name}: {inner}" for name, inner in value.items()).encode()


class Picture:
    media_type = "image/x-toy"

    @staticmethod
    def encode(value: Any) -> bytes:
        return b"\xff" + json.dumps(value).encode()


class Geo(JsonResponse):
    media_type = "application/geo+json"


def test_a_format_of_ones_own_is_described_as_what_it_is() -> None:
    api = Client(serve({"alternatives": [Lines, Picture, Geo], "format_parameter": True}))
    assert api.get("/toys/3?format=lines").data == b"name: -5\nthe day: a\rb\nid: 3"
    assert api.get("/toys/3?format=toy").data.startswith(b"\xff")
    content = api.document["paths"]["/toys/{id}"]["get"]["responses"]["200"]["content"]
    assert content["text/x-lines"]["schema"] == {"type": "string"}
    assert content["text/x-lines"]["example"].startswith("name: string\n")
    assert content["image/x-toy"] == {}
    assert content["application/geo+json"] == content["application/json"]
    assert api.get("/toys/3?format=geo-json").json["name"] == "-5"


class Own(Controller):
    resource = {
        "resource_name": "toys", "model": Toy, "datastore": PythonListDataStore, "resource": TOYS,
    }  # fmt: skip
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse, "options": {"alternatives": ALTERNATIVES}}

    @declare(headers=[Header(name="Vary", shape=s.String())])
    def get(self, call: Call) -> Result:
        """Answer what depends on something else, too."""
        return Result(self.store.get(call.key), headers=[("Vary", "Cookie")])

    @operation("GET", "/cups", returns=Cup, parameters=[Parameter(name="format", shape=s.String())])
    def cups(self, call: Call) -> Result:
        """Have a parameter called format, which is not ours."""
        return Result({"size": len(call.query["format"])})


def test_operations_of_ones_own_have_the_formats_too() -> None:
    api = Client(WSGIDispatcher([Own], debug=True))
    assert api.get("/toys/1").headers["Vary"] == "Cookie, Accept"
    answer = api.get("/toys/cups?format=exe", Accept="text/csv")
    assert answer.data == b"size\r\n3\r\n"


def test_an_object_that_breaks_its_schema_is_found_in_every_format() -> None:
    @formatter()
    def spoil(record: dict[str, Any], call: Any) -> dict[str, Any]:
        return {**record, "name": 1}

    api = Client(serve({**EVERY, "formatters": [spoil]}))
    for name in MEDIA_TYPES:
        with pytest.raises(ContractError, match="list_toys answers what breaks its schema"):
            api.get(f"/toys?format={name}")


class Nameless(Lines):
    name = "a b"


class Mistyped(Lines):
    content_type = "text/plain"
    described = "all"


class Upper(Lines):
    media_type = "Text/X"


class Rowless(Lines):
    rows = True


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"alternatives": CsvResponse}, [
            "view.options.alternatives: is no list of response classes but <class "
            "'openrest.views.csv.CsvResponse'>.",
        ]),
        ({"alternatives": [dict, Upper, Nameless, Mistyped, Rowless]}, [
            "view.options.alternatives[0]: <class 'dict'> is no response class: it needs a "
            "media_type and encode(value) -> bytes.",
            "view.options.alternatives[1]: Upper.media_type is 'Text/X', and no media type in "
            "lower case without parameters.",
            "view.options.alternatives[2]: Nameless.name is 'a b': it needs lower-case letters, "
            "digits, '.', '_' and '-'.",
            "view.options.alternatives[3]: Mistyped.content_type is 'text/plain', and not of the "
            "media type text/x-lines.",
            "view.options.alternatives[3]: Mistyped.described is 'all', and none of value, items, "
            "text, nothing.",
            "view.options.alternatives[4]: Rowless.rows is no function but True.",
        ]),
        ({"alternatives": [JsonResponse]}, [
            "view.options.alternatives[0]: application/json is the format of view.response_class "
            "already.",
        ]),
        ({"format_parameter": True}, [
            "view.options.format_parameter: there are no alternatives to pick from.",
        ]),
        ({"format_parameter": 1}, [
            "view.options.format_parameter: is neither True nor False but 1.",
        ]),
        ({"alternative": []}, [
            "view.options: unknown key 'alternative'. Did you mean 'alternatives'?",
        ]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_every_mistake(shown: Any, said: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        serve(shown)
    assert list(refused.value.mistakes) == said


class Formatted(models.Model):
    format = models.StringField()
    id = models.PkField()


def test_a_filter_with_the_name_of_the_parameter_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the filter 'format' has the name of its"):
        serve(made_of=Formatted, seed=[])
    serve({"alternatives": ALTERNATIVES}, made_of=Formatted, seed=[])


def test_the_columns_are_those_that_are_chosen() -> None:
    api = Client(serve(options={**PAGED, "partial": True}))
    assert api.get("/toys?fields=id,name&format=csv&limit=1").data == b"name,id\r\nTop,1\r\n"
    assert api.get("/toys?fields=id&format=ndjson&limit=2").data == b'{"id":1}\n{"id":2}\n'
