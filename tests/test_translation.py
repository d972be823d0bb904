"""Problems in other languages: what is translated, when, and what happens where it fails."""

import gettext
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import yaml
from marshmallow import ValidationError
from marshmallow.validate import Regexp

from openrest import messages as msg
from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, Conflict, Problem
from openrest.messages import say, texts
from openrest.rendering import render_problem
from openrest.translation import Translate, translation_mistakes
from openrest.views import JsonResponse
from tests.catalogues import compiled
from tests.contract.client import Client

GERMAN = {
    "Conflict": "Konflikt",
    "Not Found": "Nicht gefunden",
    "Unprocessable Content": "Nicht verarbeitbar",
    "I'm a Teapot": "Ich bin eine Teekanne",
    "The request breaks its schema.": "Die Anfrage passt nicht zu ihrem Schema.",
    "There is nothing in {resource} with the {parameter} {value!r}: it {mistake}.": (
        "Bei {resource} gibt es nichts mit {parameter} „{value}“: es {mistake}."
    ),
    "There is no record with the key {key}.": "Einen Datensatz {key} gibt es nicht.",
    "must be an integer": "muss eine ganze Zahl sein",
    "must be at most {maximum}": "darf höchstens {maximum} sein",
    "is not a member of this object. Did you mean {near!r}?": (
        "kommt in diesem Objekt nicht vor. Meinten Sie „{near}“?"
    ),
    "Another record has the same {members} together.": "{members} hat so schon ein anderer.",
    "{first} and {second}": "{first} und {second}",
    "{tea} is sold out.": "{tea} ist ausverkauft.",
    "No {coffee}.": "Kein {coffee}.",
    "{count} is odd.": "{count} ist ungerade.",
    "{input} is no name.": "{input} ist kein Name.",
}


def german(text: str) -> str:
    return GERMAN.get(text, text)


class Teapot(Problem):
    """A problem of a user's own."""

    status, title = 418, "I'm a Teapot"


def must_be_even(count: int) -> None:
    if count % 2:
        raise ValidationError(say("{count} is odd.", count=count))


class Pot(models.Model):
    id = models.PkField()
    cups = models.IntegerField(required=True)
    lids = models.IntegerField(validate=must_be_even)
    name = models.StringField(validate=Regexp("[a-z]+", error="{input} is no name."))


def refusing(text: Callable[[], Any]) -> type[Controller]:
    """A controller whose own operation raises a problem with the text."""

    class Pots(Controller):
        resource = {
            "resource_name": "pots",
            "resource": [{"cups": 2}],
            "model": Pot,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

        @operation("POST", "/brew", errors={409: "No {coffee}", 418: "No {coffee}"})
        def brew(self, call: Call) -> Result:
            """Make coffee."""
            said = text()
            raise said if isinstance(said, Problem) else Conflict(said)

    return Pots


def client(translate: Translate | None, text: Callable[[], Any] = str) -> Client:
    return Client(WSGIDispatcher([refusing(text)], debug=True, translate=translate))


def brewed(text: Any, translate: Translate = german) -> Any:
    """The problem that is answered where a handler says the text."""
    return client(translate, lambda: text).send("POST", "/pots/brew").json


def test_title_detail_and_every_mistake_are_translated() -> None:
    answer = client(german).post("/pots", {"cups": 2**70, "cupps": 1})
    assert answer.json == {
        "type": "about:blank",
        "title": "Nicht verarbeitbar",
        "status": 422,
        "detail": "Die Anfrage passt nicht zu ihrem Schema.",
        "errors": [
            {"pointer": "#/cups", "detail": "darf höchstens 9223372036854775807 sein"},
            {
                "pointer": "#/cupps",
                "detail": "kommt in diesem Objekt nicht vor. Meinten Sie „cups“?",
            },
        ],
    }


def test_a_text_within_a_text_is_translated_with_it() -> None:
    answer = client(german).get("/pots/x")
    assert answer.json["detail"] == (
        "Bei pots gibt es nichts mit id „x“: es muss eine ganze Zahl sein."
    )
    names = say(msg.AND, first=say(msg.AND, first="a", second="b"), second="c")
    assert brewed(say(msg.SAME_VALUES, members=names))["detail"] == (
        "a und b und c hat so schon ein anderer."
    )


def test_what_has_no_translation_stays_english() -> None:
    answer = client(german).delete("/pots")
    assert answer.json["title"] == "Method Not Allowed"
    assert answer.json["detail"] == "/pots answers GET, HEAD, OPTIONS, POST, not DELETE."


def test_a_text_of_the_author_is_asked_for_as_it_is() -> None:
    assert brewed("No {coffee}.")["detail"] == "Kein {coffee}."
    assert brewed("No tea.")["detail"] == "No tea."


def test_the_author_can_leave_values_to_say() -> None:
    assert brewed(say("{tea} is sold out.", tea="Assam"))["detail"] == "Assam ist ausverkauft."


def test_what_a_rule_says_is_translated_with_its_values() -> None:
    answer = client(german).post("/pots", {"cups": 1, "lids": 3})
    assert answer.errors == [{"pointer": "#/lids", "detail": "3 ist ungerade."}]


def test_the_error_of_a_pattern_is_translated_with_its_values() -> None:
    answer = client(german).post("/pots", {"cups": 1, "name": "7"})
    assert answer.errors == [{"pointer": "#/name", "detail": "7 ist kein Name."}]


def test_the_title_of_a_problem_of_the_authors_own_is_translated() -> None:
    api = client(german, lambda: Teapot("No {coffee}."))
    assert api.send("POST", "/pots/brew").json == {
        "type": "about:blank",
        "title": "Ich bin eine Teekanne",
        "status": 418,
        "detail": "Kein {coffee}.",
    }


def test_an_empty_text_is_not_asked_for() -> None:
    # gettext has the head of its catalogue under the empty text.
    assert brewed("", lambda text: text or "Content-Type: text/plain")["detail"] == ""


def test_a_text_that_is_made_when_it_is_read_is_translated() -> None:
    class Lazy:
        def __str__(self) -> str:
            return "No {coffee}."

    assert brewed(Lazy())["detail"] == "Kein {coffee}."


def test_the_status_line_stays_english() -> None:
    response = render_problem(Conflict("x"), german)
    assert response.status_line == "409 Conflict"


def test_without_translate_all_is_english() -> None:
    assert client(None).get("/pots/7").json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no record with the key 7.",
    }


