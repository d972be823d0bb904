"""The page on what is defended names modules and tests that there are."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "explanation" / "security.md"


def rows() -> list[list[str]]:
    text = PAGE.read_text(encoding="utf-8").partition("## What is defended, and where")[2]
    table = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def test_each_defence_names_where_it_is_and_a_test_of_it() -> None:
    assert len(rows()) > 10
    for attack, defence, test in rows():
        modules = re.findall(r"`(openrest/[^`]+)`", defence)
        tests = re.findall(r"`(tests/[^`]+)`", test)
        assert modules or "noninterference" in test, attack
        assert tests, attack
        for path in (*modules, *tests):
            assert (ROOT / path).exists(), path


def test_the_readme_and_the_policy_lead_to_it() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/explanation/security.md" in policy
    assert "SECURITY.md" in (ROOT / "README.md").read_text(encoding="utf-8")
