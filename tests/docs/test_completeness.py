"""What there is, is documented; what is documented, is there."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, is_typeddict

import click
import pytest
import yaml

import openrest
from openrest import config
from openrest.cli import main
from openrest.contract import PROBLEMS
from openrest.controllers import WSGIDispatcher
from openrest.messages import texts
from tests.docs.blocks import ROOT, blocks, pages

DOCS = ROOT / "docs"

#: The modules whose names are for users; each name is in the reference.
PUBLIC = {
    "openrest.asking",
    "openrest.audit",
    "openrest.authentication",
    "openrest.authorization",
    "openrest.bulk",
    "openrest.contract",
    "openrest.controllers",
    "openrest.datastore",
    "openrest.edge",
    "openrest.errors",
    "openrest.filters",
    "openrest.health",
    "openrest.idempotency",
    "openrest.interfaces",
    "openrest.messages",
    "openrest.models",
    "openrest.models.shapes",
    "openrest.observability",
    "openrest.pagination",
    "openrest.query",
    "openrest.ratelimit",
    "openrest.rehearsal",
    "openrest.store_time",
    "openrest.testing",
    "openrest.testing.contract",
    "openrest.testing.strategies",
    "openrest.translation",
    "openrest.views",
}
#: Those that have pages of their own kind in the reference.
MAPPINGS, COMMANDS = "openrest.config", "openrest.cli"
#: The machinery, which may change from one day to the next.
INTERNAL = {
    "openrest.about",
    "openrest.access",
    "openrest.announcing",
    "openrest.bodies",
    "openrest.checking",
    "openrest.children",
    "openrest.compression",
    "openrest.credentials",
    "openrest.deadline",
    "openrest.embedded",
    "openrest.dry_run",
    "openrest.field_access",
    "openrest.filter_options",
    "openrest.format_options",
    "openrest.listing_options",
    "openrest.formats",
    "openrest.json_patch",
    "openrest.patching",
    "openrest.info",
    "openrest.limiting",
    "openrest.merge_patch",
    "openrest.naming",
    "openrest.negotiation",
    "openrest.openapi",
    "openrest.operations",
    "openrest.options",
    "openrest.parsing",
    "openrest.partial",
    "openrest.pipeline",
    "openrest.plans",
    "openrest.relations",
    "openrest.rendering",
    "openrest.routing",
    "openrest.preconditions",
    "openrest.preferences",
    "openrest.searching",
    "openrest.sorting",
    "openrest.streaming",
    "openrest.strict_json",
    "openrest.strict_msgpack",
    "openrest.strict_yaml",
    "openrest.ui",
    "openrest.unkept",
    "openrest.utf_8",
    "openrest.words",
    "openrest.yaml_text",
}


@cache
def expander() -> Callable[[str], str]:
    """``expand`` of docs/hooks.py, which mkdocs loads from its file too."""
    spec = importlib.util.spec_from_file_location("hooks_of_the_docs", DOCS / "hooks.py")
    assert spec is not None and spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    expand: Callable[[str], str] = hooks.expand
    return expand


@cache
def shown(page: Path) -> str:
    """The text of a page with everything that is generated into it."""
    return expander()(page.read_text(encoding="utf-8"))


def everything() -> str:
    return "\n".join(map(shown, sorted(DOCS.rglob("*.md"))))


def test_the_address_book_in_the_readme_is_the_example() -> None:
    example = (ROOT / "examples" / "address.py").read_text(encoding="utf-8")
    assert example in [block.text for block in blocks(ROOT / "README.md")]


def test_the_tutorial_ends_with_the_tweet_store_of_the_examples() -> None:
    steps = [b.text for b in blocks(DOCS / "tutorial.md") if b.title == "tweets.py"]
    example = (ROOT / "examples" / "tweets.py").read_text(encoding="utf-8")
    assert steps[-1] == re.sub(r'^""".*?"""\n\n', "", example)


def test_every_key_of_the_mappings_is_documented_with_its_meaning() -> None:
    page = shown(DOCS / "reference" / "mappings.md")
    mappings = [vars(config)[name] for name in config.__all__ if is_typeddict(vars(config)[name])]
    assert len(mappings) == 8
    for mapping in mappings:
        for key in mapping.__annotations__:
            assert re.search(rf"^\| `{key}` \| `.+` \| (yes|no) \| .+ \|$", page, re.MULTILINE), key


def test_every_argument_of_the_dispatcher_is_documented_with_its_meaning() -> None:
    page = shown(DOCS / "reference" / "mappings.md") + shown(DOCS / "how-to" / "deploy.md")
    first, *arguments = inspect.signature(WSGIDispatcher).parameters
    assert first == "controllers"
    for argument in arguments:
        assert re.search(rf"^\| `{argument}`|`{argument}=", page, re.MULTILINE), argument


def test_every_command_and_option_is_documented() -> None:
    page = shown(DOCS / "reference" / "cli.md")
    for name, command in commands("openrest", main):
        assert f"## {name}\n" in page
        for parameter in command.params:
            for option in parameter.opts:
                assert (option if option.startswith("-") else option.upper()) in page


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for inner, subcommand in command.commands.items():
            yield from commands(f"{name} {inner}", subcommand)


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_every_public_name_is_in_the_reference(module: str) -> None:
    named = set(re.findall(rf"^::: {re.escape(module)}\.(\w+)$", everything(), re.MULTILINE))
    assert named == set(importlib.import_module(module).__all__)


def test_every_module_is_public_or_said_to_be_internal() -> None:
    found = {f"openrest.{module.name}" for module in pkgutil.iter_modules(openrest.__path__)}
    known = {".".join(name.split(".")[:2]) for name in PUBLIC} | INTERNAL | {MAPPINGS, COMMANDS}
    assert found == known


def test_every_status_is_in_the_reference() -> None:
    page = shown(DOCS / "reference" / "http.md")
    for status in (200, 201, 204, 303, *PROBLEMS):
        assert f"\n| {status} | " in page


def test_every_text_that_clients_read_is_in_the_reference() -> None:
    page = shown(DOCS / "reference" / "messages.md")
    for text in texts():
        assert f"\n| `{text}` | " in page


def test_every_page_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(leaves(nav)) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


def leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for inner in nav.values() if isinstance(nav, dict) else nav:
            yield from leaves(inner)


@pytest.mark.parametrize(
    "page", sorted(DOCS.glob("*/*.md")), ids=lambda page: str(page.relative_to(DOCS))
)
def test_a_page_names_its_source_and_the_limits_of_the_feature(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    source = re.search(r"^Source: (.+)$", text, re.MULTILINE)
    assert source is not None
    for path in re.findall("`([^`]+)`", source[1]):
        assert (ROOT / path).exists(), path
    if page.parent.name != "reference":
        assert re.search(r"^## (Limits|Where the promise ends)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", shown(page), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match("https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```$", "", shown(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {slug(heading) for heading in headings}


def slug(heading: str) -> str:
    """The anchor that mkdocs gives to a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
