"""Both: two strategies on one context."""

from dataclasses import dataclass
from fractions import Fraction

import laws
import numpy as np
import pytest
import torch
from goodness import assert_follows

from ecgmask import (
    Beats,
    Both,
    ContextToTarget,
    Forecast,
    Leads,
    MaskAndComplement,
    Masks,
    PatchMaskCollator,
    PerBatch,
    PerLead,
    RandomPatches,
    RandomTokens,
    Spans,
    Strategy,
    UnionOfBlocks,
)

FOUR = ("I", "II", "V1", "V5")
PAIRS = [
    Both(Spans(), Leads.oh()),
    Both(RandomPatches(0.3), UnionOfBlocks()),
    Both(Leads(3), PerLead(MaskAndComplement())),
    Both(RandomTokens(0.3), ContextToTarget()),
    Both(Both(Spans(0.2), Leads(2)), RandomPatches(0.2)),
]
R_PEAKS = [[12.0, 37.0, 81.0], [15.0, 60.0, 90.0], [9.0, 88.0, np.nan], [30.0, 52.0, 71.0]]


@dataclass(frozen=True)
class Fixed(Strategy):
    """Draw the same roles every time: context, target and ignored patches of leads."""

    roles: tuple[str, ...]

    def draw(self, n_records, n_patches, rng, *, size_rng=None):  # noqa: ARG002
        roles = np.array([list(lead) for lead in self.roles])
        shape = (n_records, *roles.shape)
        context = np.broadcast_to(roles == ".", shape)
        targets = [np.broadcast_to(roles == target, shape) for target in "12"]
        return Masks(context, np.stack(targets, axis=1))


def roles_of(masks, record=0):
    """Return ``.`` for context, ``#`` for target and a blank for ignored, lead by lead."""
    roles = np.select([masks.context, masks.targets[:, 0]], [".", "#"], " ")[record]
    return ["".join(lead) for lead in roles]


def test_context_is_what_both_show_and_target_what_either_asks_for(rng):
    # Context, either of two targets, and ignored, against context, target and ignored.
    one, other = Fixed(("...111222   ", "............")), Fixed((".1 .1 .1 .1 ",))
    for strategy in (Both(one, other), Both(other, one)):
        masks = strategy.draw(2, 12, rng)
        assert masks.targets.shape == (2, 1, 2, 12)
        for record in (0, 1):
            assert roles_of(masks, record) == [".# ###### # ", ".# .# .# .# "]


@pytest.mark.parametrize("strategy", PAIRS, ids=repr)
def test_there_is_one_target_that_holds_each_patch_once(rng, strategy):
    masks = strategy.draw(20, 200, rng)
    assert masks.n_targets == 1
    assert not (masks.context & masks.target_union).any()
    assert masks.context.any(axis=(1, 2)).all()


@pytest.mark.parametrize("strategy", [PAIRS[0], PAIRS[1], PAIRS[2], PAIRS[4]], ids=repr)
def test_two_partitions_make_a_partition(rng, strategy):
    assert not strategy.draw(20, 200, rng).ignored.any()


def test_the_two_draw_independently_of_each_other(rng):
    strategy = Both(Spans(0.1, 2, 1), Leads(probability=0.3, leads=FOUR))
    masks = strategy.draw(30_000, 6, rng)
    drawn = []
    for record in masks.targets[:, 0]:
        leads = record.all(axis=1)
        in_time = record[~leads][0]
        strip = "".join(np.where(in_time, "#", "."))
        drawn.append((strip, frozenset(np.flatnonzero(leads).tolist())))
    law = {
        (strip, leads): p * q
        for strip, p in laws.union_of_spans(6, 1, 2).items()
        for leads, q in laws.masked_units(4, 3, Fraction("0.3")).items()
    }
    assert_follows(drawn, law)


