"""Masks of a batch as index tensors of one length."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from ecgmask.records import Facts
from ecgmask.seeding import BatchSeed
from ecgmask.strategies import Masks, Strategy
from ecgmask.strategies._blocks import MAX_REDRAWS
from ecgmask.strategies.masks import (
    BoolArray,
    IndexArray,
    has_equal_counts,
    indices_of,
    needs_r_peaks,
)

Truncate = Literal["ends", "random", "first", "never"]


def check_truncate(truncate: str) -> None:
    """Raise an error unless `truncate` names a rule."""
    if truncate not in get_args(Truncate):
        raise ValueError(
            f"truncate must be one of {', '.join(map(repr, get_args(Truncate)))}, not {truncate!r}"
        )


def count(marked: BoolArray) -> NDArray[np.intp]:
    """Return how many patches are marked, summed over the axes of leads and patches."""
    counts: NDArray[np.intp] = np.count_nonzero(marked, axis=(-2, -1))
    return counts


def cut(
    marked: BoolArray,
    counts: NDArray[np.intp],
    n_keep: int,
    truncate: Truncate,
    rng: Generator,
    from_left: NDArray[np.bool_],
) -> BoolArray:
    """Unmark surplus patches until every record has `n_keep`.

    Parameters
    ----------
    marked
        ``(n_records, n_leads, n_patches)``.
    counts
        ``(n_records,)``, how many are marked, at least `n_keep` each.
    n_keep
        Number of patches to keep, counted over all lead rows.
    truncate
        ``"ends"`` drops the surplus from the left or the right end of the record, a fair coin
        each; ``"random"`` drops a random subset; ``"first"`` keeps the first patches in time.
    rng
        The only source of randomness.
    from_left
        ``(n_records,)``, from which end ``"ends"`` drops: the same for the context and the targets
        of a record, so that what is left of them lies at the same times.

    Returns
    -------
    NDArray
        An array like `marked`, and a subset of it.
    """
    if (counts == n_keep).all():
        return marked
    # In the order of time, so that the ends of a record are those of all its leads.
    in_time = marked.swapaxes(1, 2)
    flat = in_time.reshape(len(marked), -1)
    if truncate == "random" and n_keep:
        order = rng.random(flat.shape)
        order[~flat] = 1.0  # sorts behind every draw from [0, 1)
        kept = order <= np.partition(order, n_keep - 1, axis=1)[:, n_keep - 1, None]
    else:
        dropped = np.zeros((len(marked), 1), dtype=np.intp)
        if truncate == "ends":
            dropped = (from_left * (counts - n_keep))[:, None]
        rank = flat.cumsum(axis=1, dtype=np.int32)
        kept = flat & (rank > dropped) & (rank <= dropped + n_keep)
    return kept.reshape(in_time.shape).swapaxes(1, 2)


def fill(marked: BoolArray, counts: NDArray[np.intp], n_slots: int) -> tuple[IndexArray, BoolArray]:
    """Return the tokens of each record in a row of `n_slots`, and which slots are filler.

    A filler repeats the last token of its record: whoever forgets that it is one sees nothing that
    the record hides.
    """
    tokens = marked.reshape(len(marked), -1)
    _, token = np.nonzero(tokens)
    first = np.cumsum(counts) - counts
    slot = np.arange(n_slots)
    indices: IndexArray = token[first[:, None] + np.minimum(slot, counts[:, None] - 1)]
    return indices, slot >= counts[:, None]


class Kept(NamedTuple):
    """How many tokens each record keeps in all batches, if that is given."""

    n_context: int | None = None
    n_target: int | None = None  # of each target block

    @property
    def all_given(self) -> bool:
        """Whether nothing that is drawn decides the shape of a batch."""
        return None not in self

    def fit(self, context: BoolArray, targets: BoolArray, truncate: Truncate) -> NDArray[np.bool_]:
        """Return which records have something in each part, and enough to keep so many tokens.

        Where nothing is cut, they must have no more than that instead.
        """
        fits = np.ones(len(context), dtype=np.bool_)
        for counts, given in ((count(context)[:, None], self[0]), (count(targets), self[1])):
            least = given if given is not None and truncate != "never" else 1
            fits &= (counts >= least).all(axis=1)
            if given is not None and truncate == "never":
                fits &= (counts <= given).all(axis=1)
        return fits

    def __str__(self) -> str:
        return " and ".join(
            f"{name}={given}"
            for name, given in zip(self._fields, self, strict=True)
            if given is not None
        )


AS_DRAWN = Kept()


def may_differ(strategy: Strategy, kept: Kept, *, leads_missing: bool) -> bool:
    """Return whether ranks may get different numbers of tokens, unless they know of each other."""
    return not kept.all_given and (leads_missing or not has_equal_counts(strategy))


class Indices(NamedTuple):
    """The tokens of a batch's context and targets."""

    context: Tensor  # (n_records, n_context), ascending
    targets: list[Tensor]  # (n_records, n_target) for each target block, ascending
    context_padding: Tensor  # where a slot of the context is filler
    target_padding: list[Tensor]  # where a slot of each target is


