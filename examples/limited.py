"""Limits by plan, and for those who guess: ``openrest run examples.limited:app``.

With REDIS_URL all processes count together.
"""

import os

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Anyone, Authenticated
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.ratelimit import RateLimit, RequestView
from openrest.views import JsonResponse

STORAGE = os.environ.get("REDIS_URL", "memory")
USERS = {
    hash_api_key("key-of-ada"): {"id": "ada", "plan": "gold"},
    hash_api_key("key-of-bob"): {"id": "bob", "plan": "free"},
}


def cost(request: RequestView) -> int:
    """A thousand requests for who has paid, a hundred for who is known, ten for all others."""
    if request.user is None:
        return 100
    return {"gold": 1, "free": 10}[request.user["plan"]]


class Quote(models.Model):
    text = models.StringField(required=True)
    id = models.PkField()


class Quotes(Controller):
    resource = {
        "resource_name": "quotes",
        "resource": [{"text": "Less is more."}],
        "model": Quote,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "DELETE"],
        "options": {
            "authentication": ApiKeyAuthentication(USERS),
            "authorization": {"GET": Anyone(), "*": Authenticated()},
            "ratelimit": [
                RateLimit("1000/hour", name="plan", cost=cost, storage=STORAGE),
                RateLimit("20/second", name="burst", strategy="token-bucket", storage=STORAGE),
            ],
        },
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Quotes],
    contact={"name": "The openrest developers"},
    license="MIT",
    guesses=RateLimit("20/minute", storage=STORAGE),
)
