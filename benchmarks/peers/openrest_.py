"""The contract on openrest: a model, a controller, a dispatcher."""

from marshmallow import validate

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse

INTERFACE = "wsgi"


class Tweet(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="author", required=True, validate=validate.Length(min=1, max=40)),
        models.StringField(name="message", required=True, validate=validate.Length(min=1, max=280)),
        models.IntegerField(
            name="likes", load_default=0, validate=validate.Range(min=0, max=2**63 - 1)
        ),
    ]


def controller(path: str, name: str = "tweets") -> type[Controller]:
    """Return the controller of the resource ``name``, on the table ``tweets`` of ``path``."""

    class Tweets(Controller):
        resource = {
            "resource_name": name,
            "resource": {"name": path, "table": "tweets"},
            "model": Tweet,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"pagination": Pagination(20)},
        }
        view = {"response_class": JsonResponse}

    return Tweets


def build(path: str) -> WSGIDispatcher:
    """Return the application on the seeded file ``path``."""
    return WSGIDispatcher([controller(path)])
