"""Forecast: the past is context, the future the target."""

import numpy as np
import pytest

from ecgmask import Forecast
from ecgmask.statistics import find_runs


def test_the_past_is_context_and_the_future_target(rng):
    masks = Forecast(0.25).draw(3, 8, rng)
    for context, target in zip(masks.context[:, 0], masks.targets[:, 0, 0], strict=True):
        assert find_runs(context) == [(0, 6)]
        assert find_runs(target) == [(6, 2)]


def test_shapes_are_those_of_shared_masks(rng):
    masks = Forecast().draw(5, 200, rng)
    assert masks.context.shape == (5, 1, 200)
    assert masks.targets.shape == (5, 1, 1, 200)


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_target"),
    [(0.15, 200, 30), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.3, 10, 3),
     (0.149, 200, 29), (0.5, 3, 1), (0.5, 2, 1), (0.999, 200, 199)],
)  # fmt: skip
def test_the_future_is_the_floor_of_the_ratio_whatever_the_float(rng, ratio, n_patches, n_target):
    masks = Forecast(ratio).draw(2, n_patches, rng)
    assert (masks.targets.sum(axis=-1) == n_target).all()
    assert (masks.context.sum(axis=-1) == n_patches - n_target).all()


def test_nothing_is_random(rng):
    before = rng.bit_generator.state
    masks = Forecast().draw(4, 200, rng)
    assert rng.bit_generator.state == before
    assert len(np.unique(masks.context, axis=0)) == 1


def test_masks_of_records_do_not_share_memory(rng):
    masks = Forecast().draw(2, 10, rng)
    masks.context[0] = True
    assert masks.context[1].sum() == 5


@pytest.mark.parametrize(
    ("ratio", "n_patches", "counts"),
    [
        (0.5, 1, "0 of 1"),
        (0.01, 99, "0 of 99"),
        (1e-12, 200, "0 of 200"),
        (1 - 1e-12, 200, "200 of 200"),
    ],
)
def test_a_ratio_without_past_or_future_is_refused_with_the_numbers(rng, ratio, n_patches, counts):
    with pytest.raises(
        ValueError, match=rf"makes {counts} patches the target, but there must be a past and a fu"
    ):
        Forecast(ratio).draw(2, n_patches, rng)


@pytest.mark.parametrize(
    ("ratio", "error", "message"),
    [
        (0, ValueError, "ratio must be above 0 and below 1, not 0"),
        (1, ValueError, "ratio must be above 0 and below 1, not 1"),
        (1.5, ValueError, r"ratio must be in \[0, 1\], not 1.5"),
        (float("nan"), ValueError, r"ratio must be in \[0, 1\], not nan"),
        ("half", TypeError, "ratio must be a number .* not 'half'"),
    ],
)
def test_a_bad_ratio_is_refused_at_construction(ratio, error, message):
    with pytest.raises(error, match=message):
        Forecast(ratio)
