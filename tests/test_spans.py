"""Spans against its exact laws and its bad parameters."""

from fractions import Fraction
from math import ceil

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import Spans
from ecgmask.statistics import count_runs


def draw_unions(strategy, n_records, n_patches, rng):
    """Return the unions of spans ``(n_records, n_patches)``."""
    return strategy.draw(n_records, n_patches, rng).targets[:, 0, 0]


def as_strips(marked):
    return ["".join(row) for row in np.where(marked, "#", ".")]


@pytest.mark.parametrize("strategy", [Spans(), Spans(0.2, 25, 1), Spans(0.9, 3)], ids=repr)
def test_context_and_target_partition_the_record(rng, strategy):
    masks = strategy.draw(500, 200, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    assert masks.context.any(axis=-1).all()
    assert masks.targets.any(axis=-1).all()


def test_shapes_are_those_of_shared_masks(rng):
    masks = Spans().draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@pytest.mark.parametrize(
    ("n_patches", "ratio", "length", "min_spans", "n_spans"),
    [
        (8, 0.5, 2, 2, 2),  # exactly two
        (10, 0.3, 3, 1, 1),  # 0.3 * 10 / 3 is 1, or just below it as a float
        (10, 0.6, 2, 2, 3),
        (9, 0.1, 3, 2, 2),  # no fewer than two
        (7, 0.1, 2, 1, 1),  # no fewer than one
        (10, 0.1, 2, 3, 3),
        (10, 0.95, 3, 2, 3),  # four could cover the record
        (6, 0.5, 1, 2, 3),
        (6, 0.9, 5, 1, 1),
    ],
)
def test_every_set_of_starts_is_equally_likely(rng, n_patches, ratio, length, min_spans, n_spans):
    unions = draw_unions(Spans(ratio, length, min_spans), 40_000, n_patches, rng)
    assert_follows(as_strips(unions), laws.union_of_spans(n_patches, n_spans, length))


@pytest.mark.parametrize(
    ("n_patches", "ratio", "length", "min_spans"),
    [(9, "0.7", 3, 2), (8, "0.3", 2, 1), (10, "0.59", 2, 2), (8, "0.7", 2, 1)],
)
def test_the_number_of_spans_is_rounded_at_random(rng, n_patches, ratio, length, min_spans):
    strategy = Spans(float(ratio), length, min_spans)
    unions = [draw_unions(strategy, 1, n_patches, rng)[0] for _ in range(20_000)]
    law = laws.spans_of_batches(n_patches, ratio, length, min_spans)
    assert_follows(as_strips(np.array(unions)), law)


def test_the_number_of_spans_is_one_for_the_batch(rng):
    # Of one patch, so that what is masked counts the spans.
    counts = [draw_unions(Spans(0.155, 1), 10, 100, rng).sum(axis=1) for _ in range(4000)]
    assert all(np.ptp(count) == 0 for count in counts)
    law = {15: Fraction(1, 2), 16: Fraction(1, 2)}
    assert_follows([int(count[0]) for count in counts], law)


def test_the_number_of_spans_comes_from_the_generator_of_sizes():
    drawn = [
        Spans(0.155, 1).draw(1, 100, np.random.default_rng(seed), size_rng=np.random.default_rng(1))
        for seed in range(20)
    ]
    assert len({int(masks.targets.sum()) for masks in drawn}) == 1
    assert len({masks.targets.tobytes() for masks in drawn}) == 20


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_masked"),
    [(0.15, 200, 30), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.999, 200, 199),
     (0.001, 200, 2)],
)  # fmt: skip
def test_a_whole_number_of_spans_is_not_rounded_whatever_the_float(rng, ratio, n_patches, n_masked):
    for _ in range(50):
        masks = Spans(ratio, 1).draw(1, n_patches, rng)
        assert int(masks.targets.sum()) == n_masked


@pytest.mark.parametrize(("ratio", "length"), [(0.65, 10), (0.2, 10), (0.5, 7), (0.9, 3)])
def test_runs_are_no_shorter_and_the_union_no_larger_than_asked(rng, ratio, length):
    unions = draw_unions(Spans(ratio, length), 3000, 200, rng)
    assert np.flatnonzero(count_runs(unions))[0] == length
    assert unions.sum(axis=1).max() <= ceil(ratio * 200 / length - 1e-9) * length


