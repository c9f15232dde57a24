"""GeometricRuns against the exact law of its chain, and its bad parameters."""

from fractions import Fraction
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest
from goodness import assert_follows, assert_means

from ecgmask import GeometricRuns


def chain(n_patches, ratio, mean_length):
    """Return the law of the strips that have both ``#``, hidden, and ``.``, visible."""
    share = {"#": Fraction(ratio), ".": 1 - Fraction(ratio)}
    # A stationary chain enters a state as often as it leaves it.
    leave = {"#": 1 / Fraction(mean_length)}
    leave["."] = leave["#"] * share["#"] / share["."]
    law = {}
    for strip in product("#.", repeat=n_patches):
        steps = [leave[a] if a != b else 1 - leave[a] for a, b in pairwise(strip)]
        law["".join(strip)] = share[strip[0]] * prod(steps)
    law["#" * n_patches] = law["." * n_patches] = 0
    return {strip: p / sum(law.values()) for strip, p in law.items() if p}


@pytest.mark.parametrize("n_patches", [2, 3, 6])
@pytest.mark.parametrize(
    ("ratio", "mean_length"), [("1/2", 3), ("1/4", 1), ("2/3", 2), ("9/10", 9)]
)
def test_a_record_follows_the_chain_given_that_both_occur(rng, n_patches, ratio, mean_length):
    strategy = GeometricRuns(float(Fraction(ratio)), mean_length)
    hidden = strategy.draw(20_000, n_patches, rng).targets[:, 0, 0]
    strips = ["".join(row) for row in np.where(hidden, "#", ".")]
    assert_follows(strips, chain(n_patches, ratio, mean_length))


@pytest.mark.parametrize(("ratio", "mean_length"), [(0.5, 3), (0.75, 3), (0.2, 1)])
def test_each_patch_of_a_long_record_is_hidden_with_the_ratio(rng, ratio, mean_length):
    hidden = GeometricRuns(ratio, mean_length).draw(4000, 200, rng).targets[:, 0, 0]
    assert_means(hidden, np.full(200, ratio))


@pytest.mark.parametrize(("mean_length", "n_patches"), [(3, 1), (10**18, 10)])
def test_records_that_one_run_always_fills_are_refused(rng, mean_length, n_patches):
    with pytest.raises(ValueError, match=f"nearly always fill a record of {n_patches} patches"):
        GeometricRuns(0.5, mean_length).draw(2, n_patches, rng)


def test_runs_shorter_than_a_patch_are_refused():
    with pytest.raises(ValueError, match="mean_length must be at least 1, not 0"):
        GeometricRuns(0.5, 0)
    with pytest.raises(ValueError, match=r"ratio=0\.8 and mean_length=3 ask .* of 0\.75 patches"):
        GeometricRuns(0.8, 3)
