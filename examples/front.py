"""Another API as a resource, with fewer verbs and other names.

First ``openrest run examples.address:app``, and then ``openrest run examples.front:app --port
5001``. ADDRESS_URL says where the first one is.
"""

import os

from marshmallow.validate import Range

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import RestDataStore, Upstream
from openrest.pagination import Pagination
from openrest.views import JsonResponse


class Resident(models.Model):
    id = models.PkField()
    full_name = models.StringField(required=True)
    age = models.IntegerField(required=True, validate=Range(0, 150))


class Residents(Controller):
    resource = {
        "resource_name": "residents",
        "resource": {
            "url": os.environ.get("ADDRESS_URL", "http://127.0.0.1:5000/address"),
            "upstream": Upstream.openrest(max_limit=20, names={"full_name": "name"}),
            "headers": {"User-Agent": "front"},
            "seconds": 5,
        },
        "model": Resident,
        "datastore": RestDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PATCH"],
        "options": {"pagination": Pagination(20)},
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Residents],
    title="Residents",
    contact={"name": "The openrest developers"},
    license="MIT",
    health=True,
)
