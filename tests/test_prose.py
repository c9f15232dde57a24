"""No number in prose that nothing holds: what a page tells in figures is computed, or stands here.

A number is held by the code of its page, where it is a setting that the reader sees, or by a row of
`HELD`, which quotes the words and computes them. Years, citations and literal code are left out;
numbers that are spelt as words are not looked for.
"""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from ecgmask import (
    ContextToTarget,
    MaskAndComplement,
    Masks,
    RandomPatches,
    sample_ecg,
)
from ecgmask.baselines import explained_variance, interpolate
from ecgmask.readers.read import PADDING

ROOT = Path(__file__).parent.parent
LEFT_OUT = {"references.rst", "changelog.rst"}
PAGES = sorted(
    path
    for pattern in ("examples/*/*.py", "docs/*.rst", "README.md")
    for path in ROOT.glob(pattern)
    if path.name not in LEFT_OUT
)
# Literals, roles, links, citations, substitutions, papers' names and numbers, and the twelve leads.
NO_PROSE = re.compile(
    r"``.*?``|:[\w:+-]+:`[^`]*`|`[^`]*`__?|\[\w+\]_|https?://\S+|\|\w+\||<[^>]*>|\]\([^)]*\)"
    r"|(?:arXiv:|doi:)\S+|(?:wav2vec|data2vec|V-JEPA) [\d.]+|\b12(?:-lead|\s+leads)|CODE-15",
    re.DOTALL,
)
NUMBER = re.compile(r"(?<![\w.\-])\d+(?:[.,]\d+)*(?: \d{3})*(?!\w)")
YEAR = re.compile(r"(?:19|20)\d\d")
CODE_OF_PAGE = re.compile(
    r"^( *)\.\. (?:code-block|testcode|testoutput|testsetup|literalinclude)::.*\n"
    r"(?:(?:\1 +.*)?\n)+|^ *(?:>>>|\.\.\. ).*\n(?:^ *\S.*\n)*",
    re.MULTILINE,
)


def parts_of(path):
    """Return the prose of a page, and its code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rst":
        code = "\n".join(match[0] for match in CODE_OF_PAGE.finditer(text))
        prose = re.sub(r"^ *(?:\.\. .*|:\w[\w-]*:.*)$", "", CODE_OF_PAGE.sub("", text), flags=re.M)
    elif path.suffix == ".md":
        fenced = re.compile(r"```.*?```", re.DOTALL)
        code = "\n".join(fenced.findall(text))
        prose = re.sub(r"`[^`]*`", "", fenced.sub("", text))
    else:
        lines = text.split('"""', 2)[2].splitlines()
        comments = [line[2:] for line in lines if line.startswith("# ")]
        code = "\n".join(line for line in lines if not line.startswith("#"))
        prose = "\n".join([ast.get_docstring(ast.parse(text)), *comments])
        prose = re.sub(r"^sphinx_gallery.*$", "", prose, flags=re.MULTILINE)
    return NO_PROSE.sub("", prose), code


def stands_in(code, number):
    """Return whether a number is in code, as it is or, of a percentage, as a fraction."""
    if re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", code):
        return True
    value = float(number.replace(",", "").replace(" ", "")) / 100
    return any(np.isclose(float(each), value) for each in re.findall(r"(?<![\w.])\d*\.\d+", code))


def of_scale(scale):
    low, high = (round(100 * end) for end in scale)
    return f"{low} to {high} %"


def line_explains_lone_gaps(n_patches):
    """Return whether a line explains most of gaps of one patch that stand alone."""
    context = np.arange(n_patches)[None, None] % 20 != 10
    masks = Masks(context, ~context[:, None])
    ecg = sample_ecg()
    return np.median(explained_variance(ecg, masks, interpolate(ecg, masks))) > 0.5


def hidden_of(n_patches):
    masks = RandomPatches.mae().draw(1, n_patches, np.random.default_rng(0))
    return int(masks.targets.sum())


ECG = sample_ecg()
PATCH = 25
N_PATCHES = ECG.signal.shape[1] // PATCH
PATCH_MS = round(1000 * PATCH / ECG.sampling_rate)
IJEPA, NOTEBOOK = ContextToTarget.ijepa(), ContextToTarget()
MASKED = 100 - 100 * MaskAndComplement.max_keep_ratio, 100 - 100 * MaskAndComplement.min_keep_ratio
HELD = {
    "README.md": ["Python 3.11"],
    "docs/about.rst": ["Python 3.11"],
    "docs/get_started.rst": ["Python 3.11"],
    "docs/guide.rst": [
        f"at {ECG.sampling_rate:.0f} Hz, {PATCH} samples are {PATCH_MS} ms",
        f"ten seconds are {N_PATCHES} patches",
        f"masks {MASKED[0]:.0f} to {MASKED[1]:.0f} % of the patches",
        f"block of {of_scale(IJEPA.context_scale)}",
        f"targets of {of_scale(IJEPA.pred_scale)}",
        "gap of 10 to 20 ms" if all(map(line_explains_lone_gaps, (1000, 500))) else "",
    ],
    "docs/strategies.rst": [
        "gap of 10 to 20 ms" if all(map(line_explains_lone_gaps, (1000, 500))) else "",
    ],
    "docs/decisions.rst": [
        f"{hidden_of(30)} of 30 patches",
        f"for {1000 * PADDING:.0f} ms or more at an end",
    ],
    "docs/coming_from.rst": [
        "contexts of {:.2f} to {:.2f}".format(*NOTEBOOK.context_scale),
    ],
    "examples/strategies/context_to_target.py": [
        f"seconds of {ECG.sampling_rate:.0f} samples each are {N_PATCHES} patches",
        f"block of {of_scale(IJEPA.context_scale)}",
        f"targets of {of_scale(IJEPA.pred_scale)}",
    ],
}


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_number_in_prose_is_held(path):
    prose, code = parts_of(path)
    prose = words(prose)
    for quoted in HELD.get(path.relative_to(ROOT).as_posix(), []):
        prose = prose.replace(quoted, "")
    loose = [
        words(prose[max(0, match.start() - 40) : match.end() + 30])
        for match in NUMBER.finditer(prose)
        if not YEAR.fullmatch(match[0]) and not stands_in(code, match[0])
    ]
    assert not loose, f"nothing holds the numbers of {loose}; compute them, or reword"


@pytest.mark.parametrize(
    ("page", "quoted"), [(p, each) for p, held in HELD.items() for each in held]
)
def test_what_is_held_is_what_the_page_says(page, quoted):
    assert quoted, page
    assert quoted in words((ROOT / page).read_text(encoding="utf-8").replace("\n# ", "\n"))
