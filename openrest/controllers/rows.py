"""The mappings of a controller -> rows of the table of operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any
from urllib.parse import quote

from marshmallow import Schema

from openrest import formats, pipeline
from openrest import messages as msg
from openrest.bodies import Limits
from openrest.bulk import Bulk
from openrest.config import Definition
from openrest.contract import NO_EXAMPLE, Body, Contribution, Header, Link, Parameter, ResponseSpec
from openrest.controllers.components import Components, Sent
from openrest.controllers.controller import Controller
from openrest.controllers.descriptions import operation_words
from openrest.controllers.examples import ExampleStore
from openrest.controllers.handlers import BUILT_IN, HOOKS
from openrest.controllers.links import (
    identifier,
    links_below,
    links_to_itself,
    links_to_referrers,
    list_below,
)
from openrest.controllers.row_mistakes import misdeclared, row_mistakes
from openrest.embedded import without_embedded
from openrest.errors import ConfigurationError, Conflict, ContractError, Mistake, RecordConflict
from openrest.interfaces import Record, Validators
from openrest.json_patch import JSON_PATCH, MEDIA_TYPE
from openrest.merge_patch import may_conflict
from openrest.messages import say
from openrest.models import schema_shape
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.examples import example, native_example, true_example
from openrest.models.loading import wire_loader
from openrest.models.places import pointer
from openrest.models.text import text_shape
from openrest.models.variants import create_shape, read_shape, sent_name
from openrest.models.walking import may_refuse, without_rules
from openrest.operations import Call, Declaration, Operation, Result, declaration
from openrest.preferences import PREFER, spared
from openrest.query import Condition, Query
from openrest.relations.children import ChildList
from openrest.relations.embedding import Embedding
from openrest.relations.relation import Relation, Relations
from openrest.relations.store import deleting_contribution, writing_contribution

__all__ = ["rows"]

Handler = Callable[[Call], Result]


def rows(
    controller: Any,
    parts: Components,
    rename: Callable[[str], str],
    limits: Limits,
    relations: Relations,
    embedding: Embedding | None,
    children: Sequence[ChildList],
) -> Iterator[Operation]:
    """The rows of one controller: its verbs, then the operations of its own.

    Raises ConfigurationError with every mistake where one cannot be.
    """
    definition: Definition = controller.definition
    author = type(controller)
    builder = _Builder(author, definition, parts, rename, limits, relations, embedding, children)
    mistakes = list(misdeclared(controller))
    if mistakes:
        raise ConfigurationError(type(controller).__name__, mistakes)
    made = [
        *builder.built_in(controller),
        *builder.own(controller),
        *builder.below_others(controller),
    ]
    mistakes = [mistake for row in made for mistake in row_mistakes(row)]
    if mistakes:
        raise ConfigurationError(type(controller).__name__, mistakes)
    ids = {row.id for row in made}
    for row in made:
        yield replace(row, responses=tuple(builder.linked(row, ids)))


class _Builder:
    def __init__(
        self,
        author: type[Controller],
        definition: Definition,
        parts: Components,
        rename: Callable[[str], str],
        limits: Limits,
        relations: Relations,
        embedding: Embedding | None,
        children: Sequence[ChildList],
    ) -> None:
        self.author = author
        self.definition = definition
        self.relations = relations
        self.embedding = embedding
        self.children = children
        self.parts = parts
        #: What answers show where nothing is asked for: of that the examples are.
        self.plain = without_embedded(parts.read)
        self.rename = rename
        self.limits = limits
        self.key = _key(definition)
        #: Whether any record can be made up that the rules take: no other is ever answered.
        self.shows = true_example(parts.create) is not s.MISSING

    def built_in(self, controller: Any) -> Iterator[Operation]:
        verbs = {False: self.definition.list_verbs, True: self.definition.unique_verbs}
        for name, method, unique, prefix in BUILT_IN:
            if method in verbs[unique]:
                yield self._built_in(controller, name, method, unique, prefix)

    def _built_in(
        self, controller: Any, name: str, method: str, unique: bool, prefix: str
    ) -> Operation:
        handler: Handler = getattr(controller, name)
        if name == "create" and self.definition.bulk is not None:
            handler = _one_or_many(handler, controller.create_many)
        definition, parts = self.definition, self.parts
        # The rules are about the whole object, so only an example of one is sure to be taken.
        merge_patch = Body(
            shape=parts.patch,
            media_types=("application/merge-patch+json",),
            wire=True,
            ruled=may_refuse(parts.replace) or may_conflict(parts.replace),
            example=_or_none(true_example(parts.replace)),
        )
        body = {
            "create": replace(
                formats.body_of(parts.create, definition.response_classes),
                many=None if definition.bulk is None else definition.bulk.many(parts.create),
            ),
            "update": replace(
                formats.body_of(parts.replace, definition.response_classes),
                ruled=definition.upsert and may_refuse(definition.key.shape),
            ),
            "patch": replace(
                merge_patch,
                others=(_json_patch_body(parts.replace),) if definition.json_patch else (),
            ),
            "patch_many": merge_patch,
        }.get(name)
        contributions = list(self._parts_of(name))
        success = {
            "get_list": self._chosen(self._page_response(contributions)),
            "create": self._many(self._created(contributions)),
            "get": self._chosen(self._record_response("The object", contributions)),
            "delete": ResponseSpec(status=204, description="It is gone", content="nothing"),
            "patch_many": Bulk().affected("How many objects were changed"),
            "delete_many": Bulk().affected("How many objects are gone"),
        }.get(name) or self._record_response("The object", contributions)
        creates = name == "update" and definition.upsert
        if creates:
            contributions.append(Contribution(responses=(self._created(self._preferring(name)),)))
        hooks = (*HOOKS.get(name, ()), *(("before_create",) if creates else ()))
        if name == "create" and definition.bulk is not None:
            hooks += ("create_many",)
        own = _with_hooks(
            declaration(handler) or Declaration(),
            [declaration(getattr(controller, hook)) for hook in hooks],
        )
        return self._row(
            id=f"{prefix}_{identifier(definition.name)}",
            method=method,
            path=f"/{definition.name}/{{{self.key.wire}}}" if unique else f"/{definition.name}",
            handler=handler,
            name=name,
            own=own,
            body=body,
            success=success,
            contributions=contributions,
            validators=definition.preconditions,
        )

    def below_others(self, controller: Any) -> Iterator[Operation]:
        """The lists of those that refer to an object of another resource, or of this one."""
        for child in self.children:
            if child.relation.source is self.definition:
                parent = child.relation.target
                parts = list(self._parts_of("get_list"))
                yield self._row(
                    id=list_below(child),
                    method="GET",
                    path=f"/{parent.name}/{{{parent.key.wire}}}/{child.segment}",
                    handler=_below(controller, child.relation),
                    name="get_list",
                    own=declaration(controller.get_list) or Declaration(),
                    body=None,
                    success=self._chosen(self._page_response(parts)),
                    contributions=parts,
                    validators=self.definition.preconditions,
                    parent=parent,
                )

    def own(self, controller: Any) -> Iterator[Operation]:
        for name, function in inspect.getmembers(type(controller), callable):
            declared = declaration(function)
            if declared is not None and declared.method:
                yield self._own(getattr(controller, name), name, declared)

    def _own(self, handler: Handler, name: str, own: Declaration) -> Operation:
        contributions: list[Contribution] = []
        if own.method != "GET":
            contributions += self._conflicts()
            contributions.append(
                writing_contribution(self.relations.outgoing(self.definition.name))
            )
            refused = deleting_contribution(self.relations.going_with(self.definition.name))
            contributions.append(Contribution(responses=refused.responses))
        if own.returns == "page" and self.definition.pagination is not None:
            contributions.append(self.definition.pagination.contribution())
        return self._row(
            id=f"{name}_{identifier(self.definition.name)}",
            method=own.method,
            path=f"/{self.definition.name}/{own.path.strip('/')}".rstrip("/"),
            handler=handler,
            name=name,
            own=own,
            body=formats.body_of(self._sent_model(own.body), self.definition.response_classes)
            if own.body
            else None,
            success=self._own_success(own, contributions),
            contributions=contributions,
        )

    def _own_success(self, own: Declaration, contributions: list[Contribution]) -> ResponseSpec:
        if own.returns is None:
            return ResponseSpec(status=204, description="Done", content="nothing")
        if own.returns == "record":
            return replace(self._record_response("The object"), status=own.status)
        if own.returns == "page":
            return replace(self._page_response(contributions), status=own.status)
        shape = self._read_model(own.returns)
        return ResponseSpec(status=own.status, description="Done", content="value", shape=shape)

    def _row(
        self,
        *,
        id: str,
        method: str,
        path: str,
        handler: Handler,
        name: str,
        own: Declaration,
        body: Body | None,
        success: ResponseSpec,
        contributions: list[Contribution],
        validators: Validators | None = None,
        parent: Definition | None = None,
    ) -> Operation:
        definition, tagged = self.definition, parent or self.definition
        key = _key(tagged) if f"{{{tagged.key.wire}}}" in path else None
        embedding = self.embedding if name in ("get_list", "get") else None
        classes = () if success.content == "nothing" else definition.response_classes
        chosen = formats.contribution(classes, parameter=definition.format_parameter)
        contributions.append(
            pipeline.contribution(
                tagged.name,
                key,
                body,
                tuple(cls.media_type for cls in classes),
                self.limits,
                can_be_away=self._can_be_away(method, embedding, tagged),
            )
        )
        contributions.append(chosen)
        contributions.append(
            Contribution(
                parameters=own.parameters,
                responses=tuple(
                    ResponseSpec(status=status, description=text)
                    for status, text in own.errors.items()
                ),
            )
        )
        parameters = [*([key] if key else []), *(p for c in contributions for p in c.parameters)]
        named = {header.name.lower() for header in own.headers}
        of_parts = (header for header in success.headers if header.name.lower() not in named)
        shown = replace(success, headers=(*of_parts, *own.headers, *chosen.headers))
        others = [
            replace(spec, headers=(*spec.headers, *chosen.headers)) if spec.status < 400 else spec
            for part in contributions
            for spec in part.responses
        ]
        if any(parameter.name == PREFER for parameter in parameters):
            others.append(spared(shown, always=all(spec.status != 204 for spec in others)))
        row = Operation(
            id=id,
            method=method,
            path=path,
            handler=handler,
            tag=tagged.name,
            parameters=tuple(map(_spelled, parameters)),
            body=body,
            responses=tuple(_merged([shown, *others])),
            response_classes=classes,
            formatters=definition.formatters,
            validators=validators,
            embedding=embedding,
        )
        summary, description = operation_words(row, name, own, definition, self.parts)
        if parent is not None:
            summary = f"List those in {definition.name} that refer to one in {parent.name}"
        words = " ".join(part.description for part in contributions if part.description)
        return replace(row, summary=summary, description=f"{description}\n\n{words}".strip())

    def _can_be_away(self, method: str, embedding: Embedding | None, parent: Definition) -> bool:
        """Whether any store that an operation may ask can be away."""
        name = self.definition.name
        asked = [self.definition, parent, *(embedding.targets if embedding is not None else ())]
        if method != "GET":
            asked += [one.target for one in self.relations.outgoing(name)]
            asked += [one.source for one in self.relations.going_with(name)]
        return any(definition.datastore.can_be_away for definition in asked)

    def _parts_of(self, name: str) -> Iterator[Contribution]:
        definition = self.definition
        if name in ("patch_many", "delete_many"):
            if definition.filters is not None:
                yield definition.filters.contribution()
            if definition.search is not None:
                yield definition.search.contribution()
        if name == "get_list":
            if definition.pagination is not None:
                yield definition.pagination.contribution()
            if definition.sorting is not None:
                yield definition.sorting.contribution()
            if definition.filters is not None:
                yield definition.filters.contribution()
            if definition.search is not None:
                yield definition.search.contribution()
        if name in ("get_list", "get"):
            if definition.partial is not None:
                yield definition.partial.contribution()
            if self.embedding is not None:
                yield self.embedding.contribution()
        if definition.bulk is not None:
            yield definition.bulk.contribution(name)
        if name in ("create", "update", "patch", "patch_many"):
            yield from self._conflicts()
            yield writing_contribution(
                [
                    one
                    for one in self.relations.outgoing(definition.name)
                    if not one.member.read_only
                    or one.member.default is not s.MISSING
                    or self._is_changed(name)
                ]
            )
        if name == "create" and definition.idempotency is not None:
            yield definition.idempotency.contribution()
        if name in ("delete", "delete_many"):
            refused = deleting_contribution(self.relations.going_with(definition.name))
            # Whether any go with many of them, the stores say, which nobody has made yet.
            yield refused if name == "delete" else Contribution(responses=refused.responses)
        yield definition.preconditions.contribution(name)
        yield from self._preferring(name)
        if definition.dry_run is not None:
            creates = name == "create" or (name == "update" and definition.upsert)
            yield definition.dry_run.contribution(name, creates=creates)
        chosen = name == "create" and not definition.key.read_only
        if chosen or (name == "update" and definition.upsert):
            clash = RecordConflict([definition.key.name])
            example = Conflict(
                str(clash), [Mistake(say(msg.TAKEN), pointer=pointer(definition.key.wire))]
            )
            yield Contribution(
                responses=(ResponseSpec(status=409, description=str(clash), example=example),)
            )

    def _preferring(self, name: str) -> Iterator[Contribution]:
        if self.definition.preferences is not None:
            yield self.definition.preferences.contribution(name)

    def _is_changed(self, name: str) -> bool:
        """Whether the author has a say in what is stored, also in what clients may not send."""
        creates = name == "update" and self.definition.upsert
        called = (name, *HOOKS[name], *(("before_create",) if creates else ()))
        return any(getattr(self.author, one) is not getattr(Controller, one) for one in called)

    def _conflicts(self) -> Iterator[Contribution]:
        store = self.definition.datastore
        validators = self.definition.validators if isinstance(store, type) else store.validators
        for validator in validators:
            yield validator.contribution()

    def _record_response(
        self, description: str, contributions: Iterable[Contribution] = ()
    ) -> ResponseSpec:
        return ResponseSpec(
            status=200,
            description=description,
            content="record",
            shape=self.parts.read,
            headers=tuple(header for part in contributions for header in part.headers),
            example=true_example(self.plain) if self.shows else NO_EXAMPLE,
        )

    def _created(self, contributions: Iterable[Contribution]) -> ResponseSpec:
        location = Header(
            name="Location",
            shape=s.String(format="uri-reference"),
            description="Address of the new object",
        )
        spec = self._record_response("The object that was created", contributions)
        return replace(spec, status=201, headers=(location, *spec.headers))

    def _many(self, spec: ResponseSpec) -> ResponseSpec:
        """The response to the creation of one object, or of many where the author lets clients."""
        bulk = self.definition.bulk
        if bulk is None:
            return spec
        return replace(
            spec,
            description="The object that was created, or the objects in the order of the body",
            many=bulk.many(self.parts.read),
            # Those that are about one object.
            headers=tuple(replace(header, required=False) for header in spec.headers),
        )

    def _page_response(self, contributions: Iterable[Contribution]) -> ResponseSpec:
        # What is made while it is sent has no version yet.
        may_stream = any(formats.format_of(cls).rows for cls in self.definition.response_classes)
        headers = tuple(
            replace(header, required=False) if header.name == "ETag" and may_stream else header
            for part in contributions
            for header in part.headers
        )
        return ResponseSpec(
            status=200,
            description="The objects",
            content="page",
            shape=self.parts.page,
            headers=headers,
        )

    def _chosen(self, spec: ResponseSpec) -> ResponseSpec:
        """The response, of which clients may choose the members where the author lets them."""
        if self.definition.partial is None:
            return spec
        is_page = spec.content == "page"
        shape = self.parts.partial_page if is_page else self.parts.partial
        shown = spec.example
        if not is_page and self.shows:
            shown = example(self.plain)
        return replace(spec, shape=shape, whole=spec.shape, example=shown)

    def _read_model(self, model: type[Schema]) -> s.Object | s.OneOf:
        shape = schema_shape(model)
        return read_shape(shape, self.rename(str(shape.component)), self.rename)  # type: ignore[no-any-return]

    def _sent_model(self, model: type[Schema]) -> s.Object | s.OneOf:
        shape = schema_shape(model)
        name = sent_name(shape, self.rename(str(shape.component)))
        return create_shape(shape, name, self.rename)  # type: ignore[no-any-return]

    def shown(self, row: Operation, spec: ResponseSpec) -> ResponseSpec:
        """The response of a row with the page that an API with one object answers, or with none."""
        if spec.content != "page":
            return spec
        query = {p.name: p.default for p in row.parameters if p.default is not s.MISSING}
        call = Call(row, query=query, address=_example_address(row))
        shown = [example(self.plain)] if self.shows else []
        page = dumper(self.parts.page)({"meta": self._meta(call), "object_list": []})
        return replace(spec, example={**page, "object_list": shown})

    def _meta(self, call: Call) -> dict[str, Any]:
        """What a list with one object, or with none, answers besides it."""
        records: list[Record] = []
        if self.shows:
            sent = wire_loader(self.parts.create)(example(self.parts.create))
            key = self.definition.key
            records = [{key.name: native_example(self.key.shape), **sent}]
        pagination, sorting = self.definition.pagination, self.definition.sorting
        if pagination is None:
            return {"count": len(records), "total_count": len(records)}
        query = Query(order=sorting.default if sorting is not None else ())
        records, meta = pagination.read(call, query, ExampleStore(records, self.definition.model))
        return {"count": len(records), **meta}

    def linked(self, row: Operation, ids: set[str]) -> Iterator[ResponseSpec]:
        """The responses of a row; a created object leads to what can be done with it."""
        definition = self.definition
        suffix = identifier(definition.name)
        created = row.id == f"create_{suffix}"
        for spec in row.responses:
            links: list[Link] = []
            if created and spec.status == 201:
                links += links_to_itself(definition, ids)
            if (created or row.id == f"get_{suffix}") and spec.content == "record":
                links += links_below(definition, self.children, created=created)
            if created and spec.status == 201:
                links += links_to_referrers(definition, self.relations)
            yield self.shown(row, replace(spec, links=tuple(links)))


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


def _below(controller: Controller, relation: Relation) -> Handler:
    """What lists the objects that refer to the one with the call's key: some of `get_list`."""

    def children(call: Call) -> Result:
        controller.resources[relation.target.name].store.get(call.key)
        call.within += (Condition(relation.member.name, "eq", call.key),)
        result = controller.get_list(call)
        if call.within:
            raise ContractError(
                f"{type(controller).__name__}.get_list makes its page without self.page(), so "
                f"that it cannot be narrowed to {call.operation.path}."
            )
        return result

    return children


