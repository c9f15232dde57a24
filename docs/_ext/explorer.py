"""The mask explorer: move the settings of a strategy and see what it hides on the sample ECG.

The build draws the masks of a grid of settings and seeds with the package itself and ships them as
run lengths, with the package's words about each, in a script for each strategy that assigns a
global: it loads from a server as from ``file://``. The browser decodes and draws; it knows no
strategy. A seed draws a batch, as sizes are often drawn once for a batch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from html import escape
from inspect import getdoc
from itertools import groupby, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import joblib
import matplotlib.pyplot as plt
import numpy as np
from docutils import nodes
from matplotlib.figure import Figure
from numpy.random import default_rng
from scipy.signal import find_peaks
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

import ecgmask
from ecgmask.plotting import DARK, LIGHT, plot_comparison
from ecgmask.statistics import clauses, count_line, count_marked, percent

N_PATCHES = 200
PATCH_SIZE = 25
N_SEEDS = 3
N_RECORDS = 24  # of the batch that a seed draws
LONG_RUN = 8192  # records: shares have a standard error below a hundredth
# Where the records of a batch share sizes, or the whole mask, many of them tell little.
BATCH_SIZES = {
    "MaskAndComplement": 32,
    "Spans": 32,
    "PerLead": 16,
    "LeadBlocks": 16,
    "ContextToTarget": 8,
    "PerBatch": 1,
}
STEP = 0.005  # mV, below what a screen shows
EVERY = 2  # samples, so 250 Hz
LEAST_ROW = 0.8  # mV, so that a flat lead still gets a row
LARGE_BOX = 0.2  # s, one large box of ECG paper

sample = cache(ecgmask.sample_ecg)

GALLERY = "gallery/strategies/"
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

# What a reader copies. The build draws with the same strategy, seed and R peaks.
CODE = """\
import matplotlib.pyplot as plt
import numpy as np
{scipy}
from ecgmask import {names}
from ecgmask.plotting import {plot}

