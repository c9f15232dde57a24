"""RandomPatches against its exact laws and its bad parameters."""

from fractions import Fraction
from itertools import combinations
from math import floor

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import PerBatch, RandomPatches
from ecgmask.statistics import count_runs
from ecgmask.strategies._subsets import AT_ONCE, draw_subsets, smallest


def masked_sets(masks):
    """Return the masked patches of every record."""
    return [tuple(np.flatnonzero(row).tolist()) for row in masks.targets[:, 0, 0]]


def draw_counts(strategy, n_patches, n_batches, rng):
    """Return the number of masked patches of many batches."""
    return [int(strategy.draw(1, n_patches, rng).targets.sum()) for _ in range(n_batches)]


def test_context_and_target_share_out_the_record(rng):
    masks = RandomPatches().draw(500, 200, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])


def test_shapes_are_those_of_shared_masks(rng):
    masks = RandomPatches().draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_masked"),
    [(0.75, 200, 150), (0.75, 30, 23), (0.75, 50, 38), (0.75, 250, 188), (0.9, 10, 9),
     (0.149, 200, 30), (0.999, 1000, 999), (0.5, 3, 2), (0.5, 2, 1)],
)  # fmt: skip
def test_the_greater_part_of_a_remainder_is_masked(rng, ratio, n_patches, n_masked):
    masks = RandomPatches(ratio).draw(20, n_patches, rng)
    assert (masks.targets.sum(axis=-1) == n_masked).all()
    same = RandomPatches((ratio, ratio)).draw(20, n_patches, rng)
    assert (same.targets.sum(axis=-1) == n_masked).all()


@pytest.mark.parametrize(
    "ratio", ["0.1", "0.15", "0.29", "0.33", "0.4", "0.5", "0.57", "0.7", "0.75", "0.8", "0.9"]
)
def test_the_count_is_exact_at_every_length_whatever_the_float(rng, ratio):
    wrong = {}
    for n_patches in range(1, 1001):
        n_visible = floor((1 - Fraction(ratio)) * n_patches)
        try:
            drawn = int(RandomPatches(float(ratio)).draw(1, n_patches, rng).context.sum())
        except ValueError:
            drawn = 0
        if drawn != n_visible:
            wrong[n_patches] = drawn
    assert not wrong


@pytest.mark.parametrize(("ratio", "n_masked"), [(0.5, 3), (0.2, 2), (0.8, 5)])
def test_every_set_of_patches_is_equally_likely(rng, ratio, n_masked):
    masks = RandomPatches(ratio).draw(30_000, 6, rng)
    assert_uniform(masked_sets(masks), combinations(range(6), n_masked))


@pytest.mark.parametrize("n_keys", [1, 2, 5, 50])
@pytest.mark.parametrize("size", [1, 2, 7, 19, 20])
def test_equal_keys_do_not_change_a_count(rng, n_keys, size):
    keys = rng.integers(n_keys, size=(500, 20), dtype=np.uint32)
    chosen = smallest(keys, size)
    assert (chosen.sum(axis=1) == size).all()
    # No key that is left out is smaller than one that is chosen.
    greatest = np.where(chosen, keys, 0).max(axis=1)
    assert (np.where(chosen, n_keys, keys).min(axis=1) >= greatest).all()


