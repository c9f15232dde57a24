"""InverseBlocks against its exact laws and its bad parameters."""

from fractions import Fraction
from itertools import combinations
from math import floor

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import InverseBlocks
from ecgmask.statistics import find_runs


def as_strips(masks):
    return ["".join(row) for row in np.where(masks.context[:, 0], ".", "#")]


@pytest.mark.parametrize("strategy", [InverseBlocks(), InverseBlocks(0.3, 25, 0.5)], ids=repr)
def test_context_and_target_partition_the_record(rng, strategy):
    masks = strategy.draw(500, 200, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])


def test_shapes_are_those_of_shared_masks(rng):
    masks = InverseBlocks().draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@pytest.mark.parametrize(
    ("n_patches", "ratio", "length", "adjust", "n_blocks", "n_visible"),
    [
        (8, 0.5, 2, 0, 2, 4),  # patches are added only
        (8, 0.75, 3, 0.5, 2, 2),  # and taken out only
        (9, 0.6, 3, 0.1, 1, 3),  # a block cut off at an end, or an exact one
        (7, 0.5, 4, 0.3, 1, 3),  # an even length: two patches back, one ahead
        (8, 0.5, 3, 0.3, 2, 4),  # some of each
        (10, 0.8, 2, 0, 1, 2),  # 0.2 * 10 / 2 is 1, or just below it as a float
        (6, 0.5, 10, 0, 0, 3),  # no block at all
        (7, 0.6, 1, 0, 2, 2),  # twice the same centre
    ],
)
def test_draws_follow_the_exact_law_of_a_small_record(
    rng, n_patches, ratio, length, adjust, n_blocks, n_visible
):
    masks = InverseBlocks(ratio, length, adjust).draw(40_000, n_patches, rng)
    assert_follows(as_strips(masks), laws.inverse_blocks(n_patches, n_blocks, length, n_visible))


@pytest.mark.parametrize("ratio", ["0.2", "0.29", "0.5", "0.7", "0.8", "0.9"])
def test_the_visible_count_is_exact_at_every_length_whatever_the_float(rng, ratio):
    wrong = {}
    for n_patches in range(1, 1001, 3):
        try:
            drawn = int(InverseBlocks(float(ratio)).draw(1, n_patches, rng).context.sum())
        except ValueError:
            drawn = 0
        if drawn != floor((1 - Fraction(ratio)) * n_patches):
            wrong[n_patches] = drawn
    assert not wrong


def test_a_block_is_whole_unless_it_is_cut_off_at_an_end(rng):
    # One block of three in twelve patches; if cut off, one of ten patches is added, one beside it.
    masks = InverseBlocks(0.75, 3, 0).draw(20_000, 12, rng)
    whole = [len(find_runs(row)) == 1 for row in masks.context[:, 0]]
    assert_follows(whole, {True: Fraction(17, 20), False: Fraction(3, 20)})


def test_the_ends_are_seen_less_often_than_the_middle(rng):
    seen = InverseBlocks().draw(20_000, 200, rng).context[:, 0]
    assert seen[:, 0].mean() < 0.7 * seen[:, 50:150].mean()
    assert seen[:, -1].mean() < 0.6 * seen[:, 50:150].mean()
    assert seen.any(axis=0).all()


def test_without_room_for_a_block_every_set_of_patches_is_equally_likely(rng):
    masks = InverseBlocks(0.5, 50, 0).draw(20_000, 6, rng)
    drawn = [tuple(np.flatnonzero(row).tolist()) for row in masks.context[:, 0]]
    assert_uniform(drawn, combinations(range(6), 3))


def test_every_patch_follows_the_law_of_many_records(rng):
    law = laws.inverse_blocks(10, 2, 3, 4)
    expected = [float(sum(p for strip, p in law.items() if strip[i] == ".")) for i in range(10)]
    assert_means(InverseBlocks(0.6, 3, 0.2).draw(20_000, 10, rng).context[:, 0], np.array(expected))


def test_records_of_a_batch_differ(rng):
    assert len(np.unique(InverseBlocks().draw(64, 200, rng).context, axis=0)) == 64


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_visible"),
    [(0.8, 4, 0), (0.999, 200, 0), (1e-12, 50, 50), (0.5, 1, 0)],
)
def test_a_record_too_short_for_the_ratio_is_refused(rng, ratio, n_patches, n_visible):
    with pytest.raises(
        ValueError, match=f"leaves {n_visible} of {n_patches} patches visible, .*; change ratio"
    ):
        InverseBlocks(ratio).draw(2, n_patches, rng)


def test_a_preset_has_the_published_blocks():
    assert InverseBlocks.data2vec2() == InverseBlocks(ratio=0.8, length=10, adjust=0.07)
    assert InverseBlocks.data2vec2() == InverseBlocks()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"ratio": 0}, ValueError, "ratio must be above 0 and below 1, not 0"),
        ({"ratio": 1.0}, ValueError, r"ratio must be above 0 and below 1, not 1\.0"),
        ({"ratio": float("nan")}, ValueError, r"ratio must be in \[0, 1\], not nan"),
        ({"ratio": (0.5, 0.6)}, TypeError, "ratio must be a number"),
        ({"length": 0}, ValueError, "length must be at least 1, not 0"),
        ({"length": 2.5}, TypeError, r"length must be a whole number, not 2\.5"),
        ({"adjust": -0.1}, ValueError, r"adjust must be in \[0, 1\], not -0.1"),
        ({"adjust": None}, TypeError, "adjust must be a number"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        InverseBlocks(**parameters)
