"""The contract on flask-smorest: schemas, a blueprint of method views, one ``Api``.

Two things are not the library's defaults, as the contract has it otherwise: unknown query
parameters are refused, and errors are ``application/problem+json``.
"""

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, request
from flask.views import MethodView
from flask_smorest import Api, Blueprint, abort
from marshmallow import validate

from . import database, paging

INTERFACE = "wsgi"

NATURAL = validate.Range(min=0, max=database.MAX_INTEGER)


class TweetSchema(ma.Schema):
    id = ma.fields.Integer(dump_only=True)
    author = ma.fields.String(required=True, validate=validate.Length(min=1, max=40))
    message = ma.fields.String(required=True, validate=validate.Length(min=1, max=280))
    likes = ma.fields.Integer(load_default=0, validate=NATURAL)


class TweetQuerySchema(ma.Schema):
    offset = ma.fields.Integer(load_default=0, validate=NATURAL)
    limit = ma.fields.Integer(
        load_default=paging.DEFAULT_LIMIT, validate=validate.Range(min=1, max=paging.MAX_LIMIT)
    )
    id = ma.fields.Integer(validate=NATURAL)
    author = ma.fields.String()
    message = ma.fields.String()
    likes = ma.fields.Integer(validate=NATURAL)


class MetaSchema(ma.Schema):
    count = ma.fields.Integer()
    total_count = ma.fields.Integer()
    offset = ma.fields.Integer()
    limit = ma.fields.Integer()
    first = ma.fields.String(allow_none=True)
    last = ma.fields.String(allow_none=True)
    next = ma.fields.String(allow_none=True)
    previous = ma.fields.String(allow_none=True)


class PageSchema(ma.Schema):
    meta = ma.fields.Nested(MetaSchema)
    object_list = ma.fields.List(ma.fields.Nested(TweetSchema))


class ProblemApi(Api):
    """An ``Api`` whose errors are problem documents."""

    def handle_http_exception(self, error: Any) -> Any:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(error.code).phrase,
            "status": error.code,
            "detail": error.description,
        }
        data = getattr(error, "data", {})
        if "message" in data:
            body["detail"] = data["message"]
        if error.code == HTTPStatus.UNPROCESSABLE_ENTITY:
            # {"json" or "query": {field: [message, ...]}}, as webargs collects them.
            body["errors"] = [
                {"parameter": field, "detail": " ".join(messages)}
                if location == "query"
                else {"pointer": "#" if field == "_schema" else f"#/{field}", "detail": message}
                for location, fields in data.get("messages", {}).items()
                for field, messages in fields.items()
                for message in messages
            ]
        response = self._app.json.response(body)
        response.mimetype = "application/problem+json"
        return response, error.code, data.get("headers", {})


blueprint = Blueprint("tweets", __name__, url_prefix="/tweets", description="Tweets")
tweets = database.Tweets()


@blueprint.route("")
class TweetList(MethodView):
    @blueprint.arguments(TweetQuerySchema, location="query", unknown=ma.RAISE)
    @blueprint.response(200, PageSchema)
    def get(self, filters: dict[str, Any]) -> Any:
        """List tweets"""
        offset, limit = filters.pop("offset"), filters.pop("limit")
        total, rows = tweets.page(filters, offset, limit)
        meta = paging.page_meta(request.path, filters, offset, limit, len(rows), total)
        return {"meta": meta, "object_list": rows}, {"Link": paging.link_header(meta)}

    @blueprint.arguments(TweetSchema)
    @blueprint.response(201, TweetSchema)
    def post(self, new: dict[str, Any]) -> Any:
        """Create a tweet"""
        tweet = tweets.create(**new)
        return tweet, {"Location": f"/tweets/{tweet['id']}"}


@blueprint.route("/<int:tweet_id>")
class TweetById(MethodView):
    @blueprint.response(200, TweetSchema)
    def get(self, tweet_id: int) -> Any:
        """Get one tweet"""
        tweet = tweets.get(tweet_id)
        if tweet is None:
            abort(404, message=f"There is no tweet {tweet_id}.")
        return tweet


def application(blueprints: list[Blueprint]) -> tuple[Flask, Api]:
    """Return an app serving ``blueprints``, and the ``Api`` that holds its document."""
    app = Flask(__name__)
    app.config["API_TITLE"] = "Tweets"
    app.config["API_VERSION"] = "1"
    app.config["OPENAPI_VERSION"] = "3.1.0"
    api = ProblemApi(app)
    for each in blueprints:
        api.register_blueprint(each)
    return app, api


def build(path: str) -> Flask:
    """Return the application on the seeded file ``path``."""
    tweets.path = path
    return application([blueprint])[0]
