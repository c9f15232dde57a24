"""ContextToTarget against its exact laws, its closed forms and its bad parameters."""

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import ContextToTarget
from ecgmask.statistics import find_runs

LENGTH_35 = ContextToTarget(pred_scale=(0.175, 0.175))
TARGET_LENGTHS = laws.block_lengths(200, "0.15", "0.20")
CONTEXT_LENGTHS = laws.block_lengths(200, "0.85", "0.95")


def as_strips(marked):
    return ["".join(row) for row in np.where(marked, "#", ".")]


def draw_lengths(strategy, n_batches, rng):
    """Return the target length and the context block length of many batches.

    A target may hide an end of a record's context block, but hardly of all 24 records'.
    """
    lengths = []
    for _ in range(n_batches):
        masks = strategy.draw(24, 200, rng)
        context = masks.context[:, 0]
        first, last = context.argmax(axis=1), 199 - context[:, ::-1].argmax(axis=1)
        lengths.append((int(masks.targets[0, 0].sum()), int((last - first).max()) + 1))
    return lengths


def test_a_preset_has_the_published_scales():
    assert ContextToTarget.ijepa() == ContextToTarget((0.85, 1.0), (0.15, 0.2), 4, min_keep=11)
    assert ContextToTarget() == ContextToTarget((0.85, 0.95), (0.15, 0.2), 4, min_keep=10)


def test_context_never_contains_a_target(rng):
    masks = ContextToTarget().draw(2000, 200, rng)
    assert not (masks.context[:, None] & masks.targets).any()


def test_shapes_are_those_of_shared_masks(rng):
    masks = ContextToTarget(num_pred_blocks=3).draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 3, 1, 200)


def test_each_target_is_one_run(rng):
    masks = ContextToTarget().draw(500, 200, rng)
    assert {len(find_runs(row)) for row in masks.targets.reshape(-1, 200)} == {1}


def test_all_targets_of_a_batch_have_one_length(rng):
    for _ in range(20):
        assert np.ptp(ContextToTarget().draw(50, 200, rng).targets.sum(axis=-1)) == 0


def test_the_context_is_one_block_but_for_the_targets(rng):
    masks = ContextToTarget((0.5, 0.5), (0.05, 0.05), min_keep=80).draw(500, 200, rng)
    for visible, hidden in zip(masks.context[:, 0], masks.target_union[:, 0], strict=True):
        inside = np.flatnonzero(visible)
        assert (visible | hidden)[inside[0] : inside[-1] + 1].all()
        assert inside[-1] - inside[0] < 100


def test_target_length_is_uniform_on_30_to_39_of_200_patches(rng):
    lengths = [length for length, _ in draw_lengths(ContextToTarget(), 2000, rng)]
    assert_uniform(lengths, range(30, 40))


def test_context_length_is_uniform_on_170_to_189_of_200_patches(rng):
    strategy = ContextToTarget(pred_scale=(0.005, 0.005), num_pred_blocks=1)
    assert_uniform([length for _, length in draw_lengths(strategy, 4000, rng)], range(170, 190))


def test_target_and_context_lengths_are_drawn_independently(rng):
    strategy = ContextToTarget(num_pred_blocks=1)
    law = {
        (length, context): one * other
        for length, one in TARGET_LENGTHS.items()
        for context, other in CONTEXT_LENGTHS.items()
    }
    assert_follows(draw_lengths(strategy, 6000, rng), law)


@pytest.mark.parametrize("n_patches", [13, 47, 160])
def test_target_length_follows_its_law_where_the_bounds_are_not_whole(rng, n_patches):
    strategy = ContextToTarget(pred_scale=(0.05, 0.3), num_pred_blocks=1, min_keep=1)
    lengths = [int(strategy.draw(1, n_patches, rng).targets.sum()) for _ in range(3000)]
    assert_follows(lengths, laws.block_lengths(n_patches, "0.05", "0.3"))


@pytest.mark.parametrize(
    ("scale", "n_patches", "length"),
    [(0.15, 200, 30), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.3, 10, 3),
     (0.149, 200, 29), (0.001, 20, 1), (0.01, 20, 1)],
)  # fmt: skip
def test_an_exact_scale_gives_that_length_whatever_its_float(rng, scale, n_patches, length):
    strategy = ContextToTarget((1, 1), (scale, scale), num_pred_blocks=1, min_keep=1)
    masks = strategy.draw(2, n_patches, rng)
    assert masks.targets.sum(axis=-1).tolist() == [[[length]]] * 2
    assert masks.context.sum(axis=-1).tolist() == [[n_patches - length]] * 2


