"""The promise, checked for one model: what its document says is what loading and dumping do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from openrest.errors import InvalidData, ModelError, RuleViolated
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.openapi30 import exact_shape
from openrest.models.variants import (
    create_shape,
    patch_shape,
    read_shape,
    replace_shape,
    stored_shape,
)
from openrest.models.walking import each
from tests.models.drawn.judges import Judge, components, judge_30, judge_31
from tests.models.drawn.queries import check_texts
from tests.models.drawn.sources import Drawn
from tests.models.drawn.values import Dice, random_value, surrogates_in

__all__ = ["Tally", "check_promise"]

#: What the source of a model has where it may refuse a value that fits: rules, the calendar of a
#: date in a format of its own, and names that are two spellings of one key.
_MAY_REFUSE = re.compile(
    "refuse_some|broken|even|capital|Predicate|Contains|Range[(]m..=d|format=|keys=|dateformat"
)


@dataclass
class Tally:
    """How much was checked."""

    models: int = 0
    refused_models: int = 0
    in_30: int = 0
    values: int = 0
    accepted: int = 0
    round_trips: int = 0
    texts: int = 0

    def counts(self) -> dict[str, int]:
        """The numbers by their names."""
        return asdict(self)

    def __add__(self, other: Tally) -> Tally:
        mine, others = self.counts(), other.counts()
        return Tally(**{name: mine[name] + others[name] for name in mine})

    def __str__(self) -> str:
        return (
            f"{self.models} models drawn, {self.refused_models} of them refused, {self.in_30} in "
            f"OpenAPI 3.0 as well; {self.values} values, {self.accepted} accepted, "
            f"{self.values - self.accepted} refused; {self.round_trips} round trips, "
            f"{self.texts} query texts"
        )

    def check(self) -> None:
        """Assert that the draw is no formality."""
        assert self.refused_models <= 0.2 * self.models, self
        assert self.in_30 >= 0.1 * self.models, self
        assert 0.3 <= self.accepted / self.values <= 0.7, self
        assert self.round_trips >= 0.05 * self.values, self


@dataclass(frozen=True)
class _Version:
    """The components of a model in one version of OpenAPI."""

    openapi: str
    shapes: Mapping[str, Any]
    judges: Mapping[str, Judge]
    loads: Mapping[str, Callable[[Any], Any]]
    dump: Callable[[Any], Any]


def check_promise(drawn: Drawn, seed: int, tally: Tally, *, number: int = 50) -> None:
    """Send a number of values to each component of the model, and AssertionError for a lie."""
    dice = Dice(seed)
    tally.models += 1
    try:
        shape, key = model_shape(drawn.build())
        # What is nested by a function is looked up now, with its mistakes.
        for _ in each(shape):
            pass
    except (ModelError, ValueError):
        tally.refused_models += 1
        return
    shapes = {
        "read": read_shape(shape, "Resource"),
        "create": create_shape(shape, "ResourceCreate"),
        "replace": replace_shape(shape, key.name, "ResourceReplace"),
        "patch": patch_shape(shape, key.name, "ResourcePatch"),
    }
    # Half of the models in both versions, and half of them in one, which takes less time.
    versions = list(_versions(shapes, with_30=dice.random() < 0.5))
    tally.in_30 += len(versions) - 1
    ruled = _MAY_REFUSE.search(drawn.source) is not None
    stored = stored_shape(shape)
    keep, fetch = dumper(stored), wire_loader(stored)
    for name in ("create", "replace", "patch"):
        for _ in range(number):
            value = random_value(shapes[name], dice)
            for version in versions:
                accepted = _check_value(version, name, value, ruled)
                tally.values += 1
                tally.accepted += accepted
                if accepted and name == "create":
                    tally.round_trips += _check_record(version, value, shape, key, keep, fetch)
        _check_surrogates(versions[0], name, dice)
    for version in versions:
        for member in version.shapes["read"].members or shape.members:
            tally.texts += check_texts(member.shape, dice, openapi=version.openapi)


def _versions(shapes: Mapping[str, Any], *, with_30: bool) -> Iterator[_Version]:
    yield _version("3.1", shapes, judge_31)
    if not with_30:
        return
    try:
        exact = {name: exact_shape(shape) for name, shape in shapes.items()}
        for shape in exact.values():
            for _ in each(shape):
                pass
    except ValueError:
        return  # tuples and the names of members: 3.0 has no words for some
    yield _version("3.0", exact, judge_30)


def _version(
    openapi: str, shapes: Mapping[str, Any], judge: Callable[[str, Mapping[str, Any]], Judge]
) -> _Version:
    schemas = components(shapes.values(), openapi=openapi)
    judges = {name: judge(str(shape.component), schemas) for name, shape in shapes.items()}
    loads = {name: wire_loader(shape) for name, shape in shapes.items() if name != "read"}
    return _Version(openapi, shapes, judges, loads, dumper(shapes["read"]))


def _check_value(version: _Version, name: str, value: Any, ruled: bool) -> bool:
    """Whether the component takes the value, in the words of both sides."""
    said = version.judges[name](value)
    why: Any = None
    try:
        version.loads[name](value)
        loaded = True
    except RuleViolated as refused:
        assert ruled, (version.openapi, name, value, "refused by a rule that nobody wrote", refused)
        loaded = True
    except InvalidData as refused:
        loaded, why = False, refused.mistakes
    assert said == loaded, (version.openapi, name, value, f"schema: {said}, loader: {loaded}", why)
    return said


def _check_record(
    version: _Version,
    value: Any,
    model: s.Object | s.OneOf,
    key: s.Member,
    keep: Callable[[Any], Any],
    fetch: Callable[[Any], Any],
) -> int:
    """A record that was created is answered and stored as what it is; how many were: 0 or 1."""
    try:
        record = version.loads["create"](value)
    except RuleViolated:
        return 0
    if key.read_only:
        record.setdefault(key.name, 1)
    try:
        answer = version.dump(record)
        kept = keep(record)
        fetched = fetch(kept)
    except Exception as error:  # what was loaded cannot be answered or stored
        raise AssertionError((version.openapi, value, record, error)) from error
    assert version.judges["read"](answer), (version.openapi, value, record, answer)
    assert fetched == record, (version.openapi, value, record, kept)
    return 1


def _check_surrogates(version: _Version, name: str, dice: Dice) -> None:
    """Half a character is refused although no schema can say so: JSON cannot carry it."""
    value = surrogates_in(version.shapes[name], random_value(version.shapes[name], dice))
    if value is not None:
        try:
            version.loads[name](value)
        except InvalidData:
            return
        except RuleViolated:
            pass
        raise AssertionError((name, value, "half a character was taken"))
