"""Related objects in an answer: ``?embed=address,address.city``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from openrest.access import access, demand
from openrest.config import Definition
from openrest.contract import Contribution, Parameter
from openrest.embedded import EMBED, EMBED_KEY, EMBEDDED
from openrest.interfaces import Permission, Record
from openrest.models import shapes as s
from openrest.operations import Call, Page, Result
from openrest.options import store_name
from openrest.plans import Formatting, formatting
from openrest.query import Condition, Query
from openrest.relations.relation import Relation, Relations
from openrest.rendering import format_record
from openrest.streaming import close

__all__ = ["Embedding", "find_embeddings"]

#: As many records are asked for at a time, by their keys: any store takes so many.
CHUNK: Final = 500
#: As many paths as one resource has: they are all in the document.
_MOST_PATHS: Final = 100

#: What refers, in the order from the answer's own objects.
Path = tuple[Relation, ...]
#: What is to be embedded, each with what is to be embedded in that.
Tree = dict[Relation, Any]


class Embedding:
    """Puts what the objects of an answer refer to into their member ``_embedded``.

    Each object stands there as its own resource shows it, with its formatters; one that has gone
    meanwhile is not there. The store of the other resource is asked once for a page, or for each
    500 objects of a longer list.
    """

    def __init__(self, paths: Sequence[Path], relations: Relations) -> None:
        self._relations = relations
        self._paths = {".".join(one.member.wire for one in path): path for path in paths}
        #: What may be asked for, whether it is shown that it may or not.
        self._asked = tuple(paths)
        self._formatters: dict[str, tuple[Formatting, ...]] = {
            target.name: tuple(map(formatting, target.formatters)) for target in self.targets
        }

    @property
    def targets(self) -> list[Definition]:
        """The resources whose records it reads."""
        found = {one.target.name: one.target for path in self._asked for one in path}
        return list(found.values())

    def allowed(
        self, known: Mapping[Relation, Relation], may: Callable[[Relation], bool]
    ) -> Embedding:
        """The same, of which only those paths are shown that somebody may follow.

        `known` are the relations as they see them. What they may not is refused as before.
        """
        kept = copy(self)
        kept._paths = {
            text: tuple(known[one] for one in path)
            for text, path in self._paths.items()
            if all(map(may, path))
        }
        return kept

    def contribution(self) -> Contribution:
        """The parameter, and a sentence on it, where there is anything to choose."""
        if not self._paths:
            return Contribution()
        choice = s.Choice(pairs=tuple(self._paths.items()))
        return Contribution(
            description=f"`{EMBED}` puts what an object refers to into its `{EMBEDDED}`.",
            parameters=(
                Parameter(
                    name=EMBED_KEY,
                    wire=EMBED,
                    shape=s.List(item=choice, min_items=1, max_items=len(self._paths)),
                    description="The members whose objects to send with each object, and behind "
                    "dots the members of those",
                ),
            ),
        )

    def access(self) -> Iterator[Contribution]:
        """The statuses of who may not read what is embedded, or by what it is referred to."""
        for one in {one: None for path in self._asked for one in path}:
            fields = one.source.fields
            if fields is not None and one.member.name in fields.readable:
                yield fields.contribution("get")
        for target in self.targets:
            if target.authentication is not None:
                # What it takes to read the target, whoever embeds nothing of it does not need.
                yield replace(access(target.authentication, _reading(target)), description="")

    def members(self, reads: Callable[[str], Any]) -> dict[str, s.Member]:
        """What stands in ``_embedded``, by the name of the field that refers to it.

        `reads` gives what a resource answers, once all of them are known.
        """
        first = dict.fromkeys(path[0] for path in self._paths.values())
        return {
            one.member.name: s.Member(
                name=one.member.name,
                wire=one.member.wire,
                shape=s.Deferred(partial(reads, one.target.name)),
            )
            for one in first
        }

    def needs(self, call: Call) -> set[str]:
        """The fields that have to be known of a record to embed what a call asks for."""
        asked: Sequence[Path] = call.query.get(EMBED_KEY, ())
        return {path[0].member.name for path in asked}

    def embedded(self, call: Call, result: Result) -> Result:
        """The result of a handler with all that the call asks for in it."""
        asked: Sequence[Path] = call.query.get(EMBED_KEY, ())
        tree: Tree = {}
        for path in asked:
            place = tree
            for one in path:
                target = one.target
                if one.source.fields is not None:
                    one.source.fields.see(call.user, [one.member.name])
                if target.authentication is not None:
                    demand(target.authentication, _reading(target), call.user)
                place = place.setdefault(one, {})
        if not tree:
            return result
        match result.body:
            case Page(records=list() as records, meta=meta):
                body: Any = Page(self._filled(call, records, tree), meta)
            case Page(records=records, meta=meta):
                body = Page(self._stream(call, records, tree), meta)
            case dict() as record:
                [body] = self._filled(call, [record], tree)
            case _:
                return result
        return Result(body, result.status, result.headers)

    def _stream(self, call: Call, records: Iterable[Record], tree: Tree) -> Iterator[Record]:
        waiting = iter(records)
        try:
            while chunk := list(islice(waiting, CHUNK)):
                yield from self._filled(call, chunk, tree)
        finally:
            close(records)

    def _filled(self, call: Call, records: Sequence[Record], tree: Tree) -> list[Record]:
        filled: list[Record] = [{**record, EMBEDDED: {}} for record in records]
        for one, inner in tree.items():
            name = one.member.name
            found = self._find(call, one, [record.get(name) for record in records], inner)
            for record in filled:
                if record.get(name) in found:
                    record[EMBEDDED][name] = found[record[name]]
        return filled

    def _find(self, call: Call, one: Relation, keys: Iterable[Any], inner: Tree) -> dict[Any, Any]:
        """The objects with the keys, as their own resource shows them."""
        target = one.target
        store, key = self._relations.scoped_store(target.name), target.key.name
        wanted = iter(dict.fromkeys(each for each in keys if each is not None))
        records: list[Record] = []
        while chunk := list(islice(wanted, CHUNK)):
            records += store.find(Query((Condition(key, "in", chunk),)))
        shown = self._filled(call, records, inner) if inner else records
        formatters, fields = self._formatters[target.name], target.fields
        hidden = fields.hidden(call.user) if fields is not None else frozenset()
        return {record[key]: format_record(formatters, call, record, hidden) for record in shown}


def _reading(target: Definition) -> Permission:
    """What whoever reads an object of a resource needs."""
    return target.permissions.get("GET", target.permissions["*"])


def find_embeddings(
    definitions: Sequence[Definition], relations: Relations
) -> tuple[dict[str, Embedding], list[str]]:
    """What each resource can embed, by its name, and every mistake in it."""
    found: dict[str, Embedding] = {}
    mistakes: list[str] = []
    for definition in definitions:
        paths = list(_paths(definition, relations, definition.embed.depth))
        mistakes += [
            f"{definition.name}: controller.options.embed: {mistake}"
            for mistake in _mistakes(definition, relations, paths)
        ]
        if paths:
            found[definition.name] = Embedding(paths, relations)
    return found, mistakes


def _paths(definition: Definition, relations: Relations, depth: int) -> Iterator[Path]:
    for one in relations.outgoing(definition.name) if depth else ():
        if _embeds(definition, one):
            yield (one,)
            for path in _paths(one.target, relations, depth - 1):
                yield (one, *path)


def _embeds(definition: Definition, one: Relation) -> bool:
    embed = definition.embed
    readable = not embed.all or "GET" in one.target.unique_verbs
    return readable and one.member.name in embed.names


def _mistakes(definition: Definition, relations: Relations, paths: Sequence[Path]) -> Iterator[str]:
    for one in relations.outgoing(definition.name):
        if not _embeds(definition, one):
            continue
        target, name = one.target, one.member.name
        if "GET" not in target.unique_verbs:
            yield f"{name!r}: nobody can GET an object of {target.name}."
        if target.authentication not in (None, definition.authentication):
            yield (
                f"{name!r}: {target.name} asks by another Authentication who makes a request: give "
                "both resources the same one."
            )
        if "in" not in target.datastore.operators:
            store = store_name(target.datastore)
            yield f"{name!r}: {store} cannot find several objects of {target.name}: it lacks 'in'."
    if len(paths) > _MOST_PATHS:
        yield (
            f"it has {len(paths)} paths, and all of them, at most {_MOST_PATHS}, are in the "
            "document: lower max_embed_depth, or name fewer fields."
        )