def test_target_starts_are_uniform_from_the_first_patch_to_the_last_that_fits(rng):
    targets = LENGTH_35.draw(20_000, 200, rng).targets
    assert_uniform(targets[:, :, 0].argmax(axis=-1).ravel().tolist(), range(166))


def test_first_and_last_patch_are_both_predicted(rng):
    union = ContextToTarget().draw(2000, 200, rng).target_union
    assert union[:, 0, 0].any()
    assert union[:, 0, 199].any()


def test_every_patch_is_context_in_some_records_and_target_in_others(rng):
    masks = ContextToTarget().draw(5000, 200, rng)
    assert masks.context.any(axis=0).all()
    assert masks.target_union.any(axis=0).all()


def test_only_patches_that_the_context_block_can_miss_are_ignored(rng):
    # At least 170 of 200 patches are in the block: it misses up to 30 at either end.
    ignored = ContextToTarget((0.85, 0.85)).draw(5000, 200, rng).ignored.any(axis=0)[0]
    assert ignored[:30].all()
    assert ignored[170:].all()
    assert not ignored[30:170].any()


def test_two_given_targets_overlap_as_often_as_two_uniform_blocks(rng):
    assert float(laws.overlap(200, 35)) == pytest.approx(0.3725, abs=5e-5)
    targets = LENGTH_35.draw(20_000, 200, rng).targets[:, :, 0]
    for one, other in [(0, 1), (1, 2), (0, 3)]:
        share = (targets[:, one] & targets[:, other]).any(axis=-1)
        assert_follows(
            share.tolist(), {True: laws.overlap(200, 35), False: 1 - laws.overlap(200, 35)}
        )


@pytest.mark.parametrize(
    ("n_patches", "context_length", "target_length", "n_targets", "min_keep"),
    [(6, 4, 2, 2, 1), (6, 4, 2, 2, 2), (7, 5, 1, 2, 4), (5, 3, 2, 3, 2), (8, 8, 3, 1, 5)],
)
def test_draws_follow_the_exact_law_of_a_small_record(
    rng, n_patches, context_length, target_length, n_targets, min_keep
):
    context_scale, pred_scale = context_length / n_patches, target_length / n_patches
    strategy = ContextToTarget(
        (context_scale, context_scale), (pred_scale, pred_scale), n_targets, min_keep
    )
    masks = strategy.draw(40_000, n_patches, rng)
    columns = [as_strips(masks.context[:, 0])]
    columns += [as_strips(masks.targets[:, block, 0]) for block in range(n_targets)]
    law = laws.context_to_target(n_patches, context_length, target_length, n_targets, min_keep)
    assert_follows(zip(*columns, strict=True), law)


def test_union_and_context_follow_their_closed_forms_at_every_patch(rng):
    # Lengths are drawn once a batch: the independent observations are batches, not records.
    union, context = [], []
    for _ in range(3000):
        masks = ContextToTarget().draw(4, 200, rng)
        union.append(masks.target_union[:, 0].mean(axis=0))
        context.append(masks.context[:, 0].mean(axis=0))
    expected = np.array(laws.union_marginal(200, 4, TARGET_LENGTHS))
    assert_means(np.array(union), expected)
    expected = np.array(laws.context_marginal(200, 4, TARGET_LENGTHS, CONTEXT_LENGTHS))
    assert_means(np.array(context), expected)


def test_closed_forms_give_the_documented_numbers():
    union = laws.union_marginal(200, 4, TARGET_LENGTHS)
    context = laws.context_marginal(200, 4, TARGET_LENGTHS, CONTEXT_LENGTHS)
    assert [union[p] for p in (0, 20, 100)] == pytest.approx([0.024, 0.417, 0.604], abs=5e-4)
    assert [context[p] for p in (0, 10, 20, 30, 100)] == pytest.approx(
        [0.0492, 0.4215, 0.5254, 0.4399, 0.3960], abs=5e-5
    )
    assert sum(context) == pytest.approx(80.2, abs=0.05)


def test_records_of_a_batch_differ(rng):
    masks = ContextToTarget().draw(64, 200, rng)
    assert len(np.unique(masks.targets, axis=0)) == 64


def test_targets_of_a_record_differ(rng):
    targets = LENGTH_35.draw(200, 200, rng).targets[:, :, 0]
    assert (targets[:, 0] != targets[:, 1]).any(axis=-1).mean() > 0.9


