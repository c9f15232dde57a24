"""Laws that hold for any size and any parameters: valid masks or a clear error, nothing else."""

import re
from math import ceil, floor

import numpy as np
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from prescribed import truncated

from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    Masks,
    PatchMaskCollator,
    PerLead,
    describe,
)
from ecgmask.statistics import find_runs

SLACK = 1e-9
"""How far ``ratio * n_patches`` may lie beside a whole number and still count as that number."""

n_patches = st.integers(1, 400)
n_records = st.integers(1, 20)
seeds = st.integers(0, 2**32 - 1)
fractions = st.floats(0, 1, allow_subnormal=False)
rules = st.sampled_from(["ends", "random", "first"])


@st.composite
def scales(draw, above=0.0, below=1.0):
    low, high = sorted(draw(st.tuples(fractions, fractions)))
    assume(high > above and low < below)
    return low, high


@st.composite
def mask_and_complements(draw):
    low, high = draw(scales())
    assume(high < 1)
    return MaskAndComplement(draw(st.integers(1, 60)), low, high)


@st.composite
def context_to_targets(draw):
    return ContextToTarget(
        draw(scales()), draw(scales()), draw(st.integers(1, 6)), draw(st.integers(1, 30))
    )


@st.composite
def easy_context_to_targets(draw):
    """Settings that leave plenty of context in all but the shortest records."""
    low = draw(st.floats(0.6, 1))
    least = draw(st.floats(0, 0.1))
    return ContextToTarget(
        (low, draw(st.floats(low, 1))),
        (least, draw(st.floats(max(least, 0.001), 0.15))),
        draw(st.integers(1, 4)),
        draw(st.integers(1, 3)),
    )


@st.composite
def contexts(draw):
    shape = draw(st.tuples(n_records, st.sampled_from([1, 3]), st.integers(1, 60)))
    share = draw(st.sampled_from([0.1, 0.5, 0.9]))
    context = np.random.default_rng(draw(seeds)).random(shape) < share
    context[..., 0] |= ~context.any(axis=-1)
    return context


def draw_or_refuse(strategy, n_records, n_patches, seed, message):
    """Return masks, or ``None`` if they were refused with such a message."""
    try:
        masks = strategy.draw(n_records, n_patches, np.random.default_rng(seed))
    except ValueError as error:
        refusal = str(error)
    else:
        event("drawn")
        assert masks.context.shape == (n_records, 1, n_patches)
        return masks
    event("refused")
    assert re.search(message, refusal), refusal
    return None


@given(mask_and_complements(), n_records, n_patches, seeds)
def test_mask_and_complement_draws_a_partition_or_says_why_not(strategy, records, patches, seed):
    masks = draw_or_refuse(
        strategy, records, patches, seed, rf"min_block_size=\d+ is larger than .* of {patches} "
    )
    low, high = strategy.min_keep_ratio * patches, strategy.max_keep_ratio * patches
    if masks is None:
        assert patches - max(1, ceil(high - SLACK)) < strategy.min_block_size
        return
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    counts = masks.context.sum(axis=-1)
    assert np.ptp(counts) == 0
    assert max(1, ceil(low - SLACK)) <= counts[0, 0] <= max(1, ceil(high - SLACK))
    lengths = [n for row in masks.targets[:, 0, 0] for _, n in find_runs(row)]
    assert min(lengths) >= strategy.min_block_size


@given(st.integers(1, 400), st.data(), n_records, seeds)
def test_mask_and_complement_keeps_any_exact_count(patches, data, records, seed):
    keep = data.draw(st.integers(1, max(1, patches - 1)))
    assume(keep < patches)
    block = data.draw(st.integers(1, patches - keep))
    strategy = MaskAndComplement(block, keep / patches, keep / patches)
    masks = strategy.draw(records, patches, np.random.default_rng(seed))
    assert (masks.context.sum(axis=-1) == keep).all()
    assert min(n for row in masks.targets[:, 0, 0] for _, n in find_runs(row)) >= block


@given(context_to_targets(), n_records, n_patches, seeds)
def test_context_to_target_draws_valid_layouts_or_says_why_not(strategy, records, patches, seed):
    masks = draw_or_refuse(
        strategy,
        records,
        patches,
        seed,
        rf"min_keep={strategy.min_keep} context patches (cannot be kept|was found in 1000 draws): "
        r".* of \d+ patches",
    )
    if masks is not None:
        assert_layout(masks, strategy, patches)


