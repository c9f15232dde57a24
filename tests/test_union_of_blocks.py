"""UnionOfBlocks against its exact laws, its closed forms and its bad parameters."""

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import PerBatch, UnionOfBlocks
from ecgmask.statistics import count_runs, find_runs

EVERY = [UnionOfBlocks(), UnionOfBlocks.vjepa_short(), UnionOfBlocks.vjepa_long()]


def as_strips(masks):
    return ["".join(row) for row in np.where(masks.targets[:, 0, 0], "#", ".")]


@pytest.mark.parametrize("strategy", EVERY, ids=repr)
def test_context_and_target_partition_the_record(rng, strategy):
    masks = strategy.draw(500, 200, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    assert masks.context.any(axis=-1).all()


def test_shapes_are_those_of_shared_masks(rng):
    masks = UnionOfBlocks(3).draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@pytest.mark.parametrize(
    ("strategy", "shortest"), list(zip(EVERY, [35, 30, 140], strict=True)), ids=repr
)
def test_masked_runs_are_at_least_as_long_as_the_shortest_block(rng, strategy, shortest):
    masks = strategy.draw(3000, 200, rng)
    lengths = np.flatnonzero(count_runs(masks.targets))
    assert lengths[0] == shortest
    assert max(len(find_runs(row)) for row in masks.targets[:, 0, 0]) <= strategy.num_blocks


@pytest.mark.parametrize(
    ("n_patches", "low", "high", "num_blocks", "min_keep"),
    [
        (7, "0.2", "0.6", 2, 1),
        (7, "0.2", "0.6", 2, 3),
        (6, "0.5", "0.5", 2, 1),
        (6, "0.5", "0.5", 2, 2),
        (5, "0", "0.8", 3, 1),
        (9, "0.1", "0.4", 1, 1),
    ],
)
def test_draws_follow_the_exact_law_of_a_small_record(
    rng, n_patches, low, high, num_blocks, min_keep
):
    strategy = UnionOfBlocks(num_blocks, (float(low), float(high)), min_keep)
    lengths = laws.block_lengths(n_patches, low, high)
    law = laws.union_of_blocks(n_patches, lengths, num_blocks, min_keep)
    assert_follows(as_strips(strategy.draw(40_000, n_patches, rng)), law)


def test_each_block_of_each_record_has_a_length_of_its_own(rng):
    masks = UnionOfBlocks(1, (0.175, 0.225)).draw(20_000, 200, rng)
    assert_uniform(masks.targets.sum(axis=-1).ravel().tolist(), range(35, 45))
    # Two blocks that do not touch show both of their lengths.
    apart = [
        tuple(length for _, length in find_runs(row))
        for row in UnionOfBlocks(2, (0.02, 0.04)).draw(3000, 100, rng).targets[:, 0, 0]
    ]
    assert {(2, 2), (2, 3), (3, 2), (3, 3)} <= set(apart)


@pytest.mark.parametrize("n_patches", [13, 47, 160])
def test_block_lengths_follow_their_law_where_the_bounds_are_not_whole(rng, n_patches):
    masks = UnionOfBlocks(1, (0.05, 0.3)).draw(5000, n_patches, rng)
    lengths = masks.targets.sum(axis=-1).ravel().tolist()
    assert_follows(lengths, laws.block_lengths(n_patches, "0.05", "0.3"))


@pytest.mark.parametrize(
    ("scale", "n_patches", "length"),
    [(0.15, 200, 30), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.3, 10, 3),
     (0.7, 200, 140), (0.7, 10, 7), (0.149, 200, 29), (0.001, 20, 1), (0.01, 20, 1)],
)  # fmt: skip
def test_an_exact_scale_gives_that_length_whatever_its_float(rng, scale, n_patches, length):
    masks = UnionOfBlocks(1, (scale, scale)).draw(20, n_patches, rng)
    assert (masks.targets.sum(axis=-1) == length).all()


def test_starts_are_uniform_from_the_first_patch_to_the_last_that_fits(rng):
    targets = UnionOfBlocks(1, (0.15, 0.15)).draw(20_000, 200, rng).targets
    assert_uniform(targets[:, 0, 0].argmax(axis=-1).tolist(), range(171))


@pytest.mark.parametrize("strategy", EVERY, ids=repr)
def test_every_patch_is_context_in_some_records_and_target_in_others(rng, strategy):
    masks = strategy.draw(20_000, 200, rng)
    assert masks.context.any(axis=0)[0, [0, 50, 150, 199]].all()
    assert masks.targets.any(axis=0).all()


@pytest.mark.parametrize(
    ("strategy", "length"), [(UnionOfBlocks.vjepa_short(), 30), (UnionOfBlocks(3, (0.2, 0.2)), 40)]
)
def test_blocks_of_one_length_mask_each_patch_as_the_closed_form_says(rng, strategy, length):
    cover = np.array(laws.cover(200, length), dtype=float)
    expected = 1 - (1 - cover) ** strategy.num_blocks
    assert_means(strategy.draw(20_000, 200, rng).targets[:, 0, 0], expected)


