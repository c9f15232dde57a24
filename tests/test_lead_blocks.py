"""LeadBlocks against its exact law on short records, and its bad parameters."""

from collections import defaultdict
from fractions import Fraction
from itertools import product

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means

from ecgmask import STANDARD_LEADS, LeadBlocks

ORDERS = (["aVL", "I", "aVR", "II", "aVF", "III"], ["V1", "V2", "V3", "V4", "V5", "V6"])


def runs(width):
    """Return all runs of neighbours."""
    return [
        frozenset(order[first : first + width])
        for order in ORDERS
        for first in range(6 - width + 1)
    ]


def law(n_patches, length, num_blocks, width):
    """Return the law of the hidden (lead, patch) pairs, given that something is seen."""
    blocks = [
        frozenset(product(leads, range(start, start + length)))
        for leads in runs(width)
        for start in range(n_patches - length + 1)
    ]
    ways = defaultdict(int)
    for drawn in product(blocks, repeat=num_blocks):
        hidden = frozenset().union(*drawn)
        if len(hidden) < 12 * n_patches:
            ways[hidden] += 1
    return {hidden: Fraction(n, sum(ways.values())) for hidden, n in ways.items()}


def hidden_of(masks):
    for record in masks.targets[:, 0]:
        yield frozenset((STANDARD_LEADS[lead], patch) for lead, patch in np.argwhere(record))


@pytest.mark.parametrize(
    ("n_patches", "scale", "length", "num_blocks", "width"),
    [(4, 0.5, 2, 1, 3), (2, 0.5, 1, 2, 5), (3, 1.0, 3, 2, 6), (3, 0.01, 1, 1, 1)],
)
def test_every_run_of_neighbours_and_every_start_is_equally_likely(
    rng, n_patches, scale, length, num_blocks, width
):
    strategy = LeadBlocks(num_blocks, width, (scale, scale))
    assert_follows(
        hidden_of(strategy.draw(20_000, n_patches, rng)), law(n_patches, length, num_blocks, width)
    )


def test_each_patch_is_hidden_as_often_as_its_lead_and_its_time_say(rng):
    lengths = laws.block_lengths(50, "0.2", "0.4")
    in_time = sum(float(w) * np.array(laws.cover(50, n), float) for n, w in lengths.items())
    of_lead = [sum(lead in run for run in runs(3)) / 8 for lead in STANDARD_LEADS]
    hidden = np.stack([LeadBlocks(1).draw(1, 50, rng).targets[0, 0].ravel() for _ in range(4000)])
    assert_means(hidden, np.outer(of_lead, in_time).ravel())


def test_all_blocks_of_a_batch_have_one_length(rng):
    for _ in range(20):
        hidden = LeadBlocks(1).draw(30, 200, rng).targets[:, 0]
        assert len(set(hidden.sum(axis=-1).max(axis=-1))) == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_blocks": 0}, ValueError, "num_blocks must be at least 1, not 0"),
        ({"width": 7}, ValueError, "width=7 is more than the 6 leads that are neighbours"),
        ({"width": 0}, ValueError, "width must be at least 1, not 0"),
        ({"scale": (0, 0)}, ValueError, r"scale=\(0, 0\) leaves nothing of the record"),
    ],
)
def test_bad_parameters_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        LeadBlocks(**options)


def test_blocks_that_hide_everything_end_in_an_error(rng):
    with pytest.raises(ValueError, match="40 blocks of 1 of 1 patches nearly always hide all lea"):
        LeadBlocks(40, 6).draw(2, 1, rng)
