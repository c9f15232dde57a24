"""Every page of the site, in a real browser, light on a desktop and dark on a phone.

A theme changes colours, a width changes places, both by style sheets that all pages share: the
other two looks are those of one page of each kind.
"""

from __future__ import annotations

import gzip
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import PHONE, SITE, WIDE, InPieces, kinds_of_pages, serve

BUDGET = 450_000  # bytes of a page with all that it loads, text compressed
LARGEST_PAINT = 700  # ms; the promise is a second
LAYOUT_SHIFT = 0.015  # the promise is 0.02
DIAGONAL = [("light", WIDE), ("dark", PHONE)]
ALONE = ("404.html", "explorer.html", "gallery/index.html", "index.html", "search.html")
BINARY = {".webp", ".png", ".woff2", ".ico"}

FACTS = """() => {
    const seen = (each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const figures = [...document.querySelectorAll("article img")].filter(seen);
    // The element that names the files of an image: itself, or the source that fits.
    const named = (image) =>
        [...image.parentElement.querySelectorAll(":scope > source")]
            .find((source) => matchMedia(source.media).matches) || image;
    const body = document.documentElement;
    // The theme lets the article scroll on its own: it hides from the page what is too wide.
    const inner = document.querySelectorAll(".bd-main, .bd-content, .bd-article-container");
    const frames = [body, ...inner];
    return {
        overflow: frames.filter((each) => each.scrollWidth > each.clientWidth)
            .map((each) => each.className || each.tagName),
        headings: [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")].filter(seen)
            .map((each) => Number(each.tagName[1])),
        images: [...document.images].filter(seen).map((image) => ({
            shown: image.currentSrc,
            loaded: image.naturalWidth > 0,
            scale: image.clientWidth / (image.naturalWidth || 1),
        })),
        figures: figures.map((image) => ({
            name: image.currentSrc,
            alt: image.alt.trim(),
            inCard: Boolean(image.closest(".example-card")),
            lazy: image.loading === "lazy",
            sized: named(image).hasAttribute("width") && named(image).hasAttribute("height"),
            densities: (named(image).getAttribute("srcset") || "").split(",").length,
        })),
        covered: [...document.querySelectorAll("article button.copybtn")].filter((button) => {
            const range = document.createRange();
            range.selectNodeContents(button.parentElement.querySelector("pre"));
            const top = button.getBoundingClientRect();
            return [...range.getClientRects()].some((text) =>
                text.left < top.right && text.right > top.left
                && text.top < top.bottom && text.bottom > top.top);
        }).length,
        scrolling: [...document.querySelectorAll(
                "article :is(pre, .output_html, .pst-scrollable-table-container)")].filter(seen)
            .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText),
        wide: [...document.querySelectorAll("article pre")].filter((pre) =>
            pre.scrollWidth > pre.clientWidth && getComputedStyle(pre).overflowX !== "auto").length,
    };
}"""
PAINT = """() => new Promise((done) => {
    let paint = 0, shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((each) => (paint = each.startTime)))
        .observe({type: "largest-contentful-paint", buffered: true});
    new PerformanceObserver((list) => list.getEntries().forEach((each) => (shift += each.value)))
        .observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => setTimeout(() => done({paint, shift}), 0));
})"""

