"""A real Chromium, and a page that remembers what went wrong in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

#: A host that is not this machine's own name, as in production: Swagger UI treats localhost
#: differently. The browser is told that it is here.
HOST = "api.test"

_OPTIONS = (
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event =>
    window.violations.push(event.violatedDirective + " " + event.blockedURI));
"""


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    # Chromium has no sandbox for root, which CI often is.
    options = [*_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=options)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and what happened in it."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.requests if not url.startswith("data:")}

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violations")
        return found


@contextmanager
def watched_page(browser: Browser, width: int = 1280, height: int = 900) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    watched = Watched(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watched.console.append(message.text)

    def on_request(request: Request) -> None:
        watched.requests.append(request.url)

    def on_response(response: Response) -> None:
        if response.status >= 400:
            watched.failures.append(f"{response.status} {response.url}")

    page.add_init_script(_VIOLATIONS)
    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.console.append(str(error)))
    page.on("request", on_request)
    page.on("response", on_response)
    page.on("requestfailed", lambda request: watched.failures.append(request.url))
    try:
        yield watched
    finally:
        context.close()
