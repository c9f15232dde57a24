"""What the files of the built site hold, without a browser."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE, html_files
from PIL import Image

import ecgmask
from ecgmask import strategies
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


# First, since it takes longest, and other workers go on meanwhile.
def test_a_second_build_gives_the_same_bytes(tmp_path):
    """In another folder, by one job, of examples that were run: pasted scripts run them again.

    What the explorer has drawn is kept, too: other tests draw all of its masks. Archives hold the
    time of day, Sphinx's notes the settings.
    """
    built = shutil.ignore_patterns("_build", "api")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=built)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in ("CITATION.cff", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    drawn = SITE.parent / "doctrees" / "explorer"
    if drawn.is_dir():  # a site from elsewhere has come without it
        shutil.copytree(drawn, tmp_path / "doctrees" / "explorer")
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
    sets = [each["srcset"] for each in elements if "srcset" in each.attrs]
    links += [part.split()[0] for each in sets for part in each.split(", ")]
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


def policy_of(page: str) -> dict[str, set[str]]:
    """Return what a page may load, by kind."""
    (meta,) = parsed(page).select('head > meta[http-equiv="Content-Security-Policy"]')
    rules = [rule.split() for rule in meta["content"].split(";")]
    return {kind: set(sources) for kind, *sources in rules}


def test_a_page_may_load_files_of_the_site_only_and_run_nothing_that_is_inside_it(page_path):
    policy = policy_of(page_path)
    assert policy["default-src"] == policy["base-uri"] == {"'none'"}
    allowed = {kind: sources for kind, sources in policy.items() if sources != {"'none'"}}
    assert allowed.pop("img-src") == {"'self'", "data:"}
    assert allowed.keys() >= {"script-src", "style-src", "font-src", "connect-src"}
    assert all(sources == {"'self'"} for sources in allowed.values())


def test_the_policy_comes_before_all_that_it_rules(page_path):
    first = parsed(page_path).select_one("link, script, style, img, meta[http-equiv]")
    assert first.get("http-equiv") == "Content-Security-Policy"


def test_scripts_and_styles_are_in_files(page_path):
    page = parsed(page_path)
    assert not page.select("script:not([src]), style, [style]")
    handlers = [name for each in page.find_all() for name in each.attrs if name.startswith("on")]
    assert not handlers


def test_a_page_has_one_viewport_and_an_icon(page_path):
    assert len(parsed(page_path).select("meta[name=viewport]")) == 1
    (icon,) = parsed(page_path).select("link[rel=icon]")
    assert resolved(page_path, icon["href"]).name == "icon.svg"


def test_there_are_no_source_maps_and_no_links_to_any():
    assert not list(SITE.rglob("*.map"))
    files = [path for kind in ("js", "css") for path in SITE.rglob(f"*.{kind}")]
    assert not [path for path in files if "sourceMappingURL" in path.read_text("utf-8")]


def test_every_script_is_asked_for_by_a_page_or_a_script():
    scripts = {path.name: path.read_text("utf-8") for path in (SITE / "_static").rglob("*.js")}
    texts = [(SITE / page).read_text("utf-8") for page in html_files()] + list(scripts.values())
    assert not [name for name in scripts if not any(name in text for text in texts)]


def test_a_page_has_a_title_and_a_description_for_link_previews(page_path):
    if page_path in BY_THE_BUILD or page_path.startswith("_modules/"):
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


SECTIONS = sorted(path.parent.name for path in (SITE / "gallery").glob("*/index.html"))


@pytest.mark.parametrize("section", SECTIONS)
def test_no_two_cards_of_a_section_are_alike(section):
    page = f"gallery/{section}/index.html"
    cards = {}
    for image in parsed(page).select(".example-card .only-light img"):
        with Image.open(resolved(page, image["src"])) as picture:
            cards[image["src"]] = np.asarray(picture.convert("RGB"), dtype=int)
    assert len(cards) > 2
    for one, other in combinations(cards, 2):
        differs = (abs(cards[one] - cards[other]) > 32).any(axis=2)
        assert differs.mean() > 0.2, (one, other)


def api_pages() -> list[str]:
    return [page for page in html_files() if page.startswith("api/")]


@pytest.mark.parametrize("page", api_pages())
def test_an_api_page_shows_examples_that_use_the_name(page):
    cards = parsed(page).select(".example-card a")
    assert cards, f"no example of the gallery uses {Path(page).stem}"
    assert len(cards) <= 3
    name = Path(page).stem.rpartition(".")[2]
    used = [resolved(page, card["href"]).with_suffix(".html") for card in cards]
    assert any(name in path.read_text(encoding="utf-8") for path in used)


STRATEGIES = [name for name in strategies.__all__ if name not in ("Masks", "Strategy")]


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_page_of_a_strategy_shows_its_tutorial_first_and_leads_to_its_explorer(name):
    page = parsed(f"api/ecgmask.{name}.html")
    tutorial = resolved("api/x", page.select_one(".example-card a")["href"])
    assert tutorial.stem.replace("_", "") == name.lower()
    assert tutorial.stem in page.select_one("figure.themed-figure img")["src"]
    assert page.select(f"a[href='../explorer.html?strategy={name}']")


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_signature_has_one_argument_a_line_in_the_order_of_the_list_with_defaults(name):
    page = parsed(f"api/ecgmask.{name}.html")
    fields = dataclasses.fields(vars(ecgmask)[name])
    signature = page.select_one("dt.sig")
    lines = [each.get_text().strip() for each in signature.select(".sig-argument")]
    assert [re.match(r"\w+", line)[0] for line in lines] == [each.name for each in fields]
    optional = [each.default is not dataclasses.MISSING for each in fields]
    assert ["=" in line for line in lines] == optional
    listed = page.select_one("dl.field-list > dd").select("p > strong:first-child")
    assert [each.get_text() for each in listed] == [each.name for each in fields]


def test_the_base_class_has_no_arguments_to_guess():
    assert "kwargs" not in parsed("api/ecgmask.Strategy.html").select_one("dt.sig").get_text()


@pytest.mark.parametrize("page", api_pages())
def test_the_page_of_a_class_or_function_leads_to_its_source(page):
    is_code = parsed(page).select("dl.py.class, dl.py.function")
    assert bool(is_code) is bool(parsed(page).select("a.viewcode-link, a[href*='_modules/']"))


def test_the_reference_lists_its_names_in_the_groups_and_order_of_its_first_page():
    headings = [each.get_text(strip=True).rstrip("#") for each in parsed("api.html").select("h2")]
    sidebar = parsed("api/ecgmask.Spans.html").select_one("nav.bd-links")
    assert [each.get_text() for each in sidebar.select(".reference-group")] == headings
    first = [each.get_text() for each in sidebar.select_one("ul").select("a")]
    assert first[: len(STRATEGIES)] == STRATEGIES
    assert sidebar.select_one("[aria-current=page]").get_text() == "Spans"


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
        "".join(cell["source"]).removeprefix("%matplotlib inline")
        for cell in json.loads(notebook)["cells"]
        if cell["cell_type"] == "code"
    ]
    copied = json.loads(parsed(example).select_one("#whole-script").string)
    whole = ast.parse(script).body[1:]  # after the docstring
    assert copied == script
    for parts in (blocks, cells):  # each of which runs on its own
        statements = [statement for part in parts for statement in ast.parse(part).body]
        assert list(map(ast.dump, statements)) == list(map(ast.dump, whole))


def printed_on(page: str) -> str:
    """Return what an example printed when its page was made."""
    return "\n".join(each.get_text() for each in parsed(page).select(".sphx-glr-script-out pre"))


# Pages whose numbers and figures are those of the machine and the moment.
MEASURES_TIME = {"throughput", "what_a_batch_throws_away"}


def without_numbers(text: str) -> list[str]:
    """Return the words of a text; what was measured, its sign included, as 0."""
    return re.sub(r"-?\d[\d,]*(\.\d+)?", "0", text).split()


# Waits for folders, and runs what is pasted in each in a process of its own. What takes seconds to
# import has been imported before, as strictly.
RUN = """
import contextlib
import multiprocessing
import os
import runpy
import signal
import sys
import warnings
import matplotlib.pyplot as plt
import ecgmask

