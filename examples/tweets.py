"""A tweet store in SQLite: serve it with ``openrest run examples.tweets:app``."""

from marshmallow.validate import Length

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import SQLiteDataStore
from openrest.views import JsonResponse


class Tweet(models.Model):
    author = models.StringField(required=True, validate=Length(1, 40))
    message = models.StringField(required=True, validate=Length(1, 280))
    retweets = models.IntegerField(dump_only=True, load_default=0)
    id = models.PkField()


class Tweets(Controller):
    resource = {
        "resource_name": "tweets",
        "resource": {"name": "twitter.db", "table": "tweets"},
        "model": Tweet,
        "datastore": SQLiteDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}

    @operation("POST", "/{id}/retweet")
    def retweet(self, call: Call) -> Result:
        """Count one more retweet."""
        return Result(self.store.update(call.key, lambda t: {**t, "retweets": t["retweets"] + 1}))


app = WSGIDispatcher(
    [Tweets], title="Tweets", contact={"name": "The openrest developers"}, license="MIT"
)