def test_the_order_of_the_two_does_not_matter(rng):
    one = Both(Leads(1, leads=FOUR), Forecast(0.5)).draw(20_000, 4, rng)
    other = Both(Forecast(0.5), Leads(1, leads=FOUR)).draw(20_000, 4, rng)
    law = dict.fromkeys(range(4), Fraction(1, 4))
    for masks in (one, other):
        assert_follows(masks.targets[:, 0].all(axis=-1).argmax(axis=-1).tolist(), law)


def test_a_record_of_which_nothing_is_left_is_drawn_again_by_both(rng):
    # Two patches, one hidden by each: half of the pairs hide the same one and leave the other.
    masks = Both(RandomPatches(0.5), RandomPatches(0.5)).draw(2000, 2, rng)
    assert (masks.context.sum(axis=-1) == 1).all()
    assert_follows(masks.context[:, 0, 0].tolist(), {True: Fraction(1, 2), False: Fraction(1, 2)})


def test_records_that_are_drawn_again_keep_the_sizes_of_their_batch():
    n_draws = []
    for seed in range(30):
        pair = [Recorded(RandomPatches((0.3, 0.8))) for _ in range(2)]
        Both(*pair).draw(
            20, 6, np.random.default_rng(seed), size_rng=np.random.default_rng(seed % 7)
        )
        for strategy in pair:
            assert len({count for counts in strategy.counts for count in counts}) == 1
        n_draws.append(len(pair[0].counts))
    assert max(n_draws) > 1


def test_sizes_come_from_their_own_generator():
    strategy = Both(RandomPatches((0.1, 0.6)), Leads(3))
    drawn = [
        strategy.draw(2, 200, np.random.default_rng(seed), size_rng=np.random.default_rng(3))
        for seed in range(5)
    ]
    assert len({int(masks.context.sum()) for masks in drawn}) == 1
    assert len({masks.context.tobytes() for masks in drawn}) == 5


class Recorded:
    """A strategy that writes down how many patches it hides at each draw."""

    def __init__(self, strategy):
        self.strategy = strategy
        self.counts = []

    def draw(self, n_records, n_patches, rng, **given):
        masks = self.strategy.draw(n_records, n_patches, rng, **given)
        self.counts.append(masks.targets.sum(axis=(1, 2, 3)).tolist())
        return masks


# R peaks


class AtThePeak(Strategy):
    """Hide the patch of the first R peak."""

    @property
    def needs_r_peaks(self):
        return True

    def draw(self, n_records, n_patches, rng, *, size_rng=None, r_peaks=()):  # noqa: ARG002
        target = np.arange(n_patches) == np.asarray(r_peaks)[:, :1].astype(int)
        return Masks(~target[:, None], target[:, None, None])


def test_records_that_are_drawn_again_keep_their_r_peaks(rng):
    # Of four patches, one is seen, and in one of four records that is where the peak is.
    peaks = rng.integers(4, size=(400, 1)).astype(float)
    masks = Both(RandomPatches(0.75), AtThePeak()).draw(400, 4, rng, r_peaks=peaks)
    assert (masks.context.sum(axis=-1) == 1).all()
    at = peaks.astype(int)[:, :, None]
    assert np.take_along_axis(masks.targets[:, 0], at, axis=-1).all()


def test_only_a_strategy_that_needs_r_peaks_gets_them(rng):
    # The others do not know of such an argument.
    for strategy in (Both(Beats(), Leads(3)), Both(Spans(0.2), PerLead(Beats()))):
        assert strategy.needs_r_peaks
        assert strategy.draw(4, 100, rng, r_peaks=R_PEAKS).context.shape == (4, 12, 100)
    assert not Both(Spans(), Leads(3)).needs_r_peaks
    nested = Both(Both(Beats(), RandomPatches(0.2)), Leads(3))
    assert nested.draw(4, 100, rng, r_peaks=R_PEAKS).n_leads == 12


def test_r_peaks_that_are_missing_are_asked_for(rng):
    with pytest.raises(ValueError, match="Beats needs the R peaks of each record; pass r_peaks="):
        Both(Beats(), Leads(3)).draw(4, 100, rng)
    with pytest.raises(ValueError, match="needs the R peaks of each record; say where they are"):
        PatchMaskCollator(Both(Beats(), Leads(3)), 1)


