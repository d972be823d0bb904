"""The API, in a module of its own: a dispatcher opens the tables that alembic is about to make.

First ``alembic -c examples/migrations/alembic.ini upgrade head``, and then ``openrest run
examples.migrations.app:app``.
"""

from examples.migrations.shop import CONTROLLERS
from openrest.controllers import WSGIDispatcher

app = WSGIDispatcher(
    CONTROLLERS,
    title="Shop",
    contact={"name": "The openrest developers"},
    license="MIT",
)
