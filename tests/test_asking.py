"""Who asks is known wherever the request is answered, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from openrest import models
from openrest.asking import ASKER, asked_by, current_user
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.interfaces import Record
from openrest.query import Query
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Store(PythonListDataStore):
    """Its records say who asks for them."""

    def stream(self, query: Query) -> Iterator[Record]:
        for record in super().stream(query):
            user = current_user()
            yield {**record, "text": "nobody" if user is None else user["id"]}


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": ""}] * 5000,
        "model": Note,
        "datastore": Store,
    }
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": [],
        "options": {
            "pagination": None,
            "authentication": ApiKeyAuthentication({hash_api_key("key"): {"id": "ada"}}),
        },
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}


class Open(Notes):
    resource = {**Notes.resource, "resource_name": "open"}
    controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"pagination": None}}
    view = Notes.view


def test_a_stream_is_made_for_who_has_asked_to_its_end_and_nobody_is_left_behind() -> None:
    api = Client(WSGIDispatcher([Notes, Open], debug=True))
    headers = {"Accept": "application/x-ndjson", "X-API-Key": "key"}
    answer = api.get("/notes", **headers)
    assert len(answer.data) > 100_000
    assert answer.data.count(b'"ada"') == 5000
    assert ASKER.get(None) is None and current_user() is None


def test_where_nobody_is_asked_nobody_is_known_also_within_another_request() -> None:
    api = Client(WSGIDispatcher([Notes, Open], debug=True))
    with asked_by({"id": "ada"}):
        answer = api.get("/open", Accept="application/x-ndjson")
        assert answer.data.count(b'"nobody"') == 5000
        assert current_user() == {"id": "ada"}