def test_the_language_may_be_another_for_each_request() -> None:
    language: ContextVar[str] = ContextVar("language", default="en")
    api = client(lambda text: german(text) if language.get() == "de" else text)
    titles = []
    for wanted in ("en", "de", "en"):
        token = language.set(wanted)
        titles.append(api.get("/pots/7").json["title"])
        language.reset(token)
    assert titles == ["Not Found", "Nicht gefunden", "Not Found"]


def test_a_catalogue_of_gettext_translates(tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "openrest.mo").write_bytes(compiled(GERMAN))
    catalogue = gettext.translation("openrest", tmp_path, languages=["de"])
    api = client(catalogue.gettext)
    assert api.get("/pots/7").json["detail"] == "Einen Datensatz 7 gibt es nicht."
    assert api.get("/pots", Accept="image/png").json["title"] == "Not Acceptable"
    assert brewed("", catalogue.gettext)["detail"] == ""


def examples(document: Any) -> Iterator[tuple[str, str]]:
    """Title and detail of each example of a problem."""
    for response in document["components"]["responses"].values():
        [content] = response["content"].values()
        yield content["example"]["title"], content["example"]["detail"]
    for entry in document["paths"]["/pots/brew"]["post"]["responses"].values():
        for content in entry.get("content", {}).values():
            if "title" in content["example"]:
                yield content["example"]["title"], content["example"]["detail"]


def test_the_document_shows_what_is_sent() -> None:
    api = client(german)
    shown = dict(examples(api.document))
    assert shown["Nicht verarbeitbar"] == "Die Anfrage passt nicht zu ihrem Schema."
    assert shown["Konflikt"] == "Kein {coffee}."
    assert shown["Ich bin eine Teekanne"] == "Kein {coffee}."
    assert yaml.safe_load(api.raw("GET", "/openapi.yaml").data) == api.document


@pytest.mark.parametrize("translate", [None, german])
def test_the_document_is_made_of_plain_texts(translate: Translate | None) -> None:
    def values(part: Any) -> Iterator[Any]:
        if isinstance(part, (dict, list)):
            for inner in part.values() if isinstance(part, dict) else part:
                yield from values(inner)
        else:
            yield part

    document = WSGIDispatcher([refusing(str)], translate=translate).document
    assert {type(value) for value in values(document)} <= {str, int, float, bool, type(None)}


def failing(text: str) -> Any:
    """Translates openrest's own texts, and nobody else's."""
    if text not in texts():
        raise LookupError(text)
    return text


