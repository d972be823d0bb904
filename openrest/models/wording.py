"""What the author of a field or a validator says of a mistake, instead of our own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import fields as ma
from marshmallow import validate

from openrest import messages as msg
from openrest.errors import did_you_mean
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.mistakes import known_messages

__all__ = ["Words", "author_words", "required_words", "worded", "words_of"]

#: wire value -> what its author says of it
Words = Callable[[Any], str]

#: What is said of a value of another type; marshmallow calls it ``invalid`` and by other names.
_TYPES = (
    msg.BOOLEAN, msg.INTEGER, msg.NUMBER, msg.FINITE, msg.DECIMAL, msg.STRING, msg.DATE_TIME,
    msg.NAIVE_DATE_TIME, msg.DATE, msg.NO_SUCH_DAY, msg.TIME, msg.UUID, msg.CHOICE,
    msg.CHOICE_NEAR, msg.PARSED, msg.NOT_NULL, msg.ARRAY, msg.ITEMS, msg.OBJECT,
)  # fmt: skip

#: The attributes of a validator that its words may name, and what they are about.
_VALIDATORS: Mapping[type, tuple[tuple[str, ...], Mapping[str, str]]] = {
    validate.Length: (
        (msg.NOT_EMPTY, msg.MIN_LENGTH, msg.MAX_LENGTH, msg.EXACT_LENGTH, msg.MIN_ITEMS,
         msg.MAX_ITEMS, msg.MIN_MEMBERS, msg.MAX_MEMBERS),
        {"min": "min", "max": "max", "equal": "equal"},
    ),
    validate.Range: (
        (msg.AT_LEAST, msg.MORE_THAN, msg.AT_MOST, msg.LESS_THAN),
        {"min": "min", "max": "max"},
    ),
    validate.OneOf: (
        (msg.CHOICE, msg.CHOICE_NEAR),
        {"choices": "choices_text", "labels": "labels_text"},
    ),
    validate.Equal: ((msg.CHOICE, msg.CHOICE_NEAR), {"other": "comparable"}),
    validate.NoneOf: ((msg.EXCEPT,), {"values": "values_text"}),
    validate.ContainsOnly: (
        (msg.CHOICE, msg.CHOICE_NEAR),
        {"choices": "choices_text", "labels": "labels_text"},
    ),
    validate.ContainsNoneOf: ((msg.EXCEPT,), {"values": "values_text"}),
}  # fmt: skip


def words_of(validator: Any) -> dict[str, Words]:
    """What the ``error`` of a validator says, for each of our messages that it replaces.

    Raises ValueError for a placeholder that marshmallow does not fill in.
    """
    messages, names = _VALIDATORS.get(type(validator), ((), {}))
    error = getattr(validator, "error", None)
    if not messages or error in (None, getattr(validator, "default_message", None)):
        return {}
    values = {name: getattr(validator, attribute) for name, attribute in names.items()}
    return dict.fromkeys(messages, author_words(str(error), values))


def worded(field: ma.Field[Any], shape: s.Shape) -> s.Shape:
    """The shape with the ``error_messages`` of its field, ``required`` excepted."""
    words: dict[str, Words] = {}
    values = {
        "choices": getattr(field, "choices_text", ""),
        "obj_type": getattr(field, "OBJ_TYPE", ""),
    }
    for key, message in _own_messages(field).items():
        if key == "null":
            words[s.NULL] = author_words(message, {})
        elif key == "validator_failed":
            words[msg.REFUSED_BY_RULE] = author_words(message, {})
        elif key != "required":
            words |= dict.fromkeys(_TYPES, author_words(message, values))
    if not words:
        return shape
    if isinstance(shape, s.Ruled):
        # A validator has the last word on what it looks at.
        return s.Ruled(shape=shape.shape, rules=shape.rules, words={**words, **shape.words})
    return s.Ruled(shape=shape, words=words)


def required_words(field: ma.Field[Any]) -> str:
    """What is said of a client that left the field out, where its author has words for it."""
    message = _own_messages(field).get("required", "")
    return author_words(message, {})(None) if message else ""


def _own_messages(field: ma.Field[Any]) -> dict[str, str]:
    """The messages that are not marshmallow's own. Raises ValueError for one that is no text."""
    known: dict[str, Any] = {}
    for cls in reversed(type(field).__mro__):
        if cls.__module__.startswith(("marshmallow.", "openrest.")):
            known |= vars(cls).get("default_error_messages", {})
    own = {
        key: message for key, message in field.error_messages.items() if known.get(key) != message
    }
    meant = known_messages(type(field))
    for key, message in own.items():
        if key not in meant:
            raise ValueError(f"error_messages: unknown key {key!r}.{did_you_mean(str(key), meant)}")
        if isinstance(message, (list, dict)):
            raise ValueError(f"error_messages: the message for {key!r} is no text but {message!r}")
    # str: some are translated only when they are needed.
    return {key: str(message) for key, message in own.items()}


def author_words(message: str, values: Mapping[str, Any]) -> Words:
    """The message with its placeholders filled in: the wire value is ``input``.

    Raises ValueError for a placeholder that has no value.
    """

    def words(value: Any) -> str:
        return say(message, input=value, **values)

    try:
        words("")
    except (IndexError, KeyError, ValueError) as error:
        known = ", ".join(f"{{{name}}}" for name in ("input", *values))
        raise ValueError(
            f"the message {message!r} has a placeholder that is none of {known}"
        ) from error
    return words
