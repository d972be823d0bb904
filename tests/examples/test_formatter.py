from __future__ import annotations

from werkzeug.test import Client

from examples.formatter import Articles
from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.needs import fuzzed_in_ci


def test_an_article_shows_its_words_and_its_address_but_no_reviewer() -> None:
    client = Client(WSGIDispatcher([Articles]))
    assert client.get("/articles/1").json == {
        "title": "On tables",
        "text": "A table is data.",
        "id": 1,
        "words": 4,
        "resource_uri": "/articles/1",
    }


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    check_contract(WSGIDispatcher([Articles]), examples=10)
