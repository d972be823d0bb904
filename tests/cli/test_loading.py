"""What every command says of an APP that it cannot load; `openrest spec` stands for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

SHOP = """
from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse


class Item(models.Model):
    name = models.StringField(required=True)
    id = models.PkField()


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([Items])
"""


@pytest.fixture(autouse=True)
def project(folder: Path) -> Path:
    (folder / "shop.py").write_text(SHOP)
    package = folder / "market"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "stalls.py").write_text(SHOP.replace("app =", "api =") + "admin = api\n")
    return folder


@pytest.mark.parametrize("app", ["shop:app", "shop", "market.stalls:api", "market.stalls:admin"])
def test_a_module_and_a_name_are_found_from_the_current_directory(
    openrest: Command, app: str
) -> None:
    result = openrest("routes", app)
    assert result.exit_code == 0
    assert "/items" in result.stdout


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (
            "shopp:app",
            "There is no module 'shopp', seen from {folder}. Did you mean 'shop'?",
        ),
        (
            "zebra:app",
            "There is no module 'zebra', seen from {folder}. APP is written module:app, such as "
            "examples.tweets:app.",
        ),
        (
            "markt.stalls:api",
            "There is no module 'markt', seen from {folder}. Did you mean 'market'?",
        ),
        (
            "market.stall:api",
            "There is no module 'market.stall', seen from {folder}. Did you mean 'stalls'?",
        ),
        (
            "shop.stalls:api",
            "There is no module 'shop.stalls', seen from {folder}. APP is written module:app, such "
            "as examples.tweets:app.",
        ),
        ("shop.py", "'shop.py' is a file. Name its module: shop:app."),
        ("./shop.py:api", "'./shop.py' is a file. Name its module: shop:api."),
        (
            "market/stalls.py:api",
            "'market/stalls.py' is a file. Name its module: market.stalls:api.",
        ),
        ("market/stalls:api", "'market/stalls' is a file. Name its module: market.stalls:api."),
        ("market/__init__.py", "'market/__init__.py' is a file. Name its module: market:app."),
        ("{folder}/shop.py", "'{folder}/shop.py' is a file. Name its module: shop:app."),
        (
            "my-shop:app",
            "'my-shop' is no name of a module. APP is written module:app, such as "
            "examples.tweets:app.",
        ),
        (
            ":app",
            "'' is no name of a module. APP is written module:app, such as examples.tweets:app.",
        ),
        ("shop:ap", "shop has no 'ap'. Did you mean 'app'?"),
        ("shop:site", "shop has no 'site'. It has app."),
        ("market.stalls", "market.stalls has no 'app'. Did you mean 'api'?"),
        ("market.stalls:zebra", "market.stalls has no 'zebra'. It has api and admin."),
        ("market:app", "market has no 'app'. It has no WSGIDispatcher at all."),
        ("shop:Items", "shop:Items is no WSGIDispatcher but a type. It has app."),
        (
            "json:dumps",
            "json:dumps is no WSGIDispatcher but a function. It has no WSGIDispatcher at all.",
        ),
    ],
)
def test_a_wrong_app_gets_a_sentence(
    openrest: Command, folder: Path, app: str, message: str
) -> None:
    result = openrest("spec", app.format(folder=folder))
    assert result.stderr == f"Error: {message.format(folder=folder)}\n"
    assert result.exit_code == 1


def test_every_mistake_in_a_mapping_is_told_with_its_place(openrest: Command, folder: Path) -> None:
    text = SHOP.replace('"resource_name": "items",', '"resource_name": "my items",')
    (folder / "broken.py").write_text(text.replace('"list_verbs": ["GET"', '"list_verb": ["GET"'))
    result = openrest("spec", "broken")
    assert result.stderr == (
        "Error: broken.py, line 13: Items has 3 mistakes:\n"
        "  - controller: unknown key 'list_verb'. Did you mean 'list_verbs'?\n"
        "  - controller: 'list_verbs' is missing.\n"
        "  - resource.resource_name: 'my items' is not a segment of a URL: a letter, then letters, "
        "digits, '-' and '_'.\n"
    )
    assert result.exit_code == 1


def test_a_mistake_in_a_module_that_is_imported_is_told_with_its_place(
    openrest: Command, folder: Path
) -> None:
    (folder / "items.py").write_text(SHOP.replace("models.PkField()", "models.StringField()"))
    (folder / "outer.py").write_text("from items import app\n")
    result = openrest("spec", "outer")
    assert result.stderr.startswith("Error: items.py, line 13: Items: resource.model: Item: ")


@pytest.mark.parametrize(
    ("argument", "said"),
    [("healht", "'healht'. Did you mean 'health'?"), ("zebra", "'zebra'.")],
)
def test_an_argument_that_a_dispatcher_does_not_have_is_told_with_its_place(
    openrest: Command, folder: Path, argument: str, said: str
) -> None:
    line = len(SHOP.splitlines())
    (folder / "wrong.py").write_text(SHOP.replace("([Items])", f"([Items], {argument}=True)"))
    result = openrest("spec", "wrong")
    assert result.stderr == f"Error: wrong.py, line {line}: WSGIDispatcher has no argument {said}\n"
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import zebra\n", ModuleNotFoundError),
        ("from shop import zebra\n", ImportError),
        ("import market.zebra\n", ModuleNotFoundError),
        ("1 / 0\n", ZeroDivisionError),
        ("open(zebra=1)\n", TypeError),
        ("def\n", SyntaxError),
    ],
)
def test_an_error_inside_of_the_module_keeps_its_traceback(
    openrest: Command, folder: Path, text: str, error: type[Exception]
) -> None:
    (folder / "broken.py").write_text(text)
    result = openrest("spec", "broken")
    assert type(result.exception) is error
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["run", "routes", "spec"])
def test_all_commands_say_the_same(openrest: Command, folder: Path, command: str) -> None:
    result = openrest(command, "shopp:app")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: There is no module 'shopp', seen from {folder}. Did you mean 'shop'?\n"
    )
