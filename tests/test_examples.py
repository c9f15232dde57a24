"""The rules that every script of the gallery keeps."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*/*.py"))
TAGS = {
    "shared mask",
    "per-lead mask",
    "whole leads",
    "scattered",
    "blocks",
    "forecast",
    "beats",
    "statistics",
    "training",
    "your data",
    "concepts",
}
SETTING = re.compile(r"# sphinx_gallery_(\w+) = (.*)")
HEADING = re.compile(r"^# (?P<title>\S.*)\n# (?P<line>-+)$", re.MULTILINE)
COPIED = 5  # lines in a row that belong in the package if two examples have them

every_script = pytest.mark.parametrize(
    "path", SCRIPTS, ids=lambda path: path.relative_to(EXAMPLES).with_suffix("").as_posix()
)


class Block(NamedTuple):
    """One block of a script: its text, all of it comments, and the code that follows."""

    text: str
    code: str

    @property
    def lines(self):
        return written(self.code)


def written(text):
    """Return the lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def introduction(path):
    """Return the docstring of a script, of which a card shows the title and first paragraph."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def blocks_of(path):
    """Return the blocks of a script without its docstring and settings, as its page shows them."""
    lines = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not SETTING.fullmatch(line)
    ]
    _, *parts = re.split(r"^# %%$", "\n".join(lines), flags=re.MULTILINE)
    blocks = []
    for part in parts:
        text = re.match(r"\n(?:#.*(?:\n|$))*", part).group()
        blocks.append(Block(text, part.removeprefix(text)))
    return blocks


def code_blocks(path):
    return [block for block in blocks_of(path) if block.lines]


def settings(path):
    """Return the settings of a script by name, each of them as often as it is there."""
    return [
        (name, ast.literal_eval(value))
        for name, value in SETTING.findall(path.read_text(encoding="utf-8"))
    ]


def in_a_row(path):
    """Return all runs of `COPIED` lines of code, without imports and what opens the figures."""
    runs = set()
    for block in code_blocks(path):
        imported = {
            line
            for node in ast.walk(ast.parse(block.code))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for line in range(node.lineno, node.end_lineno + 1)
        }
        lines = [
            line.rstrip()
            for number, line in enumerate(block.code.splitlines(), start=1)
            if line.strip() not in ("", "plt.show()") and number not in imported
        ]
        runs |= {tuple(lines[n : n + COPIED]) for n in range(len(lines) - COPIED + 1)}
    return runs


@every_script
def test_every_block_has_a_heading_before_it(path):
    for block in code_blocks(path):
        heading = HEADING.search(block.text)
        assert heading, block.code
        assert len(heading["title"]) == len(heading["line"]), heading["title"]


@every_script
def test_all_code_comes_after_a_heading(path):
    docstring, *rest = ast.parse(path.read_text(encoding="utf-8").split("# %%")[0]).body
    assert isinstance(docstring.value, ast.Constant)
    assert not rest


@every_script
def test_the_title_fits_a_card(path):
    title, line, *_ = introduction(path).splitlines()
    assert len(title) <= 60
    assert line == "=" * len(title)


@every_script
def test_the_first_paragraph_has_at_most_two_sentences(path):
    _, first, *_ = introduction(path).split("\n\n")
    assert 1 <= len(re.findall(r"[.!?](?=\s|$)", first)) <= 2


@every_script
def test_a_script_shows_its_figures_when_it_is_run(path):
    code = [line.rstrip() for block in code_blocks(path) for line in block.lines]
    # Workers import a script that has a guard: there, windows would open in each of them.
    shown = "    plt.show()" if 'if __name__ == "__main__":' in code else "plt.show()"
    assert code.count(shown) == 1
    assert "import matplotlib.pyplot as plt" in code


@every_script
def test_an_example_leaves_the_import_path_alone(path):
    assert "sys.path" not in path.read_text(encoding="utf-8")


@every_script
def test_an_example_has_one_to_four_tags_of_the_list(path):
    (tags,) = [value for name, value in settings(path) if name == "tags"]
    assert 1 <= len(tags) <= 4
    assert len(set(tags)) == len(tags)
    assert set(tags) <= TAGS


@every_script
def test_no_other_example_has_five_of_its_lines_in_a_row(path):
    mine = in_a_row(path)
    for other in SCRIPTS:
        if other != path:
            shared = mine & in_a_row(other)
            assert not shared, f"{other.name}:\n" + "\n".join(next(iter(shared)))
