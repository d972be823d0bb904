"""One row, with all that a row has whichever way it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from openrest import formats, pipeline
from openrest import messages as msg
from openrest.access import access
from openrest.authorization import Both
from openrest.config import Definition
from openrest.contract import Body, Contribution, Parameter, ResponseSpec
from openrest.controllers.descriptions import operation_words
from openrest.controllers.rows.resource import Resource
from openrest.errors import Conflict
from openrest.interfaces import Authentication, DataStore, Permission, Validators
from openrest.messages import say
from openrest.models.text import text_shape
from openrest.models.walking import without_rules
from openrest.operations import Call, Declaration, Operation, Result
from openrest.preferences import PREFER, spared
from openrest.relations.embedding import Embedding

__all__ = ["Handler", "make_row"]

Handler = Callable[[Call], Result]

#: What another server answers to writes that fit the model and not what it has.
_REFUSED: Final = Contribution(
    responses=(
        ResponseSpec(
            status=409,
            description="The server that keeps the data does not take it",
            example=Conflict(say(msg.KEEPER_REFUSES)),
        ),
    )
)


def make_row(
    resource: Resource,
    *,
    id: str,
    method: str,
    path: str,
    handler: Handler,
    name: str,
    own: Declaration,
    body: Body | None,
    success: ResponseSpec,
    contributions: Sequence[Contribution],
    validators: Validators | None = None,
    parent: Definition | None = None,
) -> Operation:
    """A row that answers `success`, with what the pipeline and the parts add to that.

    `name` is the controller's method behind the `handler`, and `own` what its author declares of
    it. `parent` is the resource below whose objects the path is, unless it is below its own.
    """
    definition, tagged = resource.definition, parent or resource.definition
    key = _key(tagged) if f"{{{tagged.key.wire}}}" in path else None
    embedding = resource.embedding if name in ("get_list", "get") else None
    classes = () if success.content == "nothing" else definition.response_classes
    chosen = formats.contribution(classes, parameter=definition.format_parameter)
    authentication, permission = _guards(definition, method, parent)
    stores = _stores(resource, method, embedding, tagged)
    asks_upstream = any(store.asks_upstream for store in stores)
    away = authentication is not None and authentication.can_be_away
    every = [
        *contributions,
        pipeline.contribution(
            tagged.name,
            key,
            body,
            tuple(cls.media_type for cls in classes),
            resource.limits,
            can_be_away=any(store.can_be_away for store in stores)
            or (method != "GET" and _audit_may_refuse(resource))
            or away,
            asks_upstream=asks_upstream,
        ),
        *([_REFUSED] if method != "GET" and asks_upstream else []),
        chosen,
        access(authentication, permission),
        *_scopes(method, definition, parent),
        _declared(own),
    ]
    parameters = [*([key] if key else []), *(p for part in every for p in part.parameters)]
    prefers = any(parameter.name == PREFER for parameter in parameters)
    row = Operation(
        id=id,
        method=method,
        path=path,
        handler=handler,
        tag=tagged.name,
        parameters=tuple(map(_spelled, parameters)),
        body=body,
        responses=tuple(_responses(success, own, chosen, every, prefers=prefers)),
        response_classes=classes,
        formatters=definition.formatters,
        validators=validators,
        embedding=embedding,
        authentication=authentication,
        permission=permission,
        fields=definition.fields,
        limits=definition.limits.get(method, definition.limits.get("*", ())),
    )
    summary, description = operation_words(row, name, own, definition, resource.parts)
    if parent is not None:
        summary = f"List those in {definition.name} that refer to one in {parent.name}"
    words = " ".join(part.description for part in every if part.description)
    return replace(row, summary=summary, description=f"{description}\n\n{words}".strip())


def _key(definition: Definition) -> Parameter:
    key = definition.key
    return Parameter(
        name=key.name,
        wire=key.wire,
        location="path",
        shape=without_rules(key.shape),
        required=True,
        description=f"The {key.wire} of the object",
        example=key.example,
    )


def _guards(
    definition: Definition, method: str, parent: Definition | None
) -> tuple[Authentication | None, Permission | None]:
    """What tells who makes a request, and who may; below a parent that may be read, too."""
    permissions = definition.permissions
    permission = permissions.get(method, permissions.get("*"))
    if parent is None or not parent.permissions:
        return definition.authentication, permission
    reading = parent.permissions.get("GET", parent.permissions["*"])
    both = reading if permission is None else Both(permission, reading)
    return definition.authentication or parent.authentication, both


def _stores(
    resource: Resource, method: str, embedding: Embedding | None, parent: Definition
) -> list[type[DataStore] | DataStore]:
    """The stores that an operation may ask."""
    name = resource.definition.name
    asked = [resource.definition, parent, *(embedding.targets if embedding is not None else ())]
    if method != "GET":
        asked += [one.target for one in resource.relations.outgoing(name)]
        asked += [one.source for one in resource.relations.going_with(name)]
    return [definition.datastore for definition in asked]


def _audit_may_refuse(resource: Resource) -> bool:
    """Whether a write may be refused because the trail of what it writes is away."""
    going = [one.source for one in resource.relations.going_with(resource.definition.name)]
    return any(
        definition.audit.may_refuse(definition.datastore)
        for definition in (resource.definition, *going)
        if definition.audit is not None
    )


def _scopes(method: str, *definitions: Definition | None) -> Iterator[Contribution]:
    """What is added where each user has records of their own."""
    for narrowed in definitions:
        if narrowed is not None and narrowed.scope is not None:
            yield narrowed.scope.contribution(method)


def _declared(own: Declaration) -> Contribution:
    """What an author declares of a handler but for the headers of what it answers."""
    return Contribution(
        parameters=own.parameters,
        responses=tuple(
            ResponseSpec(status=status, description=text) for status, text in own.errors.items()
        ),
    )


def _spelled(parameter: Parameter) -> Parameter:
    """The parameter with those values that its text can spell."""
    if parameter.is_json:
        return parameter
    return replace(parameter, shape=text_shape(parameter.shape) or parameter.shape)


def _responses(
    success: ResponseSpec,
    own: Declaration,
    chosen: Contribution,
    contributions: Sequence[Contribution],
    *,
    prefers: bool,
) -> Iterator[ResponseSpec]:
    """All responses; `chosen` is the choice of a format, whose headers all but problems have."""
    named = {header.name.lower() for header in own.headers}
    of_parts = (header for header in success.headers if header.name.lower() not in named)
    shown = replace(success, headers=(*of_parts, *own.headers, *chosen.headers))
    others = [
        replace(spec, headers=(*spec.headers, *chosen.headers)) if spec.status < 400 else spec
        for part in contributions
        for spec in part.responses
    ]
    if prefers:
        others.append(spared(shown, always=all(spec.status != 204 for spec in others)))
    return _merged([shown, *others])


def _merged(specs: Iterable[ResponseSpec]) -> Iterator[ResponseSpec]:
    """One spec a status: parts that answer the same one say so one after the other."""
    by_status: dict[int, ResponseSpec] = {}
    for spec in specs:
        known = by_status.get(spec.status)
        if known is None:
            by_status[spec.status] = spec
        else:
            by_status[spec.status] = replace(
                known,
                description=f"{known.description}; or: {spec.description}",
                headers=(*known.headers, *spec.headers),
            )
    for status in sorted(by_status):
        yield by_status[status]