@given(easy_context_to_targets(), n_records, st.integers(40, 400), seeds)
def test_context_to_target_draws_whatever_leaves_plenty_of_context(
    strategy, records, patches, seed
):
    masks = strategy.draw(records, patches, np.random.default_rng(seed))
    assert_layout(masks, strategy, patches)


def assert_layout(masks, strategy, patches):
    assert masks.n_targets == strategy.num_pred_blocks
    assert not (masks.context & masks.target_union).any()
    assert masks.context.sum(axis=-1).min() >= strategy.min_keep

    runs = [find_runs(row) for row in masks.targets.reshape(-1, patches)]
    assert {len(run) for run in runs} == {1}
    lengths = {run[0][1] for run in runs}
    assert len(lengths) == 1
    low, high = (floor(scale * patches + SLACK) for scale in strategy.pred_scale)
    assert max(1, low) <= lengths.pop() <= max(1, high)

    longest_context = max(1, floor(strategy.context_scale[1] * patches + SLACK))
    for visible, hidden in zip(masks.context[:, 0], masks.target_union[:, 0], strict=True):
        first, last = np.flatnonzero(visible)[[0, -1]]
        assert (visible | hidden)[first : last + 1].all()
        assert last - first < longest_context


@given(
    st.one_of(mask_and_complements(), context_to_targets()),
    n_records,
    n_patches,
    st.integers(1, 12),
    seeds,
)
def test_per_lead_masks_are_the_inner_masks_of_as_many_records(
    strategy, records, patches, leads, seed
):
    per_lead = PerLead(strategy, leads)
    try:
        masks = per_lead.draw(records, patches, np.random.default_rng(seed))
    except ValueError:
        assume(False)
    inner = strategy.draw(records * leads, patches, np.random.default_rng(seed))
    assert np.array_equal(masks.context.reshape(-1, 1, patches), inner.context)
    by_row = masks.targets.transpose(0, 2, 1, 3).reshape(records * leads, -1, 1, patches)
    assert np.array_equal(by_row, inner.targets)


@given(contexts(), rules, seeds)
def test_a_collator_keeps_a_subset_of_the_least_count(context, rule, seed):
    torch.manual_seed(seed)
    kept = truncated(context, rule)
    assert not (kept & ~context).any()
    assert (kept.sum(axis=(1, 2)) == context.sum(axis=(1, 2)).min()).all()


@given(st.one_of(mask_and_complements(), context_to_targets()), n_records, n_patches, seeds)
def test_a_description_adds_up(strategy, records, patches, seed):
    try:
        masks = strategy.draw(records, patches, np.random.default_rng(seed))
    except ValueError:
        assume(False)
    summary = describe(masks, record=-1)
    assert summary.n_context + summary.n_target + summary.n_ignored == patches
    assert summary.n_overlapping <= summary.n_target
    for block, row in zip(summary.targets, masks.targets[-1, :, 0], strict=True):
        assert row[[block.first, block.last]].all()
        assert row[block.first : block.last + 1].sum() == block.n_patches


@given(easy_context_to_targets(), st.integers(1, 8), st.integers(40, 200), st.integers(1, 3), rules)
def test_collated_indices_are_valid_masks(strategy, records, patches, patch_size, truncate):
    collate = PatchMaskCollator(strategy, patch_size, truncate=truncate)
    torch.manual_seed(records)
    batch, context, targets = collate([torch.zeros(2, patches * patch_size)] * records)
    assert len(batch) == records
    masks = Masks.from_indices(context, targets, n_patches=patches)
    assert masks.context.sum(axis=-1).tolist() == [[context.shape[1]]] * records
    assert context.shape[1] >= strategy.min_keep
    assert (context.diff(dim=1) > 0).all()


@given(st.integers(1, 600), st.integers(1, 60))
def test_collators_take_any_length_or_say_why_not(n_samples, patch_size):
    records = [torch.zeros(1, n_samples)] * 2
    refusals = (
        r"shorter than one patch|do not divide into patches|is larger than what is masked"
        r"|cannot be kept|was found in 1000 draws"
    )
    for collate in (MaskCollator(patch_size), IJEPAMaskCollator(patch_size)):
        try:
            masked = collate(records)
        except ValueError as error:
            refusal = str(error)
        else:
            assert n_samples % patch_size == 0
            masks = Masks.from_indices(*masked[1:], n_patches=n_samples // patch_size)
            assert masks.context.any(axis=-1).all()
            continue
        event("refused")
        assert re.search(refusals, refusal), refusal
