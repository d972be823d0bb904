"""Resources that refer to one another: ``openrest run examples.relations:app``."""

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.query import Condition, Query
from openrest.views import JsonResponse


class Author(models.Model):
    name = models.StringField(required=True)
    id = models.PkField()


class Book(models.Model):
    title = models.StringField(required=True)
    author = models.IntForeignField(required=True, foreign={"resource": "authors"})
    sequel_of = models.IntForeignField(
        allow_none=True, foreign={"resource": "books", "on_delete": "set_null"}
    )
    id = models.PkField()


class Review(models.Model):
    text = models.StringField(required=True)
    book = models.IntForeignField(
        required=True, foreign={"resource": "books", "on_delete": "cascade"}
    )
    id = models.PkField()


class Praise(models.Model):
    reviews = models.IntegerField(required=True)


class Shelf(Controller):
    """What the three have in common."""

    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse}


class Authors(Shelf):
    resource = {
        "resource_name": "authors",
        "resource": [{"name": "Frank Herbert"}, {"name": "Jane Austen"}],
        "model": Author,
        "datastore": PythonListDataStore,
    }
    controller = {**Shelf.controller, "options": {"children": ["books"]}}

    @operation("GET", "/{id}/praise", returns=Praise)
    def praise(self, call: Call) -> Result:
        """Count the reviews of an author's books."""
        author = self.store.get(call.key)
        written = self.resources["books"].store.find(
            Query((Condition("author", "eq", author["id"]),))
        )
        of_these = Condition("book", "in", [book["id"] for book in written])
        return Result({"reviews": self.resources["reviews"].store.count(Query((of_these,)))})


class Books(Shelf):
    resource = {
        "resource_name": "books",
        "resource": [
            {"title": "Dune", "author": 1},
            {"title": "Dune Messiah", "author": 1, "sequel_of": 1},
            {"title": "Emma", "author": 2},
        ],
        "model": Book,
        "datastore": PythonListDataStore,
    }
    controller = {
        **Shelf.controller,
        "options": {"embed": True, "children": {"reviews": "reviews", "sequels": "books"}},
    }


class Reviews(Shelf):
    resource = {
        "resource_name": "reviews",
        "resource": [{"text": "Sandy.", "book": 1}, {"text": "Too short.", "book": 1}],
        "model": Review,
        "datastore": PythonListDataStore,
    }
    controller = {**Shelf.controller, "options": {"embed": ["book"]}}


app = WSGIDispatcher(
    [Authors, Books, Reviews],
    title="Library",
    contact={"name": "The openrest developers"},
    license="MIT",
)