@pytest.mark.parametrize("n", [1, 77, AT_ONCE // 2 + 1, AT_ONCE + 1])
def test_rows_that_are_drawn_in_turns_are_those_drawn_at_once(n):
    n_rows = 2 * AT_ONCE // n + 1
    in_turns = draw_subsets(n_rows, n, (n + 1) // 2, np.random.default_rng(3))
    keys = np.random.default_rng(3).integers(2**32, size=(n_rows, n), dtype=np.uint32)
    assert np.array_equal(in_turns, smallest(keys, (n + 1) // 2))


def test_every_patch_is_masked_with_the_ratio_as_probability(rng):
    masked = RandomPatches(0.6).draw(20_000, 50, rng).targets[:, 0, 0]
    assert_means(masked, np.full(50, 0.6))


def test_gaps_are_of_four_patches_on_average(rng):
    runs = count_runs(RandomPatches(0.75).draw(2000, 200, rng).targets)
    assert runs @ np.arange(201) / runs.sum() == pytest.approx(4, abs=0.1)


def test_a_pair_draws_one_count_for_the_batch(rng):
    drawn = [RandomPatches((0.6, 0.7)).draw(30, 200, rng) for _ in range(20)]
    counts = [masks.targets.sum(axis=-1) for masks in drawn]
    assert all(np.ptp(count) == 0 for count in counts)
    assert len({int(count[0, 0, 0]) for count in counts}) > 5


@pytest.mark.parametrize("n_patches", [200, 47, 160])
def test_the_count_of_a_pair_follows_its_law(rng, n_patches):
    counts = draw_counts(RandomPatches((0.6, 0.7)), n_patches, 5000, rng)
    assert_follows(counts, laws.block_lengths(n_patches, "0.6", "0.7"))


def test_a_ratio_of_60_to_70_percent_masks_120_to_139_of_200_patches_uniformly(rng):
    assert_uniform(draw_counts(RandomPatches.kim(), 200, 5000, rng), range(120, 140))


def test_sizes_come_from_their_own_generator(rng):
    counts = []
    for _ in range(5):
        masks = RandomPatches((0.1, 0.9)).draw(2, 200, rng, size_rng=np.random.default_rng(3))
        counts.append(int(masks.targets[0].sum()))
    assert len(set(counts)) == 1


def test_records_of_a_batch_differ(rng):
    assert len(set(masked_sets(RandomPatches().draw(64, 200, rng)))) == 64


@pytest.mark.parametrize(
    ("preset", "strategy"),
    [
        (RandomPatches.mae(), RandomPatches(ratio=0.75)),
        (RandomPatches.kim(), PerBatch(RandomPatches(ratio=(0.6, 0.7)))),
        (RandomPatches(), RandomPatches.mae()),
        (RandomPatches((0.5, 0.5)), RandomPatches(0.5)),
    ],
)
def test_a_preset_has_the_published_ratio(preset, strategy):
    assert preset == strategy


def test_a_list_of_two_ratios_is_a_pair():
    assert RandomPatches([0.6, 0.7]) == RandomPatches((0.6, 0.7))
    assert hash(RandomPatches([0.6, 0.7])) == hash(RandomPatches((0.6, 0.7)))


@pytest.mark.parametrize(
    ("ratio", "error", "message"),
    [
        (-0.1, ValueError, r"ratio must be in \[0, 1\], not -0.1"),
        (1.1, ValueError, r"ratio must be in \[0, 1\], not 1.1"),
        (float("nan"), ValueError, r"ratio must be in \[0, 1\], not nan"),
        ("0.5", TypeError, "ratio must be a number in .* not '0.5' of type str"),
        (True, TypeError, "ratio must be a number in .* not True of type bool"),
        (None, TypeError, "ratio must be a number in .* not None"),
        ((0.7, 0.6), ValueError, "0.7 > 0.6; swap the two"),
        ((0.1, 0.2, 0.3), TypeError, "ratio must be a pair of fractions"),
        ((0.5,), TypeError, "ratio must be a pair of fractions"),
        ((float("nan"), 0.5), ValueError, r"ratio\[0\] must be in .* not nan"),
        ((0.5, 1.5), ValueError, r"ratio\[1\] must be in .* not 1.5"),
    ],
)
def test_a_bad_ratio_is_refused_at_construction(ratio, error, message):
    with pytest.raises(error, match=message):
        RandomPatches(ratio)


@pytest.mark.parametrize("ratio", [0, 1.0, [1.0, 1.0]])
def test_a_ratio_of_nothing_or_all_is_refused_at_construction(ratio):
    with pytest.raises(ValueError, match=r"ratio must be above 0 and below 1, .* some seen"):
        RandomPatches(ratio)


@pytest.mark.parametrize(
    ("ratio", "n_patches", "counts"),
    [
        (0.5, 1, "1 to 1 of 1"),
        (0.91, 11, "11 to 11 of 11"),
        (1e-12, 10, "0 to 0 of 10"),
        ((0.0, 0.5), 10, "0 to 4 of 10"),
        ((0.5, 1.0), 1, "0 to 0 of 1"),
    ],
)
def test_a_ratio_that_masks_nothing_or_everything_is_refused_at_every_draw(
    ratio, n_patches, counts
):
    for seed in range(10):
        with pytest.raises(
            ValueError, match=rf"masks {counts} patches, but at least one .*; change ratio"
        ):
            RandomPatches(ratio).draw(4, n_patches, np.random.default_rng(seed))


def test_a_ratio_up_to_one_leaves_at_least_one_patch_visible(rng):
    visible = [int(RandomPatches((0.9, 1.0)).draw(1, 20, rng).context.sum()) for _ in range(300)]
    assert set(visible) == {1, 2}
