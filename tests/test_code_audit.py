"""An audit that has not looked does not say that it has found nothing."""

from __future__ import annotations

from tests.code_audit import bandit, judged
from tests.needs import only_in_ci

FLASK = {"name": "flask", "version": "0.1"}


@only_in_ci
def test_bandit_finds_nothing_in_the_package() -> None:
    assert bandit().found == []


def test_a_known_vulnerability_is_found() -> None:
    vulnerable = {**FLASK, "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"], "aliases": []}]}
    assert judged([vulnerable]).found == ["flask 0.1: PYSEC-1, mended in 0.2"]
    unmended = {**FLASK, "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
    assert judged([unmended]).found == ["flask 0.1: PYSEC-2, mended in no version yet"]


def test_a_database_that_knows_nothing_is_no_clean_answer() -> None:
    unknown = {"name": "flask", "skip_reason": "Dependency not found on PyPI"}
    assert "knows none of the 1 packages" in judged([unknown]).skipped
    assert judged([{**FLASK, "vulns": []}]) == ([], "")
    other = {**unknown, "name": "other"}
    assert judged([{**FLASK, "vulns": []}, other]) == ([], "it does not know other")