# Axe measures the contrast of text unless text of the same look, on the same ground, was legible on
# this page or on one before. What is taken out of its place may lie on anything: always.
# Rules that are not about colour find the same in both themes: where a page is seen in every look,
# they are asked once for each width.
AXE = """async ({legible, colours}) => {
    legible = new Set(legible);
    const grounds = new Map([[null, ""]]), looks = new Map();
    for (const each of document.querySelectorAll("*")) {
        const s = getComputedStyle(each);
        const own = [s.backgroundColor, s.backgroundImage, s.opacity, s.filter, s.mixBlendMode]
            .join();
        let ground = grounds.get(each.parentElement);
        if (own !== "rgba(0, 0, 0, 0),none,1,none,normal") ground += `${own};`;
        if (["absolute", "fixed"].includes(s.position)) ground += "elsewhere;";
        grounds.set(each, ground);
        const seen = each.checkVisibility({visibilityProperty: true, opacityProperty: true});
        looks.set(each, [ground, s.color, s.fontSize, s.fontWeight, s.textShadow, seen].join());
        const known = legible.has(looks.get(each)) && !ground.includes("elsewhere");
        each.toggleAttribute("data-measure", !known);
    }
    axe.configure({rules: [{id: "color-contrast", selector: "[data-measure]"}]});
    const {violations, incomplete} = await axe.run({
        resultTypes: ["violations", "incomplete"], preload: {assets: ["media"]}, elementRef: true,
        ...(colours ? {runOnly: ["color-contrast", "link-in-text-block"]} : {}),
    });
    const found = new Set(looks.values());
    for (const {id, nodes} of [...violations, ...incomplete]) {
        if (id === "color-contrast") nodes.forEach(({element}) => found.delete(looks.get(element)));
    }
    return {
        legible: [...found],
        violations: violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) =>
            `${id}: ${html.slice(0, 200)} ${failureSummary.slice(0, 300)}`)),
    };
}"""


@cache
def weight(url: str) -> int:
    """Return the bytes that a file of the site takes on its way to the reader."""
    path = SITE / unquote(urlsplit(url).path).lstrip("/")
    content = path.read_bytes()
    return len(content if path.suffix in BINARY else gzip.compress(content))


@pytest.fixture(scope="session")
def visited():
    """What was seen on each page, of which pytest takes some tests out of turn."""
    return {}


@pytest.fixture(scope="session")
def legible():
    """How text looks whose contrast axe has measured and found sufficient."""
    return set()


@pytest.fixture
def visits(page_path, address, readers, visited, legible):
    """What was seen on a page, for each theme and width."""
    if page_path not in visited:
        visited[page_path] = visit(page_path, address, readers, legible)
    return visited[page_path]


@cache
def pages_in_every_look() -> set[str]:
    """Return the pages that are alone in their kind, and the longest of each folder."""
    folders = {}
    for page in kinds_of_pages():
        folders.setdefault(Path(page).parent, []).append(page)
    longest = [
        max(some, key=lambda page: (SITE / page).stat().st_size) for some in folders.values()
    ]
    return {*ALONE, *longest}


def visit(page_path, address, readers, legible):
    looks = DIAGONAL if page_path not in pages_in_every_look() else list(readers)
    seen = {}
    for theme, size in looks:
        reader = readers[theme, size]
        opposite = "dark" if theme == "light" else "light"
        reader.open(address + page_path)
        paint = reader.tab.evaluate(PAINT)["paint"]
        for _ in range(2):  # more tries: the machine may be busy with something else
            if paint > LARGEST_PAINT:
                reader.open(address + page_path)
                paint = min(paint, reader.tab.evaluate(PAINT)["paint"])
        reader.scroll_through()
        shift = reader.tab.evaluate(PAINT)["shift"]
        facts = reader.tab.evaluate(FACTS)
        requests = [url for url in reader.requests if not url.startswith("data:")]
        reader.tab.evaluate(AXE_SCRIPT)
        found = reader.tab.evaluate(
            AXE, {"legible": list(legible), "colours": (opposite, size) in seen}
        )
        legible.update(found["legible"])
        seen[theme, size] = facts | {
            "paint": paint,
            "shift": shift,
            "requests": requests,
            "errors": list(reader.messages),
            "violations": found["violations"],
        }
    return seen


def faults(visits, what):
    """Return what is wrong, with the theme and width where it is."""
    found = {f"{theme}, {size[0]} px": what(facts) for (theme, size), facts in visits.items()}
    return {where: fault for where, fault in found.items() if fault}


