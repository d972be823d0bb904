"""The contract on Litestar, with msgspec Structs in and out.

The handlers are ``async def`` and call SQLite directly, for the reason given in ``fastapi_``.

msgspec stops at the first mistake of a body, where the contract wants them all. The happy path
stays as Litestar does it; only after a failure is the body gone through again, member by
member (``list_every_mistake``).
"""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, Router, get, post
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.params import Parameter
from litestar.types import Scope

from . import database, paging

INTERFACE = "asgi"

Natural = Annotated[int, msgspec.Meta(ge=0, le=database.MAX_INTEGER)]


class TweetCreate(msgspec.Struct, forbid_unknown_fields=True):
    author: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=280)]
    likes: Natural = 0


class Tweet(msgspec.Struct):
    id: int
    author: str
    message: str
    likes: int


class Meta(msgspec.Struct):
    count: int
    total_count: int
    offset: int
    limit: int
    first: str | None
    last: str | None
    next: str | None
    previous: str | None


class Page(msgspec.Struct):
    meta: Meta
    object_list: list[Tweet]


tweets = database.Tweets()

QUERY = {"offset", "limit", "id", "author", "message", "likes"}


@get("/")
async def list_tweets(
    request: Request[Any, Any, Any],
    offset: Annotated[int, Parameter(ge=0, le=database.MAX_INTEGER)] = 0,
    limit: Annotated[int, Parameter(ge=1, le=paging.MAX_LIMIT)] = paging.DEFAULT_LIMIT,
    tweet_id: Annotated[int | None, Parameter(query="id", ge=0, le=database.MAX_INTEGER)] = None,
    author: str | None = None,
    message: str | None = None,
    likes: Annotated[int | None, Parameter(ge=0, le=database.MAX_INTEGER)] = None,
) -> Response[Page]:
    # Litestar takes no notice of query parameters a handler does not declare.
    if unknown := request.query_params.keys() - QUERY:
        raise ValidationException(
            extra=[
                {"key": name, "message": "Unknown parameter", "source": "query"}
                for name in sorted(unknown)
            ]
        )
    given = {"id": tweet_id, "author": author, "message": message, "likes": likes}
    filters = {name: value for name, value in given.items() if value is not None}
    total, rows = tweets.page(filters, offset, limit)
    meta = paging.page_meta(request.url.path, filters, offset, limit, len(rows), total)
    return Response(
        Page(Meta(**meta), [Tweet(**row) for row in rows]),
        headers={"Link": paging.link_header(meta)},
    )


@post("/")
async def create_tweet(data: TweetCreate) -> Response[Tweet]:
    tweet = tweets.create(data.author, data.message, data.likes)
    return Response(Tweet(**tweet), headers={"Location": f"/tweets/{tweet['id']}"})


@get("/{tweet_id:int}")
async def get_tweet(tweet_id: int) -> Tweet:
    tweet = tweets.get(tweet_id)
    if tweet is None:
        raise NotFoundException(f"There is no tweet {tweet_id}.")
    return Tweet(**tweet)


async def list_every_mistake(error: Exception, scope: Scope) -> None:
    """Complete the mistakes of a refused body: ``extra`` of ``error`` holds the first only."""
    if not isinstance(error, ValidationException) or scope["method"] != "POST":
        return
    # Litestar keeps the body it has read with the scope, so this does not receive it again.
    body = msgspec.json.decode(await Request(scope).body())
    if not isinstance(body, dict):
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(TweetCreate)}
    extra = [
        {"key": name, "message": "Unknown member", "source": "body"}
        for name in body
        if name not in fields
    ]
    for name, field in fields.items():
        if name in body:
            try:
                msgspec.convert(body[name], field.type, strict=False)
            except msgspec.ValidationError as mistake:
                extra.append({"key": name, "message": str(mistake), "source": "body"})
        elif field.required:
            extra.append({"key": name, "message": "Missing", "source": "body"})
    error.extra = extra


def http_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Return ``error`` as a problem document; Litestar's 400 for bad input becomes a 422."""
    invalid = isinstance(error, ValidationException)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if invalid else HTTPStatus(error.status_code)
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "detail": error.detail,
    }
    if invalid:
        body["errors"] = [
            {"parameter": each["key"], "detail": each["message"]}
            if each.get("source") == "query"
            else {
                "pointer": f"#/{each['key']}" if each.get("source") == "body" else "#",
                "detail": each["message"],
            }
            for each in error.extra
        ]
    return Response(
        body, status_code=status, headers=error.headers, media_type="application/problem+json"
    )


def application(routers: list[Router]) -> Litestar:
    """Return an app serving ``routers``."""
    return Litestar(
        routers,
        after_exception=[list_every_mistake],
        exception_handlers={HTTPException: http_problem},
    )


router = Router("/tweets", route_handlers=[list_tweets, create_tweet, get_tweet])


def build(path: str) -> Litestar:
    """Return the application on the seeded file ``path``."""
    tweets.path = path
    return application([router])
