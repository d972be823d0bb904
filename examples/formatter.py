"""Formatters change what answers show, and declare it: ``openrest run examples.formatter:app``."""

from typing import Any

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.interfaces import Record
from openrest.views import JsonResponse, formatter


class Article(models.Model):
    title = models.StringField(required=True)
    text = models.StringField(required=True)
    reviewer = models.StringField()
    id = models.PkField()


@formatter(
    adds=[models.IntegerField(name="words", metadata={"description": "How long the text is"})],
    removes=["reviewer"],
)
def for_readers(record: Record, call: Any) -> Record:
    shown = {name: value for name, value in record.items() if name != "reviewer"}
    return {**shown, "words": len(record["text"].split())}


class Articles(Controller):
    resource = {
        "resource_name": "articles",
        "resource": [{"title": "On tables", "text": "A table is data.", "reviewer": "Ada"}],
        "model": Article,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "DELETE"]}
    view = {
        "response_class": JsonResponse,
        "options": {"formatters": [for_readers, "add_resource_uri"]},
    }


app = WSGIDispatcher(
    [Articles], title="Articles", contact={"name": "The openrest developers"}, license="MIT"
)
