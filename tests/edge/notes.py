"""A resource that any edge can stand around: where it is asked from is all that matters."""

from openrest import models
from openrest.controllers import Controller
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "a"}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}
