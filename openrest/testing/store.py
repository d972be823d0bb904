"""The suite that every store must pass, the shipped ones and yours.

    from openrest.testing import StoreContract

    class TestMyStore(StoreContract):
        def make_store(self, model, seed, validators=()):
            return MyStore({"url": ...}, model, validators)

Each test is named after the rule that it checks. What a store says it cannot do (`operators`,
`sortable`, `searchable`, `seekable`, `writable`, `changes_many`, `changes_together`, `idempotent`,
`rehearses`, `enforces`) is skipped, with the reason. Give `peek` and `poke` too where the data can
be reached without the store: a store that only remembers what it should have written passes every
other test.
"""

from __future__ import annotations

from openrest.testing.store_many import ManyRules
from openrest.testing.store_once import OnceRules
from openrest.testing.store_pages import SeekingRules
from openrest.testing.store_reads import ReadingRules
from openrest.testing.store_rehearsals import RehearsalRules
from openrest.testing.store_searches import SearchingRules
from openrest.testing.store_threads import ThreadRules
from openrest.testing.store_together import TogetherRules
from openrest.testing.store_writes import WritingRules

__all__ = ["StoreContract"]


class StoreContract(
    ReadingRules,
    SearchingRules,
    SeekingRules,
    WritingRules,
    ManyRules,
    OnceRules,
    RehearsalRules,
    ThreadRules,
    TogetherRules,
):
    """What `openrest.interfaces.DataStore` promises, as tests. Give at least `make_store`."""
