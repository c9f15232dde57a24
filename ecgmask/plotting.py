"""Figures of masked ECGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ecgmask._checks import check_count
from ecgmask.ecg import ECG
from ecgmask.statistics import (
    MaskStatistics,
    StrategyComparison,
    count_line,
    count_runs,
    find_runs,
    percent,
    sentence,
)
from ecgmask.strategies.masks import BoolArray, MaskLike, Masks, as_masks

HATCHES = ("", "///", "...", "xx")
LARGE_BOX = 0.2  # s, one large box of ECG paper
LEAST_ROW = 0.8  # mV, so that a flat lead still gets a row
BARS = 0.8  # height of a bar in its lane
LINES = ("-", "--", ":", "-.")
MARKERS = ("", "o", "s", "^")
LEAST_LINE = 2 / 96  # inches, two pixels of a page
FINE = 300  # patches, nearly as many as a figure on a phone has pixels
DEPTH = 0.6  # opacity that each target adds where there is no trace to shine through


@dataclass(frozen=True)
class Palette:
    """The colours of a figure; :data:`LIGHT` and :data:`DARK` are the two that are used.

    Colour says what a patch is for, never which target it belongs to. Roles stay apart in the
    common forms of colour blindness and in grey.

    Parameters
    ----------
    background
        Colour of the page.
    text
        Colour of text and axes.
    grid
        Colour of the time grid.
    context
        Colour of bars of patches that the encoder sees.
    target
        Colour of bars and tints of patches to predict.
    ignored
        Colour of bars of patches that are neither.
    context_line
        Colour of traces that the encoder sees; thin, they need more contrast.
    target_line
        Colour of traces to predict.
    ignored_line
        Colour of traces that are neither.
    tint
        Opacity of the tint that each target lays over the traces, in (0, 1).
    """

    background: str
    text: str
    grid: str
    context: str
    target: str
    ignored: str
    context_line: str
    target_line: str
    ignored_line: str
    tint: float


LIGHT = Palette(
    background="#FFFFFF",
    text="#222832",
    grid="#E3E6EA",
    context="#1F4E9E",
    target="#E06C00",
    ignored="#D9D9D9",
    context_line="#1F4E9E",
    target_line="#B34700",
    ignored_line="#767676",
    tint=0.13,
)
"""Colours for a light page and for print."""

DARK = Palette(
    background="#14181E",
    text="#CED6DD",
    grid="#2B323B",
    context="#6FA3F5",
    target="#FF9B45",
    ignored="#5A5A5A",
    context_line="#6FA3F5",
    target_line="#FF9B45",
    ignored_line="#8F959C",
    tint=0.13,
)
"""Colours for a dark page."""


def plot_12_leads(
    ecg: ECG,
    masks: MaskLike,
    *,
    patch_size: int | None = None,
    n_leads: int = 1,
    record: int = 0,
    strategy: int | None = None,
    title: str | None = None,
    palette: Palette = LIGHT,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw all leads of an ECG, coloured by what the encoder sees and what it must predict.

    A lane chart on top has a bar for the context, one for each target and one for what is
    ignored, with the counts. Below it every lead is one continuous trace at one gain. Each target
    lays a tint over the traces, so that patches in two targets are tinted twice. Per-lead masks
    show an image of leads and patches in place of the lanes.

    Parameters
    ----------
    ecg
        The ECG to draw, with any number of leads.
    masks
        What a strategy draws, or what a collator returns.
    patch_size
        Samples in a patch. Needed for index tensors, which do not tell it: give the one that
        the collator had. Boolean masks divide the record evenly.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    record
        Which record of the batch of masks.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.
    title
        Title of the figure.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    fig
        Figure or subfigure to draw in. By default a new one.

    Returns
    -------
    Figure or SubFigure
        The figure. Its label, ``fig.get_label()``, describes the mask in one sentence, for use
        as alternative text.

    Raises
    ------
    ValueError
        If the masks do not fit the ECG.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import MaskAndComplement, sample_ecg
    >>> from ecgmask.plotting import plot_12_leads
    >>> masks = MaskAndComplement().draw(1, 200, np.random.default_rng(0))
    >>> fig = plot_12_leads(sample_ecg(), masks, title="Mask and complement")
    >>> fig.get_label().split(";")[0]
    'ECG with 12 leads, 10 s in 200 patches of 50 ms, one mask for all leads'
    """
    _check_palette(palette)
    one = _one_record(ecg, masks, patch_size, n_leads, record, strategy)
    if fig is None:
        fig = _new_figure((8.4, 8.4), palette)
    shared = one.n_leads == 1
    n_lanes = one.n_targets + 2 if shared else one.n_leads
    chart_height = 0.24 * n_lanes
    chart, traces = fig.subplots(2, 1, height_ratios=[chart_height, 7])
    if shared:
        _draw_lanes(chart, one, palette)
    else:
        _draw_lead_rows(chart, ecg, one, palette)
    _draw_traces(traces, ecg, one, palette)
    chart.set_title(
        count_line(one, ecg.duration), loc="left", fontsize="medium", color=palette.text
    )
    if title is not None:
        fig.suptitle(title, x=0.01, ha="left", weight="bold", color=palette.text)
    fig.set_label(_sentence(ecg, one))
    return fig


