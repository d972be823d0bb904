"""A tweet store in SQLite: serve it with ``openrest run examples.tweets:app``."""

from marshmallow.validate import Length, Range

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import SQLiteDataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse

MOST = 2**53


class Tweet(models.Model):
    author = models.StringField(required=True, validate=Length(1, 40), metadata={"example": "ada"})
    message = models.StringField(required=True, validate=Length(1, 280))
    retweets = models.IntegerField(load_default=0, validate=Range(0, MOST))
    id = models.PkField()


class Tweets(Controller):
    resource = {"resource_name": "tweets", "resource": {"name": "twitter.db", "table": "tweets"},
                "model": Tweet, "datastore": SQLiteDataStore}
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
                  "options": {"pagination": Pagination(20)}}
    view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}  # fmt: skip

    @operation("POST", "/{id}/retweet")
    def retweet(self, call: Call) -> Result:
        """Count one more retweet."""
        return Result(self.store.update(call.key, lambda t: {**t, "retweets": min(t["retweets"] + 1, MOST)}))


app = WSGIDispatcher([Tweets], title="Tweets")
