"""The snippets of the README and of the site's pages run as printed."""

import doctest
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from every import FAMILIES, draw

import ecgmask

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.rst"))
TESTCODE = re.compile(r"^\.\. (testcode|testoutput)::\n\n((?:(?: {3}.*)?\n)+)", re.MULTILINE)

CAPTIONED = re.compile(
    r"^\.\. code-block:: python\n   :caption: .*\n((?: {3}.*)?\n)+", re.MULTILINE
)


def script_and_output(page):
    """Return all code of a page as one script, and the output that the page shows for it."""
    blocks = TESTCODE.findall(page.read_text(encoding="utf-8"))
    code = {"testcode": "", "testoutput": ""}
    for kind, block in blocks:
        code[kind] += textwrap.dedent(block).strip("\n") + "\n"
    return code["testcode"], code["testoutput"]


def run(script, folder):
    """Run a script on its own, where only the installed package is at hand."""
    result = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:ecgmask", "-c", script],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "page", [page for page in PAGES if script_and_output(page)[0]], ids=lambda page: page.stem
)
def test_the_code_of_a_page_prints_what_the_page_shows(page, tmp_path):
    script, output = script_and_output(page)
    assert run(script, tmp_path).split() == output.split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_prompts_of_a_page_give_what_the_page_shows(page):
    # A file with a caption imports what is not there yet: test_add_a_strategy.py has those.
    text = CAPTIONED.sub("", page.read_text(encoding="utf-8"))
    prompts = doctest.DocTestParser().get_doctest(text, {}, page.stem, str(page), 0)
    assert doctest.DocTestRunner().run(prompts).failed == 0


def blocks_of_the_home_page():
    """Return the lines that come first, and each piece of code that draws a figure."""
    text = (ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    first, *others = [textwrap.dedent(code) for _, code in TESTCODE.findall(text)]
    return first, [code for code in others if "plot_" in code]


@pytest.fixture(scope="module")
def home_page():
    """Return the masks of each figure of the home page, whose code is run from top to bottom."""
    first, drawing = blocks_of_the_home_page()
    variables, masks = {}, {}
    exec(first, variables)
    for code in drawing:
        exec(code, variables)
        masks[code] = variables["masks"]
    return masks


@pytest.mark.parametrize("code", blocks_of_the_home_page()[1])
def test_a_block_of_the_home_page_draws_its_figure_by_itself(code, home_page):
    first, _ = blocks_of_the_home_page()
    variables = {}
    exec(first + code, variables)
    np.testing.assert_array_equal(variables["masks"].context, home_page[code].context)
    np.testing.assert_array_equal(variables["masks"].targets, home_page[code].targets)


def test_lead_ii_is_hidden_where_the_home_page_says_so(home_page):
    (masks,) = [masks for code, masks in home_page.items() if "Leads.oh()" in code]
    lead_ii = ecgmask.STANDARD_LEADS.index("II")
    assert not masks.context[0, lead_ii].any()
    assert masks.targets[0, 0, lead_ii].all()


def in_a_row(text, n=8):
    """Return all runs of so many words of a text, comments or not, its imports left out."""
    text = re.sub(r"^ *(?:import|from) .*$", "", re.sub(r"\n# ?", "\n", text), flags=re.MULTILINE)
    words = re.findall(r"[\w`.:~-]+", text)
    return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples" / "data").glob("*.py")), ids=lambda p: p.stem
)
def test_the_page_on_your_own_ecgs_and_its_gallery_say_nothing_twice(path):
    page = in_a_row((ROOT / "docs" / "your_data.rst").read_text(encoding="utf-8"))
    assert not page & in_a_row(path.read_text(encoding="utf-8"))


def lines_of_papers():
    """Return the rows of the table that finds a paper: what it says, and the line to write."""
    text = (ROOT / "docs" / "strategies.rst").read_text(encoding="utf-8")
    _, section = text.split("\nFind a paper\n")
    table = section.split(".. list-table::")[1].split("\n\n", 2)[1]
    _, *rows = re.findall(r"^   \* - (.*?)\n     - (.*?)$", table, re.DOTALL | re.MULTILINE)
    return [(" ".join(paper.split()), line.strip("`")) for paper, line in rows]


def drawn_by(line):
    """Return the strategies of a line, which may be a list of them."""
    strategies = eval(line, vars(ecgmask).copy())
    return strategies if isinstance(strategies, list) else [strategies]


@pytest.mark.parametrize(("paper", "line"), lines_of_papers())
def test_the_line_of_a_paper_draws_masks(paper, line, rng):
    assert re.search(r"\[\w+\]_", paper)
    for strategy in drawn_by(line):
        masks = draw(strategy, 4, 200, rng)
        assert masks.context.any(axis=(1, 2)).all()
        assert masks.targets.any(axis=(2, 3)).all()


@pytest.mark.parametrize(
    ("name", "code"),
    [preset for family in FAMILIES for preset in family.presets.items() if "[" in preset[0]],
)
def test_a_setting_that_is_named_after_papers_is_found_by_each(name, code):
    for key in re.findall(r"\[\w+\]", name):
        lines = [line for paper, line in lines_of_papers() if f"{key}_" in paper]
        assert eval(code, vars(ecgmask).copy()) in [s for line in lines for s in drawn_by(line)]


def test_the_snippet_of_the_readme_runs(tmp_path):
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "context" in run(snippet, tmp_path)