def plot_lead(
    ecg: ECG,
    masks: MaskLike,
    *,
    lead: str = "II",
    patch_size: int | None = None,
    n_leads: int = 1,
    record: int = 0,
    strategy: int | None = None,
    palette: Palette = LIGHT,
    ax: Axes | None = None,
) -> Axes:
    """Draw one lead of an ECG, coloured by what the encoder sees and what it must predict.

    Parameters
    ----------
    ecg
        The ECG to draw.
    masks
        What a strategy draws, or what a collator returns.
    lead
        Name of the lead.
    patch_size
        Samples in a patch, as the collator had it; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    record
        Which record of the batch of masks.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    ax
        Axes to draw in. By default those of a new figure.

    Returns
    -------
    Axes
        The axes. Their label, ``ax.get_label()``, describes the mask in one sentence.

    Raises
    ------
    ValueError
        If the masks do not fit the ECG, or it has no such lead.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget, sample_ecg
    >>> from ecgmask.plotting import plot_lead
    >>> masks = ContextToTarget().draw(1, 200, np.random.default_rng(0))
    >>> ax = plot_lead(sample_ecg(), masks, lead="V5")
    >>> ax.get_xlabel()
    'Time (s)'
    """
    _check_palette(palette)
    one = _one_record(ecg, masks, patch_size, n_leads, record, strategy)
    ecg, one = _one_lead(ecg, one, lead)
    if ax is None:
        fig = _new_figure((8.4, 2.2), palette)
        fig.set_label(_sentence(ecg, one))
        ax = fig.subplots()
    _draw_traces(ax, ecg, one, palette)
    ax.set_label(_sentence(ecg, one))
    return ax


