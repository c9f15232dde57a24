"""Spans and InverseBlocks, which place spans alike, against their exact laws."""

from math import floor

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import InverseBlocks, Spans
from ecgmask.statistics import count_runs

BOTH = pytest.mark.parametrize("kind", [Spans, InverseBlocks])


def make(kind, share, length):
    """Return a strategy whose spans fill `share` of the record side by side."""
    return kind(share if kind is Spans else 1 - share, length)


def draw_unions(strategy, n_records, n_patches, rng):
    """Return the unions of spans ``(n_records, n_patches)``, masked or visible."""
    masks = strategy.draw(n_records, n_patches, rng)
    return masks.targets[:, 0, 0] if isinstance(strategy, Spans) else masks.context[:, 0]


def as_strips(marked):
    return ["".join(row) for row in np.where(marked, "#", ".")]


@pytest.mark.parametrize("strategy", [Spans(), InverseBlocks(), Spans(0.9, 3)], ids=repr)
def test_context_and_target_partition_the_record(rng, strategy):
    masks = strategy.draw(500, 200, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    assert masks.context.any(axis=-1).all()
    assert masks.targets.any(axis=-1).all()


@BOTH
def test_shapes_are_those_of_shared_masks(rng, kind):
    masks = kind().draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@BOTH
@pytest.mark.parametrize(
    ("n_patches", "share", "length", "n_spans"),
    [
        (8, 0.5, 2, 2),  # exactly two
        (10, 0.3, 3, 1),  # 0.3 * 10 / 3 is 1, or just below it as a float
        (10, 0.6, 2, 3),
        (9, 0.7, 3, 2),  # 2.1
        (10, 0.59, 2, 2),  # 2.95
        (7, 0.1, 2, 1),  # at least one
        (6, 0.34, 1, 2),
        (6, 0.9, 5, 1),
    ],
)
def test_every_set_of_starts_is_equally_likely(rng, kind, n_patches, share, length, n_spans):
    unions = draw_unions(make(kind, share, length), 40_000, n_patches, rng)
    assert_follows(as_strips(unions), laws.union_of_spans(n_patches, n_spans, length))


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_masked"),
    [(0.15, 200, 30), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.149, 200, 29),
     (0.999, 200, 199), (0.001, 200, 1)],
)  # fmt: skip
def test_spans_of_one_patch_are_the_floor_of_the_ratio_whatever_the_float(
    rng, ratio, n_patches, n_masked
):
    masks = Spans(ratio, 1).draw(20, n_patches, rng)
    assert (masks.targets.sum(axis=-1) == n_masked).all()


@BOTH
@pytest.mark.parametrize(("share", "length"), [(0.65, 10), (0.2, 10), (0.5, 7), (0.9, 3)])
def test_runs_are_no_shorter_and_the_union_no_larger_than_asked(rng, kind, share, length):
    unions = draw_unions(make(kind, share, length), 3000, 200, rng)
    assert np.flatnonzero(count_runs(unions))[0] == length
    assert unions.sum(axis=1).max() <= floor(share * 200 + 1e-9)


@BOTH
def test_spans_overlap_as_often_as_they_may(rng, kind):
    # Two of nineteen starts: the union has 11 to 20 patches if they are one to ten apart.
    unions = draw_unions(make(kind, 0.72, 10), 5000, 28, rng)
    assert set(unions.sum(axis=1).tolist()) == set(range(11, 21))


@BOTH
def test_a_single_span_starts_anywhere_from_the_first_patch_to_the_last_that_fits(rng, kind):
    unions = draw_unions(make(kind, 0.05, 10), 20_000, 200, rng)
    assert_uniform(unions.argmax(axis=1).tolist(), range(191))


@BOTH
@pytest.mark.parametrize(("share", "length", "n_spans"), [(0.65, 10, 13), (0.2, 10, 4)])
def test_every_patch_follows_its_closed_form(rng, kind, share, length, n_spans):
    unions = draw_unions(make(kind, share, length), 20_000, 200, rng)
    assert_means(unions, np.array(laws.union_of_spans_marginal(200, n_spans, length)))


def test_the_closed_form_agrees_with_the_enumeration():
    law = laws.union_of_spans(9, 2, 3)
    assert sum(law.values()) == 1
    marginal = [float(sum(p for strip, p in law.items() if strip[i] == "#")) for i in range(9)]
    assert marginal == pytest.approx(laws.union_of_spans_marginal(9, 2, 3))


@BOTH
def test_every_patch_is_context_in_some_records_and_target_in_others(rng, kind):
    masks = kind().draw(20_000, 200, rng)
    assert masks.context.any(axis=0).all()
    assert masks.targets.any(axis=0).all()


@BOTH
def test_records_of_a_batch_differ(rng, kind):
    assert len(np.unique(kind().draw(64, 200, rng).context, axis=0)) == 64


@BOTH
def test_a_span_of_all_patches_but_one_is_the_longest(rng, kind):
    unions = draw_unions(make(kind, 0.5, 19), 4000, 20, rng)
    assert_uniform(as_strips(unions), ["#" * 19 + ".", "." + "#" * 19])
    with pytest.raises(ValueError, match="length=20 fills a record of 20 patches; lower it or use"):
        make(kind, 0.5, 20).draw(4, 20, rng)


@BOTH
@pytest.mark.parametrize("n_patches", range(1, 11))
def test_a_record_no_longer_than_a_span_is_refused(rng, kind, n_patches):
    with pytest.raises(ValueError, match=f"length=10 fills a record of {n_patches} patches"):
        kind().draw(2, n_patches, rng)


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("ratio", [1e-12, 1 - 1e-12])
@BOTH
def test_something_is_masked_and_something_visible_at_any_ratio(rng, kind, ratio, length):
    masks = kind(ratio, length).draw(500, 4, rng)
    assert masks.context.any(axis=-1).all()
    assert masks.targets.any(axis=-1).all()


@pytest.mark.parametrize(
    ("preset", "strategy"),
    [(Spans.wav2vec2(), Spans(ratio=0.65, length=10)), (Spans(), Spans.wav2vec2())],
)
def test_a_preset_has_the_published_spans(preset, strategy):
    assert preset == strategy


@BOTH
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
    ],
)
def test_bad_parameters_are_refused_at_construction(kind, parameters, error, message):
    with pytest.raises(error, match=message):
        kind(**parameters)