ecg = sample_ecg()
{peaks}strategy = {strategy}
masks = strategy.draw(24, 200, np.random.default_rng({seed}){given})
{plot}(ecg, masks, record={record}{lead})
plt.show()
"""
WITH_PEAKS = {
    "scipy": "from scipy.signal import find_peaks\n",
    "peaks": "peaks, _ = find_peaks(ecg.signal[1], height=0.6, distance=250)\n",
    "given": ", r_peaks=[peaks / 25] * 24",
}

# What is said of a batch; the numbers are counted where its size is chosen.
BATCH_WORDS = {
    "drawn": "As drawn, {n} records have {context} context and {targets} target patches.",
    "cut": 'A collator with truncate="ends", the default, leaves each of {n} records {context} '
    "context and {targets} target patches: {context_share} of the context and {target_share} of "
    "the target patches are lost.",
    "padded": 'A collator with truncate="never" gives each of {n} records {context} context and '
    "{targets} target tokens: {context_share} and {target_share} of them are filler.",
}


CURVE_WORDS = (
    "In the long run the first patch is seen in {first} of 100 masks, the middle one in {middle} "
    "and the last one in {last}."
)


@dataclass(frozen=True)
class Option:
    """A value of a control: as the address has it, as the page shows it, and its Python code."""

    text: str
    shown: str
    code: str


@dataclass(frozen=True)
class Control:
    """A control of the page; it sets one parameter, or several that belong together."""

    name: str
    label: str
    kind: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Grid:
    """The settings of a strategy that can be explored, and those that have a name."""

    controls: tuple[Control, ...]
    presets: dict[str, str]


def numbers(name: str, label: str, values: Iterable[float], unit: str = "") -> Control:
    """Return a slider over the values of a parameter."""
    options = (Option(f"{n:g}", f"{n:g}{unit}", f"{name}={n!r}") for n in values)
    return Control(name, label, "range", tuple(options))


def lengths(name: str, label: str, values: Iterable[int]) -> Control:
    """Return a slider over numbers of patches, which are times as well."""
    options = (
        Option(f"{n}", f"{n} patch{'es' * (n > 1)}, {50 * n} ms", f"{name}={n}") for n in values
    )
    return Control(name, label, "range", tuple(options))


def scales(name: str, label: str, values: Iterable[tuple[float, float]]) -> Control:
    """Return a slider over pairs of fractions of the record."""

    def text(low: float, high: float) -> str:
        return f"{low:g} to {high:g}" if low < high else f"{low:g}"

    options = (
        Option(text(*pair), f"{text(*pair)} of the record", f"{name}={pair}") for pair in values
    )
    return Control(name, label, "range", tuple(options))


def choices(name: str, label: str, values: dict[str, tuple[str, str]]) -> Control:
    """Return a menu; each text in the address has what the page shows and the code."""
    options = (Option(text, shown, code) for text, (shown, code) in values.items())
    return Control(name, label, "select", tuple(options))


def strategies(name: str, label: str, parameter: str, codes: Iterable[str]) -> Control:
    """Return a menu of strategies for a parameter, each shown as its code."""
    return choices(name, label, {code: (code, f"{parameter}={code}") for code in codes})


OF_PATCHES = " of the patches"
BLOCKS = (1, 2, 3, 5, 10, 20, 40)

CONTROLS: dict[str, tuple[Control, ...]] = {
    "MaskAndComplement": (
        lengths("min_block_size", "Shortest masked block", (1, 2, 3, 5, 10, 15, 20, 30, 40)),
        Control(
            "kept",
            "Visible",
            "range",
            tuple(
                Option(
                    f"{low:g} to {high:g}",
                    f"{low:g} to {high:g}{OF_PATCHES}",
                    f"min_keep_ratio={low}, max_keep_ratio={high}",
                )
                for low, high in (
                    (0.05, 0.1),
                    (0.1, 0.15),
                    (0.15, 0.25),
                    (0.25, 0.35),
                    (0.35, 0.45),
                    (0.45, 0.55),
                    (0.65, 0.75),
                )
            ),
        ),
    ),
    "ContextToTarget": (
        scales(
            "context_scale",
            "Context block",
            ((0.5, 0.6), (0.85, 0.95), (0.85, 1.0)),
        ),
        scales(
            "pred_scale",
            "Each target",
            ((0.05, 0.1), (0.15, 0.2), (0.25, 0.35)),
        ),
        numbers("num_pred_blocks", "Targets", (1, 2, 4)),
        lengths("min_keep", "Shortest context", (10, 11, 50)),
    ),
    "RandomPatches": (
        Control(
            "ratio",
            "Masked",
            "range",
            tuple(
                Option(text, f"{text}{OF_PATCHES}", f"ratio={value}")
                for text, value in (
                    ("0.1", "0.1"),
                    ("0.2", "0.2"),
                    ("0.3", "0.3"),
                    ("0.33", "0.33"),
                    ("0.4", "0.4"),
                    ("0.5", "0.5"),
                    ("0.6", "0.6"),
                    ("0.6 to 0.7", "(0.6, 0.7)"),
                    ("0.7", "0.7"),
                    ("0.75", "0.75"),
                    ("0.8", "0.8"),
                    ("0.9", "0.9"),
                )
            ),
        ),
    ),
    "UnionOfBlocks": (
        numbers("num_blocks", "Blocks", (1, 2, 4, 8)),
        scales(
            "scale",
            "Each block",
            ((0.05, 0.1), (0.15, 0.15), (0.175, 0.225), (0.3, 0.4), (0.7, 0.7)),
        ),
        lengths("min_keep", "Shortest context", (1, 10, 20)),
    ),
    "InverseBlocks": (
        numbers("ratio", "Masked", (0.5, 0.8, 0.9), OF_PATCHES),
        lengths("length", "Visible block", (1, 5, 10, 20)),
        numbers("adjust", "For overlaps, added", (0.0, 0.07, 0.3), OF_PATCHES),
    ),
    "Spans": (
        numbers("ratio", "Masked, at most", (0.15, 0.3, 0.5, 0.65, 0.8), OF_PATCHES),
        lengths("length", "Each span", BLOCKS),
        numbers("min_spans", "Spans, at least", (1, 2, 4)),
    ),
    "LeadBlocks": (
        numbers("num_blocks", "Blocks", (1, 4)),
        numbers("width", "Leads in each", (1, 3, 6)),
    ),
    "GeometricRuns": (
        numbers("ratio", "Masked", (0.5, 0.75), OF_PATCHES),
        lengths("mean_length", "Mean masked run", (3, 10)),
    ),
    "Forecast": (numbers("ratio", "Future", (0.1, 0.25, 0.5, 0.75, 0.9), OF_PATCHES),),
    "Beats": (
        numbers("ratio", "Masked", (0.1, 0.3, 0.5, 0.7, 0.9), " of the beats"),
        choices(
            "window",
            "Masked part",
            {
                "beat": ("the whole beat", "window=None"),
                **{
                    f"{before}, {after}": (
                        f"{before} before R, {after} after: {50 * (before + after + 1)} ms",
                        f"window=({before}, {after})",
                    )
                    for before, after in ((1, 1), (2, 2), (4, 4), (1, 6))
                },
            },
        ),
    ),
    "Leads": (
        choices(
            "masked",
            "Masked leads",
            {
                **{f"{n}": (f"{n}", f"n_masked={n}") for n in (1, 2, 3, 4, 6, 9, 11)},
                **{
                    f"p={p}": (f"each with p = {p:g}", f"probability={p}")
                    for p in (0.25, 0.5, 0.75)
                },
            },
        ),
        choices(
            "groups",
            "As one",
            {
                "none": ("none", "groups=()"),
                "limb": ("the six limb leads", "groups=(LIMB_LEADS,)"),
            },
        ),
        choices(
            "keep",
            "Always visible",
            {
                "none": ("none", "keep=()"),
                "V1, V2": ("V1 and V2", 'keep=("V1", "V2")'),
            },
        ),
    ),
    "PerLead": (
        choices(
            "of",
            "Lead by lead",
            {
                code: (code, f"strategy={code}, n_leads=12")
                for code in (
                    "RandomPatches(0.75)",
                    "RandomPatches(0.4)",
                    "MaskAndComplement()",
                    "ContextToTarget()",
                    "UnionOfBlocks()",
                    "Spans.wav2vec2()",
                    "Forecast()",
                )
            },
        ),
    ),
    "RandomTokens": (numbers("ratio", "Masked", (0.5, 0.9), " of the tokens"),),
    "Both": (
        strategies(
            "first",
            "One strategy",
            "first",
            ("Spans.wav2vec2()", "MaskAndComplement()", "RandomPatches(0.5)", "Forecast()"),
        ),
        strategies(
            "second",
            "The other",
            "second",
            ("Leads.oh()", "Leads(n_masked=3)", "Leads(n_masked=9)"),
        ),
    ),
    "PerBatch": (
        strategies(
            "of",
            "One mask of",
            "strategy",
            (
                "RandomPatches((0.6, 0.7))",
                "UnionOfBlocks()",
                "MaskAndComplement()",
                "ContextToTarget.ijepa()",
                "Spans.wav2vec2()",
            ),
        ),
    ),
}


def make(code: str) -> ecgmask.Strategy:
    """Return the strategy that the code of a setting makes."""
    strategy: ecgmask.Strategy = eval(code, vars(ecgmask).copy())
    return strategy


def grid_of(name: str) -> Grid:
    """Return the settings of a strategy; without controls, a menu of those that have a name."""
    presets = {
        re.sub(r" \[\w+\]", "", label): code
        for label, code in getattr(ecgmask, name).presets.items()
    }
    made = {label: repr(make(code)) for label, code in presets.items()}
    named = {label: (label, code[len(name) + 1 : -1]) for label, code in made.items()}
    return Grid(CONTROLS.get(name) or (choices("setting", "Setting", named),), presets)


GRIDS = {
    name: grid_of(name) for name in ecgmask.strategies.__all__ if name not in ("Masks", "Strategy")
}


def title_of(name: str) -> str:
    """Return the words that the name of a strategy is made of."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def keys_of(name: str, label: str, *, first: bool) -> list[str]:
    """Return what a setting is called in an address: its papers, the first also by its class.

    Only letters and digits count, and the beginning is enough: ``i-jepa`` and ``ijepa`` are one.
    """
    papers = [label.removeprefix("After "), *label.split(", ")]
    return [key(text) for text in dict.fromkeys([*papers, *[name] * first])]


