"""What the document says in words where the author says nothing; each sentence is a fact.

Facts about one part of an operation, such as its pages, are in the `Contribution` of the part.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from openrest.config import Definition
from openrest.controllers.components import Components, Sent
from openrest.controllers.controller import Controller
from openrest.models import shapes as s
from openrest.operations import Declaration, Operation

__all__ = ["api_description", "operation_words", "tag_description"]

_SUMMARIES = {
    "get_list": "List {name}",
    "create": "Create one in {name}",
    "get": "Get one from {name}",
    "update": "Replace one in {name}",
    "patch": "Change some members of one in {name}",
    "delete": "Delete one from {name}",
    "patch_many": "Change some members of many in {name}",
    "delete_many": "Delete many from {name}",
}

#: As many members as a tag names: what is longer nobody reads in a headline.
_SHOWN = 6


def api_description(resources: Sequence[str]) -> str:
    """Of an API: what holds everywhere, so that no operation has to repeat it."""
    served = f"Serves {_names(resources)}. " if resources else ""
    return (
        f"{served}What this document does not allow is refused, with a problem (RFC 9457) that "
        "names every mistake. Every GET can be asked as HEAD, and every address answers OPTIONS."
    )


def tag_description(controller: type[Controller], definition: Definition, read: Sent) -> str:
    """Of a resource: the docstring of the controller or the model, or the members."""
    said = _docstring(controller) or inspect.cleandoc(definition.model.__doc__ or "")
    if said:
        return said
    wires = list(dict.fromkeys(member.wire for one in _objects(read) for member in one.members))
    if len(wires) > _SHOWN:
        first = ", ".join(f"`{wire}`" for wire in wires[: _SHOWN - 1])
        return f"Objects with {first} and {len(wires) - _SHOWN + 1} more members."
    return f"Objects with {_names(wires)}."


def _docstring(controller: type[Controller]) -> str:
    """That of the class or of the next base that has one; a subclass is of the same resource."""
    bases = controller.__mro__[: controller.__mro__.index(Controller)]
    return next((inspect.cleandoc(base.__doc__) for base in bases if base.__doc__), "")


def operation_words(
    row: Operation, name: str, own: Declaration, definition: Definition, parts: Components
) -> tuple[str, str]:
    """Summary and description of a row that the method `name` of a controller handles."""
    built_in = row.handler.__module__.startswith(__package__ or "")
    text = "" if built_in else inspect.cleandoc(row.handler.__doc__ or "")
    first, _, more = text.partition("\n")
    if own.summary:
        first, more = own.summary, text
    if name in _SUMMARIES:
        summary = _SUMMARIES[name].format(name=definition.name)
    else:
        summary = name.replace("_", " ").capitalize()
    if built_in:
        description = _built_in(name, definition, parts)
    else:
        description = more.strip() or _declared(row)
    return first.rstrip(".") or summary, description


def _built_in(name: str, definition: Definition, parts: Components) -> str:
    """Of what the handler of a verb does that a `Controller` has from the start."""
    key = f"`{definition.key.wire}`"
    whole = _objects(parts.replace)
    optional = [member for one in whole for member in one.members if not member.required]
    match name:
        case "get_list":
            first = definition.sorting.shown if definition.sorting is not None else ""
            order = f"{first}, then of {key}" if first else key
            if definition.pagination is None:
                return f"All objects at once, in the order of {order}."
            return f"The objects are in the order of {order}."
        case "create":
            owned = _names(_owned(parts.create))
            chosen = "" if definition.key.read_only else f"The client chooses {key} for good. "
            made = f"Only the server sets {owned}. " if owned else ""
            return f"{chosen}{made}`Location` leads to the new object."
        case "update":
            lost = ": what it leaves out is reset to its default, to null or to nothing"
            kept = _names(_owned(parts.replace, stored=True))
            made = " An object that is not there yet is created." if definition.upsert else ""
            return (
                f"The body is the whole object{lost if optional else ''}. Kept as is: {kept}.{made}"
            )
        case "patch":
            removable = any(not member.nullable for member in optional)
            removed = ", and null removes one that may be absent" if removable else ""
            operations = (
                " The operations of a JSON Patch are carried out all or none (RFC 6902)."
                if definition.json_patch
                else ""
            )
            return (
                f"Members that a merge patch leaves out stay as they are{removed} (RFC 7396)."
                f"{operations}"
            )
        case "delete":
            return "The object is gone at once; then its address answers 404."
        case "patch_many":
            return (
                "Members that the merge patch leaves out stay as they are in all objects that are "
                "found (RFC 7396)."
            )
        case "delete_many":
            return "All objects that are found are gone at once."
        case _:
            listed = ", just as the list shows it" if "GET" in definition.list_verbs else ""
            return f"The object with this {key}{listed}."


def _objects(shape: Sent) -> list[s.Object]:
    return [one for _, one in shape.variants] if isinstance(shape, s.OneOf) else [shape]


def _owned(shape: Sent, *, stored: bool = False) -> list[str]:
    """The members that only the server sets; with `stored` without those that are computed."""
    owned = (m for one in _objects(shape) for m in one.owned if not m.write_only)
    return list(dict.fromkeys(m.wire for m in owned if m.stored or not stored))


def _declared(row: Operation) -> str:
    """Of a handler that a user wrote: no more than its row says."""
    success = next(spec for spec in row.responses if spec.status < 300)
    component = success.shape.component if isinstance(success.shape, s.Object | s.OneOf) else None
    said = {
        "record": f"one object of `{row.tag}`",
        "page": f"objects of `{row.tag}`",
        "nothing": "no content",
    }.get(success.content, f"a `{component}`")
    takes_none = row.body is None and row.method in ("POST", "PUT", "PATCH")
    return f"Takes no body and answers {said}." if takes_none else f"Answers {said}."


def _names(names: Sequence[str]) -> str:
    """```a`, `b` and `c```"""
    if not names:
        return ""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}" if others else last