@pytest.mark.parametrize(
    ("translate", "said", "reason"),
    [
        (failing, "No tea.", "'No tea.' is sent untranslated: LookupError('No tea.')"),
        (
            lambda text: text if text in texts() else None,
            "No tea.",
            "'No tea.' is sent untranslated: TypeError('None is no text')",
        ),
        (
            lambda text: text.replace("{tea}", "{te}"),
            say("{tea} is sold out.", tea="Assam"),
            "'{tea} is sold out.' is sent untranslated: KeyError('te')",
        ),
        (
            lambda text: text.replace("{tea}", "{tea"),
            say("{tea} is sold out.", tea="Assam"),
            "'{tea} is sold out.' is sent untranslated: ValueError(\"expected '}' before end of "
            'string")',
        ),
    ],
)
def test_a_text_of_the_author_that_cannot_be_translated_is_sent_as_it_is_and_logged(
    translate: Translate, said: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    problem = brewed(said, translate)
    assert (problem["title"], problem["detail"]) == ("Conflict", said)
    assert (caplog.records[-1].name, caplog.records[-1].levelno) == ("openrest", logging.WARNING)
    assert caplog.records[-1].getMessage() == reason


def changed(**translations: str) -> Translate:
    """A translation in which some texts of the table, by their names, are other ones."""
    table = {vars(msg)[name]: text for name, text in translations.items()}
    return lambda text: table.get(text, text)


@pytest.mark.parametrize(
    ("translate", "mistakes"),
    [
        (
            changed(AT_LEAST="mindestens {minium}"),
            ["'must be at least {minimum}' became 'mindestens {minium}': there is no {minium}. "
             "Did you mean 'minimum'?"],
        ),
        (
            changed(AT_LEAST="mindestens {zahl}"),
            ["'must be at least {minimum}' became 'mindestens {zahl}': there is no {zahl}.",
             "'must be at least {minimum}' became 'mindestens {zahl}': {minimum} is missing."],
        ),
        (
            changed(AT_LEAST="zu klein"),
            ["'must be at least {minimum}' became 'zu klein': {minimum} is missing."],
        ),
        (
            changed(INTEGER="{} ist keine ganze Zahl"),
            ["'must be an integer' became '{} ist keine ganze Zahl': there is no {}."],
        ),
        (
            changed(AT_LEAST="{minimum.real} oder {minimum}"),
            ["'must be at least {minimum}' became '{minimum.real} oder {minimum}': there is no "
             "{minimum.real}. Did you mean 'minimum'?"],
        ),
        (
            changed(AT_LEAST="mindestens {minimum:d}"),
            ["'must be at least {minimum}' became 'mindestens {minimum:d}': {minimum:d} has to be "
             "{minimum}."],
        ),
        (
            changed(AT_LEAST="mindestens {minimum!x}"),
            ["'must be at least {minimum}' became 'mindestens {minimum!x}': {minimum!x} has to be "
             "{minimum}."],
        ),
        (
            changed(AT_LEAST="mindestens {minimum"),
            ["'must be at least {minimum}' became 'mindestens {minimum', which is no template: "
             "expected '}' before end of string."],
        ),
        (
            changed(AT_LEAST=""),
            ["'must be at least {minimum}' became '', which is no text."],
        ),
        (
            changed(AT_LEAST=7),  # type: ignore[arg-type]  # what a user may do
            ["'must be at least {minimum}' became 7, which is no text."],
        ),
        (
            changed(UNKNOWN_MEMBER_NEAR="Meinten Sie „{near}“?", AT_MOST="{maximum!r}"),
            [],
        ),
    ],
)  # fmt: skip
def test_a_translation_has_the_placeholders_of_its_text(
    translate: Translate, mistakes: list[str]
) -> None:
    assert translation_mistakes(translate) == mistakes


def test_a_translation_that_raises_is_named_with_its_text() -> None:
    table = dict.fromkeys(texts(), "x")
    del table["Bad Request"]
    assert translation_mistakes(table.__getitem__)[0] == (
        "'Bad Request' cannot be translated: KeyError('Bad Request')."
    )


def test_mistakes_of_a_translation_are_found_at_the_start_all_at_once() -> None:
    translate = changed(AT_LEAST="zu klein", AT_MOST="höchstens {maximun}")
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([refusing(str)], max_depth=0, translate=translate)
    assert str(refused.value) == (
        "WSGIDispatcher has 3 mistakes:\n"
        "  - max_depth must be at least 1, not 0.\n"
        "  - translate: 'must be at least {minimum}' became 'zu klein': {minimum} is missing.\n"
        "  - translate: 'must be at most {maximum}' became 'höchstens {maximun}': there is no "
        "{maximun}. Did you mean 'maximum'?"
    )


def test_a_translation_is_a_function() -> None:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([], translate="de")  # type: ignore[arg-type]  # what a user may do
    assert str(refused.value) == (
        "WSGIDispatcher: translate must be a function from text to text, not 'de'."
    )