def key(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def slug(text: str) -> str:
    """Return a text as an address has it."""
    return re.sub(r"[^a-z0-9]+", "-", text.removeprefix("After ").replace("'", "").lower()).strip(
        "-"
    )


def named_settings(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the settings that have a name, strategy by strategy."""
    return [
        {
            "name": name,
            "at": at,
            "label": label,
            "slug": slug(label),
            "keys": keys_of(name, label, first=not at),
        }
        for name in names
        for at, label in enumerate(GRIDS[name].presets)
    ]


def menu(names: Iterable[str]) -> str:
    """Return the options of a menu of these settings; the first is for one that was changed."""
    groups = ['<option value="" hidden>Changed</option>']
    for title, settings in groupby(
        enumerate(named_settings(names)), lambda numbered: title_of(numbered[1]["name"])
    ):
        options = (f'<option value="{i}">{escape(each["label"])}</option>' for i, each in settings)
        groups.append(f'<optgroup label="{title}">{"".join(options)}</optgroup>')
    return "".join(groups)


def vlq(values: Iterable[int]) -> str:
    """Return whole numbers from 0 as digits of five bits, the lowest first, as source maps do."""
    text = []
    for value in values:
        while value > 31:
            text.append(DIGITS[value % 32 + 32])
            value //= 32
        text.append(DIGITS[value])
    return "".join(text)


def signed(values: Any) -> str:
    """Return whole numbers whose last bit is their sign, as source maps have them."""
    return vlq((2 * abs(values) + (values < 0)).ravel().tolist())


def run_lengths(marked: Any) -> list[int]:
    """Return the lengths of the runs of a row, the first of which is not marked."""
    edges = np.flatnonzero(np.diff(marked, prepend=False))
    return [int(length) for length in np.diff([0, *edges, len(marked)])]


def encode(draws: list[ecgmask.Masks], words: list[list[int]]) -> str:
    """Return the records of all batches in turn: rows of masks lead by lead, then words.

    The number of targets comes first, or 0 if the only target is the complement of the context and
    not written; then the number of words of a draw.
    """
    n_targets = draws[0].n_targets
    if n_targets == 1 and not any(one.ignored.any() for one in draws):
        n_targets = 0
    values = [n_targets, len(words[0])]
    for one, numbers in zip(draws, words, strict=True):
        for lead in range(one.n_leads):
            values += run_lengths(one.context[0, lead])
            for target in range(n_targets):
                values += run_lengths(one.targets[0, target, lead])
        values += numbers
    return vlq(values)


def tell(one: ecgmask.Masks, leads: Iterable[str]) -> list[str]:
    """Return what the package says of a figure of some leads."""
    ecg = sample()
    return clauses(one, ecg.duration, list(leads), synthetic=ecg.synthetic)


def words_of(one: ecgmask.Masks) -> list[str]:
    """Return the words about a draw: its counts, then its roles, for all leads and for each.

    If leads share a mask, what is true of all is true of each. Times are left to the page, which
    has the runs.
    """
    shown = [one]
    if one.n_leads > 1:
        rows = np.split(np.arange(one.n_leads), one.n_leads)
        shown += [ecgmask.Masks(one.context[:, row], one.targets[:, :, row]) for row in rows]
    roles = [role for each in shown for role in tell(each, sample().leads)[1:]]
    untimed = [re.sub("(?<=, at ).*(?= s$)", "@", role) for role in roles]
    return [count_line(one, sample().duration), *untimed]


def settings(name: str) -> Iterator[str]:
    """Yield the code of every setting of a strategy, the last control changing fastest."""
    for chosen in product(*(control.options for control in GRIDS[name].controls)):
        yield f"{name}({', '.join(option.code for option in chosen)})"


@cache
def r_peaks() -> Any:
    """Return the R peaks of the sample ECG, in samples."""
    ecg = sample()
    return find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)[0]


def draw(code: str, seed: int, n_records: int = N_RECORDS) -> ecgmask.Masks:
    """Return the masks of the batch that the code of a setting draws for a seed."""
    strategy = make(code)
    given = {"r_peaks": [r_peaks() / PATCH_SIZE] * n_records} if strategy.needs_r_peaks else {}
    return strategy.draw(n_records, N_PATCHES, default_rng(seed), **given)


def long_run(strategy: ecgmask.Strategy) -> tuple[int, int]:
    """Return how many batches are drawn, and of how many records."""
    batch_size = BATCH_SIZES.get(type(strategy).__name__, 64)
    return LONG_RUN // batch_size, batch_size


def law(code: str) -> str:
    """Return how often each patch is context, then target, in the long run, in hundredths."""
    strategy = make(code)
    n_batches, batch_size = long_run(strategy)
    peaks = [r_peaks() / PATCH_SIZE] * batch_size
    given = {"r_peaks": peaks} if strategy.needs_r_peaks else {}
    rng = default_rng(0)
    shares = np.empty((n_batches, 2, N_PATCHES))
    for batch in shares:
        masks = strategy.draw(batch_size, N_PATCHES, rng, **given)
        for row, marked in zip(batch, (masks.context, masks.target_union), strict=True):
            row[:] = count_marked(marked, axis=(0, 1))
    shares /= batch_size * masks.n_leads
    error = shares.std(axis=0, ddof=1).max() / np.sqrt(n_batches)
    if error >= 0.01:
        raise ExtensionError(
            f"the long run of {code} has a standard error of {error:.3f}; draw smaller batches of "
            "it (BATCH_SIZES)"
        )
    hundredths = np.rint(100 * shares.mean(axis=0).ravel()).astype(int)
    return signed(np.diff(hundredths, prepend=0))


def collate(masks: ecgmask.Masks, seed: int, truncate: str) -> Any:
    """Return what the package's collator makes of the masks of a batch."""
    given = SimpleNamespace(draw=lambda *_, **__: masks)
    collator = ecgmask.PatchMaskCollator(given, patch_size=1, truncate=truncate, seed=seed)
    records = np.zeros((masks.n_records, masks.n_leads, masks.n_patches), dtype=np.float32)
    return collator(list(records))


def loses_start(seed: int) -> list[bool]:
    """Return which records lose the first of their surplus patches, as a seeded collator cuts."""
    context = np.ones((N_RECORDS + 1, 1, 3), dtype=bool)
    context[:, :, 2] = False
    context[-1, :, 0] = False
    target = ~context[:, None]
    cut = collate(ecgmask.Masks(context, target), seed, "ends")
    return [int(first) == 1 for first in cut.context[:N_RECORDS, 0]]


def refusal(code: str) -> str:
    """Return the error that a reader would get for a setting, whatever the seed, or nothing."""
    try:
        draw(code, seed=0, n_records=1)
    except ValueError as error:
        return f"ValueError: {error}"
    return ""


def mask_data(name: str) -> dict[str, Any]:
    """Return what a page has to know of a strategy, every mask included."""
    grid = GRIDS[name]
    presets = [preset_place(name, code) for code in grid.presets.values()]
    codes = list(settings(name))
    masks: list[int] = []
    drawn: dict[str, int] = {}
    laws: list[str] = []
    phrases: dict[str, int] = {}
    differ = False
    for code in codes:
        refused = refusal(code)
        if refused:
            masks.append(drawn.setdefault(f"!{refused}", len(drawn)))
        else:
            draws = [
                batch[record]
                for batch in (draw(code, seed) for seed in range(N_SEEDS))
                for record in range(N_RECORDS)
            ]
            words = [
                [phrases.setdefault(text, len(phrases)) for text in words_of(one)] for one in draws
            ]
            masks.append(drawn.setdefault(encode(draws, words), len(drawn)))
            differ = differ or any((one.context != draws[0].context).any() for one in draws)
        if len(laws) < len(drawn):
            laws.append("" if refused else law(code))
    used = {word for code in codes for word in re.findall(r"\w+", code)}
    preset = make(next(iter(grid.presets.values())))
    fill = WITH_PEAKS if preset.needs_r_peaks else dict.fromkeys(WITH_PEAKS, "")
    template = CODE
    for place, text in fill.items():
        template = template.replace(f"{{{place}}}", text)
    one = draws[0]
    leads = {"all": sample().leads, **{lead: [lead] for lead in sample().leads}}
    return {
        "about": (getdoc(getattr(ecgmask, name)) or "").split("\n")[0],
        "controls": [asdict(control) for control in grid.controls],
        "presets": presets,
        "names": sorted((used & set(ecgmask.__all__)) | {"sample_ecg"}),
        "code": template,
        "leads": one.n_leads,
        "random": differ,
        "openings": {name: tell(one, shown)[0] for name, shown in leads.items()},
        "phrases": list(phrases),
        "percents": [percent(n / one.context.size) for n in range(one.context.size + 1)],
        # Settings that draw the same masks, or are refused for the same reason, have one number.
        "masks": masks,
        "drawn": list(drawn),
        "laws": laws,
    }


def preset_place(name: str, code: str) -> list[int]:
    """Return where each control stands in a setting that has a name."""
    wanted = make(code)
    sizes = [len(control.options) for control in GRIDS[name].controls]
    for number, setting in enumerate(settings(name)):
        try:
            found = make(setting) == wanted
        except ValueError:
            continue
        if found:
            return [int(place) for place in np.unravel_index(number, sizes)]
    raise ValueError(f"the grid of {name} does not hold {code}; add its values to the controls")


def record_data(drawn: Iterable[str]) -> dict[str, Any]:
    """Return what the masks are counted in, and some leads of the sample ECG to draw."""
    ecg = sample()
    deltas = {}
    for lead in drawn:
        steps = np.rint(ecg.signal[ecg.lead_index(lead), ::EVERY].astype(float) / STEP)
        deltas[lead] = np.diff(steps.astype(int), prepend=0)
    beat = float(np.diff(r_peaks()).mean() / ecg.sampling_rate)
    stacks = {lead: stack([lead]) for lead in deltas}
    if len(deltas) > 1:
        stacks["all"] = stack(deltas)
    return {
        "leads": list(ecg.leads),
        "step": STEP,
        "duration": ecg.duration,
        "beat": round(beat, 4),
        "patches": N_PATCHES,
        "box": round(LARGE_BOX * N_PATCHES / ecg.duration),
        "times": [f"{n * ecg.duration / N_PATCHES:.2f}" for n in range(N_PATCHES + 1)],
        "seeds": N_SEEDS,
        "records": N_RECORDS,
        "losesStart": [loses_start(seed) for seed in range(N_SEEDS)],
        "batchWords": BATCH_WORDS,
        "curveWords": CURVE_WORDS,
        "stacks": stacks,
        "signal": {lead: signed(row) for lead, row in deltas.items()},
    }


def stack(leads: Iterable[str]) -> dict[str, Any]:
    """Return where leads have their place below each other, in mV from the top."""
    ecg = sample()
    rows = []
    level = 0.0
    for lead in leads:
        trace = ecg.signal[ecg.lead_index(lead), ::EVERY].astype(float)
        spare = max(LEAST_ROW - np.ptp(trace), 0) / 2 + 0.1
        top, zero = level, level + trace.max() + spare
        level = zero - trace.min() + spare
        places = {"top": top, "zero": zero, "bottom": level}
        rows.append({"lead": lead} | {name: round(place, 3) for name, place in places.items()})
    return {"height": round(level, 3), "rows": rows}


def layout(names: Iterable[str], *, code_is_open: bool) -> str:
    """Return the parts of the page that a script fills."""
    seconds = range(int(sample().duration) + 1)
    times = [f"<span>{second}</span>" for second in seconds]
    times[-1] = f"<span>{seconds[-1]} s</span>"
    shown = {"all": "all leads"} | {lead: f"lead {lead}" for lead in sample().leads}
    row = (
        '<label><span>{0}</span><input type="radio" name="explorer-record" value="{0}">'
        '<canvas width="{1}" aria-hidden="true"></canvas>'
        '<span class="explorer-lane-count" aria-hidden="true"></span></label>'
    )
    return (Path(__file__).with_suffix(".html").read_text(encoding="utf-8")).format(
        leads="".join(f'<option value="{lead}">{words}</option>' for lead, words in shown.items()),
        menu=menu(names),
        rows="".join(row.format(record, N_PATCHES) for record in range(N_RECORDS)),
        times="".join(times),
        records=N_RECORDS,
        patches=N_PATCHES,
        open=" open" * code_is_open,
    )


def script(name: str, data: dict[str, Any]) -> str:
    """Return a script that hands data to the page."""
    return f"(window.maskExplorer ??= {{}}).{name} = {json.dumps(data, separators=(',', ':'))};\n"


def palette_css() -> str:
    """Return the colours of the package's figures as custom properties of both themes."""
    rules = []
    for selector, palette in (
        (".mask-explorer", LIGHT),
        ('html[data-theme="dark"] .mask-explorer', DARK),
    ):
        body = " ".join(f"--ecg-{k.replace('_', '-')}: {v};" for k, v in asdict(palette).items())
        rules.append(f"{selector} {{ {body} }}")
    return "\n".join([rules[0], f"@media screen {{ {rules[1]} }}", ""])


def page_of(name: str) -> str:
    """Return the document of the gallery that is about a strategy."""
    return GALLERY + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class mask_explorer(nodes.General, nodes.Element):
    """An explorer of some strategies."""


class MaskExplorer(SphinxDirective):
    """Explore all strategies, or only the one that is named: ``.. mask-explorer:: Spans``.

    What it holds is shown where there are no scripts; then it is the home page's.
    """

    optional_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        if self.arguments and self.arguments[0] not in GRIDS:
            raise self.error(
                f"no strategy {self.arguments[0]!r} to explore; there are {', '.join(GRIDS)}"
            )
        # Its state is the address of the page.
        if self.env.current_document.get("has_mask_explorer"):
            raise self.error("a page has room for one mask-explorer; remove this one")
        self.env.current_document["has_mask_explorer"] = True
        kind = "hero" if self.content else "small" if self.arguments else ""
        node = mask_explorer(strategies=self.arguments or list(GRIDS), kind=kind)
        node += self.parse_content_to_nodes()
        return [node]


def add_to_gallery(app: Sphinx, doctree: nodes.document) -> None:
    """Let readers of a strategy's gallery page try other settings, after its first figure.

    The scripts of the gallery stay as they are: in a notebook the directive would be raw text.
    """
    names = {page_of(name): name for name in GRIDS}
    if app.env.docname not in names:
        return
    page = next(doctree.findall(nodes.section))
    sections = [node for node in page.children if isinstance(node, nodes.section)]
    with_figure = [s for s in sections if any(n.tagname == "themed_figure" for n in s.findall())]
    title = "Try other settings"
    section = nodes.section("", nodes.title(title, title), ids=["try-other-settings"])
    section += mask_explorer(strategies=[names[app.env.docname]], kind="small")
    page.insert(page.index((with_figure or sections)[0]) + 1, section)


def define_number(app: Sphinx, config: Config) -> None:
    """Let pages write how long the long run is."""
    config.rst_epilog = f"{config.rst_epilog or ''}\n.. |long_run| replace:: {LONG_RUN}\n"


def preview() -> Figure:
    """Return the picture of the page for those who link to it: masks of four papers."""
    settings = [next(iter(grid.presets.items())) for grid in list(GRIDS.values())[:4]]
    return plot_comparison(sample(), {label: draw(code, 0)[0] for label, code in settings})


def write_data(app: Sphinx) -> None:
    """Draw the masks and put them where Sphinx takes the static files from."""
    if app.builder.format != "html":
        return
    # It takes a while, and the same code draws the same: what one build has drawn, the next reads.
    package = Path(ecgmask.__file__).parent.rglob("*.py")
    code = [path.read_bytes() for path in (Path(__file__), *sorted(package))]
    folder = Path(app.doctreedir) / "explorer" / joblib.hash([np.__version__, *code])
    kept = joblib.Memory(folder, verbose=0).cache(mask_data)
    drawn = joblib.Parallel(app.parallel)(joblib.delayed(kept)(name) for name in GRIDS)
    files = {f"{name}.js": script(name, data) for name, data in zip(GRIDS, drawn, strict=True)}
    files["record.js"] = script("record", record_data(ecgmask.STANDARD_LEADS))
    files["record-small.js"] = script("record", record_data(["II"]))
    files["palette.css"] = palette_css()
    static = Path(app.doctreedir) / "explorer_static"
    folder = static / "explorer"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    picture = preview()
    picture.savefig(static / "explorer-preview.png", dpi=144)
    plt.close(picture)
    app.config.html_static_path.append(str(static))


def add_styles(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Load the styles on pages with an explorer only."""
    if doctree is not None and any(doctree.findall(mask_explorer)):
        app.add_css_file("explorer/palette.css")
        app.add_css_file("explorer.css")


def visit_html(self: Any, node: mask_explorer) -> None:
    builder = self.builder
    here = builder.get_target_uri(builder.current_docname)

    def uri(document: str) -> str:
        found = document in builder.env.found_docs
        return relative_uri(here, builder.get_target_uri(document)) if found else ""

    def static(path: str) -> str:
        text = (Path(builder.outdir) / "_static" / path).read_bytes()
        return f"{relative_uri(here, f'_static/{path}')}?v={crc32(text):08x}"

    names = node["strategies"]
    small = f"-{node['kind']}" * bool(node["kind"])
    data = {
        "presets": named_settings(names),
        "pages": {name: uri(page_of(name)) for name in names},
        "scripts": {name: static(f"explorer/{name}.js") for name in names},
        "explorer": uri("explorer") if small else "",
    }
    # Deferred, they run in this order once the page is there.
    for path in (
        f"explorer/record{'-small' * bool(small)}.js",
        f"explorer/{names[0]}.js",
        "explorer.js",
    ):
        self.body.append(f'<script defer src="{escape(static(path))}"></script>\n')
    self.body.append(
        f'<div class="mask-explorer mask-explorer{small or "-full"}" '
        f'data-site="{escape(json.dumps(data))}">'
        f"{layout(names, code_is_open=not small)}<noscript>"
    )
    if not node.children:
        gallery = uri("gallery/index")
        link = f'<a href="{escape(gallery)}">gallery</a>' if gallery else "gallery"
        self.body.append(
            f"<p>The explorer needs JavaScript. The {link} shows every strategy without it.</p>"
        )


def depart_html(self: Any, node: mask_explorer) -> None:
    self.body.append("</noscript></div>\n")


def visit_other(self: Any, node: mask_explorer) -> None:
    """Say where there is one, as only a browser can show it."""
    self.add_text("The mask explorer is a page of the site.")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(
        mask_explorer,
        html=(visit_html, depart_html),
        text=(visit_other, None),
        man=(visit_other, None),
    )
    app.add_directive("mask-explorer", MaskExplorer)
    app.connect("config-inited", define_number)
    app.connect("builder-inited", write_data)
    # Before Sphinx collects the headings of the page.
    app.connect("doctree-read", add_to_gallery, priority=400)
    app.connect("html-page-context", add_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
