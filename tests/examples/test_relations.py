from __future__ import annotations

import pytest
from werkzeug.test import Client

from examples.relations import Authors, Books, Reviews
from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.needs import fuzzed_in_ci


@pytest.fixture
def client() -> Client:
    return Client(WSGIDispatcher([Authors, Books, Reviews], debug=True))


def test_an_author_with_books_stays(client: Client) -> None:
    assert client.delete("/authors/1").status_code == 409
    assert client.post("/books", json={"title": "Ulysses", "author": 7}).status_code == 409


def test_the_reviews_of_a_book_go_with_it_and_its_sequel_stands_alone(client: Client) -> None:
    assert client.get("/authors/1/praise").json == {"reviews": 2}
    assert client.delete("/books/1").status_code == 204
    assert client.get("/reviews/1").status_code == 404
    alone = {"title": "Dune Messiah", "author": 1, "sequel_of": None, "id": 2}
    assert client.get("/books/2").json == alone
    assert client.get("/authors/1/praise").json == {"reviews": 0}


def test_an_author_has_a_list_of_books(client: Client) -> None:
    listed = client.get("/authors/1/books").get_data(as_text=True)
    assert ('"Dune"' in listed, '"Emma"' in listed) == (True, False)
    assert '"Dune Messiah"' in client.get("/books/1/sequels").get_data(as_text=True)
    assert client.get("/authors/9/books").status_code == 404


def test_a_review_shows_its_book_and_the_author_of_that(client: Client) -> None:
    assert client.get("/reviews/1?embed=book.author").json == {
        "text": "Sandy.",
        "book": 1,
        "id": 1,
        "_embedded": {
            "book": {
                "title": "Dune",
                "author": 1,
                "sequel_of": None,
                "id": 1,
                "_embedded": {"author": {"name": "Frank Herbert", "id": 1}},
            }
        },
    }


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    check_contract(WSGIDispatcher([Authors, Books, Reviews], debug=True), examples=5, seed=1)
