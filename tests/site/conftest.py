"""The built site, served on this machine, and a real browser to read it with."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent.parent
SITE = Path(os.environ.get("ECGMASK_SITE", ROOT / "docs" / "_build" / "html"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
WIDE, PHONE = (1440, 900), (390, 844)
THEMES = ("light", "dark")


def html_files(site: Path = SITE) -> list[str]:
    """Return the addresses of all pages of a site."""
    pages = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(path.as_posix() for path in pages if "_static" not in path.parts)


def kinds_of_pages() -> list[str]:
    """Return all pages; of those of source code the shortest that has all colours of code."""
    pages = html_files()
    code = [page for page in pages if page.startswith("_modules/ecgmask/")]
    texts = {page: (SITE / page).read_text(encoding="utf-8") for page in code}
    colours = {page: set(re.findall('<span class="([a-z0-9]+)"', texts[page])) for page in code}
    every = set().union(*colours.values())
    shortest = min(
        (page for page in code if colours[page] == every), key=lambda page: len(texts[page])
    )
    return [page for page in pages if page not in code or page == shortest]


def pytest_configure() -> None:
    """Stop, never skip, if there is nothing to read the site with, or no site."""
    if CHROMIUM is None:
        pytest.exit(
            "the site is read in Chromium; install it: apt-get install chromium", returncode=2
        )
    if not (SITE / "index.html").is_file():
        pytest.exit(f"there is no site in {SITE}; build it: nox -s docs", returncode=2)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page_path" in metafunc.fixturenames:
        # Files of all pages are looked at; a browser takes longer.
        in_files = metafunc.module.__name__ == "test_built_files"
        pages = [
            pytest.param(page, marks=pytest.mark.xdist_group(page))
            for page in (html_files() if in_files else kinds_of_pages())
        ]
        metafunc.parametrize("page_path", pages, scope="module")
    if "example" in metafunc.fixturenames:
        examples = [
            page for page in html_files() if "copy-script" in (SITE / page).read_text("utf-8")
        ]
        metafunc.parametrize("example", examples)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, as static hosts do: with the site's own page for what is not there."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def copyfile(self, *args: object) -> None:
        with suppress(ConnectionError):  # a tab that has moved on does not read to the end
            super().copyfile(*args)

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        page = Path(self.directory, "404.html").read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


class InPieces(Quiet):
    """Serves pages as a slow network does."""

    def copyfile(self, source: BinaryIO, out: BinaryIO) -> None:
        if not self.path.endswith(".html"):
            return super().copyfile(source, out)
        with suppress(ConnectionError):
            while piece := source.read(2000):
                out.write(piece)
                time.sleep(0.02)
        return None


def serve(site: Path, handler: type[Quiet] = Quiet) -> Iterator[str]:
    """Serve a folder and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the built site."""
    yield from serve(SITE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, one for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


# What the policy of a page blocks counts as an error of a script.
BLOCKED = """addEventListener("securitypolicyviolation", (event) => {
    const { effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
    throw new Error(`${effectiveDirective} blocks ${blockedURI}: ${sourceFile}, ${lineNumber}`);
})"""


class Reader:
    """A tab of its own for one theme and width, and the requests that it made."""

    def __init__(self, browser: Browser, theme: str, size: tuple[int, int], **options: object):
        width, height = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion=options.pop("reduced_motion", "reduce"),
            **options,
        )
        self.context.add_init_script(BLOCKED)
        self.tab = self.context.new_page()
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("pageerror", lambda error: self.messages.append(str(error)))

    def open(self, url: str) -> None:
        """Load a page anew and wait until nothing more is requested."""
        self.requests.clear()
        self.messages.clear()
        self.tab.goto(url, wait_until="load")

    def scroll_through(self) -> None:
        """Scroll to the end, so that all lazy images of the shown theme are loaded.

        Two screens at a time: browsers load images ahead by more than one.
        """
        self.tab.evaluate(
            """async () => {
                const frame = () => new Promise(requestAnimationFrame);
                for (let y = 0; y < document.body.scrollHeight; y += 2 * innerHeight) {
                    scrollTo({top: y, behavior: "instant"});
                    await frame();
                }
                const shown = [...document.images].filter((image) => image.offsetParent);
                await Promise.all(shown.map((image) => image.complete || new Promise((done) => {
                    image.addEventListener("load", done);
                    image.addEventListener("error", done);
                })));
                scrollTo({top: 0, behavior: "instant"});
            }"""
        )


@pytest.fixture(scope="session")
def readers(browser: Browser) -> Iterator[dict[tuple[str, tuple[int, int]], Reader]]:
    """A reader for each theme and width, used for all pages in turn."""
    made = {
        (theme, size): Reader(browser, theme, size) for theme in THEMES for size in (WIDE, PHONE)
    }
    yield made
    for reader in made.values():
        reader.context.close()


@pytest.fixture
def new_reader(browser: Browser) -> Iterator[object]:
    """Make a reader that shares nothing with the others."""
    made = []

    def make(theme: str = "light", size: tuple[int, int] = WIDE, **options: object) -> Reader:
        made.append(Reader(browser, theme, size, **options))
        return made[-1]

    yield make
    for reader in made:
        reader.context.close()
