"""The Swagger page in a real browser: it works, and asks nobody but its own server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from openrest.openapi import Version
from tests.browser.pages import HOST, Watched, chromium, watched_page
from tests.needs import SLOW_VERSIONS, only_in_ci, program
from tests.serving.servers import Server, command_on_free_port, kinds_run, openrest_run

APP = "examples.tweets:app"

MOUNTED = """
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from examples.tweets import app as api

site = Flask(__name__)
site.wsgi_app = DispatcherMiddleware(site.wsgi_app, {"/shop/api": api})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(program("chromium", "chromium-browser", variable="CHROMIUM")) as browser:
        yield browser


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with watched_page(browser) as watched:
        yield watched
        assert watched.console == []
        assert watched.violations() == []
        assert watched.failures == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with openrest_run(tmp_path, APP) as server:
        yield server


def address(server: Server, path: str) -> str:
    return f"http://{HOST}:{server.port}{path}"


def expand(page: Page, operation: str, tag: str = "tweets") -> Locator:
    """Open one operation of a tag."""
    block = page.locator(f"#operations-{tag}-{operation}")
    block.locator("button.opblock-summary-control").click()
    expect(block.locator("button.execute")).to_be_visible()  # "Try it out" is on already
    return block


def execute(block: Locator) -> tuple[int, str]:
    """Send the request: the status and the body that the page then shows."""
    live = block.locator(".live-responses-table")
    if live.count():  # Until the next answer is there, the page shows the one before.
        block.locator("button.btn-clear").click()
        expect(live).to_have_count(0)
    block.locator("button.execute").click()
    status = live.locator(".response .response-col_status").inner_text()
    return int(status.split()[0]), live.locator(".response pre.microlight").first.inner_text()


def test_a_tweet_is_created_read_and_listed_from_the_page(
    server: Server, watched: Watched, page: Page
) -> None:
    page.goto(address(server, "/docs"))
    expect(page).to_have_title("Tweets")

    create = expand(page, "create_tweets")
    create.locator("textarea.body-param__text").fill('{"author": "Ada", "message": "Hello"}')
    status, body = execute(create)
    assert status == 201
    created = json.loads(body)
    assert created["message"] == "Hello"

    get = expand(page, "get_tweets")
    get.get_by_placeholder("id").fill(str(created["id"]))
    assert execute(get) == (200, body)

    status, body = execute(expand(page, "list_tweets"))
    assert status == 200
    assert json.loads(body)["object_list"] == [created]

    assert server.ask("GET", created["resource_uri"]).json() == created
    assert watched.hosts() == {f"{HOST}:{server.port}"}


def test_the_example_of_the_page_is_accepted_as_it_is(server: Server, page: Page) -> None:
    page.goto(address(server, "/docs"))
    status, _ = execute(expand(page, "create_tweets"))
    assert status == 201


def test_a_mistake_is_shown_as_the_problem_that_it_is(
    server: Server, watched: Watched, page: Page
) -> None:
    page.goto(address(server, "/docs"))
    create = expand(page, "create_tweets")
    create.locator("textarea.body-param__text").fill('{"author": "Ada"}')
    status, body = execute(create)
    assert status == 422
    assert json.loads(body)["errors"] == [{"pointer": "#/message", "detail": "is required"}]
    # The browser itself reports the status in its console, which is as it should be.
    assert watched.failures == [f"422 {address(server, '/tweets')}"]
    assert len(watched.console) == 1
    watched.failures.clear()
    watched.console.clear()


def test_tags_operations_and_schemas_stand_in_the_order_of_the_document(
    server: Server, page: Page
) -> None:
    page.goto(address(server, "/docs"))
    expect(page.locator("h3.opblock-tag > a")).to_have_text(["tweets", "about"])
    expect(page.locator("h3.opblock-tag > small")).to_have_text(
        [
            "Objects with author, message, retweets, id and resource_uri.",
            "What this API says of itself.",
        ]
    )
    expect(page.locator(".opblock-summary-description")).to_have_count(10)
    for summary in page.locator(".opblock-summary-description").all_inner_texts():
        assert summary != ""
    names = page.locator(".models .json-schema-2020-12__title").all_inner_texts()
    assert names[0] == "Tweets"
    assert names[-1] == "Problem"