# In a collator


def test_whole_beats_and_leads_are_masked_from_the_r_peaks_of_the_records():
    collate = PatchMaskCollator(Both(Beats(), Leads(3)), 1, r_peaks_key=1, truncate="never", seed=1)
    records = [
        (torch.zeros(12, 100), np.array(peaks)[~np.isnan(peaks)].astype(int)) for peaks in R_PEAKS
    ]
    masked = collate(records)
    for context, filler in zip(masked.context, masked.context_padding, strict=True):
        kept = context[~filler]
        assert len((kept // 100).unique()) == 9


def test_ranks_get_masks_of_one_size_at_different_places():
    strategy = Both(Spans.wav2vec2(), Leads.oh())
    with pytest.raises(ValueError, match="rank=1 needs world_size"):
        PatchMaskCollator(strategy, 1, seed=5, rank=1)
    drawn = [
        PatchMaskCollator(strategy, 1, seed=5, rank=rank, world_size=3)([torch.zeros(12, 60)] * 4)
        for rank in range(3)
    ]
    assert len({batch.context.shape for batch in drawn}) == 1
    assert len({tuple(batch.context[0].tolist()) for batch in drawn}) == 3


def test_records_of_different_lengths_are_masked_within_them():
    collate = PatchMaskCollator(
        Both(Spans(0.3, 5), Leads(3)), 1, lengths_key=1, truncate="never", seed=1
    )
    lengths = [100, 60, 100, 80]
    masked = collate([(torch.zeros(12, 100), length) for length in lengths])
    rows = [(masked.context, masked.context_padding), (masked.targets[0], masked.target_padding[0])]
    n_tokens = np.zeros(4, dtype=int)
    for indices, filler in rows:
        for record, length in enumerate(lengths):
            assert (indices[record] % 100).max() < length
        n_tokens += (~filler).sum(dim=1).numpy()
    assert n_tokens.tolist() == [12 * length for length in lengths]


def test_tokens_of_missing_leads_are_neither_context_nor_target():
    collate = PatchMaskCollator(
        Both(Spans(0.3, 5), Leads(3)), 1, missing_leads=("I", "V6"), truncate="never", seed=1
    )
    masked = collate([torch.zeros(12, 60)] * 5)
    leads = torch.cat([masked.context, masked.targets[0]], dim=1) // 60
    assert set(leads.unique().tolist()) == set(range(1, 11))


# Refusals


def test_two_numbers_of_leads_are_refused(rng):
    with pytest.raises(
        ValueError, match=r"draws masks for 12 leads, but PerLead\(.*\) for 8; give both the same"
    ):
        Both(Leads(3), PerLead(RandomPatches(0.5), 8)).draw(2, 20, rng)


def test_two_that_never_show_the_same_are_refused(rng):
    with pytest.raises(
        ValueError,
        match=r"a context and a target was found in 1000 draws: what .* shows of 2 patches is "
        r"nearly always hidden by .*; lower the share that one of them hides",
    ):
        Both(Fixed((".1",)), Fixed(("1.",))).draw(1, 2, rng)


@pytest.mark.parametrize("strategy", [Leads, "Leads", None])
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_strategy_is_refused(strategy, place):
    pair = [Leads(3), Leads(3)]
    pair[place] = strategy
    with pytest.raises(TypeError, match="strategy must be an object with a draw method"):
        Both(*pair)


def test_what_one_of_them_refuses_is_refused(rng):
    with pytest.raises(ValueError, match="could cover a record of 20 patches"):
        Both(Spans(), Leads(3)).draw(2, 20, rng)


@pytest.mark.parametrize("make", [lambda b: Both(b, Leads(3)), lambda b: Both(Leads(3), b)])
def test_one_mask_for_a_batch_beside_one_for_each_record_is_refused(make):
    with pytest.raises(TypeError, match=r"write PerBatch\(Both\(\.\.\.\)\)"):
        make(PerBatch(RandomPatches(0.5)))
