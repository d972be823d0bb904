"""What is shown of other resources is shown to those who may see these."""

from __future__ import annotations

from typing import Any

import pytest

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Anyone, Authenticated, Scope
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.views import JsonResponse
from tests.contract.client import Client

ADA, BOB = {"X-API-Key": "ada"}, {"X-API-Key": "bob"}
KEYS = ApiKeyAuthentication(
    {hash_api_key("ada"): {"id": 1, "scopes": "admin"}, hash_api_key("bob"): {"id": 2}}
)


class Home(models.Model):
    id = models.PkField()
    city = models.StringField(required=True)


class Person(models.Model):
    id = models.PkField()
    home = models.IntForeignField(foreign={"resource": "homes"})


def api(people: Any, homes: Any, home_keys: Any = KEYS, people_keys: Any = KEYS) -> Client:
    class Homes(Controller):
        resource = {
            "resource_name": "homes",
            "resource": [{"city": "Ur"}],
            "model": Home,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {
                "authentication": home_keys,
                "authorization": homes,
                "children": ["people"],
            },
        }
        view = {"response_class": JsonResponse}

    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": [{"home": 1}],
            "model": Person,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"authentication": people_keys, "authorization": people, "embed": True},
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Homes, People], debug=True))


@pytest.mark.parametrize("target", ["/people?embed=home", "/people/1?embed=home"])
def test_what_may_not_be_read_is_not_embedded(target: str) -> None:
    client = api({"*": Anyone()}, {"*": Scope("admin")})
    assert client.get(target.partition("?")[0]).status == 200
    assert client.get(target).status == 401
    assert client.get(target, **BOB).status == 403
    assert b"Ur" in client.get(target, **ADA).data
    assert "Needs" not in client.document["paths"]["/people"]["get"]["description"]
    assert {"401", "403"} <= client.document["paths"]["/people"]["get"]["responses"].keys()


def test_a_list_below_an_object_is_for_those_who_may_read_the_object() -> None:
    client = api({"*": Authenticated()}, {"*": Scope("admin")})
    assert client.get("/people", **BOB).status == 200
    assert client.get("/homes/1/people").status == 401
    assert client.get("/homes/1/people", **BOB).status == 403
    assert client.get("/homes/1/people", **ADA).json["meta"]["count"] == 1


def test_resources_that_show_one_another_know_users_by_the_same_authentication() -> None:
    with pytest.raises(ConfigurationError) as refused:
        api({"*": Anyone()}, {"*": Anyone()}, home_keys=ApiKeyAuthentication({}))
    assert str(refused.value) == (
        "WSGIDispatcher has 2 mistakes:\n"
        "  - people: controller.options.embed: 'home': homes asks by another Authentication who "
        "makes a request: give both resources the same one.\n"
        "  - homes: controller.options.children: 'people': asks by another Authentication who "
        "makes a request: give both resources the same one."
    )
