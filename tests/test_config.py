"""The three mappings are checked whole when the class is created."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import post_load, pre_load

from openrest import models
from openrest.contract import Contribution
from openrest.controllers import Controller, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, UniqueTogether
from openrest.errors import ConfigurationError
from openrest.filters import CustomFilter
from openrest.interfaces import DataStore, StoreValidator
from openrest.pagination import Pagination
from openrest.query import Query
from openrest.views import JsonResponse, formatter


class Person(models.Model):
    fields = [
        models.StringField(name="name", required=True),
        models.IntegerField(name="age"),
        models.PkField(name="id"),
    ]


RESOURCE: dict[str, Any] = {
    "resource_name": "people",
    "resource": [],
    "model": Person,
    "datastore": PythonListDataStore,
}
CONTROLLER: dict[str, Any] = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
VIEW: dict[str, Any] = {"response_class": JsonResponse}


class ReadOnlyStore(DataStore):
    writable = False

    def find(self, query: Query) -> list[dict[str, Any]]:
        return []

    def count(self, query: Query) -> int:
        return 0

    def get(self, key: Any) -> dict[str, Any]:
        return {}


class Weekday(StoreValidator):
    members = ("age",)

    def contribution(self) -> Contribution:
        return Contribution()

    def __repr__(self) -> str:
        return "Weekday()"


def refusal(**mappings: Any) -> str:
    given = {"resource": RESOURCE, "controller": CONTROLLER, "view": VIEW, **mappings}
    with pytest.raises(ConfigurationError) as refused:
        type("People", (Controller,), given)
    return str(refused.value)


def without(mapping: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def test_every_mistake_is_named_at_once() -> None:
    assert refusal(
        resource={**without(RESOURCE, "resource_name"), "ressource_name": "people"},
        controller={
            "list_verbs": ["GET", "PUT", "HEAD"],
            "unique_verbs": "GET",
            "options": {"paginaton": Pagination(20), "formatters": []},
        },
        view={"response_class": dict, "options": {"formatters": ["add_resource_url", 3]}},
    ) == (
        "People has 10 mistakes:\n"
        "  - resource: unknown key 'ressource_name'. Did you mean 'resource_name'?\n"
        "  - resource: 'resource_name' is missing.\n"
        "  - controller.options: unknown key 'paginaton'. Did you mean 'pagination'?\n"
        "  - controller.options: unknown key 'formatters'. It belongs to view.options.\n"
        "  - controller.list_verbs: 'PUT' is none of GET, POST. It belongs to unique_verbs.\n"
        "  - controller.list_verbs: HEAD is there by itself: leave it out.\n"
        "  - controller.unique_verbs: is not a list of verbs but 'GET'.\n"
        "  - view.options.formatters[0]: unknown formatter 'add_resource_url'. "
        "Did you mean 'add_resource_uri'?\n"
        "  - view.options.formatters[1]: is neither a name nor a function but 3.\n"
        "  - view.response_class: <class 'dict'> is no response class: it needs a media_type and "
        "encode(value) -> bytes."
    )


@formatter(removes=["id"])
def removes_the_key(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "id"}


class NoKey(models.Model):
    fields = [models.StringField(name="name")]


@pytest.mark.parametrize(
    ("mappings", "said"),
    [
        ({"resource": 3}, "People: resource: is not a mapping but 3."),
        ({"view": None}, "People: the mapping 'view' is missing."),
        (
            {"resource": {**RESOURCE, "resource_name": "my people"}},
            "People: resource.resource_name: 'my people' is not a segment of a URL: a letter, "
            "then letters, digits, '-' and '_'.",
        ),
        (
            {"resource": {**RESOURCE, "resource_name": "docs"}},
            "People: resource.resource_name: /docs is an address of openrest's own.",
        ),
        (
            {"view": {**VIEW, "options": {"formatters": [removes_the_key]}}},
            "People: view.options.formatters[0]: removes the key 'id', by which objects are found.",
        ),
        (
            {"resource": {**RESOURCE, "model": "Person"}},
            "People: resource.model: is not a model class but 'Person'.",
        ),
        (
            {"resource": {**RESOURCE, "model": NoKey}},
            "People: resource.model: NoKey: a model has exactly one PkField, UUIDPkField or "
            "StringPkField; it has none.",
        ),
        (
            {"resource": {**RESOURCE, "datastore": dict}},
            "People: resource.datastore: is not a datastore but <class 'dict'>.",
        ),
        (
            {"resource": {**RESOURCE, "options": []}},
            "People: resource.options: is not a mapping but [].",
        ),
        (
            {"resource": without(RESOURCE, "resource")},
            "People: resource: 'resource' is missing: PythonListDataStore has to know where the "
            "data is.",
        ),
        (
            {"resource": {**RESOURCE, "datastore": PythonListDataStore([], Person)}},
            "People: resource: 'resource' is there, but the PythonListDataStore is a ready "
            "instance that has its own.",
        ),
        (
            {
                "resource": {
                    **without(RESOURCE, "resource"),
                    "datastore": PythonListDataStore([], Person),
                    "options": {"validators": [UniqueTogether("name")]},
                }
            },
            "People: resource.options.validators: give them to the PythonListDataStore itself, "
            "which is ready.",
        ),
        (
            {"resource": {**RESOURCE, "datastore": ReadOnlyStore}},
            "People: resource.datastore: ReadOnlyStore cannot write, which POST would have to.",
        ),
        (
            {"resource": {**RESOURCE, "options": {"validators": [Weekday()]}}},
            "People: resource.datastore: PythonListDataStore cannot keep Weekday().",
        ),
        (
            {"resource": {**RESOURCE, "options": {"validators": [UniqueTogether("nme"), 3]}}},
            "People has 2 mistakes:\n"
            "  - resource.options.validators[0]: the model has no field 'nme'. "
            "Did you mean 'name'?\n"
            "  - resource.options.validators[1]: is not a validator of stored records but 3.",
        ),
        (
            {"controller": {**CONTROLLER, "list_verbs": ["get", "GET", "GET"]}},
            "People has 2 mistakes:\n"
            "  - controller.list_verbs: 'get' is none of GET, POST. Did you mean 'GET'?\n"
            "  - controller.list_verbs: a verb is there twice.",
        ),
        (
            {"controller": {**CONTROLLER, "options": {"pagination": 20}}},
            "People: controller.options.pagination: is not a Pagination but 20.",
        ),
        (
            {"view": {**VIEW, "options": {"formatters": "add_resource_uri"}}},
            "People: view.options.formatters: is not a list but 'add_resource_uri'.",
        ),
    ],
)
def test_a_mistake_says_where_what_and_what_was_meant(mappings: Any, said: str) -> None:
    assert refusal(**mappings) == said


@formatter(adds=[models.IntegerField(name="age")])
def adds_what_is_there(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return record


@formatter(removes=["nothing"])
def removes_what_is_not_there(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return record


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            adds_what_is_there,
            "People: view.options.formatters: one adds 'age', which is there already.",
        ),
        (
            removes_what_is_not_there,
            "People: view.options.formatters: one removes 'nothing', which the model does not "
            "have.",
        ),
    ],
)
def test_a_formatter_that_cannot_be_is_refused(function: Any, said: str) -> None:
    assert refusal(view={**VIEW, "options": {"formatters": [function]}}) == said


class Songs(models.Model):
    name = models.StringField(required=True)
    seconds = models.IntegerField()
    loud = models.BooleanField()
    day = models.DateField(format="%d/%m/%Y")
    point = models.TupleField([models.FloatField(), models.FloatField()], required=True)
    secret = models.StringField(load_only=True)
    length = models.FunctionField(lambda song: len(song.name))
    id = models.PkField()


@formatter(removes=["loud"])
def removes_loud(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "loud"}


class OnlyEqual(ReadOnlyStore):
    operators = frozenset({"eq"})


def custom(field: Any, tests: Any = lambda value: []) -> CustomFilter:
    return CustomFilter(field=field, tests=tests)


def filter_refusal(
    options: dict[str, Any], model: Any = Songs, store: Any = PythonListDataStore
) -> str:
    return refusal(
        resource={**RESOURCE, "model": model, "datastore": store},
        controller={"list_verbs": ["GET"], "unique_verbs": [], "options": options},
    )


def test_every_mistake_in_the_filters_is_named_at_once() -> None:
    assert filter_refusal(
        {
            "filters": {
                "nme": ["eq"],
                "name": ["eq", "contain", "eq", "isnull"],
                "seconds": ["contains", "lt", 3],
                "loud": ["gte"],
                "day": ["eq"],
                "point": True,
                "secret": ["eq"],
                "length": ["eq"],
                "id": "eq",
                "own": custom(models.IntegerField(required=True), 3),
            },
            "any_of": "yes",
        }
    ) == (
        "People has 15 mistakes:\n"
        "  - controller.options.filters: 'nme': the model has no such field. Did you mean 'name'?\n"
        "  - controller.options.filters: 'name': 'contain' is none of eq, ne, lt, lte, gt, gte, "
        "in, nin, contains, icontains, startswith, istartswith, endswith, isnull. "
        "Did you mean 'contains'?\n"
        "  - controller.options.filters: 'name': 'isnull' finds nothing: every object has a "
        "value.\n"
        "  - controller.options.filters: 'name': an operator is there twice.\n"
        "  - controller.options.filters: 'seconds': 'contains' is for text.\n"
        "  - controller.options.filters: 'seconds': 3 is none of eq, ne, lt, lte, gt, gte, in, "
        "nin, contains, icontains, startswith, istartswith, endswith, isnull.\n"
        "  - controller.options.filters: 'loud': 'gte' is for values that have an order.\n"
        "  - controller.options.filters: 'day': 'eq': a query cannot spell its values.\n"
        "  - controller.options.filters: 'point': a query cannot spell its values.\n"
        "  - controller.options.filters: 'secret': answers do not show this field, and a filter "
        "would give it away.\n"
        "  - controller.options.filters: 'length': it is computed for each answer, so no store "
        "can filter by it.\n"
        "  - controller.options.filters: 'id': is neither True nor a list of operators but 'eq'.\n"
        "  - controller.options.filters: 'own': its tests are not a function but 3.\n"
        "  - controller.options.filters: 'own': a filter that is left out filters nothing: leave "
        "required and load_default out.\n"
        "  - controller.options.any_of: is neither True nor False but 'yes'."
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"filters": ["name"]}, "filters: is not a mapping of names but ['name']."),
        ({"filters": {"name": []}}, "filters: 'name': has no operator: leave it out."),
        (
            {"filters": {"name": False}},
            "filters: 'name': is neither True nor a list of operators but False.",
        ),
        (
            {"filters": {"own": custom(models.StringField)}},
            "filters: 'own': its field is not a field but "
            "<class 'openrest.models.fields.StringField'>.",
        ),
        (
            {"filters": {"own": custom(models.DictField())}},
            "filters: 'own': a query cannot spell the values of its field.",
        ),
        (
            {
                "filters": {
                    "own": custom(models.IntegerField(validate=lambda value: value % 2 == 0))
                }
            },
            "filters: 'own': its field refuses values for a reason that no schema can say.",
        ),
        (
            {"filters": {"": custom(models.IntegerField())}},
            "filters: '': is no name of a parameter.",
        ),
        (
            {"filters": {"own": custom(models.IntegerField())}, "any_of": True},
            "any_of: there is no filter on a field that it could join.",
        ),
        (
            {"filters": {"limit": custom(models.IntegerField())}},
            "filters: 'limit' is the name of a parameter of the pagination: rename it.",
        ),
    ],
)
def test_filters_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    assert filter_refusal(options) == f"People: controller.options.{said}"


def test_a_mistake_in_the_filters_is_named_with_those_elsewhere() -> None:
    assert filter_refusal({"filters": {"nme": ["eq"]}, "any_off": True}) == (
        "People has 2 mistakes:\n"
        "  - controller.options: unknown key 'any_off'. Did you mean 'any_of'?\n"
        "  - controller.options.filters: 'nme': the model has no such field. Did you mean 'name'?"
    )


def test_filters_that_the_store_cannot_do_are_refused() -> None:
    options = {"filters": {"name": ["eq", "lt"], "seconds": True}, "any_of": True}
    assert filter_refusal(options, store=OnlyEqual) == (
        "People has 2 mistakes:\n"
        "  - controller.options.filters: 'name': OnlyEqual cannot do 'lt'.\n"
        "  - controller.options.any_of: OnlyEqual cannot join conditions by or."
    )
    assert filter_refusal({"filters": {"name": True}}, store=ReadOnlyStore) == (
        "People: controller.options.filters: 'name': ReadOnlyStore has no filter for its values."
    )


def test_a_filter_on_what_a_formatter_removes_is_refused() -> None:
    said = refusal(
        resource={**RESOURCE, "model": Songs},
        controller={**CONTROLLER, "options": {"filters": {"loud": True}}},
        view={**VIEW, "options": {"formatters": [removes_loud]}},
    )
    assert said == (
        "People: controller.options.filters: 'loud': answers do not show this field, and a filter "
        "would give it away."
    )


class Clashing(models.Model):
    age = models.IntegerField(data_key="years")
    years__gte = models.IntegerField()
    any_of = models.StringField()
    id = models.PkField()


def test_filters_whose_parameters_would_have_one_name_are_refused() -> None:
    own = custom(models.IntegerField())
    options = {
        "filters": {"age": True, "years__gte": ["eq"], "any_of": ["eq"], "years": own},
        "any_of": True,
    }
    assert filter_refusal(options, Clashing) == (
        "People has 3 mistakes:\n"
        "  - controller.options.filters: the parameter 'years' would be 'eq' of the field 'age' "
        "and a filter of your own: rename that.\n"
        "  - controller.options.filters: the parameter 'years__gte' would be 'gte' of the field "
        "'age' and 'eq' of the field 'years__gte': give the field a data_key.\n"
        "  - controller.options.filters: the parameter 'any_of' would be 'eq' of the field "
        "'any_of' and the option any_of: give the field a data_key."
    )


class Window(models.Model):
    fields = [models.IntegerField(name="limit"), models.PkField(name="id")]


def test_a_field_that_is_called_as_a_parameter_is_refused() -> None:
    assert refusal(resource={**RESOURCE, "model": Window}) == (
        "People: resource.model: the filter on field 'limit' would have the name of a "
        "parameter of the pagination: give the field a data_key."
    )


def test_a_class_without_mappings_is_a_base_for_others() -> None:
    class Base(Controller):
        pass

    given = {"resource": RESOURCE, "controller": CONTROLLER, "view": VIEW}
    people: Any = type("People", (Base,), given)
    assert people.definition.name == "people"


def test_lists_are_paginated_unless_the_mapping_says_otherwise() -> None:
    given = {"resource": RESOURCE, "controller": CONTROLLER, "view": VIEW}
    people: Any = type("People", (Controller,), given)
    assert people.definition.pagination.max_limit == 100
    whole = {**CONTROLLER, "options": {"pagination": None}}
    people = type("People", (Controller,), {**given, "controller": whole})
    assert people.definition.pagination is None


def people(name: str, **mappings: Any) -> Any:
    given = {"resource": RESOURCE, "controller": CONTROLLER, "view": VIEW, **mappings}
    return type(name, (Controller,), given)


class Twice(people("Base")):  # type: ignore[misc]  # the base is made by a function
    @operation("GET", "/{id}")
    def fetch(self, call: Any) -> Any:
        """Get it again."""


class Misdeclared(people("Base")):  # type: ignore[misc]  # the base is made by a function
    @operation("GET", "/all")
    def get_list(self, call: Any) -> Any:
        """A built-in handler cannot be another operation."""


@pytest.mark.parametrize(
    ("controllers", "said"),
    [
        (
            [people("One"), people("Two")],
            "WSGIDispatcher: One and Two both have the resource_name 'people'.",
        ),
        (
            [Controller, 3],
            "WSGIDispatcher has 2 mistakes:\n"
            "  - controllers[0], Controller, has no mappings.\n"
            "  - controllers[1] is not a class of a Controller but 3.",
        ),
        (
            [
                people("One", resource={**RESOURCE, "resource_name": "my-people"}),
                people("Two", resource={**RESOURCE, "resource_name": "my_people"}),
            ],
            "WSGIDispatcher has 3 mistakes:\n"
            "  - GET /my-people and GET /my_people both have the operation id 'list_my_people'.\n"
            "  - POST /my-people and POST /my_people both have the operation id "
            "'create_my_people'.\n"
            "  - GET /my-people/{id} and GET /my_people/{id} both have the operation id "
            "'get_my_people'.",
        ),
        ([Twice], "WSGIDispatcher: GET /people/{id} is declared twice."),
        (
            [Misdeclared],
            "Misdeclared: get_list: @declare is for built-in handlers and hooks, @operation for "
            "methods of your own.",
        ),
    ],
)
def test_controllers_that_cannot_be_served_together_are_refused(
    controllers: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher(controllers)
    assert str(refused.value) == said


def test_bounds_of_a_request_are_positive() -> None:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([people("One")], max_body_bytes=0, max_depth=-1)
    assert str(refused.value) == (
        "WSGIDispatcher has 2 mistakes:\n"
        "  - max_body_bytes must be at least 1, not 0.\n"
        "  - max_depth must be at least 1, not -1."
    )


def test_a_body_may_be_nested_as_deep_as_python_calls_functions() -> None:
    with pytest.raises(ConfigurationError, match="max_depth must be at most 200, not 201"):
        WSGIDispatcher([people("One")], max_depth=201)


HOOKS: list[tuple[Any, str]] = [
    (post_load(lambda self, data, **given: None),
     "TypeError: post_load gave None, which is no record: it returns what is stored."),
    (post_load(lambda self, data, **given: 5),
     "TypeError: post_load gave a int, which is no record and has none of its fields: name, id."),
    (pre_load(lambda self, data, **given: data["nme"]),
     f"KeyError: 'nme' ({__file__}, line LINE, in <lambda>)."),
]  # fmt: skip


@pytest.mark.parametrize(("hook", "said"), HOOKS)
def test_a_hook_that_fails_on_the_example_is_told_with_the_model(hook: Any, said: str) -> None:
    attributes = {"name": models.StringField(required=True), "id": models.PkField(), "hook": hook}
    model = type("Thing", (models.Model,), attributes)
    line = str(hook.__code__.co_firstlineno)
    assert refusal(resource={**RESOURCE, "model": model}) == (
        "People: resource.model: Thing: a hook or rule fails on the example that the document "
        f"shows: {said.replace('LINE', line)}"
    )


def test_what_is_nested_later_and_is_no_model_is_told_with_its_field() -> None:
    class Person(models.Model):
        friend = models.NestedField("Nobody")
        id = models.PkField()

    assert refusal(resource={**RESOURCE, "model": Person}) == (
        "People: resource.model: Person: field 'friend': RegistryError: Class with name 'Nobody' "
        "was not found. You may need to import the class. A Model has no name here: write lambda: "
        "Nobody"
    )
