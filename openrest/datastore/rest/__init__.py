"""Records that another HTTP API has."""

try:
    import urllib3  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "RestDataStore needs urllib3: pip install 'openrest[rest]'", name=missing.name
    ) from missing

from openrest.datastore.rest.pages import (
    CursorPages,
    LinkedPages,
    NumberedPages,
    OffsetPages,
    Pages,
)
from openrest.datastore.rest.store import RestDataStore
from openrest.datastore.rest.upstream import Upstream

__all__ = [
    "CursorPages",
    "LinkedPages",
    "NumberedPages",
    "OffsetPages",
    "Pages",
    "RestDataStore",
    "Upstream",
]
