"""What the files of the built site hold, without a browser."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE, html_files

from ecgmask.plotting import DARK, LIGHT, Palette

BY_THE_BUILD = {"genindex.html", "search.html", "404.html"}


@cache
def parsed(path: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: str) -> set[str]:
    names = parsed(path).find_all(attrs={"id": True}) + parsed(path).find_all(
        "a", attrs={"name": True}
    )
    return {each.get("id") or each.get("name") for each in names}


def resolved(page: str, link: str) -> Path:
    """Return the file of the site that a link on a page leads to."""
    path = unquote(urlsplit(link).path)
    return (SITE / path[1:] if path.startswith("/") else (SITE / page).parent / path).resolve()


# Pages whose numbers and figures are those of the machine and the moment.
MEASURES_TIME = {"throughput", "what_a_batch_throws_away"}


# First, since it takes longest, and other workers go on meanwhile.
def test_a_second_build_gives_the_same_bytes(tmp_path):
    """In another folder, by one job; archives hold the time of day, Sphinx's notes the settings."""
    built = shutil.ignore_patterns("_build", "api", "gallery")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=built)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in MEASURES_TIME:  # carried over, so that they are not measured again
        for path in (ROOT / "docs" / "gallery").rglob(f"*{name}*"):
            copied = tmp_path / path.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
    again = tmp_path / "html"
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "-n", "-W", "-q", "-T", "-d", "doctrees", "docs", again],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    first, second = (
        {
            path.relative_to(site).as_posix(): path.read_bytes()
            for path in site.rglob("*")
            if path.is_file() and path.suffix != ".zip" and path.name != ".buildinfo"
        }
        for site in (SITE, again)
    )
    assert sorted(first) == sorted(second)
    assert not [path for path in first if first[path] != second[path]]


def test_internal_links_and_their_anchors_resolve(page_path):
    broken = []
    elements = parsed(page_path).find_all(["a", "link", "script", "img", "source"])
    links = [each.get("href") or each.get("src") for each in elements]
    sets = [each["srcset"] for each in elements if each.get("srcset", "data:,") != "data:,"]
    links += [part.split()[0] for each in sets for part in each.split(",")]
    for link in links:
        if not link or urlsplit(link).scheme:
            continue
        target = resolved(page_path, link) if urlsplit(link).path else SITE / page_path
        fragment = unquote(urlsplit(link).fragment)
        if not target.is_file() or (
            fragment and fragment not in anchors(target.relative_to(SITE.resolve()).as_posix())
        ):
            broken.append(link)
    assert not broken


def test_a_page_has_a_title_and_a_description_for_link_previews(page_path):
    if page_path in BY_THE_BUILD:
        return
    tags = {
        each["property"]: each["content"] for each in parsed(page_path).select("meta[property]")
    }
    assert tags["og:title"]
    assert len(tags["og:description"]) > 40
    assert (SITE / urlsplit(tags["og:image"]).path.lstrip("/")).is_file()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_readme_shows_the_figure_of_the_gallery(theme):
    name = {"light": "masked-ecg", "dark": "masked-ecg-dark"}[theme]
    shown = (ROOT / "docs" / "_static" / f"{name}.webp").read_bytes()
    drawn = SITE / "_images" / f"sphx_glr_context_to_target_001_{theme}_2x.webp"
    assert shown == drawn.read_bytes()


def test_the_link_preview_of_an_example_shows_its_own_figure(example):
    tags = {each["property"]: each["content"] for each in parsed(example).select("meta[property]")}
    assert Path(tags["og:image"]).name.startswith(f"sphx_glr_{Path(example).stem}_001_light")
    assert tags["og:image:alt"] == parsed(example).select_one("figure.themed-figure img")["alt"]


def api_pages() -> list[str]:
    return [page for page in html_files() if page.startswith("api/")]


@pytest.mark.parametrize("page", api_pages())
def test_an_api_page_shows_examples_that_use_the_name(page):
    cards = parsed(page).select(".example-card a")
    assert cards, f"no example of the gallery uses {Path(page).stem}"
    name = Path(page).stem.rpartition(".")[2]
    used = [resolved(page, card["href"]).with_suffix(".html") for card in cards]
    assert any(name in path.read_text(encoding="utf-8") for path in used)


def public_names(module: str) -> list[str]:
    contents = vars(importlib.import_module(module))
    return contents.get("__all__") or [
        name
        for name, value in contents.items()
        if not name.startswith("_")
        and (isinstance(value, Palette) or getattr(value, "__module__", None) == module)
    ]


@pytest.mark.parametrize("module", ["ecgmask", "ecgmask.baselines", "ecgmask.plotting"])
def test_every_public_name_has_an_api_page(module):
    pages = {Path(page).stem.rpartition(".")[2] for page in api_pages()}
    assert not set(public_names(module)) - pages


