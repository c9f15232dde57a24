"""The extensions of the site, on a site of three pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import PHONE, ROOT, WIDE, serve
from matplotlib.colors import to_hex
from PIL import Image

from ecgmask import MaskAndComplement, mask_statistics
from ecgmask.plotting import DARK, LIGHT, plot_statistics

# In one process, so that the site is built once.
pytestmark = pytest.mark.xdist_group("three pages")

PAGES = Path(__file__).parent / "three_pages"
EXAMPLE = "gallery/figures.html"


def build(source: Path, site: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-T"]
    return subprocess.run(
        [*command, "-d", str(site.parent / "doctrees"), str(source), str(site)],
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def sources(folder: Path) -> Path:
    """Copy the three pages, and what their settings are made from, into a folder."""
    copied = folder / "tests" / "site" / "three_pages"
    shutil.copytree(PAGES, copied)
    shutil.copytree(
        ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("_build", "gallery", "api")
    )
    return copied


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    result = build(sources(folder), folder / "html")
    assert result.returncode == 0, result.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def home(site):
    yield from serve(site)


def page(site, path):
    return BeautifulSoup((site / path).read_text(encoding="utf-8"), "html.parser")


def pixels(site, address, path=EXAMPLE):
    file = (site / path).parent / address
    with Image.open(file) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"))


def element(figure, theme, width=WIDE):
    """Return what names the files of a figure for a theme and the width of a page."""
    part = "source[media*=max-width]" if width == PHONE else "img"
    return figure.select_one(f".only-{theme} {part}")


def file(figure, theme, width=WIDE):
    """Return the address of the file of a figure that an ordinary screen shows."""
    return element(figure, theme, width)["srcset"].split()[0]


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_every_figure_is_there_in_both_themes_widths_and_densities(site):
    figures = page(site, EXAMPLE).select("figure.themed-figure")
    assert len(figures) == 4
    for figure in figures:
        for theme in ("light", "dark"):
            for size in (WIDE, PHONE):
                named = element(figure, theme, size)
                width, height = int(named["width"]), int(named["height"])
                once, twice = (each.split() for each in named["srcset"].split(","))
                assert (once[1], twice[1]) == ("1x", "2x")
                assert pixels(site, once[0]).shape[:2] == (height, width)
                assert np.allclose(
                    pixels(site, twice[0]).shape[:2], (2 * height, 2 * width), atol=1
                )
            assert int(element(figure, theme, PHONE)["width"]) == 358


def test_corners_have_the_colour_of_the_page(site):
    for figure in page(site, EXAMPLE).select("figure.themed-figure"):
        for theme, palette in (("light", LIGHT), ("dark", DARK)):
            for address in re.findall(r"\S+\.webp", str(figure.select_one(f".only-{theme}"))):
                name = re.sub(r'.*="', "", address)
                assert pixels(site, name)[1, 1].tolist() == rgb(palette.background), name


def test_a_dark_figure_has_no_colour_of_the_light_palette(site):
    roles = ("text", "context", "target", "context_line", "target_line", "ignored_line")
    for figure in page(site, EXAMPLE).select("figure.themed-figure"):
        drawn = pixels(site, file(figure, "dark")).reshape(-1, 3)
        for role in roles:
            light = rgb(getattr(LIGHT, role))
            assert not (drawn == light).all(axis=1).any(), role


def test_ticks_that_only_a_wide_figure_has_are_recoloured(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    from themed_figures import drawings_of_widths

    strategy, rng = MaskAndComplement(), np.random.default_rng(0)
    fig = plot_statistics(mask_statistics(strategy, 200, rng=rng, n_batches=2))
    axis = fig.axes[0].xaxis
    counts = [len(axis.get_major_ticks()) for _ in drawings_of_widths(fig, tmp_path / "figure")]
    assert min(counts) < counts[-1]
    for tick in axis.get_major_ticks():
        assert to_hex(tick.label1.get_color()) == DARK.text.lower()
        assert to_hex(tick.tick1line.get_color()) == DARK.text.lower()


def test_matplotlibs_black_becomes_text_in_the_dark(site):
    last = page(site, EXAMPLE).select("figure.themed-figure")[-1]
    drawn = pixels(site, file(last, "dark")).reshape(-1, 3)
    assert (drawn == rgb(DARK.text)).all(axis=1).sum() > 100


def test_the_figure_of_the_light_theme_does_not_depend_on_the_dark_one(site):
    """Laying a figure out for a phone and recolouring it leave no trace in what is saved later."""
    first, *_ = page(site, EXAMPLE).select("figure.themed-figure")
    shapes = {
        theme: [pixels(site, file(first, theme, width)).shape for width in (WIDE, PHONE)]
        for theme in ("light", "dark")
    }
    assert shapes["light"] == shapes["dark"]
    light = pixels(site, file(first, "light")) != rgb(LIGHT.background)
    dark = pixels(site, file(first, "dark")) != rgb(DARK.background)
    # The same ink at the same places, but for how strong the antialiasing is.
    assert (light.any(axis=2) == dark.any(axis=2)).mean() > 0.98


def test_alternative_text_is_escaped_and_whole(site):
    text = (site / EXAMPLE).read_text(encoding="utf-8")
    alts = {unescape(alt) for alt in re.findall(r'alt="([^"]*)"', text)}
    assert 'Says "this" & <that>' in alts
    assert not re.search(r'alt="[^"]*<', text)


def test_link_previews_have_whole_addresses(site):
    tags = {
        each["property"]: each["content"] for each in page(site, EXAMPLE).select("meta[property]")
    }
    assert tags["og:url"] == "https://ecg.example/docs/gallery/figures.html"
    assert tags["og:image"] == "https://ecg.example/docs/_images/sphx_glr_figures_001_light_2x.webp"
    assert tags["og:description"].startswith("The title has")
    assert tags["og:image:alt"] == 'Says "this" & <that>'


def test_the_sitemap_lists_the_pages_and_no_other(site):
    listed = re.findall(r"<loc>([^<]*)", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert sorted(listed) == [
        "https://ecg.example/docs/gallery/figures.html",
        "https://ecg.example/docs/gallery/index.html",
        "https://ecg.example/docs/index.html",
    ]


def test_the_page_not_found_works_at_any_depth(site):
    links = [each["href"] for each in page(site, "404.html").select("link[rel=stylesheet]")]
    assert links
    assert all(link.startswith("/docs/_static") for link in links)


def test_a_card_shows_the_masks_of_the_example_one_row_for_each_record(site):
    card = page(site, "gallery/index.html").select_one(".example-card")
    assert card["data-tags"] == '["one tag", "another"]'
    masks = MaskAndComplement().draw(24, 200, np.random.default_rng(0))
    images = [pixels(site, image["src"], "gallery/index.html") for image in card.select("img")]
    for image, palette in zip(images, (LIGHT, DARK), strict=True):
        assert image.shape == (150, 240, 3)
        rows = ((np.arange(24) + 0.5) * 150 / 24).astype(int)
        columns = ((np.arange(200) + 0.5) * 240 / 200).astype(int)
        shown = image[np.ix_(rows, columns)]
        context = (shown == rgb(palette.context)).all(axis=2)
        np.testing.assert_array_equal(context, masks.context[:, 0])


def test_the_code_above_draws_the_figure(site):
    figure = page(site, "index.html").select_one("figure.drawn")
    assert figure.select_one("img")["alt"].startswith("Lead II, 10 s in 200 patches")


def test_a_figure_without_alternative_text_stops_the_build(tmp_path):
    source = sources(tmp_path)
    example = source / "examples" / "figures.py"
    text = example.read_text(encoding="utf-8")
    example.write_text(text.replace('fig.set_label("A line.")\n', ""), encoding="utf-8")
    result = build(source, tmp_path / "html")
    assert result.returncode != 0
    line = text.splitlines().index("fig, ax = plt.subplots(figsize=(6.4, 2))")
    message = rf"figures\.py, block at line {line}: a figure has no alternative text"
    assert re.search(message, result.stderr)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_only_the_figure_that_fits_is_downloaded(new_reader, home, theme, size):
    reader = new_reader(theme, size)
    reader.open(home + EXAMPLE)
    reader.scroll_through()
    other = "dark" if theme == "light" else "light"
    names = [url.rpartition("/")[2] for url in reader.requests if "sphx_glr_figures_0" in url]
    assert len(names) == 4
    assert all(f"_{theme}_" in name and f"_{other}_" not in name for name in names)
    assert all(("_phone_" in name) is (size == PHONE) for name in names)


def test_a_sharp_screen_gets_twice_the_pixels(new_reader, home):
    reader = new_reader(size=PHONE, device_scale_factor=2)
    reader.open(home + EXAMPLE)
    reader.scroll_through()
    names = [url for url in reader.requests if "sphx_glr_figures_0" in url]
    assert names
    assert all("_phone_2x" in name for name in names)
