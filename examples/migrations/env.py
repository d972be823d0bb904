"""What alembic runs: it compares the tables of the resources with those that there are."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy import event

from examples.migrations.shop import CONTROLLERS, URL
from openrest.datastore import SQLDataStore

#: Constraints have names, so that a migration can take them back.
metadata = sa.MetaData(naming_convention={"uq": "%(table_name)s_%(column_0_N_name)s_key"})


@event.listens_for(sa.Table, "before_create")
def keep_options(table: sa.Table, connection: sa.Connection, **_: object) -> None:
    """Keep AUTOINCREMENT and STRICT where alembic makes a table of SQLite anew to alter it."""
    described = metadata.tables.get(table.name.removeprefix("_alembic_tmp_"))
    if described is not None:
        table.kwargs.update(described.kwargs)


def is_compared(item: Any, _: object, kind: str, reflected: bool, model_has: object) -> bool:
    """Leave indexes and foreign keys alone that were made by hand, as long as their columns stay.

    They are not in a model. Unique indexes are: openrest refuses those that it does not know.
    """
    if not reflected or model_has is not None or kind not in ("index", "foreign_key_constraint"):
        return True
    if kind == "index" and item.unique:
        return True
    stay = metadata.tables[item.table.key].columns
    return not all(column.name in stay for column in item.columns)


with sa.create_engine(URL).connect() as connection:
    for controller in CONTROLLERS:
        resource = controller.definition
        SQLDataStore.table_of(
            connection, resource.source, resource.model, resource.validators, metadata
        )
    context.configure(
        connection,
        target_metadata=metadata,
        # SQLite alters hardly anything: the table is made anew there.
        render_as_batch=connection.dialect.name == "sqlite",
        # The keys of requests are openrest's own.
        include_name=lambda name, kind, _: name != "openrest_idempotency_keys",
        include_object=is_compared,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
