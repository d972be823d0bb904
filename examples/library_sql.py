"""Books in PostgreSQL, MariaDB or SQLite: ``openrest run examples.library_sql:app``.

DATABASE_URL says where, such as ``postgresql://localhost/library``; a file unless it is given.
"""

import os

from marshmallow.validate import Length, OneOf

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLDataStore, UniqueTogether
from openrest.views import JsonResponse

URL = os.environ.get("DATABASE_URL", "sqlite:///library.db")


class Author(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(1, 100))
    born = models.DateField()


class Book(models.Model):
    id = models.UUIDPkField()
    title = models.StringField(required=True, validate=Length(1, 200))
    author = models.IntForeignField(required=True, foreign={"resource": "authors"})
    binding = models.StringField(validate=OneOf(["hard", "soft"]))
    price = models.DecimalField(digits=8, places=2, allow_none=True)
    tags = models.ListField(models.StringField(validate=Length(1, 20)), load_default=list)
    added_at = models.DateTimeField(dump_only=True)


class Authors(Controller):
    resource = {
        "resource_name": "authors",
        "resource": {"url": URL, "table": "authors"},
        "model": Author,
        "datastore": SQLDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse}


class Books(Controller):
    resource = {
        "resource_name": "books",
        "resource": {"url": URL, "table": "books"},
        "model": Book,
        "datastore": SQLDataStore,
        "options": {
            "validators": [UniqueTogether("title", "author")],
            "created_at": "added_at",
        },
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {"sorting": True, "filters": {"title": True, "price": True}},
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Authors, Books],
    title="Library",
    contact={"name": "The openrest developers"},
    license="MIT",
)
