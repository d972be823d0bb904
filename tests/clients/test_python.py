"""A Python client that openapi-python-client makes of the document."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openrest.openapi import Version
from tests.contract.kinds import MODELS, TABLES
from tests.needs import CI
from tests.serving.servers import COMMANDS, Server, kinds_run, openrest_run

PACKAGE = "generated_tweets_client"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with openrest_run(tmp_path, "examples.tweets:app") as server:
        yield server


@pytest.fixture
def generated(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the package, generated from what the server says of itself."""
    with generated_from(server, tmp_path, monkeypatch):
        yield PACKAGE


@contextmanager
def generated_from(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    document = folder / "openapi.json"
    document.write_bytes(server.ask("GET", "/openapi.json").body)
    done = subprocess.run(
        [
            COMMANDS / "openapi-python-client",
            "generate",
            "--path",
            document,
            "--output-path",
            folder / PACKAGE,
            "--meta",
            "none",
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        # It calls ruff, which is beside it.
        env={"PATH": str(COMMANDS), "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(folder)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


#: The constants among the choices are left out: this generator knows none that is an object.
KINDS = [name for name in (*TABLES, *MODELS) if name != "choices"]


@pytest.mark.parametrize("openapi", ["3.0", "3.1"] if CI else ["3.1"])
def test_a_client_of_every_kind_creates_and_reads_what_holds_objects(
    openapi: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        kinds_run(tmp_path, openapi, *KINDS) as server,
        generated_from(server, tmp_path, monkeypatch),
    ):
        models = importlib.import_module(f"{PACKAGE}.models")
        module = importlib.import_module(f"{PACKAGE}.client")

        def operation(resource: str, name: str) -> Any:
            return importlib.import_module(f"{PACKAGE}.api.{resource}.{name}_{resource}")

        with module.Client(base_url=server.url, raise_on_unexpected_status=True) as client:
            rome = models.CityCreate(name="Rome", colour=models.Colour.RED, secret="s")
            body = models.NestsCreate(city=rome, nullable=None, cities=[rome])
            nest = operation("nests", "create").sync(client=client, body=body)
            assert isinstance(nest, models.Nests)
            assert isinstance(nest.city, models.City)
            assert (nest.city.name, nest.city.colour) == ("Rome", models.Colour.RED)
            assert nest.nullable is None
            assert nest.cities == [nest.city]
            assert operation("nests", "get").sync(nest.id, client=client) == nest

            circle = models.ShapeCircle(is_=models.ShapeCircleIs.CIRCLE, radius=1.5)
            square = models.ShapeSquareShape(is_=models.ShapeSquareShapeIs.SQUARE_SHAPE, side=2)
            body = models.DrawingsCreate(main=circle, second=None, shapes=[square, circle])
            drawing = operation("drawings", "create").sync(client=client, body=body)
            assert (drawing.main, drawing.second) == (circle, None)
            assert drawing.shapes == [square, circle]
            assert operation("drawings", "get").sync(drawing.id, client=client) == drawing

            body = models.PetsCreateDog(
                kind=models.PetsCreateDogKind.DOG, tag="rex", name="Rex", barks=True, home=rome
            )
            pet = operation("pets", "create").sync(client=client, body=body)
            assert isinstance(pet, models.PetsDog)
            assert pet.home == nest.city
            assert operation("pets", "get").sync("rex", client=client) == pet


def test_the_generated_client_creates_lists_reads_changes_and_deletes(
    generated: str, server: Server
) -> None:
    def operation(name: str) -> Any:
        return importlib.import_module(f"{generated}.api.tweets.{name}")

    models = importlib.import_module(f"{generated}.models")
    module = importlib.import_module(f"{generated}.client")

    with module.Client(base_url=server.url, raise_on_unexpected_status=True) as client:
        create, get = operation("create_tweets"), operation("get_tweets")
        body = models.TweetsCreate(author="Ada", message="Hello")
        answer = create.sync_detailed(client=client, body=body)
        assert answer.status_code == 201
        tweet = answer.parsed
        assert isinstance(tweet, models.Tweets)
        assert (tweet.author, tweet.message, tweet.retweets) == ("Ada", "Hello", 0)

        page = operation("list_tweets").sync(client=client, limit=10, author="Ada")
        assert page.object_list == [tweet]
        assert page.meta.total_count == 1
        assert page.meta.next_ is None

        assert get.sync(tweet.id, client=client) == tweet

        body = models.TweetsReplace(author="Ada", message="Replaced")
        replaced = operation("update_tweets").sync(tweet.id, client=client, body=body)
        assert (replaced.message, replaced.id) == ("Replaced", tweet.id)

        body = models.TweetsPatch(message="Patched")
        patched = operation("patch_tweets").sync(tweet.id, client=client, body=body)
        assert (patched.author, patched.message) == ("Ada", "Patched")

        assert operation("retweet_tweets").sync(tweet.id, client=client).retweets == 1

        body = models.TweetsCreate(author="Ada", message="")
        problem = create.sync(client=client, body=body)
        assert isinstance(problem, models.Problem)
        [error] = problem.errors
        assert (problem.status, error.pointer) == (422, "#/message")

        assert operation("delete_tweets").sync_detailed(tweet.id, client=client).status_code == 204
        assert get.sync_detailed(tweet.id, client=client).status_code == 404
