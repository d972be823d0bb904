"""What is wrong with the rows of a controller, and with what its methods declare."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from openrest.config import Definition
from openrest.controllers.controller import Controller
from openrest.controllers.rows.handlers import BUILT_IN, HOOKS, MANY
from openrest.errors import nearest
from openrest.models import shapes as s
from openrest.models.text import has_text_form
from openrest.operations import Operation, declaration

__all__ = ["misdeclared", "row_mistakes"]

#: OpenAPI 3.1 ignores header parameters of these names (section 4.8.12.1).
_NOT_PARAMETERS = ("accept", "authorization", "content-type")
#: What hooks are called, and what there are hooks for.
_HOOK = re.compile("(before_|after_)(.+)")
_CHANGES = ("create", "update", "delete")
#: What asks who may change an object.
_ASKED = "may_change"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{[^{}/]+\})+)+", re.ASCII)


def misdeclared(controller: Any) -> Iterator[str]:
    """What is wrong with what the methods of a controller declare: a sentence for each mistake."""
    hooks = {hook for names in HOOKS.values() for hook in names} | {"create_many"}
    built_in = {name for name, *_ in BUILT_IN} | hooks
    for name, function in inspect.getmembers(type(controller), callable):
        declared = declaration(function)
        hook = _HOOK.fullmatch(name)
        near = nearest(hook[2], _CHANGES) if hook is not None else None
        if hook is not None and near not in (None, hook[2]) and declared is None:
            yield f"{name}: is no hook, and nothing calls it. Did you mean '{hook[1]}{near}'?"
        if name != _ASKED and name.startswith("may_") and nearest(name, [_ASKED]):
            yield f"{name}: nothing asks it. Did you mean {_ASKED!r}?"
        many = MANY.get(name)
        if many and _has(controller.definition, many) and _is_own(controller, name, but_not=many):
            yield f"{name}: is overridden, and with the option bulk {many} has to be, too."
        if declared is not None and bool(declared.method) == (name in built_in):
            yield (
                f"{name}: @declare is for built-in handlers and hooks, @operation for methods of "
                "your own."
            )
        elif declared is not None and name in hooks and declared.headers:
            why = "a hook answers nothing, so it has no headers to declare"
            if name == "create_many":
                why = "what it answers is in the operation of create, which declares the headers"
            yield f"{name}: {why}."


def _has(definition: Definition, many: str) -> bool:
    verb = {"create_many": "POST", "patch_many": "PATCH", "delete_many": "DELETE"}[many]
    return definition.bulk is not None and verb in definition.list_verbs


def _is_own(controller: Any, name: str, *, but_not: str) -> bool:
    """Whether an author has written one of two handlers, and not the other."""
    made = [getattr(type(controller), each) for each in (name, but_not)]
    return made[0] is not getattr(Controller, name) and made[1] is getattr(Controller, but_not)


def row_mistakes(row: Operation) -> Iterator[str]:
    """What is wrong with a row that an author has had a say in: a sentence for each mistake."""
    if row.method not in _METHODS:
        yield f"{row.id}: the method {row.method!r} is none of {', '.join(_METHODS)}."
    if row.method == "GET" and row.body is not None:
        yield f"{row.id}: a GET has no body (RFC 9110, section 9.3.1)."
    if not _PATH.fullmatch(row.path):
        yield (
            f"{row.id}: the path {row.path!r} is not made of segments that need no escape "
            "(RFC 3986, section 3.3) and of {parameters}."
        )
    for spec in row.responses:
        if spec.content == "problem" and not 400 <= spec.status <= 599:
            yield f"{row.id}: the status {spec.status} is no error (RFC 9110, section 15)."
        # Validators alone answer 304.
        unchanged = spec.status == 304 and row.validators is not None
        if spec.content != "problem" and not (200 <= spec.status <= 299 or unchanged):
            yield f"{row.id}: the status {spec.status} is no success (RFC 9110, section 15.3)."
    in_path = set(re.findall(r"{(.*?)}", row.path))
    declared = {parameter.wire for parameter in row.parameters if parameter.location == "path"}
    for name in sorted(in_path ^ declared):
        where = "its path has no such segment" if name in declared else "no parameter declares it"
        yield f"{row.id}: the path parameter {name!r}: {where}."
    for parameter in row.parameters:
        if not parameter.is_json and not has_text_form(parameter.shape):
            yield (
                f"{row.id}: the values of the {parameter.location} parameter {parameter.wire!r} "
                "cannot be written as text."
            )
        elif parameter.location == "header" and (
            parameter.wire.lower() in _NOT_PARAMETERS or isinstance(parameter.shape, s.List)
        ):
            yield f"{row.id}: the header {parameter.wire!r} cannot be a parameter."
    credentials = row.authentication.query_parameters if row.authentication else frozenset()
    for parameter in row.parameters:
        if parameter.location == "query" and parameter.wire in credentials:
            yield (
                f"{row.id}: the credentials are in the parameter {parameter.wire!r}, which is "
                "declared for something else: give the scheme another one, with parameter=."
            )
    places = [(parameter.location, parameter.wire) for parameter in row.parameters]
    for location, name in sorted({place for place in places if places.count(place) > 1}):
        yield f"{row.id}: the {location} parameter {name!r} is declared twice."
