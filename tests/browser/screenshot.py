"""Make docs/images/swagger.png again: ``python -m tests.browser.screenshot``.

The font is the machine's own sans-serif: Debian's fonts-liberation looks like most browsers.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect

from tests.browser.pages import HOST, chromium, watched_page
from tests.needs import program
from tests.serving.servers import ROOT, openrest_run

WIDTH = 1100
FILE = ROOT / "docs" / "images" / "swagger.png"


def main() -> int:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    executable = program("chromium", "chromium-browser", variable="CHROMIUM")
    with (
        tempfile.TemporaryDirectory() as folder,
        openrest_run(Path(folder), "examples.tweets:app") as server,
        chromium(executable) as browser,
        watched_page(browser, width=WIDTH) as watched,
    ):
        page = watched.page
        page.goto(f"http://{HOST}:{server.port}/docs")
        schema = page.locator(".models .json-schema-2020-12").first
        schema.get_by_role("button", name="Expand all").first.click()
        page.wait_for_timeout(500)  # opening is animated
        page.evaluate("window.scrollTo(0, 0)")
        page.mouse.move(0, 0)
        box = schema.bounding_box()
        assert box is not None
        height = box["y"] + box["height"] + 24
        clip: FloatRect = {"x": 0, "y": 0, "width": WIDTH, "height": height}
        page.screenshot(path=FILE, full_page=True, clip=clip)
    sys.stdout.write(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size // 1000} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
