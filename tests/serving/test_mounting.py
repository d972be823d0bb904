"""The application below a prefix: in Flask, in Django, and behind a proxy that strips it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urljoin

import django
import flask
import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from openrest.controllers import WSGIDispatcher
from tests.serving.servers import tweets_in

PREFIX = "/shop/api"


def site(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the site")


#: The URLs of the Django project.
urlpatterns = [path("", site)]


def in_flask(app: WSGIDispatcher) -> Client:
    outer = flask.Flask(__name__)
    outer.add_url_rule("/", view_func=lambda: "the site")
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {PREFIX: app})  # type: ignore[method-assign]
    return Client(outer)


def in_django(app: WSGIDispatcher) -> Client:
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"], SECRET_KEY="test")
        django.setup()
    # What stands in the wsgi.py of a project.
    return Client(DispatcherMiddleware(get_wsgi_application(), {PREFIX: app}))


class BehindProxy(Client):
    """A proxy that takes the prefix away and says so in a header."""

    def open(self, *args, **options):  # type: ignore[no-untyped-def]  # as in the base class
        [address] = args
        assert address.startswith(PREFIX)
        options["headers"] = {**options.get("headers", {}), "X-Forwarded-Prefix": PREFIX}
        return super().open(address.removeprefix(PREFIX) or "/", **options)


def behind_proxy(app: WSGIDispatcher) -> Client:
    return BehindProxy(ProxyFix(app, x_prefix=1))


@pytest.fixture(params=[in_flask, in_django, behind_proxy])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    mounted: Client = request.param(tweets_in(tmp_path / "twitter.db"))
    return mounted


@pytest.fixture(params=[in_flask, in_django])
def site_client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    mounted: Client = request.param(tweets_in(tmp_path / "twitter.db"))
    return mounted


def create(client: Client) -> str:
    response = client.post(f"{PREFIX}/tweets", json={"author": "Ada", "message": "Hello"})
    assert response.status_code == 201
    return response.headers["Location"]


def test_location_and_the_uri_of_an_object_have_the_prefix(client: Client) -> None:
    assert create(client) == "/shop/api/tweets/1"
    body = client.get(f"{PREFIX}/tweets/1").json
    assert body is not None
    assert body["resource_uri"] == "/shop/api/tweets/1"


def test_the_links_between_pages_have_the_prefix(client: Client) -> None:
    for _ in range(3):
        create(client)
    response = client.get(f"{PREFIX}/tweets?limit=1&offset=1")
    assert response.json is not None
    assert response.json["meta"] == {
        "count": 1,
        "total_count": 3,
        "offset": 1,
        "limit": 1,
        "first": "/shop/api/tweets?offset=0&limit=1",
        "last": "/shop/api/tweets?offset=2&limit=1",
        "next": "/shop/api/tweets?offset=2&limit=1",
        "previous": "/shop/api/tweets?offset=0&limit=1",
    }
    assert response.headers["Link"] == (
        '</shop/api/tweets?offset=0&limit=1>; rel="first", '
        '</shop/api/tweets?offset=2&limit=1>; rel="last", '
        '</shop/api/tweets?offset=2&limit=1>; rel="next", '
        '</shop/api/tweets?offset=0&limit=1>; rel="prev"'
    )


def test_every_link_leads_somewhere(client: Client) -> None:
    create(client)
    index = client.get(f"{PREFIX}/").json
    assert index is not None
    assert index["links"] == {
        "docs": "/shop/api/docs",
        "openapi": "/shop/api/openapi.json",
        "schema": "/shop/api/schema",
        "tweets": "/shop/api/tweets",
    }
    for address in index["links"].values():
        assert client.get(address).status_code == 200


def test_the_document_says_where_it_is_mounted(client: Client) -> None:
    document = client.get(f"{PREFIX}/openapi.json").json
    assert document is not None
    assert document["servers"] == [{"url": "/shop/api"}]
    assert "/tweets/{id}" in document["paths"]
    yaml = client.get(f"{PREFIX}/openapi.yaml").text
    assert "\nservers:\n- url: /shop/api\n" in yaml


def test_the_page_finds_its_files_and_the_document(client: Client) -> None:
    page = client.get(f"{PREFIX}/docs")
    addresses = re.findall('(?:src|href)="([^"]+)"', page.text)
    start = client.get(f"{PREFIX}/docs/start.js").text
    addresses += [json.loads(found) for found in re.findall("url: (.+),", start)]
    assert len(addresses) == 6
    for address in addresses:
        found = client.get(urljoin(f"{PREFIX}/docs", address))
        assert found.status_code == 200, address


def test_a_browser_is_sent_to_the_page(client: Client) -> None:
    response = client.get(f"{PREFIX}/", headers={"Accept": "text/html"})
    assert response.status_code == 303
    assert response.headers["Location"] == "/shop/api/docs"


def test_an_error_names_the_whole_address(client: Client) -> None:
    body = client.get(f"{PREFIX}/nothing").json
    assert body is not None
    assert body["detail"] == "There is nothing at /shop/api/nothing."


def test_the_prefix_alone_is_the_root_of_the_api(client: Client) -> None:
    assert client.get(PREFIX).json == client.get(f"{PREFIX}/").json


def test_the_site_around_it_stays_as_it_is(site_client: Client) -> None:
    assert site_client.get("/").text == "the site"
    assert site_client.get("/shop").status_code == 404


def test_a_prefix_is_escaped_in_links(tmp_path: Path) -> None:
    app = tweets_in(tmp_path / "twitter.db")
    prefix = "/café <b>".encode().decode("latin-1")  # PEP 3333: bytes as text
    client = Client(DispatcherMiddleware(flask.Flask(__name__), {prefix: app}))
    response = client.post(
        "/caf%C3%A9%20%3Cb%3E/tweets", json={"author": "Ada", "message": "Hello"}
    )
    assert response.status_code == 201
    assert response.headers["Location"] == "/caf%C3%A9%20%3Cb%3E/tweets/1"
