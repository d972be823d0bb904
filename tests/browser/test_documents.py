"""The Swagger page where each caller has a document of their own, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import HOST, watched_page
from tests.browser.test_authorize import APP, browser
from tests.needs import only_in_ci
from tests.serving.servers import openrest_run

__all__ = ["browser"]

OWN = APP.replace('{"GET": Anyone()}', '{"POST": Anyone()}').replace(
    "WSGIDispatcher([Notes])", 'WSGIDispatcher([Notes], document="allowed")'
)


def authorize(page: Page, key: str) -> None:
    """Give the page a key, instead of the one that it may have."""
    page.locator("button.authorize").first.click()
    dialog = page.locator(".modal-ux")
    expect(dialog).to_be_visible()
    logout = dialog.get_by_role("button", name="Remove authorization")
    if logout.count():
        logout.click()
    dialog.locator("input").fill(key)
    dialog.locator("button.authorize").click()
    dialog.locator("button.btn-done").click()


def test_the_page_shows_what_one_may_use_once_one_has_authorized(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    with openrest_run(tmp_path, "own:app") as server, watched_page(browser) as watched:
        page = watched.page
        page.goto(f"http://{HOST}:{server.port}/docs")
        created = page.locator("#operations-notes-create_notes")
        listed = page.locator("#operations-notes-list_notes")
        expect(created).to_be_visible()
        expect(listed).to_have_count(0)
        authorize(page, "secret")
        expect(listed).to_be_visible()
        assert watched.violations() == []


@only_in_ci
def test_the_page_says_that_a_key_is_wrong_until_there_is_another(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    with openrest_run(tmp_path, "own:app") as server, watched_page(browser) as watched:
        page = watched.page
        page.goto(f"http://{HOST}:{server.port}/docs")
        expect(page.locator("#operations-notes-create_notes")).to_be_visible()
        said = page.get_by_text("401 The credentials of the request are wrong.")
        authorize(page, "wrong")
        expect(said).to_be_visible()
        authorize(page, "secret")
        expect(page.locator("#operations-notes-list_notes")).to_be_visible()
        expect(said).to_have_count(0)
        assert watched.violations() == []