def test_the_long_range_masks_each_patch_as_the_closed_form_says(rng):
    # Two blocks of 140 of 200 cover everything if one starts at 0 and the other at 60: drawn again.
    everything = 2 / 61**2
    union = 1 - (1 - np.array(laws.cover(200, 140), dtype=float)) ** 2
    masked = UnionOfBlocks.vjepa_long().draw(20_000, 200, rng).targets[:, 0, 0]
    expected = (union - everything) / (1 - everything)
    # The middle is in every block.
    assert masked[:, 60:140].all()
    ends = np.r_[0:60, 140:200]
    assert_means(masked[:, ends], expected[ends])


def test_blocks_of_several_lengths_mask_each_patch_as_the_closed_form_says(rng):
    expected = laws.union_of_blocks_marginal(200, 4, laws.block_lengths(200, "0.175", "0.225"))
    masked = UnionOfBlocks().draw(20_000, 200, rng).targets[:, 0, 0]
    assert_means(masked, np.array(expected))


def test_records_of_a_batch_differ(rng):
    assert len(set(as_strips(UnionOfBlocks().draw(64, 200, rng)))) == 64


@pytest.mark.parametrize("min_keep", [1, 60, 90])
def test_every_context_keeps_min_keep_patches(rng, min_keep):
    masks = UnionOfBlocks(4, (0.175, 0.225), min_keep).draw(2000, 200, rng)
    assert masks.context.sum(axis=-1).min() >= min_keep


def test_a_context_of_exactly_min_keep_patches_is_enough(rng):
    masks = UnionOfBlocks(1, (0.75, 0.75), min_keep=3).draw(200, 12, rng)
    assert (masks.context.sum(axis=-1) == 3).all()


def test_the_longest_block_has_to_leave_min_keep_patches(rng):
    with pytest.raises(
        ValueError,
        match=r"min_keep=4 context patches cannot be kept: a block of up to 9 of 12 patches "
        r"leaves fewer; lower min_keep or scale",
    ):
        UnionOfBlocks(1, (0.75, 0.75), min_keep=4).draw(4, 12, rng)


def test_a_setting_is_refused_for_every_draw_or_for_none():
    # Blocks of 20 to 179 patches: only the longest leave too little.
    for seed in range(20):
        with pytest.raises(ValueError, match="a block of up to 179 of 200 patches leaves fewer"):
            UnionOfBlocks(1, (0.1, 0.9), 22).draw(1, 200, np.random.default_rng(seed))
        UnionOfBlocks(1, (0.1, 0.9), 21).draw(1, 200, np.random.default_rng(seed))


def test_a_setting_that_hardly_any_layout_satisfies_ends_in_an_error(rng):
    strategy = UnionOfBlocks(60, (0.2, 0.2), min_keep=150)
    with pytest.raises(
        ValueError,
        match=r"no layout with min_keep=150 context patches was found in 1000 draws: 60 blocks of "
        r"up to 40 of 200 patches nearly always leave fewer; lower min_keep",
    ):
        strategy.draw(2, 200, rng)


def test_a_record_of_one_patch_is_refused(rng):
    with pytest.raises(ValueError, match="a block of up to 1 of 1 patches leaves fewer"):
        UnionOfBlocks().draw(1, 1, rng)


@pytest.mark.parametrize(
    ("preset", "strategy"),
    [
        (UnionOfBlocks.kim(), PerBatch(UnionOfBlocks(num_blocks=4, scale=(0.175, 0.225)))),
        (UnionOfBlocks.vjepa_short(), UnionOfBlocks(num_blocks=8, scale=(0.15, 0.15))),
        (UnionOfBlocks.vjepa_long(), UnionOfBlocks(num_blocks=2, scale=(0.7, 0.7))),
        (UnionOfBlocks.kim(), PerBatch(UnionOfBlocks())),
    ],
)
def test_a_preset_has_the_published_blocks(preset, strategy):
    assert preset == strategy


def test_a_scale_may_be_a_list_as_configuration_files_give_it():
    assert UnionOfBlocks(4, [0.175, 0.225]) == UnionOfBlocks()
    assert hash(UnionOfBlocks(4, [0.175, 0.225])) == hash(UnionOfBlocks())


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"num_blocks": 0}, ValueError, "num_blocks must be at least 1, not 0"),
        ({"num_blocks": 2.0}, TypeError, r"num_blocks must be a whole number, not 2\.0"),
        ({"num_blocks": True}, TypeError, "num_blocks must be a whole number, not True"),
        ({"min_keep": 0}, ValueError, "min_keep must be at least 1, not 0"),
        ({"min_keep": "1"}, TypeError, "min_keep must be a whole number, not '1'"),
        ({"scale": (0.3, 0.2)}, ValueError, r"scale\[0\] must not be above .* 0.3 > 0.2; swap"),
        ({"scale": (-0.1, 0.2)}, ValueError, r"scale\[0\] must be in \[0, 1\], not -0.1"),
        ({"scale": (0.1, 1.2)}, ValueError, r"scale\[1\] must be in \[0, 1\], not 1.2"),
        ({"scale": (0.1, float("nan"))}, ValueError, r"scale\[1\] must be in .* not nan"),
        ({"scale": 0.2}, TypeError, "scale must be a pair of fractions .* not 0.2"),
        ({"scale": (1, 1)}, ValueError, r"scale=\(1, 1\) leaves no context"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        UnionOfBlocks(**parameters)
