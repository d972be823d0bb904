"""An address book in a Python list: serve it with ``openrest run examples.address:app``."""

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse


class ApiModel(models.Model):
    fields = [
        models.IntegerField(name="age", required=True),
        models.StringField(name="name", required=True),
        models.PkField(name="id"),
    ]


class ApiApp(Controller):
    resource = {
        "resource_name": "address",
        "resource": [{"name": "Akash", "age": a, "id": a} for a in range(100)],
        "model": ApiModel,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "DELETE"],
        "options": {"pagination": Pagination(20)},
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([ApiApp], contact={"name": "The openrest developers"}, license="MIT")
