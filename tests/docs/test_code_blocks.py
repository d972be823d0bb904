"""Every block of code in README.md and the documentation does what its page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, pages
from tests.docs.running import Run


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
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
