"""Products in a table that alembic makes and alters; DATABASE_URL says where, if not in a file."""

import os

from marshmallow.validate import Length

from openrest import models
from openrest.controllers import Controller
from openrest.datastore import SQLDataStore, UniqueTogether
from openrest.views import JsonResponse

URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")


class Product(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(1, 100))
    price = models.DecimalField(required=True, digits=8, places=2)


class Products(Controller):
    resource = {
        "resource_name": "products",
        "resource": {"url": URL, "table": "products"},
        "model": Product,
        "datastore": SQLDataStore,
        "options": {"validators": [UniqueTogether("name")]},
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse}


#: What alembic looks after.
CONTROLLERS = [Products]
