"""A resource as somebody sees it: without what they may not do, read, set or ask by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from openrest.config import Definition
from openrest.contract import Contribution
from openrest.controllers.components import Components, components
from openrest.controllers.resources import Resources
from openrest.controllers.rights import Rights
from openrest.interfaces import Formatter
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.models.loading import wire_loader
from openrest.models.variants import create_shape
from openrest.models.walking import renewed
from openrest.operations import Call
from openrest.relations.children import ChildList
from openrest.relations.relation import Relation, Relations

__all__ = ["Seen", "narrowed"]


def narrowed(rights: Rights) -> Definition:
    """The definition as whoever has the rights sees it.

    A write whose body has to have what they may not set is not theirs.
    """
    definition, hidden, fixed = rights.definition, rights.hidden, rights.fixed
    shape = definition.shape
    filters, sorting, search = definition.filters, definition.sorting, definition.search
    partial, fields = definition.partial, definition.fields
    if hidden:
        filters = filters and filters.without(hidden)
        sorting = sorting and sorting.without(hidden)
        partial = partial and partial.without(hidden)
        if search is not None and fields is not None and not hidden.isdisjoint(search.members):
            search = search.within(fields.public(search.members))
    narrows = search is not None or (filters is not None and filters.contribution().parameters)
    return replace(
        definition,
        shape=renewed(fields.narrowed(shape, hidden, fixed) if fields else shape),
        list_verbs=tuple(
            verb
            for verb in definition.list_verbs
            if rights.allow(verb)
            and not (verb == "POST" and _needs(shape, fixed))
            # A change of many needs a filter that says which.
            and (narrows or verb not in ("PATCH", "DELETE"))
        ),
        unique_verbs=tuple(
            verb
            for verb in definition.unique_verbs
            if rights.allow(verb) and not (verb == "PUT" and _needs(shape, fixed))
        ),
        filters=filters,
        sorting=sorting,
        search=search,
        partial=partial,
        formatters=tuple(
            _Narrowed(one, hidden) if hidden else one for one in definition.formatters
        ),
        fields=fields if hidden or fixed else None,
    )


def _components(
    rights: Rights,
    definition: Definition,
    rename: Callable[[str], str],
    embedded: Mapping[str, s.Member],
) -> Components:
    """The objects of a resource that has been narrowed."""
    parts = components(definition, rename, embedded)
    fields = rights.definition.fields
    if fields is None or not rights.fixed:
        return parts
    # What they may not set is not the server's alone to set, so its own do not count it.
    shape, component = renewed(rights.definition.shape), parts.create.component or ""
    whole = create_shape(shape, component, rename)
    open_ones = fields.narrowed(shape, rights.hidden, rights.fixed, sent=False)
    create = create_shape(open_ones, component, rename)
    return replace(
        parts,
        create=_completed(create, whole, rights.fixed),
        replace=_completed(parts.replace, whole, rights.fixed),
    )


def _completed(shape: Any, whole: Any, fixed: Collection[str]) -> Any:
    """What is sent, whose rules see an example of what is fixed.

    They are about the whole object, and may count on what it always has.
    """
    if isinstance(shape, s.OneOf):
        pairs = zip(shape.variants, whole.variants, strict=True)
        variants = tuple((value, _completed(one, kind, fixed)) for (value, one), (_, kind) in pairs)
        return replace(shape, variants=variants)
    rules, shown = shape.refine, true_example(whole)
    if rules is None or not isinstance(shown, dict):
        return shape
    members = [member for member in whole.members if member.name in fixed]
    sent = {member.wire: shown[member.wire] for member in members if member.wire in shown}
    record = wire_loader(whole)(shown)
    native = {member.name: record[member.name] for member in members if member.name in record}
    return replace(shape, refine=lambda wire, new: rules({**sent, **wire}, {**native, **new}))


def _needs(shape: Any, fixed: Collection[str]) -> bool:
    """Whether what is sent has to have one of the fields, of whichever kind it is."""
    kinds = [kind for _, kind in shape.variants] if isinstance(shape, s.OneOf) else [shape]
    return any(m.required and m.name in fixed for kind in kinds for m in kind.members)


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """A formatter, which has nothing to remove that is hidden before it runs."""

    formatter: Formatter
    hidden: frozenset[str]

    def contribution(self) -> Contribution:
        whole = self.formatter.contribution()
        return replace(
            whole, removes=tuple(name for name in whole.removes if name not in self.hidden)
        )

    def __call__(self, record: dict[str, Any], call: Call) -> dict[str, Any]:
        return self.formatter(record, call)


class Seen:
    """All resources as somebody sees them, each with its definition and the rights to it."""

    def __init__(self, every: Sequence[Rights], relations: Sequence[Relation]) -> None:
        self.rights = {rights.definition.name: rights for rights in every}
        self.definitions = {name: narrowed(rights) for name, rights in self.rights.items()}
        #: Each relation, and what is seen of it.
        self.relations = {one: self._relation(one) for one in relations}

    def _relation(self, one: Relation) -> Relation:
        source = self.definitions[one.source.name]
        return replace(
            one,
            source=source,
            target=self.definitions[one.target.name],
            member=source.shape.member(one.member.name),
        )

    def resources(self, whole: Resources) -> Resources:
        """The resources of an API, of which they see no more than that."""
        relations, seen = whole.relations, self.relations
        return replace(
            whole,
            definitions=self.definitions,
            relations=Relations(list(seen.values()), relations.store, relations.scoped_store),
            embeddings={
                name: embedding.allowed(seen, self.may_follow)
                for name, embedding in whole.embeddings.items()
            },
            children=list(self.lists(whole.children)),
        )

    def components(
        self,
        definition: Definition,
        rename: Callable[[str], str],
        embedded: Mapping[str, s.Member],
    ) -> Components:
        """The objects of one of these `definitions`."""
        return _components(self.rights[definition.name], definition, rename, embedded)

    def may_follow(self, one: Relation) -> bool:
        """Whether an object may be embedded in what refers to it."""
        source, target = self.rights[one.source.name], self.rights[one.target.name]
        return one.member.name not in source.hidden and target.allow("GET")

    def lists(self, children: Sequence[ChildList]) -> Iterator[ChildList]:
        """Those of the lists below objects that they may read."""
        for child in children:
            one = child.relation
            listed = "GET" in self.definitions[one.source.name].list_verbs
            if listed and self.may_follow(one):
                yield ChildList(child.segment, self.relations[one])
