"""The table of the texts that clients read, and the code that says them."""

import ast
import copy
import inspect
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import pytest

import openrest
from openrest import errors
from openrest import messages as msg
from openrest.errors import Problem, RecordConflict, RecordNotFound
from openrest.messages import Text, say, texts

#: The modules that speak to clients; the others speak to developers.
FOLDER = Path(openrest.__path__[0])
MODULES = sorted(
    path
    for path in FOLDER.rglob("*.py")
    if path.relative_to(FOLDER).parts[0] not in ("cli", "testing")
)
PROBLEMS = {
    name
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Problem)
}
#: Where the text stands among the arguments of what takes one for a client.
TEXT_AT = {**dict.fromkeys(["Mistake", "_Rule", "Unreadable", "say", *PROBLEMS], 0), "mistake": 2}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def constant(node: ast.expr) -> str:
    """The name of a text of the table, or nothing where the node names none."""
    of_table = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "msg"
    return node.attr if of_table and isinstance(node, ast.Attribute) else ""


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_text_stands_in_the_table_once() -> None:
    assert len(set(texts())) == len(texts()) > 80


@pytest.mark.parametrize("text", texts())
def test_a_placeholder_is_a_plain_name(text: str) -> None:
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None:
            assert name.isidentifier() and not form and conversion in (None, "r")


def test_every_text_of_the_table_is_said_somewhere() -> None:
    used = {
        node.attr
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "msg"
    }
    assert used == {name for name in vars(msg) if name.isupper()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_what_is_said_has_a_value_for_each_placeholder(path: Path) -> None:
    for call in calls(path):
        if named(call) == "say" and (name := constant(call.args[0])):
            given = {keyword.arg for keyword in call.keywords}
            assert given == placeholders(vars(msg)[name]), ast.unparse(call)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_text_for_a_client_stands_beside_the_table(path: Path) -> None:
    for call in calls(path):
        place = TEXT_AT.get(named(call))
        if place is not None and len(call.args) > place:
            assert not is_written_there(call.args[place]), ast.unparse(call)


def is_written_there(text: ast.expr) -> bool:
    match text:
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join")):
            return True
        case ast.IfExp(body=body, orelse=otherwise):
            return is_written_there(body) or is_written_there(otherwise)
        case _:
            return False


@pytest.mark.parametrize(
    "text", ["'a'", "f'a{b}'", "'a' + b", "'{}'.format(a)", "' '.join(a)", "say(A) if b else 'c'"]
)
def test_a_text_beside_the_table_is_noticed(text: str) -> None:
    assert is_written_there(ast.parse(text, mode="eval").body)


def test_a_text_is_what_its_template_and_values_make() -> None:
    text = say("There is no {colour!r} in {place}.", colour="red", place="it")
    assert text == "There is no 'red' in it."
    assert (text.template, text.values) == (
        "There is no {colour!r} in {place}.",
        {"colour": "red", "place": "it"},
    )


def test_a_placeholder_may_have_any_name() -> None:
    assert say("{template}, {self}, {text}", template=1, self=2, text=3) == "1, 2, 3"


def pickled(text: Text) -> object:
    return pickle.loads(pickle.dumps(text))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_of_a_text_can_be_translated_like_it(
    duplicate: Callable[[Text], object],
) -> None:
    text = say("{{}} and {name}", name="{}")
    copied = duplicate(text)
    assert isinstance(copied, Text)
    assert (copied, copied.template, copied.values) == (text, text.template, text.values)


@pytest.mark.parametrize(
    ("error", "said", "template"),
    [
        (RecordNotFound(7), "There is no record with the key 7.", msg.NO_RECORD),
        (RecordNotFound("a"), "There is no record with the key 'a'.", msg.NO_RECORD),
        (RecordConflict(["a"]), "Another record has the same a.", msg.SAME_VALUE),
        (
            RecordConflict(["a", "b"]),
            "Another record has the same a and b together.",
            msg.SAME_VALUES,
        ),
        (
            RecordConflict(["a", "b", "c"]),
            "Another record has the same a and b and c together.",
            msg.SAME_VALUES,
        ),
    ],
)
def test_what_an_error_of_a_store_says_can_be_translated(
    error: Exception, said: str, template: str
) -> None:
    text = str(error)
    assert text == said
    assert isinstance(text, Text)
    assert text.template == template