def test_a_browser_that_opens_the_root_comes_to_the_page(server: Server, page: Page) -> None:
    page.goto(address(server, "/"))
    expect(page.locator("#operations-tweets-list_tweets")).to_be_visible()
    assert page.url == address(server, "/docs")


def test_an_operation_has_an_address_of_its_own(
    server: Server, watched: Watched, page: Page
) -> None:
    page.goto(address(server, "/docs#/tweets/list_tweets"))
    expect(page.locator("#operations-tweets-list_tweets button.execute")).to_be_visible()
    # Swagger UI takes the underscore of any operation id for a space that was escaped long ago.
    watched.console = [text for text in watched.console if "deep link whitespace" not in text]


@only_in_ci
def test_the_page_works_below_a_prefix(tmp_path: Path, watched: Watched, page: Page) -> None:
    (tmp_path / "mounted.py").write_text(MOUNTED)
    with command_on_free_port(
        tmp_path, "waitress-serve", "--listen", "127.0.0.1:{port}", "mounted:site"
    ) as server:
        page.goto(address(server, "/shop/api/docs"))
        status, body = execute(expand(page, "create_tweets"))
        assert status == 201
        assert json.loads(body)["resource_uri"] == "/shop/api/tweets/1"
        paths = {url.partition(str(server.port))[2] for url in watched.requests}
        assert {path for path in paths if not path.startswith("/shop/api/")} <= {""}


#: What is read in a schema once it is unfolded: variants, enums, what is nested.
UNFOLDED = {"Pets": ("cat", "barks", "GREEN", "A place"), "Drawings": ("circle", "square-shape")}


def schema(page: Page, place: int) -> Locator:
    """One of the schemas below the operations; of many the page draws those that are in view."""
    drawn = page.locator(f'.models [data-index="{place}"]')
    scroll = page.locator(".models-scroll")
    while not drawn.count():
        scroll.evaluate("box => box.scrollTop += box.clientHeight / 2")
        page.wait_for_timeout(50)  # it draws in a frame of its own
    return drawn


@only_in_ci
@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_all_is_drawn_in_each_version(openapi: Version, tmp_path: Path, page: Page) -> None:
    with kinds_run(tmp_path, openapi) as server:
        document = server.ask("GET", "/openapi.json").json()
        operations = [o["operationId"] for p in document["paths"].values() for o in p.values()]
        page.goto(address(server, "/docs"))
        expect(page.locator(".opblock")).to_have_count(len(operations), timeout=30_000)
        for place, name in enumerate(document["components"]["schemas"]):
            drawn = schema(page, place)
            expect(drawn).to_contain_text(name)
            if name in UNFOLDED:
                unfold(drawn)
                for word in UNFOLDED[name]:
                    expect(drawn).to_contain_text(word)
        assert page.locator(".errors-wrapper").count() == 0


@only_in_ci
@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_every_kind_of_example_is_taken_in_each_version(
    openapi: Version, tmp_path: Path, page: Page
) -> None:
    # A page of these alone: at each click it draws all of its operations again.
    resources = ("nests", "comments", "pets", "drawings", "choices")
    with kinds_run(tmp_path, openapi, *resources) as server:
        page.goto(address(server, "/docs"))
        for resource in resources:
            status, body = execute(expand(page, f"create_{resource}", resource))
            assert status == 201
            status, text = execute(expand(page, f"list_{resource}", resource))
            assert (status, json.loads(text)["object_list"]) == (200, [json.loads(body)])


def unfold(drawn: Locator) -> None:
    whole = drawn.get_by_role("button", name="Expand all")
    if whole.count():
        whole.first.click()
        return
    closed = drawn.locator('button[aria-expanded="false"]')  # as the page draws 3.0
    while closed.count():
        closed.first.click()