def plot_comparison(
    ecg: ECG,
    masks: Mapping[str, MaskLike],
    *,
    lead: str = "II",
    patch_size: int | None = None,
    n_leads: int = 1,
    record: int = 0,
    strategy: int | None = None,
    palette: Palette = LIGHT,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw one lead under several strategies, one row each, titled with the counts.

    Parameters
    ----------
    ecg
        The ECG to draw.
    masks
        Titles, and what a strategy draws or a collator returns for each.
    lead
        Name of the lead.
    patch_size
        Samples in a patch, as the collator had it; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    record
        Which record of the batches of masks.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    fig
        Figure or subfigure to draw in. By default a new one.

    Returns
    -------
    Figure or SubFigure
        The figure. Its label, ``fig.get_label()``, describes all masks in one sentence.

    Raises
    ------
    ValueError
        If there is nothing to compare, masks do not fit the ECG, or it has no such lead.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget, MaskAndComplement, sample_ecg
    >>> from ecgmask.plotting import plot_comparison
    >>> rng = np.random.default_rng(0)
    >>> fig = plot_comparison(
    ...     sample_ecg(),
    ...     {"ECG-JEPA": MaskAndComplement().draw(1, 200, rng),
    ...      "I-JEPA": ContextToTarget().draw(1, 200, rng)},
    ... )
    >>> len(fig.axes)
    2
    """
    _check_palette(palette)
    given: object = masks
    if not isinstance(given, Mapping):
        raise TypeError(
            f"masks must be a dict of titles and masks, not {type(given).__name__}; name them, "
            'such as {"I-JEPA": masks}'
        )
    _check_any(masks)
    drawn = {
        name: _one_record(ecg, each, patch_size, n_leads, record, strategy)
        for name, each in masks.items()
    }
    shown = {name: _one_lead(ecg, one, lead) for name, one in drawn.items()}
    if fig is None:
        fig = _new_figure((8.4, 0.4 + 1.9 * len(drawn)), palette)
    rows = fig.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for ax, (name, one) in zip(rows, drawn.items(), strict=True):
        plot_lead(ecg, one, lead=lead, palette=palette, ax=ax)
        counts = count_line(shown[name][1], ecg.duration)
        ax.set_title(f"{name}: {counts}", loc="left", fontsize="medium", color=palette.text)
    for ax in rows[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    fig.set_label(" ".join(f"{name}: {_sentence(*each)}" for name, each in shown.items()))
    return fig


def plot_draws(
    ecg: ECG,
    masks: MaskLike | Mapping[str, MaskLike],
    *,
    lead: str | None = None,
    patch_size: int | None = None,
    n_leads: int = 1,
    strategy: int | None = None,
    palette: Palette = LIGHT,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw a batch of masks as thin rows, one for each record: what a strategy makes of chance.

    One mask is an anecdote; two dozen below each other show what a strategy hides and what it
    never does. Where targets overlap, their colour is fuller.

    Parameters
    ----------
    ecg
        The ECG that the masks are for.
    masks
        What a strategy draws, or what a collator returns, for some records; or a dict of several,
        by their titles, for a panel each.
    lead
        Name of the lead whose masks are drawn, below its trace. By default no trace is drawn, and
        per-lead masks show all leads: a record is then a band of as many rows, in their order.
    patch_size
        Samples in a patch, as the collator had it; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    fig
        Figure or subfigure to draw in. By default a new one.

    Returns
    -------
    Figure or SubFigure
        The figure. Its label, ``fig.get_label()``, says of each panel in a sentence how much of
        the record is seen and where.

    Raises
    ------
    ValueError
        If there is nothing to draw, masks do not fit the ECG, or it has no such lead.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget, MaskAndComplement, sample_ecg
    >>> from ecgmask.plotting import plot_draws
    >>> rng = np.random.default_rng(0)
    >>> fig = plot_draws(
    ...     sample_ecg(),
    ...     {"ECG-JEPA": MaskAndComplement().draw(24, 200, rng),
    ...      "I-JEPA": ContextToTarget.ijepa().draw(24, 200, rng)},
    ... )
    >>> [ax.get_title(loc="left") for ax in fig.axes]
    ['ECG-JEPA: 24 draws', 'I-JEPA: 24 draws']
    """
    _check_palette(palette)
    given: object = masks
    # What a collator returns may be a dict, too.
    if isinstance(given, Mapping) and not {"context", "targets"} <= set(given):
        _check_any(given)
        batches = {f"{name}: ": each for name, each in given.items()}
    else:
        batches = {"": masks}
    drawn = {
        name: _fitting(ecg, each, patch_size, n_leads, strategy) for name, each in batches.items()
    }
    trace = None
    if lead is not None:
        row = ecg.lead_index(lead)
        trace = ecg.signal[row]
        drawn = {name: _of_lead(each, row) for name, each in drawn.items()}
    heights = [_height(each) for each in drawn.values()]
    if trace is not None:
        heights.insert(0, 1.2)
    if fig is None:
        fig = _new_figure((8.4, 0.5 + sum(heights)), palette)
    rows = fig.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    panels = rows[len(heights) - len(drawn) :]
    if trace is not None:
        time = np.arange(len(trace)) / ecg.sampling_rate
        rows[0].plot(time, trace, color=palette.text, linewidth=0.9)
        rows[0].set_yticks([0], [lead])
        if ecg.synthetic:
            _say_synthetic(rows[0], palette)
        _style(rows[0], palette)
    for ax, (name, batch) in zip(panels, drawn.items(), strict=True):
        _draw_batch(ax, batch, ecg.duration, palette)
        leads = f", {batch.n_leads} leads each" if batch.n_leads > 1 else ""
        title = f"{name}{_draws(batch)}{leads}"
        ax.set_title(title, loc="left", fontsize="medium", color=palette.text)
    for ax in rows[:-1]:
        ax.tick_params(labelbottom=False, bottom=False)
    rows[-1].set_xlim(0, ecg.duration)
    rows[-1].set_xlabel("Time (s)", color=palette.text)
    fig.set_label(
        " ".join(
            f"{name}{_draws_sentence(batch, ecg.duration, lead)}" for name, batch in drawn.items()
        )
    )
    return fig


def plot_guesses(
    ecg: ECG,
    masks: MaskLike,
    guesses: Mapping[str, NDArray[Any]],
    *,
    lead: str = "II",
    patch_size: int | None = None,
    n_leads: int = 1,
    record: int = 0,
    strategy: int | None = None,
    palette: Palette = LIGHT,
    ax: Axes | None = None,
) -> Axes:
    """Draw one lead as :func:`plot_lead` does, and over it what others guess of its hidden parts.

    Parameters
    ----------
    ecg
        The ECG to draw.
    masks
        What a strategy draws, or what a collator returns.
    guesses
        ``(n_records, n_leads, n_samples)``, in mV, by a name for each: what the functions of
        ``ecgmask.baselines`` return for these masks, or a model of your own. They are drawn where
        the lead is not context; NaN is left out.
    lead
        Name of the lead.
    patch_size
        Samples in a patch, as the collator had it; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    record
        Which record of the batch of masks, and of the guesses.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    ax
        Axes to draw in. By default those of a new figure.

    Returns
    -------
    Axes
        The axes. Their label, ``ax.get_label()``, describes the mask and says how far each guess
        is off.

    Raises
    ------
    ValueError
        If there is no guess, the masks or the guesses do not fit the ECG, or it has no such lead.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import RandomPatches, sample_ecg
    >>> from ecgmask.baselines import interpolate
    >>> from ecgmask.plotting import plot_guesses
    >>> ecg = sample_ecg()
    >>> masks = RandomPatches.mae().draw(1, 200, np.random.default_rng(0))
    >>> ax = plot_guesses(ecg, masks, {"straight line": interpolate(ecg, masks)})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['straight line']
    """
    _check_palette(palette)
    given: object = guesses
    if not isinstance(given, Mapping) or not given:
        raise ValueError(
            'guesses must be a dict of names and arrays, such as {"line": interpolate(ecg, masks)}'
        )
    batch = _fitting(ecg, masks, patch_size, n_leads, strategy)
    row = ecg.lead_index(lead)
    shape = (batch.n_records, *ecg.signal.shape)
    arrays = {name: np.asarray(each, float) for name, each in guesses.items()}
    for name, array in arrays.items():
        if array.shape != shape:
            raise ValueError(
                f"guess {name!r} has the shape {array.shape}, not {shape} as the records of the "
                "masks and the leads and samples of the ECG"
            )
    ecg, one = _one_lead(ecg, batch[record], lead)
    if ax is None:
        fig = _new_figure((8.4, 2.6), palette)
        ax = fig.subplots()
    guessed = {name: array[record, row] for name, array in arrays.items()}
    n_samples = ecg.signal.shape[1]
    hidden = ~np.repeat(one.context[0, 0], n_samples // one.n_patches)
    # One sample more at either side, so that a guess begins where the visible trace ends.
    shown = hidden.copy()
    shown[1:] |= hidden[:-1]
    shown[:-1] |= hidden[1:]
    joined = {name: np.where(hidden, guess, ecg.signal[0]) for name, guess in guessed.items()}
    lines = {name: np.where(shown, guess, np.nan) for name, guess in joined.items()}
    heights = np.concatenate(list(lines.values()))
    zero = _draw_traces(ax, ecg, one, palette, room_for=heights[np.isfinite(heights)][None])[0]
    time = np.arange(n_samples) / ecg.sampling_rate
    for number, (name, line) in enumerate(lines.items()):
        ax.plot(
            time,
            line + zero,
            color=palette.text,
            linestyle=LINES[number % len(LINES)],
            linewidth=1.2,
            label=name,
            gid="guess",
        )
    drawn = [line for line in ax.lines if line.get_gid() == "guess"]
    ax.legend(
        handles=drawn,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0,
        frameon=False,
        ncols=len(drawn),
        labelcolor=palette.text,
    )
    target = np.repeat(one.target_union[0, 0], n_samples // one.n_patches)
    words = [_miss(name, (guess - ecg.signal[0])[target]) for name, guess in guessed.items()]
    _describe(ax, " ".join([_sentence(ecg, one), *words]))
    return ax


def plot_statistics(
    statistics: MaskStatistics,
    *,
    palette: Palette = LIGHT,
    fig: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw where a strategy hides the record, and how long its runs are.

    At the left, the probability of each patch to be context or target; at the right, the share of
    context and target patches that lie in runs of up to each length.

    Parameters
    ----------
    statistics
        What :func:`~ecgmask.mask_statistics` returns.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    fig
        Figure or subfigure to draw in. By default a new one.

    Returns
    -------
    Figure or SubFigure
        The figure. Its label, ``fig.get_label()``, sums it up in one sentence.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import MaskAndComplement, mask_statistics
    >>> from ecgmask.plotting import plot_statistics
    >>> statistics = mask_statistics(MaskAndComplement(), 200, rng=np.random.default_rng(0))
    >>> fig = plot_statistics(statistics)
    >>> len(fig.axes)
    2
    """
    _check_palette(palette)
    if fig is None:
        fig = _new_figure((8.4, 2.6), palette)
    where, runs = fig.subplots(1, 2)
    roles = (
        ("target", statistics.p_target, statistics.target_runs, palette.target_line, "-"),
        ("context", statistics.p_context, statistics.context_runs, palette.context_line, "--"),
    )
    n_patches = len(statistics.p_context)
    lengths = np.arange(n_patches + 1)
    for name, probability, counts, colour, style in roles:
        where.step(
            np.arange(n_patches + 1),
            np.append(probability, probability[-1]),
            where="post",
            color=colour,
            linestyle=style,
            label=name,
        )
        share = np.cumsum(counts * lengths) / max(1, int(counts @ lengths))
        runs.step(lengths, share, where="post", color=colour, linestyle=style, label=name)
    where.set(xlim=(0, n_patches), ylim=(0, 1.02), xlabel="Patch", ylabel="Probability")
    runs.set(xlim=(0, 1.03 * n_patches), ylim=(0, 1.02))  # runs may be as long as the record
    runs.set(xlabel="Length of the run (patches)", ylabel="Share of patches")
    patch = statistics.patch_duration
    in_seconds = runs.secondary_xaxis("top", functions=(lambda n: n * patch, lambda s: s / patch))
    in_seconds.set_xlabel("s", loc="right", color=palette.text)
    in_seconds.tick_params(colors=palette.text, length=3)
    in_seconds.spines[:].set_visible(False)
    for ax, title in ((where, "Where in the record"), (runs, "In runs of up to a length")):
        ax.set_title(title, loc="left", fontsize="medium", color=palette.text)
        _style(ax, palette)
        ax.grid(color=palette.grid, linewidth=0.5)
        ax.xaxis.label.set_color(palette.text)
        ax.yaxis.label.set_color(palette.text)
    where.legend(frameon=False, labelcolor=palette.text)
    first, middle = statistics.p_context[[0, n_patches // 2]]
    fig.set_label(
        f"{statistics.strategy!r}: context {statistics.context:.0%} and target "
        f"{statistics.target:.0%} of the patches on average; the first patch is context with "
        f"probability {first:.2f}, the middle one with {middle:.2f}; context runs have "
        f"{statistics.context_run:.0f} patches on average, target runs "
        f"{statistics.target_run:.0f}."
    )
    return fig


def plot_shares(
    comparison: StrategyComparison, *, palette: Palette = LIGHT, ax: Axes | None = None
) -> Axes:
    """Draw how strategies divide a record on average: one bar of context, target and ignored each.

    Parameters
    ----------
    comparison
        What :func:`~ecgmask.compare_strategies` returns.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    ax
        Axes to draw in. By default those of a new figure.

    Returns
    -------
    Axes
        The axes. Their label, ``ax.get_label()``, says the shares.

    Examples
    --------
    >>> from ecgmask import ContextToTarget, MaskAndComplement, compare_strategies
    >>> from ecgmask.plotting import plot_shares
    >>> comparison = compare_strategies(
    ...     {"ECG-JEPA": MaskAndComplement(), "I-JEPA": ContextToTarget.ijepa()}, 200
    ... )
    >>> ax = plot_shares(comparison)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['ECG-JEPA', 'I-JEPA']
    """
    _check_palette(palette)
    names = list(comparison.statistics)
    if ax is None:
        ax = _new_figure((8.4, 0.8 + 0.3 * len(names)), palette).subplots()
    left = np.zeros(len(names))
    for role in ("context", "target", "ignored"):
        shares = np.array([getattr(each, role) for each in comparison.statistics.values()])
        colour = getattr(palette, role)
        ax.barh(names, 100 * shares, left=left, height=BARS, color=colour, label=role)
        left += 100 * shares
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("Share of the patches (%)", color=palette.text)
    ax.legend(
        loc="lower right",  # has room above the names, however narrow the figure is
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        frameon=False,
        ncols=3,
        labelcolor=palette.text,
    )
    _style(ax, palette)
    words = "; ".join(
        f"{name} {percent(each.context)}, {percent(each.target)} and {percent(each.ignored)}"
        for name, each in comparison.statistics.items()
    )
    _describe(ax, f"Shares of the patches that are context, target and ignored: {words}.")
    return ax


def plot_visibility(
    comparison: StrategyComparison, *, palette: Palette = LIGHT, ax: Axes | None = None
) -> Axes:
    """Draw how likely strategies are to show each instant of the record, one curve each.

    Parameters
    ----------
    comparison
        What :func:`~ecgmask.compare_strategies` returns.
    palette
        Colours: :data:`LIGHT` or :data:`DARK`.
    ax
        Axes to draw in. By default those of a new figure.

    Returns
    -------
    Axes
        The axes. Their label, ``ax.get_label()``, says the probabilities of the first patch and
        the middle one.

    Examples
    --------
    >>> from ecgmask import ContextToTarget, MaskAndComplement, compare_strategies
    >>> from ecgmask.plotting import plot_visibility
    >>> comparison = compare_strategies(
    ...     {"ECG-JEPA": MaskAndComplement(), "I-JEPA": ContextToTarget.ijepa()}, 200
    ... )
    >>> ax = plot_visibility(comparison)
    >>> ax.get_ylabel()
    'Probability of being seen'
    """
    _check_palette(palette)
    if ax is None:
        ax = _new_figure((8.4, 4), palette).subplots()
    for number, (name, each) in enumerate(comparison.statistics.items()):
        ax.plot(
            np.arange(len(each.p_context) + 1) * each.patch_duration,
            np.append(each.p_context, each.p_context[-1]),
            drawstyle="steps-post",
            color=palette.context_line,
            linestyle=LINES[number % len(LINES)],
            marker=MARKERS[number // len(LINES) % len(MARKERS)],
            markevery=(number % len(LINES) * 4, 20),
            markersize=5,
            linewidth=1.4,
            label=name,
        )
    # A name stands on its curve, and no two that are neighbours in height are at one time.
    ordered = sorted(
        comparison.statistics.items(),
        key=lambda item: item[1].p_context[len(item[1].p_context) // 2],
    )
    for number, (name, each) in enumerate(ordered):
        patch = int((0.2, 0.5, 0.8)[number % 3] * len(each.p_context))
        ax.text(
            (patch + 0.5) * each.patch_duration,
            each.p_context[patch],
            name,
            ha="center",
            va="center",
            fontsize=0.9 * rcParams["font.size"],
            color=palette.text,
            bbox={"facecolor": palette.background, "linewidth": 0, "pad": 1},
            zorder=3,
        )
    ax.set(xlim=(0, len(each.p_context) * each.patch_duration), ylim=(-0.03, 1.03))
    ax.set_xlabel("Time (s)", color=palette.text)
    ax.set_ylabel("Probability of being seen", color=palette.text)
    _style(ax, palette)
    ax.grid(color=palette.grid, linewidth=0.5)
    words = ", ".join(
        f"{name} {each.p_context[0]:.2f} and {each.p_context[len(each.p_context) // 2]:.2f}"
        for name, each in comparison.statistics.items()
    )
    _describe(ax, f"Probability of being seen, of the first patch and the middle one: {words}.")
    return ax


def _one_record(
    ecg: ECG,
    masks: MaskLike,
    patch_size: int | None,
    n_leads: int,
    record: int,
    strategy: int | None,
) -> Masks:
    """Return the masks of one record, having checked that they fit the ECG."""
    return _fitting(ecg, masks, patch_size, n_leads, strategy)[record]


def _fitting(
    ecg: ECG,
    masks: MaskLike,
    patch_size: int | None,
    n_leads: int,
    strategy: int | None,
) -> Masks:
    """Return the masks of all records, having checked that they fit the ECG."""
    if not isinstance(ecg, ECG):
        raise TypeError(
            f"ecg must be an ECG, not {type(ecg).__name__}; make one with "
            "ECG(signal, sampling_rate=500)"
        )
    n_samples = ecg.signal.shape[1]
    if patch_size is not None and n_samples % check_count("patch_size", patch_size):
        raise ValueError(
            f"an ECG of {n_samples} samples does not divide into patches of {patch_size}; crop it "
            "or change patch_size"
        )
    # Of what a collator returns, padding tells the number of patches.
    if patch_size is None and isinstance(masks, tuple) and len(masks) < 4:
        raise ValueError("index tensors do not say how long a patch is; pass patch_size=")
    tell = patch_size is not None and not isinstance(masks, Masks)
    n_patches = n_samples // patch_size if tell and patch_size else None
    one = as_masks(masks, n_patches, n_leads, strategy)
    if n_samples % one.n_patches or patch_size not in (None, n_samples // one.n_patches):
        raise ValueError(
            f"masks of {one.n_patches} patches do not fit an ECG of {n_samples} samples"
            + (f" in patches of {patch_size}" if patch_size else "")
            + "; draw them for this ECG"
        )
    if one.n_leads not in (1, len(ecg.leads)):
        raise ValueError(
            f"per-lead masks for {one.n_leads} leads do not fit an ECG with {len(ecg.leads)}"
        )
    return one


def _one_lead(ecg: ECG, one: Masks, lead: str) -> tuple[ECG, Masks]:
    """Return a lead as an ECG of its own, and the masks that apply to it."""
    row = ecg.lead_index(lead)
    derived = (lead,) if lead in ecg.derived else ()
    alone = replace(ecg, signal=ecg.signal[[row]], leads=(lead,), derived=derived)
    return alone, _of_lead(one, row)


def _of_lead(masks: Masks, row: int) -> Masks:
    """Return the masks that apply to one lead."""
    if masks.n_leads == 1:
        return masks
    return Masks(masks.context[:, [row]], masks.targets[:, :, [row]])


def _check_any(masks: Mapping[str, MaskLike]) -> None:
    if not masks:
        raise ValueError("there must be at least one strategy to draw, but masks is empty")


def _check_palette(palette: object) -> None:
    if not isinstance(palette, Palette):
        raise TypeError(f"palette must be LIGHT, DARK or another Palette, not {palette!r}")


def _describe(ax: Axes, words: str) -> None:
    """Label the axes with a sentence, and their figure if they are all of it."""
    ax.set_label(words)
    if ax.figure.axes == [ax]:
        ax.figure.set_label(words)


def _new_figure(size: tuple[float, float], palette: Palette) -> Figure:
    # Through pyplot, so that notebooks and plt.show() display it.
    return plt.figure(figsize=size, layout="constrained", facecolor=palette.background)


def _draw_lanes(ax: Axes, one: Masks, palette: Palette) -> None:
    """Draw a bar chart of the roles over the patches, one lane each."""
    targets = [(f"target {j + 1}", block) for j, block in enumerate(one.targets[0, :, 0])]
    if len(targets) == 1:
        targets = [("target", targets[0][1])]
    lanes = [
        ("context", one.context[0, 0], palette.context, ""),
        *(
            (name, block, palette.target, HATCHES[j % len(HATCHES)])
            for j, (name, block) in enumerate(targets)
        ),
        ("ignored", one.ignored[0, 0], palette.ignored, ""),
    ]
    for lane, (_, marked, colour, hatch) in enumerate(lanes):
        ax.broken_barh(
            find_runs(marked),
            (lane - BARS / 2, BARS),
            facecolor=colour,
            hatch=hatch,
            edgecolor=palette.background,
            linewidth=0,
        )
        ax.annotate(
            f"{marked.sum()} ({percent(marked.mean())})",
            (1, lane),
            xytext=(4, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            color=palette.text,
        )
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    ax.set_yticks(range(len(lanes)), [name for name, *_ in lanes])
    _style_chart(ax, one, palette)


def _draw_lead_rows(ax: Axes, ecg: ECG, one: Masks, palette: Palette) -> None:
    """Draw an image of the roles, leads by patches."""
    role = np.where(one.context[0], 1, 0) + np.where(one.target_union[0], 2, 0)
    ax.imshow(
        role,
        cmap=ListedColormap([palette.ignored, palette.context, palette.target]),
        vmin=-0.5,
        vmax=2.5,
        extent=(0, one.n_patches, one.n_leads - 0.5, -0.5),
        aspect="auto",
        interpolation="none",
    )
    ax.set_yticks(range(one.n_leads), ecg.leads)
    _style_chart(ax, one, palette)


def _draw_batch(ax: Axes, batch: Masks, duration: float, palette: Palette) -> None:
    """Draw an image of the roles, a row for each lead, and a line between records."""
    depth = batch.targets.sum(axis=1)
    roles = np.where(batch.context, 1, np.where(depth, depth + 1, 0))
    shades = [
        to_rgba(palette.target, 1 - (1 - DEPTH) ** depth) for depth in range(1, batch.n_targets + 1)
    ]
    n_records = batch.n_records
    ax.imshow(
        roles.reshape(-1, batch.n_patches),
        cmap=ListedColormap([to_rgba(palette.ignored), to_rgba(palette.context), *shades]),
        vmin=-0.5,
        vmax=batch.n_targets + 1.5,
        extent=(0, duration, n_records, 0),
        aspect="auto",
        # Mixes colours, not roles, where there may be more patches than pixels.
        interpolation="antialiased" if batch.n_patches > FINE else "nearest",
        interpolation_stage="rgba",
    )
    ax.hlines(range(1, n_records), 0, duration, color=palette.background, linewidth=1)
    ax.set_yticks([])
    _style(ax, palette)


def _height(batch: Masks) -> float:
    """Return the height of a panel of draws in inches, with its title and a row for each lead."""
    least = 1.9 if batch.n_leads == 1 else 3.8
    return max(least, 0.4 + LEAST_LINE * batch.n_records * batch.n_leads)


def _draws(batch: Masks) -> str:
    return f"{batch.n_records} draw{'s' * (batch.n_records > 1)}"


def _draws_sentence(batch: Masks, duration: float, lead: str | None) -> str:
    """Describe the masks of all records, for readers who cannot see the figure."""
    of_lead = "" if lead is None else f" for lead {lead}"
    leads = f" for each of {batch.n_leads} leads" if batch.n_leads > 1 else of_lead
    parts = [
        f"{_draws(batch)}{leads}, {duration:g} s in {batch.n_patches} patches of "
        f"{1000 * duration / batch.n_patches:g} ms",
        *(
            f"{role} is {_range(marked.mean(axis=(1, 2)))} of a draw"
            for role, marked in (
                ("context", batch.context),
                ("target", batch.target_union),
                ("ignored", batch.ignored),
            )
            if marked.any()
        ),
    ]
    seen = batch.context.mean(axis=(0, 1))
    middle = batch.n_patches // 2
    parts.append(
        f"the first patch is seen in {percent(seen[0])} of the rows, the middle one in "
        f"{percent(seen[middle])}, the last in {percent(seen[-1])}"
    )
    runs = np.flatnonzero(count_runs(batch.target_union)) * duration / batch.n_patches
    if runs.size:
        span = _between(f"{runs[0]:.2f}", f"{runs[-1]:.2f}")
        parts.append(f"it must predict stretches of {span} s")
    return "; ".join(parts) + "."


def _range(shares: NDArray[np.float64]) -> str:
    return _between(percent(shares.min()), percent(shares.max()))


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _miss(name: str, errors: NDArray[np.float64]) -> str:
    """Say how far a guess of the targets is off."""
    known = errors[np.isfinite(errors)]
    if not known.size:
        return f"{name} guesses none of the targets."
    return f"{name} misses the targets by {np.sqrt(np.mean(known**2)):.2f} mV, root mean square."


def _style_chart(ax: Axes, one: Masks, palette: Palette) -> None:
    ax.set_xlim(0, one.n_patches)
    ax.xaxis.tick_top()
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    ax.set_xlabel("Patch", loc="right", color=palette.text)
    ax.xaxis.set_label_position("top")
    _style(ax, palette)


def _draw_traces(
    ax: Axes, ecg: ECG, one: Masks, palette: Palette, room_for: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Draw leads below each other at one gain, each piece in the colour of its role.

    Rows have room for other values, too. Returns where 0 mV is in each.
    """
    signal = ecg.signal
    time = np.arange(signal.shape[1]) / ecg.sampling_rate
    tops, bottoms, zeros = _stack(signal if room_for is None else np.hstack([signal, room_for]))
    _draw_tints(ax, ecg, one, tops, bottoms, palette)
    if ecg.duration <= 100 * LARGE_BOX:
        ax.vlines(
            np.arange(0, ecg.duration, LARGE_BOX),
            bottoms[-1],
            tops[0],
            color=palette.grid,
            linewidth=0.5,
            zorder=0,
        )
    for name, role, colour, style in (
        ("ignored", one.ignored, palette.ignored_line, ":"),
        ("target", one.target_union, palette.target_line, "-"),
        ("context", one.context, palette.context_line, "-"),
    ):
        drawn = _with_next_sample(role[0], signal.shape[1])
        lines = ax.plot(
            time,
            np.where(drawn, signal + zeros[:, None], np.nan).T,
            color=colour,
            linestyle=style,
            linewidth=0.9,
            solid_joinstyle="round",
        )
        for line in lines:
            line.set_gid(name)
    ax.set_xlim(0, ecg.duration)
    ax.set_ylim(bottoms[-1], tops[0])
    ax.set_yticks(zeros, ecg.leads)
    ax.set_xlabel("Time (s)", color=palette.text)
    beside = ax.get_yaxis_transform()
    ax.plot(
        [1.012, 1.012],
        [bottoms[-1], bottoms[-1] + 1],
        transform=beside,
        clip_on=False,
        color=palette.text,
        linewidth=1.5,
        solid_capstyle="butt",
        gid="amplitude bar",
    )
    ax.annotate(
        "1 mV",
        (1.012, bottoms[-1] + 0.5),
        xytext=(4, 0),
        xycoords=beside,
        textcoords="offset points",
        va="center",
        color=palette.text,
    )
    if ecg.synthetic:
        _say_synthetic(ax, palette)
    _style(ax, palette)
    return zeros


def _say_synthetic(ax: Axes, palette: Palette) -> None:
    ax.text(
        1.02,
        1,
        "synthetic\nECG",
        transform=ax.transAxes,
        va="top",
        color=palette.text,
    )


def _stack(
    signal: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return top, bottom and zero level of each lead's row, in mV, so that none overlap."""
    highest, lowest = signal.max(axis=1).astype(float), signal.min(axis=1).astype(float)
    spare = np.maximum(LEAST_ROW - (highest - lowest), 0) / 2 + 0.1
    highest, lowest = highest + spare, lowest - spare
    tops = -np.concatenate([[0], np.cumsum(highest - lowest)[:-1]])
    zeros = tops - highest
    return tops, zeros + lowest, zeros


def _with_next_sample(role: BoolArray, n_samples: int) -> BoolArray:
    """Spread patches over their samples, and let each run reach the sample after it.

    Neighbouring pieces then share a sample, and no wave is cut at the border of a patch.
    """
    spread = np.repeat(role, n_samples // role.shape[1], axis=1)
    reached = spread.copy()
    reached[:, 1:] |= spread[:, :-1]
    return reached


def _draw_tints(
    ax: Axes,
    ecg: ECG,
    one: Masks,
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    palette: Palette,
) -> None:
    """Lay a tint over each target, once for each, so that overlaps are darker."""
    seconds = ecg.duration / one.n_patches
    for block in one.targets[0]:
        if one.n_leads == 1:
            rows = [(block[0], bottoms[-1], tops[0])]
        else:
            rows = list(zip(block, bottoms, tops, strict=True))
        boxes = [
            (start, length, bottom, top)
            for marked, bottom, top in rows
            for start, length in find_runs(marked)
        ]
        corners = [
            [
                (start * seconds, bottom),
                ((start + length) * seconds, bottom),
                ((start + length) * seconds, top),
                (start * seconds, top),
            ]
            for start, length, bottom, top in boxes
        ]
        tint = PolyCollection(
            corners, facecolor=palette.target, edgecolor="none", alpha=palette.tint, zorder=0.5
        )
        tint.set_gid("target tint")
        ax.add_collection(tint, autolim=False)


def _style(ax: Axes, palette: Palette) -> None:
    ax.set_facecolor(palette.background)
    ax.tick_params(colors=palette.text, length=0)
    ax.tick_params(axis="x", length=3)
    ax.spines[:].set_visible(False)


def _sentence(ecg: ECG, one: Masks) -> str:
    return sentence(one, ecg.duration, ecg.leads, synthetic=ecg.synthetic)