with warnings.catch_warnings():
    warnings.simplefilter("default")
    sys.path.insert(0, sys.argv[1])
    from themed_figures import drawings, save
    del sys.path[0]

for folder in sys.stdin:
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

signal.alarm(300)
os.chdir(folder.rstrip())
with open("errors.txt", "w") as errors:
    os.dup2(errors.fileno(), 1)
    os.dup2(errors.fileno(), 2)
# Workers import the script, as spawned ones do, but in a process that has imported what takes
# seconds.
multiprocessing.set_start_method("forkserver")
multiprocessing.set_forkserver_preload(["matplotlib.pyplot", "ecgmask"])
# Workers that import the script print elsewhere.
with open("printed.txt", "w") as printed, contextlib.redirect_stdout(printed):
    runpy.run_path(os.path.abspath("pasted.py"), run_name="__main__")
figures = [plt.figure(number) for number in plt.get_fignums()]
warnings.simplefilter("default")
for number, fig in enumerate(figures, start=1):
    save(drawings(fig, f"{number:03}", ["light"]))
"""


# wfdb, on import, does what pandas 3 deprecates.
STRICT = ["-W", "error", "-W", "ignore:The inplace keyword in DataFrame:DeprecationWarning"]


@pytest.fixture(scope="session")
def run_in():
    """Run the script that is in a folder, and return its exit code."""
    with subprocess.Popen(
        [sys.executable, "-P", *STRICT, "-c", RUN, str(ROOT / "docs" / "_ext")],
        cwd="/",
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:

        def run(folder: Path) -> int:
            print(folder, file=runner.stdin, flush=True)
            return int(runner.stdout.readline())

        yield run
        runner.stdin.close()


def test_a_pasted_script_prints_and_draws_again_what_its_page_shows(example, run_in, tmp_path):
    """Byte for byte, with no warning, far from the repository, where workers import the script."""
    name = Path(example).stem
    (tmp_path / "pasted.py").write_text(
        json.loads(parsed(example).select_one("#whole-script").string)
    )
    assert run_in(tmp_path) == 0, (tmp_path / "errors.txt").read_text()
    printed = (tmp_path / "printed.txt").read_text()
    shown = printed_on(example)
    if name in MEASURES_TIME:
        assert without_numbers(printed) == without_numbers(shown)
        return
    assert printed.split() == shown.split()
    drawn = {each.name: each.read_bytes() for each in tmp_path.glob("*.webp")}
    published = {
        each.name.removeprefix(f"sphx_glr_{name}_"): each.read_bytes()
        for each in (SITE / "_images").glob(f"sphx_glr_{name}_???_light_?x.webp")
    }
    assert drawn == published


def test_one_of_the_first_two_blocks_of_a_page_draws_a_figure(example):
    shown = parsed(example).select("div.highlight-Python, figure.themed-figure")
    kinds = [each.name for each in shown]
    assert kinds.index("figure") <= 2


def numbers_after(label: str, page: str) -> list[float]:
    """Return the numbers of the only line that an example printed after a label."""
    (line,) = re.findall(rf"^{label}: (.*)$", printed_on(page), re.MULTILINE)
    return [float(number) for number in re.findall(r"-?\d+\.\d+", line)]


def test_the_jepa_of_its_page_predicts_unseen_beats_and_the_broken_one_collapses():
    page = "gallery/training/jepa_step.html"
    loss, reference, skill, std, cosine = numbers_after("JEPA", page)
    assert skill > 0.1
    assert skill == pytest.approx(1 - loss / reference, abs=0.006)
    assert std > 0.3
    assert cosine < 0.9
    broken_loss, _, broken_skill, broken_std, broken_cosine = numbers_after("Collapse", page)
    assert broken_loss < loss / 10
    assert broken_skill < 0
    assert broken_std < 0.05
    assert broken_cosine > 0.99


def test_the_autoencoder_of_its_page_fills_in_more_than_a_line_does():
    page = "gallery/training/mae_step.html"
    assert numbers_after("model", page)[-1] > 0.3
    assert numbers_after("straight line", page)[-1] < 0


def test_the_page_about_workers_shows_the_same_masks_for_any_number_of_them():
    printed = printed_on("gallery/training/dataloader.html")
    drawn = re.findall(r"^\d workers: (.*)$", printed, re.MULTILINE)
    assert len(drawn) == 3
    assert len(set(drawn)) == 1


def test_the_page_about_resuming_shows_the_batches_of_a_run_that_was_not_stopped():
    printed = printed_on("gallery/training/stop_and_resume.html")
    assert "36 of 36 tensors are bit for bit the same" in printed


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
