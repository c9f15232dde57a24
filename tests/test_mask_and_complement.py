"""MaskAndComplement against its exact law, its published figures and its bad parameters."""

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import MaskAndComplement
from ecgmask.statistics import find_runs

PUBLISHED = MaskAndComplement(min_block_size=10, min_keep_ratio=0.2, max_keep_ratio=0.2)
"""Keeps 40 of 200 patches, the setting in which the published sampler was measured."""
N_PUBLISHED = 100_000


def fixed(n_patches, n_keep, min_block_size):
    ratio = n_keep / n_patches
    return MaskAndComplement(min_block_size, min_keep_ratio=ratio, max_keep_ratio=ratio)


def as_strips(context):
    return ["".join(row) for row in np.where(context[:, 0], ".", "#")]


def test_context_and_target_share_out_the_record(rng):
    masks = MaskAndComplement().draw(64, 200, rng)
    assert (masks.context ^ masks.targets[:, 0]).all()
    assert not masks.ignored.any()


def test_one_target_and_one_mask_for_all_leads(rng):
    masks = MaskAndComplement().draw(7, 200, rng)
    assert masks.context.shape == (7, 1, 200)
    assert masks.targets.shape == (7, 1, 1, 200)


def test_all_records_of_a_batch_keep_the_same_number_of_patches(rng):
    masks = MaskAndComplement().draw(500, 200, rng)
    assert np.ptp(masks.context.sum(axis=-1)) == 0


def test_kept_count_is_uniform_on_31_to_50_of_200_patches(rng):
    counts = [int(MaskAndComplement().draw(1, 200, rng).context.sum()) for _ in range(4000)]
    assert_uniform(counts, range(31, 51))


@pytest.mark.parametrize("n_patches", [15, 37, 160])
def test_kept_count_follows_its_law_where_the_bounds_are_not_whole(rng, n_patches):
    strategy = MaskAndComplement(min_block_size=2, min_keep_ratio=0.1, max_keep_ratio=0.3)
    counts = [int(strategy.draw(1, n_patches, rng).context.sum()) for _ in range(3000)]
    assert_follows(counts, laws.kept_counts(n_patches, "0.1", "0.3"))


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_keep"),
    [(0.15, 200, 30), (0.25, 200, 50), (0.1, 30, 3), (0.3, 10, 3), (0.07, 100, 7), (0.29, 100, 29),
     (0.57, 100, 57), (0.151, 200, 31)],
)  # fmt: skip
def test_an_exact_ratio_keeps_that_many_patches_whatever_its_float(rng, ratio, n_patches, n_keep):
    strategy = MaskAndComplement(1, min_keep_ratio=ratio, max_keep_ratio=ratio)
    assert strategy.draw(2, n_patches, rng).context.sum(axis=-1).tolist() == [[n_keep]] * 2


@pytest.mark.parametrize("ratio", [1e-3, 1e-9, 1e-12])
def test_however_small_a_ratio_keeps_a_patch(rng, ratio):
    strategy = MaskAndComplement(1, min_keep_ratio=ratio, max_keep_ratio=ratio)
    assert strategy.draw(3, 20, rng).context.sum(axis=-1).tolist() == [[1]] * 3


@pytest.mark.parametrize("min_block_size", [1, 2, 10, 30, 150])
def test_every_masked_run_is_at_least_one_block_long(rng, min_block_size):
    masks = MaskAndComplement(min_block_size).draw(2000, 200, rng)
    lengths = [n for row in masks.targets[:, 0, 0] for _, n in find_runs(row)]
    assert min(lengths) >= min_block_size


@pytest.mark.parametrize(
    ("n_patches", "n_keep", "min_block_size"),
    [(7, 2, 1), (8, 3, 2), (9, 1, 4), (10, 3, 5), (10, 4, 3), (11, 4, 3), (12, 6, 3), (5, 2, 2)],
)
def test_draws_follow_the_exact_law_of_a_small_record(rng, n_patches, n_keep, min_block_size):
    masks = fixed(n_patches, n_keep, min_block_size).draw(60_000, n_patches, rng)
    law = laws.mask_and_complement(n_patches, n_keep, min_block_size)
    assert_follows(as_strips(masks.context), law)


def test_a_short_remainder_joins_its_left_or_right_neighbour_by_a_fair_coin(rng):
    # The coin moves this law by so little that it takes many draws to see.
    context = fixed(10, 2, 3).draw(400_000, 10, rng).context
    assert_follows(as_strips(context), laws.mask_and_complement(10, 2, 3))


def test_visibility_of_each_patch_is_as_published(rng):
    patches = [0, 1, 2, 5, 10, 20, 30, 50, 75, 100]
    published = [0.781, 0.728, 0.681, 0.563, 0.412, 0.270, 0.198, 0.136, 0.098, 0.090]
    context = PUBLISHED.draw(30_000, 200, rng).context[:, 0]
    assert_means(context[:, patches], np.array(published), rounding=5e-4, n_published=N_PUBLISHED)