def _one_or_many(one: Handler, many: Handler) -> Handler:
    @wraps(one)
    def handler(call: Call) -> Result:
        return (many if isinstance(call.body, list) else one)(call)

    return handler


def _json_patch_body(whole: Sent) -> Body:
    """A patch of operations; the example sets one member to a value that it may have."""
    shown = true_example(whole)
    changed = next(iter(shown), None) if isinstance(shown, dict) else None
    operations = (
        []
        if changed is None
        else [
            {
                "op": "add",
                "path": "/" + changed.replace("~", "~0").replace("/", "~1"),
                "value": shown[changed],
            }
        ]
    )
    return Body(
        shape=JSON_PATCH, media_types=(MEDIA_TYPE,), wire=True, ruled=True, example=operations
    )


def _with_hooks(own: Declaration, hooks: Iterable[Declaration | None]) -> Declaration:
    """What a handler declares, with what its hooks read and the errors that they raise."""
    for hook in filter(None, hooks):
        own = replace(
            own,
            parameters=(*own.parameters, *hook.parameters),
            errors={**own.errors, **hook.errors},
        )
    return own


def _or_none(shown: Any) -> Any:
    return NO_EXAMPLE if shown is s.MISSING else shown


def _spelled(parameter: Parameter) -> Parameter:
    """The parameter with those values that its text can spell."""
    if parameter.is_json:
        return parameter
    return replace(parameter, shape=text_shape(parameter.shape) or parameter.shape)


def _example_address(row: Operation) -> str:
    """The path of a row with an example in the place of each parameter."""
    address = row.path
    for parameter in row.parameters:
        if parameter.location == "path":
            given = parameter.example is not s.MISSING
            shown = parameter.example if given else example(parameter.shape)
            text = str(shown).lower() if isinstance(shown, bool) else str(shown)
            address = address.replace(f"{{{parameter.wire}}}", quote(text, safe=""))
    return address


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
