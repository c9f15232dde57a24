"""What masks consist of, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from ecgmask._checks import check_count
from ecgmask.strategies.masks import (
    BoolArray,
    MaskLike,
    Masks,
    Strategy,
    as_masks,
    check_strategy,
    needs_r_peaks,
)

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]
# Enough batches for whole per cents: no share of a setting with a name has a standard error above
# half of one.
N_BATCHES = 512
BATCH_SIZE = 64
# What is averaged over batches, by the names that MaskStatistics gives it.
SIMULATED = (
    *("context", "target", "ignored", "overlapping", "p_context", "p_target"),
    *("tokens_drawn", "tokens", "slots"),
)
# The table of a comparison.
COLUMNS = (
    *(
        "Context",
        "Target",
        "Ignored",
        "Target run",
        "Tokens seen",
        "Lost if cut",
        "Filler if filled",
    ),
    *("First patch seen", "Middle patch seen"),
)
# The numbers of a comparison, by the names that MaskStatistics gives them.
COMPARED = (
    *("context", "context_error", "target", "target_error", "ignored", "ignored_error"),
    *("overlapping", "overlapping_error", "context_run", "context_run_error"),
    *("target_run", "target_run_error", "tokens_drawn", "tokens_drawn_error"),
    *("tokens", "tokens_error", "slots", "slots_error", "lost", "filler"),
)


@dataclass(frozen=True)
class BlockSummary:
    """The patches of one target block.

    Parameters
    ----------
    n_patches
        Number of patches, counted over all lead rows.
    first
        The first patch in time, or ``None`` if the block is empty.
    last
        The last patch in time, or ``None`` if the block is empty.
    n_runs
        Number of stretches without a gap, counted over all lead rows.
    """

    n_patches: int
    first: int | None
    last: int | None
    n_runs: int


@dataclass(frozen=True)
class MaskSummary:
    """The counts of one record's masks; printed, they read as a small table.

    Context, target and ignored patches add up to all patches. Per-lead masks count every lead.

    Parameters
    ----------
    n_patches
        Number of patches of the record, counted over all lead rows.
    n_context
        Patches that the encoder sees.
    n_target
        Patches that are in at least one target.
    n_overlapping
        Patches that are in two or more targets.
    n_ignored
        Patches that are neither context nor target.
    targets
        One summary for each target block.
    """

    n_patches: int
    n_context: int
    n_target: int
    n_overlapping: int
    n_ignored: int
    targets: tuple[BlockSummary, ...]

    def __str__(self) -> str:
        def line(name: str, count: int) -> str:
            return (
                f"{name:<10}{count:>5} of {self.n_patches} patches ({count / self.n_patches:.1%})"
            )

        lines = [line("context", self.n_context), line("target", self.n_target)]
        if len(self.targets) > 1:
            lines[-1] += f", {self.n_overlapping} of them in two or more"
        for number, block in enumerate(self.targets, start=1):
            runs = f", in {block.n_runs} runs" if block.n_runs > 1 else ""
            span = f", {block.first} to {block.last}" if block.n_patches else ""
            lines.append(f"  target {number}: {block.n_patches} patches{span}{runs}")
        return "\n".join([*lines, line("ignored", self.n_ignored)])


def describe(
    masks: MaskLike,
    *,
    record: int = 0,
    n_patches: int | None = None,
    n_leads: int = 1,
    strategy: int | None = None,
) -> MaskSummary:
    """Count the context, target and ignored patches of one record.

    Parameters
    ----------
    masks
        What a strategy draws, or what a collator returns.
    record
        Which record of the batch.
    n_patches
        Number of patches in time; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.
    strategy
        Which strategy's masks, from 0; needed for a batch of several only.

    Returns
    -------
    MaskSummary
        The counts, and for each target its range; ``print`` shows them as a table.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget, describe
    >>> masks = ContextToTarget().draw(1, 200, np.random.default_rng(0))
    >>> print(describe(masks))
    context      95 of 200 patches (47.5%)
    target       82 of 200 patches (41.0%), 36 of them in two or more
      target 1: 36 patches, 50 to 85
      target 2: 36 patches, 6 to 41
      target 3: 36 patches, 12 to 47
      target 4: 36 patches, 2 to 37
    ignored      23 of 200 patches (11.5%)
    """
    one = as_masks(masks, n_patches, n_leads, strategy)[record]
    depth = one.targets.sum(axis=1)
    return MaskSummary(
        n_patches=one.context.size,
        n_context=int(one.context.sum()),
        n_target=int((depth > 0).sum()),
        n_overlapping=int((depth > 1).sum()),
        n_ignored=int(one.ignored.sum()),
        targets=tuple(_summarise(block) for block in one.targets[0]),
    )


def percent(share: float) -> str:
    """Return a share in per cent; only none and all of it are 0% and 100%."""
    whole = f"{share:.0%}"
    return f"{share:.1%}" if whole in ("0%", "100%") and share not in (0, 1) else whole


def count_line(one: Masks, duration: float) -> str:
    """Say how the patches of one record, which lasts `duration` seconds, add up."""
    counts = describe(one)
    overlapping = f" ({counts.n_overlapping} in two or more)" if counts.n_overlapping else ""
    leads = "" if one.n_leads == 1 else f"{one.n_leads} leads × "
    return (
        f"{counts.n_context} context + {counts.n_target} target{overlapping} + "
        f"{counts.n_ignored} ignored = {leads}{_patches(one, duration)}"
    )


def sentence(one: Masks, duration: float, leads: Sequence[str], *, synthetic: bool) -> str:
    """Describe the masks of one record, for readers who cannot see its figure."""
    return "; ".join(clauses(one, duration, leads, synthetic=synthetic)) + "."


def clauses(one: Masks, duration: float, leads: Sequence[str], *, synthetic: bool) -> list[str]:
    """Return what :func:`sentence` is made of: the record, context, targets, what is ignored."""
    if len(leads) == 1:
        record = f"Lead {leads[0]}{' of a synthetic ECG' if synthetic else ''}"
        kind = ""
    else:
        record = f"{'Synthetic ECG' if synthetic else 'ECG'} with {len(leads)} leads"
        shared = one.n_leads == 1
        kind = f", {'one mask for all leads' if shared else 'each lead with a mask of its own'}"
    seconds = duration / one.n_patches
    parts = [
        f"{record}, {duration:g} s in {_patches(one, duration)}{kind}",
        f"the encoder sees {_where(one.context[0], seconds)}",
    ]
    if one.n_targets == 1:
        parts.append(f"it must predict {_where(one.targets[0, 0], seconds)}")
    elif one.n_targets > 1:
        parts += [
            f"target {number} is {_where(block, seconds)}"
            for number, block in enumerate(one.targets[0], start=1)
        ]
        parts.append(f"patches in two or more targets: {describe(one).n_overlapping}")
    parts.append(f"ignored: {_where(one.ignored[0], seconds)}")
    return parts


@dataclass(frozen=True, eq=False, repr=False)
class MaskStatistics:
    """What a strategy does on average; printed, it reads as a table.

    Standard errors are those over batches, because sizes are drawn once for a batch.

    Parameters
    ----------
    strategy
        The strategy that was simulated.
    n_batches
        How many batches were drawn.
    batch_size
        How many records were in each.
    n_leads
        Lead rows of a mask: 1 if all leads share it.
    patch_duration
        Length of a patch in seconds.
    heart_rate
        Beats per minute, or ``None``.
    context
        Fraction of the patches that are context.
    context_error
        Standard error of `context`.
    target
        Fraction of the patches that are in a target.
    target_error
        Standard error of `target`.
    ignored
        Fraction of the patches that are neither context nor in a target.
    ignored_error
        Standard error of `ignored`.
    overlapping
        Fraction of the patches that are in two or more targets.
    overlapping_error
        Standard error of `overlapping`.
    p_context
        ``(n_patches,)``, the probability of each patch to be context.
    p_context_error
        ``(n_patches,)``, standard errors of `p_context`.
    p_target
        ``(n_patches,)``, the probability of each patch to be in any target.
    p_target_error
        ``(n_patches,)``, standard errors of `p_target`.
    context_runs
        ``(n_patches + 1,)``, how often a run of so many context patches occurred.
    target_runs
        ``(n_patches + 1,)``, how often a run of so many target patches occurred.
    context_run_error
        Standard error of the mean length of context runs, in patches.
    target_run_error
        Standard error of the mean length of target runs, in patches.
    tokens_drawn
        Context tokens of a record as drawn.
    tokens_drawn_error
        Standard error of `tokens_drawn`.
    tokens
        Context tokens that are left of a record when its batch is cut to the shortest, or to
        `n_context`.
    tokens_error
        Standard error of `tokens`.
    slots
        Tokens and filler of a record when its batch is filled up to the longest.
    slots_error
        Standard error of `slots`.
    n_context
        Context tokens that a collator is told to keep, or ``None``. All other numbers are then
        those of records that have as many.
    redrawn
        Fraction of the records that have fewer, which a collator draws again.
    redrawn_error
        Standard error of `redrawn`.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import MaskAndComplement, mask_statistics
    >>> statistics = mask_statistics(MaskAndComplement(), 200, rng=np.random.default_rng(0))
    >>> statistics.p_context.shape
    (200,)
    """

    strategy: Strategy
    n_batches: int
    batch_size: int
    n_leads: int
    patch_duration: float
    heart_rate: float | None
    context: float
    context_error: float
    target: float
    target_error: float
    ignored: float
    ignored_error: float
    overlapping: float
    overlapping_error: float
    p_context: FloatArray
    p_context_error: FloatArray
    p_target: FloatArray
    p_target_error: FloatArray
    context_runs: CountArray
    target_runs: CountArray
    context_run_error: float
    target_run_error: float
    tokens_drawn: float
    tokens_drawn_error: float
    tokens: float
    tokens_error: float
    slots: float
    slots_error: float
    n_context: int | None = None
    redrawn: float = 0.0
    redrawn_error: float = 0.0

    @property
    def context_run(self) -> float:
        """Mean length of a context run in patches, or NaN if there are none."""
        return mean_run(self.context_runs)

    @property
    def target_run(self) -> float:
        """Mean length of a target run in patches, or NaN if there are none."""
        return mean_run(self.target_runs)

    @property
    def lost(self) -> float:
        """Fraction of the context tokens drawn that is lost when batches are cut."""
        return 1 - self.tokens / self.tokens_drawn

    @property
    def filler(self) -> float:
        """Fraction of the slots that is filler when batches are filled up."""
        return 1 - self.tokens_drawn / self.slots

    def __repr__(self) -> str:
        return f"<MaskStatistics: {self.strategy!r}, {self.n_batches} x {self.batch_size} records>"

    def __str__(self) -> str:
        rows = [
            ("context", self.context, self.context_error),
            ("target", self.target, self.target_error),
            ("in two or more targets", self.overlapping, self.overlapping_error),
            ("ignored", self.ignored, self.ignored_error),
        ]
        if self.n_context is not None:
            rows.append(("records drawn again", self.redrawn, self.redrawn_error))
        lines = [f"{self.strategy!r}"]
        lines += [f"  {name:<24}{value:7.1%} ± {error:.1%}" for name, value, error in rows]
        for name, mean, error in (
            ("context", self.context_run, self.context_run_error),
            ("target", self.target_run, self.target_run_error),
        ):
            seconds = mean * self.patch_duration
            beats = f", {seconds * self.heart_rate / 60:.1f} beats" if self.heart_rate else ""
            lines.append(
                f"  {name + ' run, mean':<24}{mean:7.1f} ± {error:.1f} patches, "
                f"{1000 * seconds:.0f} ms{beats}"
            )
        batch = f", a batch of {self.batch_size}"
        for name, mean, error, cost in (
            ("context tokens, drawn", self.tokens_drawn, self.tokens_drawn_error, ""),
            (
                "  cut to one length",
                self.tokens,
                self.tokens_error,
                f"{batch} loses {self.lost:.1%}",
            ),
            ("  filled up", self.slots, self.slots_error, f"{batch} is {self.filler:.1%} filler"),
        ):
            lines.append(f"  {name:<24}{mean:7.1f} ± {error:.1f}{cost}")
        return "\n".join(lines)


def mask_statistics(
    strategy: Strategy,
    n_patches: int,
    *,
    rng: Generator,
    n_batches: int = N_BATCHES,
    batch_size: int = BATCH_SIZE,
    patch_duration: float = 0.05,
    heart_rate: float | None = None,
    r_peaks: ArrayLike = (),
    n_context: int | None = None,
) -> MaskStatistics:
    """Simulate what a strategy does on average.

    Parameters
    ----------
    strategy
        The strategy to simulate.
    n_patches
        Number of patches of a record, at least 1.
    rng
        The only source of randomness.
    n_batches
        Number of batches to draw, at least 2.
    batch_size
        Records in a batch, at least 1. Contexts of a batch get one length: the larger it is, the
        more is cut from them, or filled up.
    patch_duration
        Length of a patch in seconds, above 0.
    heart_rate
        Beats per minute, above 0, to print run lengths in beats.
    r_peaks
        Ascending positions of R peaks in patches, the same for all records; for strategies that
        need them, such as :class:`Beats`.
    n_context
        Context tokens that a collator is told to keep, at least 1: what is lost is counted from
        these, and records with fewer are left out, as a collator draws them again.

    Returns
    -------
    MaskStatistics
        Means with standard errors, positional probabilities and run lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Forecast, mask_statistics
    >>> print(mask_statistics(Forecast(0.25), 200, rng=np.random.default_rng(0)))
    Forecast(ratio=0.25)
      context                   75.0% ± 0.0%
      target                    25.0% ± 0.0%
      in two or more targets     0.0% ± 0.0%
      ignored                    0.0% ± 0.0%
      context run, mean         150.0 ± 0.0 patches, 7500 ms
      target run, mean           50.0 ± 0.0 patches, 2500 ms
      context tokens, drawn     150.0 ± 0.0
        cut to one length       150.0 ± 0.0, a batch of 64 loses 0.0%
        filled up               150.0 ± 0.0, a batch of 64 is 0.0% filler
    """
    check_strategy(strategy)
    check_count("n_patches", n_patches)
    check_count("n_batches", n_batches, least=2)
    check_count("batch_size", batch_size)
    if n_context is not None:
        check_count("n_context", n_context)
    if not 0 < patch_duration < np.inf:
        raise ValueError(f"patch_duration must be positive, in seconds, not {patch_duration}")
    if heart_rate is not None and not 0 < heart_rate < np.inf:
        raise ValueError(f"heart_rate must be positive, in beats per minute, not {heart_rate}")
    given: dict[str, Any] = {}
    if np.size(r_peaks):
        if not needs_r_peaks(strategy):
            raise ValueError(f"{strategy!r} uses no R peaks; leave out r_peaks=")
        given["r_peaks"] = np.repeat(np.asarray(r_peaks, float)[None], batch_size, axis=0)
    per_batch: dict[str, list[Any]] = {name: [] for name in (*SIMULATED, "redrawn")}
    runs = {"context": np.zeros(n_patches + 1, int), "target": np.zeros(n_patches + 1, int)}
    mean_runs: dict[str, list[float]] = {"context": [], "target": []}
    for _ in range(n_batches):
        masks = strategy.draw(batch_size, n_patches, rng, **given)
        counts = count_marked(masks.context, axis=(1, 2))
        fits = counts >= (n_context or 0)
        per_batch["redrawn"].append(1 - fits.mean())
        if not fits.any():
            raise ValueError(
                f"{strategy!r} drew a batch in which no record has n_context={n_context} context "
                "tokens; lower it"
            )
        if not fits.all():
            masks, counts = Masks(masks.context[fits], masks.targets[fits]), counts[fits]
        target = masks.target_union
        p_context = count_marked(masks.context, axis=(0, 1)) / target[..., 0].size
        p_target = count_marked(target, axis=(0, 1)) / target[..., 0].size
        n_marked = count_marked(masks.context) + count_marked(target)
        per_batch["context"].append(p_context.mean())
        per_batch["target"].append(p_target.mean())
        per_batch["ignored"].append((target.size - n_marked) / target.size)
        per_batch["overlapping"].append(np.mean(count_marked(masks.targets, axis=1) > 1))
        per_batch["p_context"].append(p_context)
        per_batch["p_target"].append(p_target)
        per_batch["tokens_drawn"].append(counts.mean())
        per_batch["tokens"].append(n_context or counts.min())
        per_batch["slots"].append(counts.max())
        for name, marked in (("context", masks.context), ("target", target)):
            of_length = count_runs(marked)
            runs[name] += of_length
            mean_runs[name].append(mean_run(of_length))
    means = {name: np.mean(values, axis=0) for name, values in per_batch.items()}
    errors = {f"{name}_error": standard_error(values) for name, values in per_batch.items()}
    return MaskStatistics(
        strategy=strategy,
        n_batches=n_batches,
        batch_size=batch_size,
        n_leads=masks.n_leads,
        patch_duration=patch_duration,
        heart_rate=heart_rate,
        context_runs=runs["context"],
        target_runs=runs["target"],
        context_run_error=standard_error(mean_runs["context"]),
        target_run_error=standard_error(mean_runs["target"]),
        n_context=n_context,
        **means,
        **errors,
    )


@dataclass(frozen=True, eq=False, repr=False)
class StrategyComparison:
    """What several strategies do on average; printed or shown in a notebook, it is a table.

    A number of the table ends with the last digit whose unit is at least twice the standard error,
    and shares have no decimals.

    Parameters
    ----------
    statistics
        The statistics of each strategy, by the name that it was given.

    Examples
    --------
    >>> from ecgmask import ContextToTarget, MaskAndComplement, compare_strategies
    >>> comparison = compare_strategies(
    ...     {"ECG-JEPA": MaskAndComplement(), "I-JEPA": ContextToTarget.ijepa()}, 200
    ... )
    >>> comparison["ECG-JEPA"].p_context.shape
    (200,)
    """

    statistics: Mapping[str, MaskStatistics]

    def __getitem__(self, name: str) -> MaskStatistics:
        """Return the statistics of one strategy."""
        return self.statistics[name]

    def as_dict(self) -> dict[str, list[Any]]:
        """Return the columns of the table, unrounded and with standard errors.

        ``pandas.DataFrame(comparison.as_dict())`` makes a frame of them.

        Returns
        -------
        dict
            The names under ``strategy``, and a list for each number of :class:`MaskStatistics`
            that is not an array, by its name there.

        Examples
        --------
        >>> from ecgmask import Forecast, compare_strategies
        >>> columns = compare_strategies({"Half": Forecast(0.5)}, 200, n_batches=2).as_dict()
        >>> columns["strategy"], columns["context"], columns["target_run"]
        (['Half'], [0.5], [100.0])
        """
        columns: dict[str, list[Any]] = {"strategy": list(self.statistics)}
        for name in COMPARED:
            columns[name] = [float(getattr(s, name)) for s in self.statistics.values()]
        return columns

    def __repr__(self) -> str:
        return f"<StrategyComparison: {', '.join(self.statistics)}>"

    def __str__(self) -> str:
        table = [("", *COLUMNS), *((n, *cells(s)) for n, s in self.statistics.items())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in table
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("Strategy", *COLUMNS))
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(f"<td>{cell}</td>" for cell in cells(statistics))
            + "</tr>\n"
            for name, statistics in self.statistics.items()
        )
        return (
            f'<table class="strategy-comparison">\n<thead>\n<tr>{head}</tr>\n</thead>\n'
            f"<tbody>\n{rows}</tbody>\n</table>"
        )


def cells(statistics: MaskStatistics) -> tuple[str, ...]:
    """Return the numbers of one row of a comparison, in the order of its columns."""
    n_patches = len(statistics.p_context)
    seconds = statistics.patch_duration
    middle = n_patches // 2
    return (
        rounded_share(statistics.context, statistics.context_error),
        rounded_share(statistics.target, statistics.target_error),
        rounded_share(statistics.ignored, statistics.ignored_error),
        rounded_time(statistics.target_run * seconds, statistics.target_run_error * seconds),
        f"{rounded(statistics.tokens_drawn, statistics.tokens_drawn_error, 0)} of "
        f"{n_patches * statistics.n_leads}",
        rounded_share(statistics.lost, statistics.tokens_error / statistics.tokens_drawn),
        rounded_share(statistics.filler, statistics.slots_error / statistics.slots),
        rounded(statistics.p_context[0], statistics.p_context_error[0], 2),
        rounded(statistics.p_context[middle], statistics.p_context_error[middle], 2),
    )


def rounded(value: float, error: float, decimals: int) -> str:
    """Return a number to the last digit whose unit is at least twice its standard error."""
    while 10.0**-decimals < 2 * error:
        decimals -= 1
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


def rounded_share(value: float, error: float) -> str:
    """Return a share in per cent; only none and all of it are 0% and 100%."""
    whole = rounded(100 * value, 100 * error, 0)
    if whole in ("0", "100") and value not in (0, 1):
        whole = rounded(100 * value, 100 * error, 1)
    return f"{whole}%"


def rounded_time(seconds: float, error: float) -> str:
    """Return a time in seconds, or in milliseconds if it is short."""
    if np.isnan(seconds):
        return "none"
    if seconds < 1:
        return f"{rounded(1000 * seconds, 1000 * error, 0)} ms"
    return f"{rounded(seconds, error, 1)} s"


def compare_strategies(
    strategies: Mapping[str, Strategy],
    n_patches: int,
    *,
    seed: int = 0,
    n_batches: int = N_BATCHES,
    batch_size: int = BATCH_SIZE,
    patch_duration: float = 0.05,
    heart_rate: float | None = None,
    r_peaks: ArrayLike = (),
) -> StrategyComparison:
    """Simulate what several strategies do on average, each from the same seed.

    The numbers of a strategy do not depend on what it is compared with: they are those that
    :func:`mask_statistics` finds with ``rng=numpy.random.default_rng(seed)``.

    Parameters
    ----------
    strategies
        The strategies by a name for each, at least one.
    n_patches
        Number of patches of a record, at least 1.
    seed
        What the generator of each strategy is made from, at least 0.
    n_batches
        Number of batches to draw of each, at least 2.
    batch_size
        Records in a batch, at least 1.
    patch_duration
        Length of a patch in seconds, above 0.
    heart_rate
        Beats per minute, above 0, to print run lengths of single strategies in beats.
    r_peaks
        Ascending positions of R peaks in patches, the same for all records; only strategies that
        need them, such as :class:`Beats`, get them.

    Returns
    -------
    StrategyComparison
        The statistics by name, and a table of them.

    Raises
    ------
    ValueError
        If there is nothing to compare, or a strategy cannot draw masks of so many patches.

    Examples
    --------
    >>> from ecgmask import Forecast, RandomPatches, compare_strategies
    >>> comparison = compare_strategies(
    ...     {"MAE": RandomPatches.mae(), "Half": Forecast(0.5)}, 200, n_batches=64
    ... )
    >>> print(f"{comparison['MAE'].context:.0%}")
    25%
    """
    given: object = strategies
    if not isinstance(given, Mapping):
        raise TypeError(
            f"strategies must be a dict of names and strategies, not {type(given).__name__}; name "
            'them, such as {"MAE": RandomPatches.mae()}'
        )
    if not strategies:
        raise ValueError("there must be at least one strategy to compare, but strategies is empty")
    check_count("seed", seed, least=0)
    return StrategyComparison(
        {
            name: mask_statistics(
                strategy,
                n_patches,
                rng=np.random.default_rng(seed),
                n_batches=n_batches,
                batch_size=batch_size,
                patch_duration=patch_duration,
                heart_rate=heart_rate,
                r_peaks=r_peaks if needs_r_peaks(strategy) else (),
            )
            for name, strategy in strategies.items()
        }
    )


def count_marked(marked: BoolArray, axis: int | tuple[int, ...] | None = None) -> CountArray:
    """Return how many are marked along some axes."""
    # As bytes, they are added up several times as fast.
    counts: CountArray = marked.view(np.uint8).sum(axis=axis, dtype=np.int64)
    return counts


def standard_error(values: list[Any]) -> Any:
    """Return the standard error of the mean of the values of all batches."""
    return np.std(values, axis=0, ddof=1) / np.sqrt(len(values))


def count_runs(marked: BoolArray) -> CountArray:
    """Return ``(n_patches + 1,)``, how often a run of so many patches is marked."""
    n_patches = marked.shape[-1]
    n_rows = marked.size // n_patches
    # Between patches that are not marked, rows can follow each other.
    row = np.zeros(n_rows * (n_patches + 1) + 1, dtype=bool)
    row[:-1].reshape(n_rows, -1)[:, 1:] = marked.reshape(n_rows, -1)
    edges = np.flatnonzero(row[1:] != row[:-1])
    return np.bincount(edges[1::2] - edges[::2], minlength=n_patches + 1)


def mean_run(counts: CountArray) -> float:
    """Return the mean length of the runs that were counted, in patches, or NaN if none were."""
    return float(counts @ np.arange(len(counts)) / counts.sum()) if counts.any() else float("nan")


def find_runs(marked: BoolArray) -> list[tuple[int, int]]:
    """Return ``(first patch, number of patches)`` of every run of ``True`` in one row."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False))
    return [(int(start), int(end - start)) for start, end in edges.reshape(-1, 2)]


def _summarise(block: BoolArray) -> BlockSummary:
    in_any_lead = np.flatnonzero(block.any(axis=0))
    return BlockSummary(
        n_patches=int(block.sum()),
        first=int(in_any_lead[0]) if in_any_lead.size else None,
        last=int(in_any_lead[-1]) if in_any_lead.size else None,
        n_runs=sum(len(find_runs(row)) for row in block),
    )


def _patches(one: Masks, duration: float) -> str:
    return f"{one.n_patches} patches of {1000 * duration / one.n_patches:g} ms"


def _where(marked: BoolArray, seconds: float) -> str:
    """Say how many patches are marked, and when they are if that is few words."""
    n_marked = int(marked.sum())
    if not n_marked:
        return "none"
    count = f"{n_marked} patch{'es' * (n_marked > 1)} ({percent(float(marked.mean()))})"
    runs = [run for row in marked for run in find_runs(row)]
    if len(marked) > 1 or len(runs) > 8:
        return f"{count} in {len(runs)} runs"
    when = ", ".join(
        f"{start * seconds:.2f} to {(start + length) * seconds:.2f}" for start, length in runs
    )
    return f"{count}, at {when} s"
