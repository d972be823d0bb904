"""The contract on FastAPI: pydantic models, a router, the two exception handlers it names.

The handlers are ``async def`` and call SQLite directly. As plain ``def`` they would each run in
a thread of a pool, and the hop there and back would be most of what is measured; the statements
take microseconds, so there is nothing for the event loop to gain meanwhile.
"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from . import database, paging

INTERFACE = "asgi"

Natural = Annotated[int, Field(ge=0, le=database.MAX_INTEGER)]


class TweetCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author: Annotated[str, Field(min_length=1, max_length=40)]
    message: Annotated[str, Field(min_length=1, max_length=280)]
    likes: Natural = 0


class Tweet(BaseModel):
    id: int
    author: str
    message: str
    likes: int


class TweetQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offset: Natural = 0
    limit: Annotated[int, Field(ge=1, le=paging.MAX_LIMIT)] = paging.DEFAULT_LIMIT
    id: Natural | None = None
    author: str | None = None
    message: str | None = None
    likes: Natural | None = None


class Meta(BaseModel):
    count: int
    total_count: int
    offset: int
    limit: int
    first: str | None
    last: str | None
    next: str | None
    previous: str | None


class Page(BaseModel):
    meta: Meta
    object_list: list[Tweet]


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


router = APIRouter(prefix="/tweets")
tweets = database.Tweets()


@router.get("", response_model=Page)
async def list_tweets(
    request: Request, response: Response, query: Annotated[TweetQuery, Query()]
) -> Any:
    filters = query.model_dump(exclude={"offset", "limit"}, exclude_none=True)
    total, rows = tweets.page(filters, query.offset, query.limit)
    meta = paging.page_meta(request.url.path, filters, query.offset, query.limit, len(rows), total)
    response.headers["Link"] = paging.link_header(meta)
    return {"meta": meta, "object_list": rows}


@router.post("", status_code=201, response_model=Tweet)
async def create_tweet(new: TweetCreate, response: Response) -> Any:
    tweet = tweets.create(new.author, new.message, new.likes)
    response.headers["Location"] = f"/tweets/{tweet['id']}"
    return tweet


@router.get("/{tweet_id}", response_model=Tweet)
async def get_tweet(tweet_id: int) -> Any:
    tweet = tweets.get(tweet_id)
    if tweet is None:
        raise HTTPException(404, f"There is no tweet {tweet_id}.")
    return tweet


def problem(status: int, detail: str, **members: Any) -> ProblemResponse:
    """Return a problem document (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return ProblemResponse({**body, "detail": detail, **members}, status)


async def http_problem(request: Request, error: StarletteHTTPException) -> Response:
    response = problem(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response


async def validation_problem(request: Request, error: RequestValidationError) -> Response:
    errors = []
    for each in error.errors():
        source, *location = each["loc"]
        if source == "path":
            # A path that cannot name a tweet is a path with nothing behind it.
            return problem(404, "There is no such tweet.")
        if source == "query":
            errors.append({"parameter": str(location[0]), "detail": each["msg"]})
        else:
            pointer = "".join(f"/{part}" for part in location)
            errors.append({"pointer": f"#{pointer}", "detail": each["msg"]})
    return problem(422, "The request has mistakes.", errors=errors)


app = FastAPI(
    title="Tweets",
    version="1",
    exception_handlers={
        StarletteHTTPException: http_problem,
        RequestValidationError: validation_problem,
    },
)
app.include_router(router)


def build(path: str) -> FastAPI:
    """Return the application on the seeded file ``path``."""
    tweets.path = path
    return app
