"""InverseBlocks, beside what test_spans.py holds of both."""

import pytest

from ecgmask import InverseBlocks


@pytest.mark.parametrize(
    ("ratio", "n_patches", "n_visible"),
    [(0.85, 200, 30), (0.71, 100, 29), (0.43, 100, 57), (0.93, 100, 7), (0.7, 10, 3),
     (0.999, 200, 1), (0.001, 200, 199)],
)  # fmt: skip
def test_visible_blocks_of_one_patch_are_the_floor_of_the_rest_whatever_the_float(
    rng, ratio, n_patches, n_visible
):
    masks = InverseBlocks(ratio, 1).draw(20, n_patches, rng)
    assert (masks.context.sum(axis=-1) == n_visible).all()
