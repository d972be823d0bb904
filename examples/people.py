"""People in a CSV file: serve them with ``openrest run examples.people:app``."""

from marshmallow.validate import Length, Range

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import CSVDataStore
from openrest.pagination import Pagination
from openrest.views import CsvResponse, JsonResponse


class Person(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(1, 80))
    age = models.IntegerField(allow_none=True, validate=Range(0, 150))
    joined = models.DateField(required=True)


class People(Controller):
    resource = {
        "resource_name": "people",
        "resource": {"path": "people.csv"},
        "model": Person,
        "datastore": CSVDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {
            "pagination": Pagination(20),
            "filters": {"name": ["eq", "istartswith"], "age": ["gte", "lt", "isnull"]},
            "sorting": ["name", "age"],
            "search": ["name"],
        },
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [CsvResponse]}}


app = WSGIDispatcher(
    [People], title="People", contact={"name": "The openrest developers"}, license="MIT"
)