def test_every_example_has_related_ones_and_tags(example):
    gallery = parsed("gallery/index.html")
    (card,) = [
        card
        for card in gallery.select(".example-card")
        if resolved("gallery/index.html", card.a["href"]) == (SITE / example).resolve()
    ]
    assert json.loads(card["data-tags"]), "no sphinx_gallery_tags"
    assert parsed(example).select("nav.tags a")
    assert len(parsed(example).select(".example-card")) == 3


def test_blocks_script_and_notebook_hold_the_same_code(example):
    blocks = [block.get_text() for block in parsed(example).select("div.highlight-Python pre")]
    links = parsed(example).select(".example-actions a[download]")
    files = [resolved(example, link["href"]) for link in links]
    assert [path.suffix for path in files] == [".py", ".ipynb"]
    script, notebook = (path.read_text(encoding="utf-8") for path in files)
    cells = [
        "".join(cell["source"])
        for cell in json.loads(notebook)["cells"]
        if cell["cell_type"] == "code"
    ]
    copied = json.loads(parsed(example).select_one("#whole-script").string)
    whole = ast.parse(script).body[1:]  # after the docstring
    expected = ast.dump(ast.Module(whole, []))
    assert copied == script
    assert ast.dump(ast.parse("\n".join(blocks))) == expected
    assert ast.dump(ast.parse("\n".join(cells).replace("%matplotlib inline", ""))) == expected


RUN = """
import runpy
import matplotlib.pyplot as plt

runpy.run_path("pasted.py", run_name="__main__")
figures = [plt.figure(number) for number in plt.get_fignums()]

import sys

sys.path.insert(0, sys.argv[1])
from themed_figures import drawings, save

for number, fig in enumerate(figures, start=1):
    save(drawings(fig, f"{number:03}", ["light"]))
"""


def test_a_pasted_script_prints_and_draws_again_what_its_page_shows(example, tmp_path):
    """Byte for byte, so that two builds of the site do not differ; and far from the repository."""
    name = Path(example).stem
    (tmp_path / "pasted.py").write_text(
        json.loads(parsed(example).select_one("#whole-script").string)
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", RUN, str(ROOT / "docs" / "_ext")],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    shown = [each.get_text() for each in parsed(example).select(".sphx-glr-script-out pre")]
    if name in MEASURES_TIME:
        assert re.sub(r"[\d,]+", "0", result.stdout).split() == (
            re.sub(r"[\d,]+", "0", " ".join(shown)).split()
        )
        return
    assert result.stdout.split() == " ".join(shown).split()
    drawn = {each.name: each.read_bytes() for each in tmp_path.glob("*.webp")}
    published = {
        each.name.removeprefix(f"sphx_glr_{name}_"): each.read_bytes()
        for each in (SITE / "_images").glob(f"sphx_glr_{name}_???_light_?x.webp")
    }
    assert drawn == published


RUN_NOTEBOOKS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
import matplotlib.pyplot as plt

shell = InteractiveShell.instance()
for path in sys.argv[1:]:
    shell.reset()
    plt.close("all")
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            shell.run_cell("".join(cell["source"])).raise_error()
    print("ran", path)
"""


def test_every_downloaded_notebook_runs(tmp_path):
    """Cell by cell, far from the repository.

    One process saves the time of imports; that none is missing shows in pasted scripts.
    """
    notebooks = sorted(map(str, (SITE / "_downloads").glob("*/*.ipynb")))
    result = subprocess.run(
        [sys.executable, "-P", "-c", RUN_NOTEBOOKS, *notebooks],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg", "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    ran = [line for line in result.stdout.splitlines() if line.startswith("ran ")]
    assert ran == [f"ran {path}" for path in notebooks]
    assert notebooks


def test_every_redirect_leads_to_a_page():
    moved = [
        path
        for path in SITE.rglob("*.html")
        if "This page has moved" in path.read_text(encoding="utf-8")
    ]
    assert moved
    for path in moved:
        page = path.relative_to(SITE).as_posix()
        assert resolved(page, parsed(page).a["href"]).is_file(), page


def test_every_published_address_is_a_page_or_a_redirect():
    addresses = (ROOT / "docs" / "addresses.txt").read_text(encoding="utf-8").split()
    gone = [address for address in addresses if not (SITE / address).is_file()]
    assert not gone, f"leave a redirect in docs/conf.py for {gone}"
    new = sorted(set(html_files()) - set(addresses))
    assert not new, "addresses are for ever; add to docs/addresses.txt:\n" + "\n".join(new)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", ["text", "context_line", "target_line", "ignored_line"])
def test_text_and_lines_stand_out_from_the_page(palette, role):
    light, dark = sorted(map(luminance, (getattr(palette, role), palette.background)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_page_has_the_background_of_the_figures():
    sheets = "".join(
        path.read_text("utf-8") for path in (SITE / "_static" / "styles").glob("*.css")
    )
    assert re.search(rf"--pst-color-background:\s*{DARK.background}", sheets, re.IGNORECASE)