def test_spans_overlap_as_often_as_they_may(rng):
    # Two of nineteen starts: the union has 11 to 20 patches if they are one to ten apart.
    unions = draw_unions(Spans(0.01, 10), 5000, 28, rng)
    assert set(unions.sum(axis=1).tolist()) == set(range(11, 21))


def test_a_single_span_starts_anywhere_from_the_first_patch_to_the_last_that_fits(rng):
    unions = draw_unions(Spans(0.05, 10, 1), 20_000, 200, rng)
    assert_uniform(unions.argmax(axis=1).tolist(), range(191))


@pytest.mark.parametrize(("ratio", "n_spans"), [(0.65, 13), (0.2, 4)])
def test_every_patch_follows_its_closed_form(rng, ratio, n_spans):
    unions = draw_unions(Spans(ratio, 10), 20_000, 200, rng)
    assert_means(unions, np.array(laws.union_of_spans_marginal(200, n_spans, 10)))


def test_the_closed_form_agrees_with_the_enumeration():
    law = laws.union_of_spans(9, 2, 3)
    assert sum(law.values()) == 1
    marginal = [float(sum(p for strip, p in law.items() if strip[i] == "#")) for i in range(9)]
    assert marginal == pytest.approx(laws.union_of_spans_marginal(9, 2, 3))


def test_every_patch_is_context_in_some_records_and_target_in_others(rng):
    masks = Spans().draw(20_000, 200, rng)
    assert masks.context.any(axis=0).all()
    assert masks.targets.any(axis=0).all()


def test_records_of_a_batch_differ(rng):
    assert len(np.unique(Spans().draw(64, 200, rng).context, axis=0)) == 64


def test_a_span_of_all_patches_but_one_is_the_longest(rng):
    unions = draw_unions(Spans(0.5, 19, 1), 4000, 20, rng)
    assert_uniform(as_strips(unions), ["#" * 19 + ".", "." + "#" * 19])
    with pytest.raises(
        ValueError,
        match="min_spans=1 spans of length=20 could cover a record of 20 patches; lower one",
    ):
        Spans(0.5, 20, 1).draw(4, 20, rng)


@pytest.mark.parametrize("n_patches", range(1, 21))
def test_a_record_that_two_spans_could_cover_is_refused(rng, n_patches):
    with pytest.raises(ValueError, match=f"could cover a record of {n_patches} patches"):
        Spans().draw(2, n_patches, rng)


def test_a_record_of_one_patch_more_is_not(rng):
    assert Spans().draw(2000, 21, rng).context.any(axis=-1).all()


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("ratio", [1e-12, 1 - 1e-12])
def test_something_is_masked_and_something_visible_at_any_ratio(rng, ratio, length):
    masks = Spans(ratio, length).draw(500, 6, rng)
    assert masks.context.any(axis=-1).all()
    assert masks.targets.any(axis=-1).all()


@pytest.mark.parametrize(
    ("preset", "strategy"),
    [(Spans.wav2vec2(), Spans(ratio=0.65, length=10, min_spans=2)), (Spans(), Spans.wav2vec2())],
)
def test_a_preset_has_the_published_spans(preset, strategy):
    assert preset == strategy


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"ratio": 0}, ValueError, "ratio must be above 0 and below 1, not 0"),
        ({"ratio": 1.0}, ValueError, r"ratio must be above 0 and below 1, not 1\.0"),
        ({"ratio": -0.5}, ValueError, r"ratio must be in \[0, 1\], not -0.5"),
        ({"ratio": float("nan")}, ValueError, r"ratio must be in \[0, 1\], not nan"),
        ({"ratio": (0.5, 0.6)}, TypeError, "ratio must be a number"),
        ({"length": 0}, ValueError, "length must be at least 1, not 0"),
        ({"length": 2.5}, TypeError, r"length must be a whole number, not 2\.5"),
        ({"length": None}, TypeError, "length must be a whole number, not None"),
        ({"min_spans": 0}, ValueError, "min_spans must be at least 1, not 0"),
        ({"min_spans": 1.5}, TypeError, r"min_spans must be a whole number, not 1\.5"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        Spans(**parameters)
