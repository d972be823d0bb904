from __future__ import annotations

import importlib

from werkzeug.test import Client

from examples import formatter
from openrest.testing.contract import check_contract


def test_an_article_shows_its_words_and_its_address_but_no_reviewer() -> None:
    client = Client(importlib.reload(formatter).app)
    assert client.get("/articles/1").json == {
        "title": "On tables",
        "text": "A table is data.",
        "id": 1,
        "words": 4,
        "resource_uri": "/articles/1",
    }


def test_the_document_tells_the_truth() -> None:
    check_contract(importlib.reload(formatter).app, examples=10)