def test_the_generator_decides_everything():
    one, other = (ContextToTarget().draw(8, 200, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.context, other.context)
    assert np.array_equal(one.targets, other.targets)


@pytest.mark.parametrize("min_keep", [30, 60, 90])
def test_every_context_keeps_min_keep_patches(rng, min_keep):
    masks = ContextToTarget(min_keep=min_keep).draw(2000, 200, rng)
    assert masks.context.sum(axis=-1).min() >= min_keep


def test_a_context_of_exactly_min_keep_patches_is_enough(rng):
    # The context block is three patches long: three is all it can ever keep.
    strategy = ContextToTarget((0.75, 0.75), (0.25, 0.25), num_pred_blocks=1, min_keep=3)
    assert (strategy.draw(200, 4, rng).context.sum(axis=-1) == 3).all()


def test_min_keep_does_not_bound_the_targets(rng):
    masks = ContextToTarget(pred_scale=(0.05, 0.05), min_keep=20).draw(10, 100, rng)
    assert (masks.targets.sum(axis=-1) == 5).all()


def test_a_setting_that_no_layout_satisfies_is_refused_with_the_numbers(rng):
    with pytest.raises(
        ValueError,
        match=r"min_keep=10 context patches cannot be kept: a context block of 8 of 10 patches "
        r"beside targets of 1 leaves at most 8; lower min_keep or pred_scale",
    ):
        ContextToTarget().draw(4, 10, rng)


def test_targets_that_leave_too_little_are_refused_with_the_numbers(rng):
    with pytest.raises(ValueError, match=r"block of 200 of 200 .* of 195 leaves at most 5"):
        ContextToTarget((1, 1), (0.975, 0.975)).draw(4, 200, rng)


@pytest.mark.parametrize("n_patches", range(1, 11))
def test_a_record_too_short_for_min_keep_is_refused(rng, n_patches):
    with pytest.raises(ValueError, match="min_keep=10 context patches cannot be kept"):
        ContextToTarget().draw(2, n_patches, rng)


def test_a_setting_is_refused_for_every_draw_or_for_none():
    # A context block of 100 to 179 patches: only the shorter ones are too short.
    for seed in range(20):
        with pytest.raises(ValueError, match="leaves at most 100"):
            ContextToTarget((0.5, 0.9), min_keep=120).draw(1, 200, np.random.default_rng(seed))


def test_a_setting_that_hardly_any_layout_satisfies_ends_in_an_error(rng):
    # All fifty targets would have to lie beside the context block, at one end of the record.
    strategy = ContextToTarget((0.9, 0.9), (0.1, 0.1), num_pred_blocks=50, min_keep=180)
    with pytest.raises(
        ValueError,
        match=r"no layout with min_keep=180 context patches was found in 1000 draws: a context "
        r"block of 180 of 200 patches less 50 targets of 20 patches .*; lower min_keep",
    ):
        strategy.draw(2, 200, rng)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"num_pred_blocks": 0}, ValueError, "num_pred_blocks must be at least 1, not 0"),
        ({"num_pred_blocks": 1.5}, TypeError, "num_pred_blocks must be a whole number, not 1.5"),
        ({"min_keep": 0}, ValueError, "min_keep must be at least 1, not 0"),
        ({"min_keep": "10"}, TypeError, "min_keep must be a whole number, not '10'"),
        ({"context_scale": (0.9, 0.8)}, ValueError, r"context_scale\[0\] must not be above"),
        ({"pred_scale": (0.2, 0.15)}, ValueError, r"0.2 > 0.15; swap the two"),
        ({"pred_scale": (-0.1, 0.2)}, ValueError, r"pred_scale\[0\] must be in \[0, 1\], not -0.1"),
        ({"pred_scale": (0.1, 1.2)}, ValueError, r"pred_scale\[1\] must be in \[0, 1\], not 1.2"),
        ({"pred_scale": (float("nan"), 0.2)}, ValueError, r"pred_scale\[0\] must be .* not nan"),
        ({"context_scale": (0.5, float("nan"))}, ValueError, r"context_scale\[1\] .* not nan"),
        ({"pred_scale": 0.2}, TypeError, r"pred_scale must be a pair of fractions .* not 0.2"),
        ({"pred_scale": (0.1, 0.2, 0.3)}, TypeError, "pred_scale must be a pair of fractions"),
        ({"context_scale": ("a", 0.5)}, TypeError, r"context_scale\[0\] must be a number"),
        ({"context_scale": (0, 0)}, ValueError, r"context_scale=\(0, 0\) leaves nothing"),
        ({"pred_scale": (0, 0)}, ValueError, r"pred_scale=\(0, 0\) leaves nothing of the record"),
        ({"pred_scale": (1, 1)}, ValueError, r"pred_scale=\(1, 1\) leaves no context"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        ContextToTarget(**parameters)


def test_scales_may_be_lists_as_configuration_files_give_them():
    assert ContextToTarget([0.85, 0.95], [0.15, 0.2]) == ContextToTarget()
    assert hash(ContextToTarget([0.85, 0.95])) == hash(ContextToTarget())