def draw_indices(
    strategy: Strategy,
    facts: Facts,
    seed: BatchSeed,
    truncate: Truncate,
    kept: Kept,
    *,
    rank: int = 0,
    world_size: int = 1,
) -> Indices:
    """Draw the masks of a batch and return the tokens of its context and of each target.

    Parameters
    ----------
    strategy
        The rule that draws context and targets.
    facts
        What is known of the records.
    seed
        Where the generators of the batch come from.
    truncate
        How contexts and targets are cut to the shortest of the batch, over all ranks; ``"never"``
        fills them up to the longest.
    kept
        What they are cut or filled to instead, where that is given.
    rank
        Which process this is.
    world_size
        Number of processes that agree on sizes; 0 if they cannot.

    Raises
    ------
    ValueError
        If the strategy cannot mask these records.
    """
    rng = seed.positions(rank)
    masks = _draw_fitting(strategy, facts, rng, seed, truncate, kept)
    drawn = [masks]
    if may_differ(strategy, kept, leads_missing=facts.missing is not None):
        # Ranks agree on one length by drawing each other's masks.
        drawn += [
            _draw_fitting(strategy, facts, seed.positions(other), seed, truncate, kept)
            for other in range(world_size)
            if other != rank
        ]
    # (rank, record) for the context and for each target; this rank comes first.
    counts = [
        np.array([count(block) for block in blocks])
        for blocks in zip(*map(_blocks_of, drawn), strict=True)
    ]
    for name, each in zip(["context", *["target"] * masks.n_targets], counts, strict=True):
        if not each.all():
            raise ValueError(f"{strategy!r} drew a record without any {name} patch")
    from_left = rng.integers(2, size=facts.n_records) == 1

    def to_rows(
        marked: BoolArray, counts: NDArray[np.intp], given: int | None
    ) -> tuple[IndexArray, BoolArray]:
        if truncate == "never":
            return fill(marked, counts[0], given or counts.max())
        n_keep = given or counts.min()
        rows = indices_of(cut(marked, counts[0], n_keep, truncate, rng, from_left))
        return rows, np.zeros(rows.shape, dtype=np.bool_)

    given = [kept.n_context, *[kept.n_target] * masks.n_targets]
    rows = [to_rows(*each) for each in zip(_blocks_of(masks), counts, given, strict=True)]
    (context, context_padding), *targets = (
        (torch.from_numpy(indices), torch.from_numpy(padding)) for indices, padding in rows
    )
    return Indices(
        context,
        [indices for indices, _ in targets],
        context_padding,
        [padding for _, padding in targets],
    )


def _blocks_of(masks: Masks) -> list[BoolArray]:
    """Return context and targets as ``(n_records, n_leads, n_patches)``."""
    return [masks.context, *masks.targets.swapaxes(0, 1)]


