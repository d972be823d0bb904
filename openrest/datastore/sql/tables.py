"""The table of a model in a database: made when it is missing, else compared with the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from openrest.datastore.columns import quote
from openrest.datastore.differences import (
    deferrable,
    listed,
    no_such_field,
    null_differences,
    unique_differences,
    wrong_key,
)
from openrest.datastore.records import is_assigned, unique_members
from openrest.datastore.sql.backend import Backend, Failure, Place
from openrest.datastore.sql.columns import Column
from openrest.datastore.sql.failures import Refused
from openrest.datastore.sql.prepared import quoted
from openrest.datastore.sql.reflection import Reflected, fills_in, reflected, type_name
from openrest.datastore.sql.resource import Resource
from openrest.errors import (
    RecordConflict,
    StillReferenced,
    StoreError,
    TableMismatch,
    TargetMissing,
)
from openrest.interfaces import StoreValidator
from openrest.models import shapes as s

__all__ = ["NAMES", "Fitting", "Table"]

#: What a constraint is called, as PostgreSQL would: SQLite and MariaDB have no such name of their
#: own, and a migration takes a constraint back by its name.
NAMES: Final = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What is known of a table that fits.

    `columns` are those of the model's members, in their order, as they are found. `uniques` are
    the fields that clash, and `targets` a field and the table to which it refers, both by the name
    that the database has for the constraint. `sequence` gives the keys, where there is one.
    """

    columns: tuple[Column, ...]
    uniques: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, tuple[str, str]]
    sequence: str | None = None

    def meaning(self, refused: Refused) -> StoreError:
        """The error of a store for what the database refuses."""
        failure = refused.failure
        name = failure.constraint
        match failure:
            case Failure(what="taken") if name in self.uniques:
                return RecordConflict(self.uniques[name])
            case Failure(what="missing") if name in self.targets:
                member, table = self.targets[name]
                return TargetMissing({member: table})
            case Failure(what="referenced"):
                return StillReferenced(failure.table, name)
            case Failure(what="full"):
                return StoreError(f"every key has been given: {refused}")
            case _:
                return refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a model asks of its table.

    `assigned` says that the table gives the keys. No two rows have the same values in all the
    columns of one of `uniques`. `given` is the table that a user has described himself; a missing
    one is made as it says.
    """

    name: str
    schema: str | None
    members: tuple[s.Member, ...]
    key: str
    assigned: bool
    uniques: tuple[tuple[str, ...], ...]
    backend: Backend
    given: sa.Table | None = None

    @classmethod
    def asked_for(
        cls,
        where: Resource,
        shape: s.Object,
        key: s.Member,
        validators: Sequence[StoreValidator],
        backend: Backend,
    ) -> Table:
        """That of a resource, whose records have the shape."""
        return cls(
            name=where.table,
            schema=where.schema,
            members=shape.members,
            key=key.name,
            assigned=is_assigned(key),
            uniques=tuple(unique_members(validators)),
            backend=backend,
            given=where.given,
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table that is made."""
        indexed = {self.key, *(name for members in self.uniques for name in members)}
        return tuple(
            self.backend.column(member, indexed=member.name in indexed) for member in self.members
        )

    @property
    def made(self) -> sa.Table:
        """The table that is made where it is missing."""
        if self.given is not None:
            return self.given
        return self.described(sa.MetaData(naming_convention=NAMES))

    def described(self, metadata: sa.MetaData) -> sa.Table:
        """The table that is made where it is missing, among the others of `metadata`."""
        if self.given is not None:
            return self.given.to_metadata(metadata)
        table = sa.Table(
            self.name,
            metadata,
            *map(self._made_column, self.columns),
            *(sa.UniqueConstraint(*members) for members in self.uniques),
            schema=self.schema,
            **self.backend.table_options,
        )
        for member in self.members:
            if member.reference is not None and member.name != self.key:
                column = table.c[member.name]
                # Rows are looked for by it when what they refer to is deleted.
                options = self.backend.index_options if isinstance(column.type, sa.Text) else {}
                sa.Index(f"{self.name}_{member.name}", column, **options)
        return table

    def prepare(self, connection: sa.Connection) -> Fitting:
        """Make the table unless it is there. An existing one is never altered.

        Raises TableMismatch with every difference between the table and the model.
        """
        if not self._is_there(connection):
            try:
                self.made.create(connection)
            except exc.DBAPIError:
                # Perhaps another process has made it meanwhile.
                if not self._is_there(connection):
                    raise
        return self.compare(connection)

    def compare(self, connection: sa.Connection) -> Fitting:
        """What is known of the table. Raises TableMismatch when it does not fit the model."""
        inspector = sa.inspect(connection)
        if self.name in inspector.get_view_names(self.schema):
            raise TableMismatch(self._subject, ["it is a view, not a table."])
        dialect = connection.dialect
        there = reflected(
            inspector,
            self._place,
            lambda name: self.backend.spelled(name, dialect),
            self.backend.unique_indexes(connection, self._place),
        )
        collations = self.backend.collations(connection, self._place)
        found: dict[str, Any] = {
            self._same(each["name"]): {**each, "collation": collations.get(each["name"])}
            for each in there.columns
        }
        columns: list[Column] = []
        differences = list(self.backend.table_differences(connection, self._place))
        differences += self._column_differences(found, columns, dialect)
        differences += self._key_differences(there, connection, found)
        late = self.backend.checked_late(connection, self._place)
        if there.key_name is not None and there.key_name in late:
            differences.append(deferrable("primary key", there.key_name))
        differences += unique_differences(self.name, self.uniques, there.uniques, self._same, late)
        differences += self._null_differences(there)
        differences += self._foreign_differences(there.foreign)
        if differences:
            raise TableMismatch(self._subject, differences)
        return Fitting(
            columns=tuple(columns),
            uniques=self._uniques_by_name(there),
            targets={
                each["name"]: (self._member(each["constrained_columns"][0]), each["referred_table"])
                for each in there.foreign
                if each["name"] and self._member(each["constrained_columns"][0])
            },
            sequence=self._sequence(connection),
        )

    @property
    def _place(self) -> Place:
        return self.name, self.schema

    @property
    def _subject(self) -> str:
        return f"the table {self.name!r}"

    def _is_there(self, connection: sa.Connection) -> bool:
        return sa.inspect(connection).has_table(*self._place)

    def _same(self, name: str) -> str:
        return name.lower() if self.backend.ignores_case else name

    def _member(self, column: str) -> str:
        """The name of the field whose column it is; empty where it is none of the model."""
        return next((m.name for m in self.members if self._same(m.name) == self._same(column)), "")

    def _made_column(self, column: Column) -> sa.Column[Any]:
        if column.name != self.key:
            return sa.Column(column.name, column.type, nullable=not column.required)
        if not self.assigned:
            return sa.Column(column.name, column.type, primary_key=True, autoincrement=False)
        identity = [sa.Identity()] if self.backend.returns else []
        return sa.Column(column.name, column.type, *identity, primary_key=True, autoincrement=True)

    def _column_differences(
        self, found: Mapping[str, Any], fitted: list[Column], dialect: sa.Dialect
    ) -> Iterator[str]:
        left = dict(found)
        for member, column in zip(self.members, self.columns, strict=True):
            name, made = quote(column.name), column.type.compile(dialect=dialect)
            there = left.pop(self._same(column.name), None)
            if there is None:
                null = " NOT NULL" if column.required else ""
                yield f"the column {name} {made}{null} is missing."
                continue
            if there.get("computed"):
                yield f"the column {name} is generated and cannot be written."
            as_found = self.backend.fitted(column, member, there)
            if isinstance(as_found, Column):
                fitted.append(as_found)
            else:
                wanted = as_found or made
                yield f"the column {name} is {type_name(there, dialect)}: it must be {wanted}."
            if column.name == self.key:
                continue  # a key has always a value
            yield from null_differences(
                column.name, required=column.required, not_null=not there["nullable"]
            )
        for there in left.values():
            if not there["nullable"] and there.get("default") is None and not fills_in(there):
                yield no_such_field(there["name"])

    def _key_differences(
        self, there: Reflected, connection: sa.Connection, found: Mapping[str, Any]
    ) -> Iterator[str]:
        if list(map(self._same, there.key)) != [self._same(self.key)]:
            yield wrong_key(there.key, self.key)
        elif self.assigned:
            wanted = self._assigning(connection, found[self._same(self.key)])
            if wanted:
                yield (
                    f"the column {quote(self.key)} does not get a new value by itself, or one that "
                    f"was given before: it must be {wanted}."
                )

    def _null_differences(self, there: Reflected) -> Iterator[str]:
        nullable = {each["name"] for each in there.columns if each["nullable"]}
        for index in there.nulls:
            if nullable.intersection(there.uniques.get(index, ())):
                yield (
                    f"its unique index {quote(index)} is NULLS NOT DISTINCT: it must let several "
                    "rows be without a value, as NULLS DISTINCT does."
                )

    def _assigning(self, connection: sa.Connection, key: Mapping[str, Any]) -> str:
        """What the column of the assigned key has to be; empty where it is."""
        match connection.dialect.name:
            case "postgresql":
                identity = key.get("identity") or {}
                given = str(key.get("default") or "").startswith("nextval(")
                fits = given or bool(identity and not identity["always"])
                return "" if fits else "GENERATED BY DEFAULT AS IDENTITY"
            case "sqlite":
                known = sa.text("SELECT sql FROM sqlite_schema WHERE lower(name) = lower(:name)")
                statement = connection.execute(known, {"name": self.name}).scalar() or ""
                again = re.search(r"\bAUTOINCREMENT\b", statement, re.IGNORECASE)
                return "" if again else "INTEGER PRIMARY KEY AUTOINCREMENT"
            case _:
                return "" if key.get("autoincrement") is True else "AUTO_INCREMENT"

    def _foreign_differences(self, foreign: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        referring = {self._same(m.name) for m in self.members if m.reference is not None}
        known = {self._same(member.name) for member in self.members}
        for each in foreign:
            columns = [self._same(name) for name in each["constrained_columns"]]
            if not set(columns) & known:
                continue
            if each.get("options", {}).get("initially") == "DEFERRED":
                key = each["name"] or "_".join(each["constrained_columns"])
                yield deferrable("foreign key", key, "DEFERRABLE INITIALLY DEFERRED")
            if len(columns) == 1 and columns[0] in referring:
                continue
            names, target = listed(each["constrained_columns"]), quote(each["referred_table"])
            yield (
                f"its foreign key ({names}) refers to {target}: one field of the model must be a "
                "ForeignField, which announces what is then refused."
            )

    def _uniques_by_name(self, there: Reflected) -> dict[str, tuple[str, ...]]:
        declared = {frozenset(map(self._same, members)): members for members in self.uniques}
        by_name = {
            index: declared[frozenset(map(self._same, columns))]
            for index, columns in there.uniques.items()
        }
        by_name[there.key_name or "PRIMARY"] = (self.key,)
        # SQLite tells the columns in the place of a name, as the table spells them.
        for columns in ((self.key,), *filter(None, there.uniques.values())):
            places = ", ".join(f"{self.name}.{column}" for column in columns).lower()
            together = frozenset(map(self._same, columns))
            by_name[places] = declared.get(together, (self.key,))
        return by_name

    def _sequence(self, connection: sa.Connection) -> str | None:
        if not self.assigned or not self.backend.returns:
            return None
        table = quoted(connection.dialect, self.schema, self.name)
        of_key = sa.text("SELECT pg_get_serial_sequence(:table, :key)")
        found = connection.execute(of_key, {"table": table, "key": self.key}).scalar()
        return str(found) if found else None
