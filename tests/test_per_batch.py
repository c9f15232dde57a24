"""PerBatch: one mask of another strategy for all records of a batch."""

import laws
import numpy as np
import pytest
import torch
from goodness import assert_follows

from ecgmask import (
    Beats,
    Both,
    ContextToTarget,
    Leads,
    PatchMaskCollator,
    PerBatch,
    PerLead,
    RandomPatches,
    Spans,
    UnionOfBlocks,
    mask_statistics,
)

ONES = [
    RandomPatches((0.6, 0.7)),
    UnionOfBlocks(),
    ContextToTarget(),
    PerLead(RandomPatches(0.75)),
    Both(Spans(), Leads.oh()),
]


def collate(strategy, n_records=6, n_patches=200, **options):
    collator = PatchMaskCollator(strategy, patch_size=1, seed=3, **options)
    return collator([torch.zeros(12, n_patches)] * n_records)


@pytest.mark.parametrize("strategy", ONES, ids=repr)
def test_all_records_of_a_batch_have_one_mask_and_the_next_batch_another(rng, strategy):
    one, other = (PerBatch(strategy).draw(5, 200, rng) for _ in range(2))
    assert one.context.shape == strategy.draw(5, 200, rng).context.shape
    for masks in (one, other):
        assert (masks.context == masks.context[0]).all()
        assert (masks.targets == masks.targets[0]).all()
    assert not np.array_equal(one.context, other.context)


def test_the_mask_follows_the_law_of_the_strategy(rng):
    strategy = PerBatch(UnionOfBlocks(2, (0.2, 0.6)))
    drawn = [strategy.draw(3, 7, rng).targets[0, 0, 0] for _ in range(20_000)]
    strips = ["".join(row) for row in np.where(np.array(drawn), "#", ".")]
    assert_follows(strips, laws.union_of_blocks(7, laws.block_lengths(7, "0.2", "0.6"), 2))


@pytest.mark.parametrize("strategy", ONES, ids=repr)
@pytest.mark.parametrize("truncate", ["ends", "random", "first", "never"])
def test_a_collator_cuts_nothing_and_fills_up_nothing(strategy, truncate):
    _, context, targets, *filler = collate(PerBatch(strategy), truncate=truncate)
    assert (context == context[0]).all()
    # What a collator draws of one record, which it need not cut.
    _, alone, alone_targets, *_ = collate(PerBatch(strategy), 1, truncate=truncate)
    assert torch.equal(context[:1], alone)
    for block, other in zip(targets, alone_targets, strict=True):
        assert torch.equal(block[:1], other)
    assert len(filler) == (3 if truncate == "never" else 0)
    if filler:
        assert not any(part.any() for part in (filler[0], filler[1], *filler[2]))


def test_statistics_show_that_nothing_is_lost(rng):
    statistics = mask_statistics(UnionOfBlocks.kim(), 200, rng=rng, n_batches=30, batch_size=64)
    assert statistics.tokens == pytest.approx(200 * statistics.context)
    own = mask_statistics(UnionOfBlocks(), 200, rng=rng, n_batches=30, batch_size=64)
    assert own.tokens < 0.7 * 200 * own.context


@pytest.mark.parametrize("strategy", [UnionOfBlocks.kim(), RandomPatches.kim()], ids=repr)
def test_each_rank_draws_a_mask_of_its_own_of_one_size(strategy):
    drawn = [collate(strategy, rank=rank, world_size=3) for rank in range(3)]
    assert len({batch.context.shape for batch in drawn}) == 1
    assert len({batch.targets[0].shape for batch in drawn}) == 1
    assert len({tuple(batch.context[0].tolist()) for batch in drawn}) == 3


def test_ranks_share_the_sizes_that_are_drawn_once_for_a_batch():
    def draw(seed):
        sizes = np.random.default_rng(8)
        return RandomPatches.kim().draw(2, 200, np.random.default_rng(seed), size_rng=sizes)

    one, other = draw(0), draw(1)
    assert one.context.sum() == other.context.sum()
    assert not np.array_equal(one.context, other.context)


def test_equal_counts_are_those_of_the_strategy():
    assert RandomPatches.kim().equal_counts
    assert not UnionOfBlocks.kim().equal_counts
    with pytest.raises(ValueError, match="rank=1 needs world_size"):
        PatchMaskCollator(UnionOfBlocks.kim(), patch_size=1, seed=3, rank=1)


def test_records_of_one_length_have_one_mask():
    lengths = [100, 60, 100, 60, 60]
    collator = PatchMaskCollator(
        UnionOfBlocks.kim(), patch_size=1, lengths_key=1, truncate="never", seed=1
    )
    records = [(torch.zeros(1, 100), length) for length in lengths]
    _, context, _, padding, filler, _ = collator(records)
    seen = [set(row[~empty].tolist()) for row, empty in zip(context, filler, strict=True)]
    assert seen[0] == seen[2]
    assert seen[1] == seen[3] == seen[4]
    assert max(seen[1]) < 60 <= max(seen[0])
    assert padding.sum(dim=1).tolist() == [0, 40, 0, 40, 40]


def test_missing_leads_are_left_out_of_the_one_mask():
    strategy = PerBatch(PerLead(RandomPatches(0.5)))
    context, (target,) = collate(strategy, n_patches=20, missing_leads=("III", "V6"))[1:3]
    assert (context == context[0]).all()
    leads = torch.cat([context, target], dim=1) // 20
    assert set(leads.unique().tolist()) == set(range(12)) - {2, 11}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PerBatch(RandomPatches), TypeError, "strategy must be an object with a draw"),
        (lambda: PerBatch(RandomPatches.kim()), TypeError, "strategy is PerBatch already; pass"),
        (
            lambda: PerBatch(Beats()),
            ValueError,
            r"Beats\(ratio=0.5, window=None\) follows the R peaks of each record",
        ),
        (lambda: PerBatch(PerLead(Beats())), ValueError, "follows the R peaks of each record"),
        (lambda: PerBatch(Both(Beats(), Leads.oh())), ValueError, "follows the R peaks of each"),
        (
            lambda: PerLead(UnionOfBlocks.kim()),
            TypeError,
            r"one mask for a batch cannot be drawn for each lead; write PerBatch\(PerLead\(\.\.\.",
        ),
    ],
)
def test_what_cannot_be_drawn_once_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_what_the_strategy_refuses_is_refused(rng):
    with pytest.raises(ValueError, match=r"ratio=0\.5 masks 1 to 1 of 1 patches"):
        PerBatch(RandomPatches(0.5)).draw(2, 1, rng)