def test_number_of_masked_runs_is_as_published(rng):
    context = PUBLISHED.draw(20_000, 200, rng).context[:, 0]
    n_runs = np.array([len(find_runs(~row)) for row in context])
    published = [0.111, 0.348, 0.344, 0.155, 0.036, 0.005]
    assert_means(
        n_runs[:, None] == np.arange(1, 7),
        np.array(published),
        rounding=5e-4,
        n_published=N_PUBLISHED,
    )


def test_the_middle_is_seen_an_eighth_as_often_as_the_ends(rng):
    seen = PUBLISHED.draw(20_000, 200, rng).context[:, 0].mean(axis=0)
    assert seen[[0, -1]].min() > 8 * seen[95:105].mean()


def test_a_record_is_as_likely_as_its_mirror_image(rng):
    context = PUBLISHED.draw(30_000, 200, rng).context[:, 0].astype(float)
    # Within a record the two halves depend on each other: compare them record by record.
    difference = (context - context[:, ::-1])[:, :100]
    assert_means(difference, np.zeros(100))


def test_every_patch_is_context_in_some_records_and_target_in_others(rng):
    context = MaskAndComplement().draw(5000, 200, rng).context
    assert context.any(axis=0).all()
    assert not context.all(axis=0).any()


def test_records_of_a_batch_differ(rng):
    # Two that are alike happen: one run of 160 patches has only 41 places.
    context = PUBLISHED.draw(64, 200, rng).context
    assert len(np.unique(context, axis=0)) > 55


def test_batches_differ(rng):
    one, other = (PUBLISHED.draw(8, 200, rng).context for _ in range(2))
    assert not np.array_equal(one, other)


def test_the_generator_decides_everything():
    one, other = (MaskAndComplement().draw(8, 200, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.context, other.context)


def test_one_block_may_take_all_that_is_masked(rng):
    context = fixed(20, 4, 16).draw(3000, 20, rng).context[:, 0]
    assert_uniform([find_runs(~row)[0] for row in context], [(at, 16) for at in range(5)])


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"min_block_size": 0}, ValueError, "min_block_size must be at least 1, not 0"),
        ({"min_block_size": -3}, ValueError, "min_block_size must be at least 1, not -3"),
        ({"min_block_size": 2.5}, TypeError, "min_block_size must be a whole number, not 2.5"),
        ({"min_block_size": True}, TypeError, "min_block_size must be a whole number, not True"),
        ({"min_keep_ratio": -0.1}, ValueError, r"min_keep_ratio must be in \[0, 1\], not -0.1"),
        ({"max_keep_ratio": 1.5}, ValueError, r"max_keep_ratio must be in \[0, 1\], not 1.5"),
        ({"min_keep_ratio": float("nan")}, ValueError, r"min_keep_ratio must be .* not nan"),
        ({"max_keep_ratio": float("nan")}, ValueError, r"max_keep_ratio must be .* not nan"),
        ({"max_keep_ratio": float("inf")}, ValueError, r"max_keep_ratio must be .* not inf"),
        ({"min_keep_ratio": "0.1"}, TypeError, r"min_keep_ratio must be a number .* not '0.1'"),
        ({"min_keep_ratio": None}, TypeError, r"min_keep_ratio must be a number .* not None"),
        (
            {"min_keep_ratio": 0.4, "max_keep_ratio": 0.2},
            ValueError,
            r"min_keep_ratio must not be above max_keep_ratio, but 0.4 > 0.2; swap the two",
        ),
        (
            {"min_keep_ratio": 0.0, "max_keep_ratio": 0.0},
            ValueError,
            "max_keep_ratio must be above 0, or no context is left",
        ),
        ({"max_keep_ratio": 1.0}, ValueError, "max_keep_ratio must be below 1, or no target"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        MaskAndComplement(**parameters)


def test_a_block_larger_than_what_is_masked_is_refused_with_the_numbers(rng):
    strategy = MaskAndComplement(min_block_size=16)
    with pytest.raises(
        ValueError,
        match=r"min_block_size=16 is larger than what is masked: max_keep_ratio=0.25 keeps up to "
        r"5 of 20 patches and masks as few as 15; lower min_block_size",
    ):
        strategy.draw(2, 20, rng)


def test_a_block_exactly_as_large_as_what_is_masked_is_drawn(rng):
    masks = MaskAndComplement(15, min_keep_ratio=0.25).draw(2, 20, rng)
    assert masks.targets.sum(axis=-1).tolist() == [[[15]]] * 2


def test_a_block_is_refused_for_every_draw_or_for_none():
    # Up to 50 of 200 patches are kept: 151 masked ones would do for some draws, but not for all.
    for seed in range(20):
        with pytest.raises(ValueError, match="masks as few as 150"):
            MaskAndComplement(min_block_size=151).draw(1, 200, np.random.default_rng(seed))
