"""The table that other tools are told of is the one that is made."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from marshmallow import Schema
from marshmallow.validate import Length

from openrest import models
from openrest.datastore import SQLDataStore, UniqueTogether
from openrest.errors import ConfigurationError
from openrest.testing.store_base import Everything, Page, Ticket
from tests.datastore.sql.servers import Server


class Referring(models.Model):
    id = models.PkField()
    number = models.IntForeignField(foreign={"resource": "numbers"})
    text = models.StringForeignField(foreign={"resource": "texts"})


class Once(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(max=50))
    size = models.IntegerField()


@pytest.mark.parametrize("model", [Everything, Page, Ticket, Referring, Once])
def test_alembic_finds_no_difference(model: type[Schema], database: Server) -> None:
    table = database.table()
    resource = {"url": database.url, "table": table}
    unique = [UniqueTogether("name"), UniqueTogether("name", "size")] if model is Once else []
    store = SQLDataStore(resource, model, unique)
    metadata = sa.MetaData()
    options = {
        "compare_server_default": True,
        "include_name": lambda name, kind, _: kind != "table" or name == table,
    }
    with database.engine.connect() as connection:
        described = SQLDataStore.table_of(connection, resource, model, unique, metadata)
        assert metadata.tables == {table: described}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    assert store.insert_many([]) == []


def test_a_table_of_the_users_own_is_told_as_it_is(database: Server) -> None:
    own = sa.Table("own", sa.MetaData(), sa.Column("id", sa.BigInteger, primary_key=True))
    with database.engine.connect() as connection:
        metadata = sa.MetaData()
        resource = {"url": database.url, "table": own}
        told = SQLDataStore.table_of(connection, resource, Referring, (), metadata)
    assert told is not own and told.metadata is metadata
    assert [column.name for column in told.columns] == ["id"]


def test_a_resource_that_cannot_be_used_is_refused(database: Server) -> None:
    with (
        database.engine.connect() as connection,
        pytest.raises(ConfigurationError, match="unknown key 'tabel'. Did you mean 'table'?"),
    ):
        SQLDataStore.table_of(connection, {"url": database.url, "tabel": "a"}, Once)
