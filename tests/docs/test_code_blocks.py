"""Every block of code in README.md and the documentation does what its page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, pages
from tests.docs.running import Run
from tests.needs import only_in_ci

#: Those that fuzz an API, start servers or wait for what is limited.
SLOW = {
    "docs/how-to/contract-tests.md",
    "docs/how-to/rate-limits.md",
    "docs/how-to/store.md",
    "docs/tutorial.md",
}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name, marks=only_in_ci if name in SLOW else ())
        for page in pages()
        if (name := str(page.relative_to(ROOT)))
    ],
)
def test_the_code_on_a_page_runs_and_prints_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(page)
    run()
    for block, shown in run.corrected.items():
        assert shown == block.text, f"{block.place}; python -m tests.docs.running corrects it"
    if run.skipped:
        pytest.skip(", ".join(run.skipped))