def of_size(visits, size):
    """Return what was seen at a width."""
    return [facts for (_, width), facts in visits.items() if width == size]


def test_axe_finds_nothing(visits):
    assert not faults(visits, lambda facts: facts["violations"])


def test_nothing_is_wider_than_the_window(visits):
    assert not faults(visits, lambda facts: facts["overflow"])


def test_no_request_leaves_the_site(visits, address):
    def outside(facts):
        return [url for url in facts["requests"] if not url.startswith(address)]

    assert not faults(visits, outside)


def test_all_that_is_requested_is_there(visits):
    def missing(facts):
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in facts["requests"]}
        return [path for path in paths if path and not (SITE / path).is_file()]

    assert not faults(visits, missing)


def test_scripts_raise_nothing_and_the_policy_blocks_nothing(visits):
    assert not faults(visits, lambda facts: facts["errors"])


def test_every_figure_says_what_it_shows(visits):
    def silent(facts):
        return [each for each in facts["figures"] if bool(each["alt"]) is each["inCard"]]

    assert not faults(visits, silent)


def test_figures_are_sized_lazy_webp_of_two_densities(visits):
    def careless(facts):
        return [
            each
            for each in facts["figures"]
            if not (each["lazy"] and each["sized"] and each["densities"] == 2)
            or Path(urlsplit(each["name"]).path).suffix != ".webp"
        ]

    assert not faults(visits, careless)


def test_every_shown_image_is_loaded(visits):
    def broken(facts):
        return [image["shown"] for image in facts["images"] if not image["loaded"]]

    assert not faults(visits, broken)


def test_only_images_of_the_shown_theme_are_downloaded(visits):
    for (theme, _), facts in visits.items():
        other = "dark" if theme == "light" else "light"
        requested = [Path(urlsplit(url).path).stem for url in facts["requests"]]
        assert not [name for name in requested if f"_{other}" in name]


def test_figures_keep_their_text_at_its_size_on_a_phone(visits):
    for facts in of_size(visits, PHONE):
        figures = [each for each in facts["images"] if "_phone_1x" in each["shown"]]
        assert all(each["scale"] > 0.95 for each in figures), figures


def test_wide_code_scrolls(visits):
    assert not faults(visits, lambda facts: facts["wide"])


def test_no_code_and_no_table_has_to_be_scrolled_on_a_desktop(visits):
    assert not any(facts["scrolling"] for facts in of_size(visits, WIDE))


def test_no_button_lies_on_code_on_a_phone(visits):
    assert not any(facts["covered"] for facts in of_size(visits, PHONE))


def test_headings_are_in_order(visits):
    def disorder(facts):
        levels = facts["headings"]
        steps = pairwise(levels)
        if levels[:1] != [1] or levels.count(1) != 1 or any(b - a > 1 for a, b in steps):
            return levels
        return None

    assert not faults(visits, disorder)


def test_a_page_with_all_that_it_loads_keeps_to_the_budget(visits):
    def too_heavy(facts):
        total = sum(map(weight, {url.split("?")[0] for url in facts["requests"]}))
        return total if total > BUDGET else None

    assert not faults(visits, too_heavy)


def test_the_largest_paint_is_soon(visits):
    assert not faults(visits, lambda facts: facts["paint"] if facts["paint"] > LARGEST_PAINT else 0)


def test_nothing_moves_while_the_page_loads(visits):
    assert not faults(visits, lambda facts: facts["shift"] if facts["shift"] > LAYOUT_SHIFT else 0)


@pytest.fixture(scope="session")
def slow_address():
    """The address of the built site behind a slow network."""
    yield from serve(SITE, InPieces)


@pytest.mark.parametrize("page", ALONE)
def test_nothing_moves_while_a_page_arrives_in_pieces(new_reader, slow_address, page):
    reader = new_reader()
    reader.open(slow_address + page)
    assert reader.tab.evaluate(PAINT)["shift"] < LAYOUT_SHIFT
