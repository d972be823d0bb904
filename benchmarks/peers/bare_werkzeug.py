"""The contract on werkzeug alone: the baseline every ratio is taken to.

Written as a service with one resource would be: werkzeug for requests, routing, responses and
HTTP errors, the standard library for JSON, and the validation by hand.
"""

import json
from typing import Any

from werkzeug.exceptions import HTTPException, NotFound, UnprocessableEntity
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from . import database, paging

INTERFACE = "wsgi"

URLS = Map(
    [
        Rule("/tweets", endpoint="list_tweets", methods=["GET"]),
        Rule("/tweets", endpoint="create_tweet", methods=["POST"]),
        Rule("/tweets/<int:tweet_id>", endpoint="get_tweet", methods=["GET"]),
    ]
)

#: Query parameters that hold an integer, with the range allowed.
QUERY_RANGES = {
    "offset": (0, database.MAX_INTEGER),
    "limit": (1, paging.MAX_LIMIT),
    "id": (0, database.MAX_INTEGER),
    "likes": (0, database.MAX_INTEGER),
}
QUERY_STRINGS = {"author", "message"}

#: String members of a body, all required, with the greatest length allowed; the least is 1.
BODY_LENGTHS = {"author": 40, "message": 280}
BODY_MEMBERS = {*BODY_LENGTHS, "likes"}

# Made once: json.dumps with any option makes an encoder at each call.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Invalid(UnprocessableEntity):
    """A 422 that carries the list of mistakes found."""

    def __init__(self, description: str, errors: list[dict[str, str]]) -> None:
        super().__init__(description)
        self.errors = errors


def json_response(payload: Any, status: int = 200, headers: Any = None) -> Response:
    """Return ``payload`` as an ``application/json`` response."""
    return Response(to_json(payload), status, headers, mimetype="application/json")


def problem(error: HTTPException) -> Response:
    """Return ``error`` as an ``application/problem+json`` response (RFC 9457)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.name,
        "status": error.code,
        "detail": error.description,
    }
    if isinstance(error, Invalid):
        body["errors"] = error.errors
    # Everything but the entity headers, which describe werkzeug's own HTML page.
    headers = [pair for pair in error.get_headers() if pair[0] != "Content-Type"]
    return Response(to_json(body), error.code, headers, mimetype="application/problem+json")


def parse_query(request: Request) -> dict[str, Any]:
    """Return the query parameters that were given, converted, or raise ``Invalid``."""
    values: dict[str, Any] = {}
    errors = []
    for name, text in request.args.items():
        if name in QUERY_STRINGS:
            values[name] = text
        elif name not in QUERY_RANGES:
            errors.append({"parameter": name, "detail": "Unknown parameter."})
        else:
            low, high = QUERY_RANGES[name]
            # isdigit alone would let through digits of other scripts.
            if text.isascii() and text.isdigit() and low <= int(text) <= high:
                values[name] = int(text)
            else:
                detail = f"Must be an integer from {low} to {high}."
                errors.append({"parameter": name, "detail": detail})
    if errors:
        raise Invalid("The query has mistakes.", errors)
    return values


def parse_body(request: Request) -> dict[str, Any]:
    """Return the members of a new tweet, or raise ``Invalid`` with all that is wrong."""
    body = request.get_json()
    if not isinstance(body, dict):
        raise Invalid("The body has mistakes.", [{"pointer": "#", "detail": "Not an object."}])
    errors = []

    def wrong(member: str, detail: str) -> None:
        escaped = member.replace("~", "~0").replace("/", "~1")
        errors.append({"pointer": f"#/{escaped}", "detail": detail})

    for member in body:
        if member not in BODY_MEMBERS:
            wrong(member, "Unknown member.")
    for member, longest in BODY_LENGTHS.items():
        if member not in body:
            wrong(member, "Missing.")
        elif not isinstance(body[member], str):
            wrong(member, "Not a string.")
        elif not 1 <= len(body[member]) <= longest:
            wrong(member, f"Must have 1 to {longest} characters.")
    likes = body.setdefault("likes", 0)
    # A bool is an int in Python, not in JSON.
    if not isinstance(likes, int) or isinstance(likes, bool):
        wrong("likes", "Not an integer.")
    elif not 0 <= likes <= database.MAX_INTEGER:
        wrong("likes", f"Must be from 0 to {database.MAX_INTEGER}.")
    if errors:
        raise Invalid("The body has mistakes.", errors)
    return body


class Application:
    """The WSGI application: match the URL, call the method of that name."""

    def __init__(self, tweets: database.Tweets) -> None:
        self.tweets = tweets

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        try:
            endpoint, arguments = URLS.bind_to_environ(environ).match()
            response = getattr(self, endpoint)(request, **arguments)
        except HTTPException as error:
            response = problem(error)
        return response(environ, start_response)

    def list_tweets(self, request: Request) -> Response:
        filters = parse_query(request)
        offset = filters.pop("offset", 0)
        limit = filters.pop("limit", paging.DEFAULT_LIMIT)
        total, rows = self.tweets.page(filters, offset, limit)
        meta = paging.page_meta(request.path, filters, offset, limit, len(rows), total)
        return json_response(
            {"meta": meta, "object_list": rows}, headers={"Link": paging.link_header(meta)}
        )

    def create_tweet(self, request: Request) -> Response:
        tweet = self.tweets.create(**parse_body(request))
        return json_response(tweet, 201, {"Location": f"/tweets/{tweet['id']}"})

    def get_tweet(self, request: Request, tweet_id: int) -> Response:
        tweet = self.tweets.get(tweet_id)
        if tweet is None:
            raise NotFound(f"There is no tweet {tweet_id}.")
        return json_response(tweet)


def build(path: str) -> Application:
    """Return the application on the seeded file ``path``."""
    tweets = database.Tweets()
    tweets.path = path
    return Application(tweets)