def _draw_fitting(
    strategy: Strategy,
    facts: Facts,
    rng: Generator,
    seed: BatchSeed,
    truncate: Truncate,
    kept: Kept,
) -> Masks:
    """Draw masks of the sizes that are given, in which the tokens of missing leads are ignored.

    A record whose masks are too small, or lie in missing leads alone, is drawn again.
    """
    masks = _draw_valid(strategy, facts, rng, seed)
    _check_fit(masks, facts, strategy)
    leads_missing = facts.missing is not None and facts.missing.any()
    if not leads_missing and kept == AS_DRAWN:
        return masks
    if leads_missing and masks.n_leads == 1:
        raise ValueError(
            "a token of a shared mask holds all leads, so missing leads cannot be left out; use a "
            "per-lead strategy, or fill them in"
        )
    there = np.ones((facts.n_records, masks.n_leads, 1), dtype=np.bool_)
    if facts.missing is not None and leads_missing:
        there = ~facts.missing[:, :, None]
    context, targets = masks.context & there, masks.targets & there[:, None]
    for _ in range(MAX_REDRAWS):
        redo = np.flatnonzero(~kept.fit(context, targets, truncate))
        if not redo.size:
            return Masks(context, targets)
        again = _draw_valid(strategy, facts.of(redo), rng, seed)
        context[redo] = again.context & there[redo]
        targets[redo] = again.targets & there[redo, None]
    record = redo[0]
    n_missing = int((~there[record]).sum())
    if kept == AS_DRAWN:
        raise ValueError(
            f"{strategy!r} left record {record} of the batch without context or without targets in "
            f"{MAX_REDRAWS} draws, since {n_missing} leads are missing; leave the record out"
        )
    n_context, n_target = count(context)[record], count(targets)[record]
    way_out = (
        'raise it, since truncate="never" drops nothing' if truncate == "never" else "lower it"
    )
    raise ValueError(
        f"{strategy!r} drew no masks for record {record} of the batch that fit {kept} in "
        f"{MAX_REDRAWS} draws, the last with {n_context} context tokens and targets of "
        f"{', '.join(map(str, n_target))}; {way_out}"
    )


def _draw_valid(strategy: Strategy, facts: Facts, rng: Generator, seed: BatchSeed) -> Masks:
    """Draw the masks of all records, each within the patches that are no padding."""
    draw: Any = strategy.draw
    peaks = facts.r_peaks if needs_r_peaks(strategy) else None
    if facts.n_valid is None:
        given = {} if peaks is None else {"r_peaks": peaks}
        drawn: Masks = draw(facts.n_records, facts.n_patches, rng, size_rng=seed.sizes(), **given)
        return drawn
    parts = []
    for n_patches in np.unique(facts.n_valid):
        rows = np.flatnonzero(facts.n_valid == n_patches)
        given = {} if peaks is None else {"r_peaks": peaks[rows]}
        # Each length has sizes of its own, whichever other lengths are drawn with it.
        sizes = seed.sizes(int(n_patches))
        part = draw(rows.size, int(n_patches), rng, size_rng=sizes, **given)
        parts.append((rows, part))
    first = parts[0][1]
    context = np.zeros((facts.n_records, first.n_leads, facts.n_patches), dtype=np.bool_)
    targets = np.zeros(
        (facts.n_records, first.n_targets, first.n_leads, facts.n_patches), dtype=np.bool_
    )
    for rows, part in parts:
        context[rows, :, : part.n_patches] = part.context
        targets[rows, :, :, : part.n_patches] = part.targets
    return Masks(context, targets)


def _check_fit(masks: Masks, facts: Facts, strategy: Strategy) -> None:
    n_records, n_leads, n_patches = facts.n_records, facts.n_leads, facts.n_patches
    if masks.n_leads not in (1, n_leads):
        raise ValueError(
            f"{strategy!r} draws masks for {masks.n_leads} leads, but records have {n_leads}; "
            f"give the strategy n_leads={n_leads}, or Leads the names of the leads"
        )
    if (masks.n_records, masks.n_patches) != (n_records, n_patches):
        raise ValueError(
            f"{strategy!r} was asked for {n_records} records of {n_patches} patches and drew "
            f"{masks.n_records} of {masks.n_patches}"
        )
