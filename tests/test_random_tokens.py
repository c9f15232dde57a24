"""RandomTokens: one random set over all leads and times of a record."""

from fractions import Fraction
from itertools import combinations
from math import comb, floor

import numpy as np
import pytest
import torch
from goodness import assert_follows, assert_means, assert_uniform

from ecgmask import Masks, PatchMaskCollator, PerBatch, PerLead, RandomPatches, RandomTokens


def test_shapes_are_those_of_per_lead_masks(rng):
    masks = RandomTokens(0.5, n_leads=5).draw(4, 20, rng)
    assert masks.context.shape == (4, 5, 20)
    assert masks.targets.shape == (4, 1, 5, 20)
    assert RandomTokens().draw(2, 20, rng).n_leads == 12


def test_context_and_target_partition_the_record(rng):
    masks = RandomTokens(0.3).draw(200, 50, rng)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])


@pytest.mark.parametrize(("ratio", "n_masked"), [(0.5, 3), (0.2, 2), (0.8, 5)])
def test_every_set_of_tokens_is_equally_likely(rng, ratio, n_masked):
    masks = RandomTokens(ratio, n_leads=2).draw(30_000, 3, rng)
    drawn = [tuple(np.flatnonzero(record).tolist()) for record in masks.targets]
    assert_uniform(drawn, combinations(range(6), n_masked))


@pytest.mark.parametrize("ratio", ["0.15", "0.29", "0.5", "0.75", "0.9"])
def test_the_count_of_a_record_is_exact_whatever_the_float(rng, ratio):
    for n_patches in range(3, 100, 7):
        n_visible = floor((1 - Fraction(ratio)) * 12 * n_patches)
        masks = RandomTokens(float(ratio)).draw(3, n_patches, rng)
        assert (masks.context.sum(axis=(1, 2)) == n_visible).all()


def test_the_count_of_a_lead_is_hypergeometric(rng):
    hidden = RandomTokens(0.5, n_leads=3).draw(20_000, 8, rng).targets[:, 0].sum(axis=-1)
    law = {n: Fraction(comb(8, n) * comb(16, 12 - n), comb(24, 12)) for n in range(9)}
    for lead in range(3):
        assert_follows(hidden[:, lead].tolist(), law)
    # Equally many of each lead are PerLead's way.
    alike = PerLead(RandomPatches(0.5), 3).draw(100, 8, rng).targets.sum(axis=-1)
    assert np.ptp(alike) == 0


def test_every_token_is_masked_with_the_ratio_as_probability(rng):
    masked = RandomTokens(0.7, n_leads=4).draw(20_000, 10, rng).targets.reshape(20_000, -1)
    assert_means(masked, np.full(40, 0.7))


def test_records_of_a_batch_differ(rng):
    assert len(np.unique(RandomTokens().draw(64, 20, rng).context, axis=0)) == 64


def test_a_lead_may_be_hidden_whole(rng):
    whole = RandomTokens(0.5, n_leads=3).draw(2000, 3, rng).targets[:, 0].all(axis=-1)
    assert whole.any(axis=0).all()


def test_ranks_draw_as_many_tokens_each_of_its_own():
    drawn = [
        PatchMaskCollator(RandomTokens(), 1, seed=3, rank=rank)([torch.zeros(12, 50)] * 4)
        for rank in range(3)
    ]
    assert {batch.context.shape for batch in drawn} == {(4, 300)}
    assert len({tuple(batch.context[0].tolist()) for batch in drawn}) == 3


@pytest.mark.parametrize("truncate", ["ends", "never"])
def test_records_of_different_lengths_have_the_share_of_their_own(truncate):
    collate = PatchMaskCollator(
        RandomTokens(0.5, n_leads=2), 1, lengths_key=1, truncate=truncate, seed=1
    )
    lengths = [40, 20, 30]
    masked = collate([(torch.zeros(2, 40), length) for length in lengths])
    times = masked.context % 40
    assert all(row.max() < length for row, length in zip(times, lengths, strict=True))
    if truncate == "never":
        assert (~masked.context_padding).sum(dim=1).tolist() == lengths
    else:
        assert masked.context.shape == (3, 20)


def test_tokens_of_missing_leads_are_neither_context_nor_target():
    collate = PatchMaskCollator(RandomTokens(), 1, missing_leads=("I", "V6"), seed=1)
    _, context, targets = collate([torch.zeros(12, 30)] * 5)
    masks = Masks.from_indices(context, targets, n_patches=30, n_leads=12)
    missing = masks.context.any(axis=(0, 2)) | masks.target_union.any(axis=(0, 2))
    assert missing.tolist() == [False, *[True] * 10, False]


@pytest.mark.parametrize(
    ("ratio", "n_leads", "n_patches", "message"),
    [
        (0.01, 2, 40, None),
        (1e-12, 12, 40, "masks 0 of the 480 tokens of 12 leads and 40 patches, .*; change ratio"),
        (0.9, 3, 3, "masks 9 of the 9 tokens of 3 leads and 3 patches"),
        (0.5, 1, 1, "masks 1 of the 1 tokens of 1 leads and 1 patches"),
    ],
)
def test_a_ratio_that_leaves_no_context_or_no_target_is_refused(
    rng, ratio, n_leads, n_patches, message
):
    strategy = RandomTokens(ratio, n_leads)
    if message is None:
        assert (strategy.draw(3, n_patches, rng).targets.sum(axis=(1, 2, 3)) == 1).all()
        return
    with pytest.raises(ValueError, match=message):
        strategy.draw(3, n_patches, rng)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"ratio": 0}, ValueError, "ratio must be above 0 and below 1, not 0"),
        ({"ratio": 1.0}, ValueError, r"ratio must be above 0 and below 1, not 1\.0"),
        ({"ratio": float("nan")}, ValueError, r"ratio must be in \[0, 1\], not nan"),
        ({"ratio": (0.5, 0.6)}, TypeError, "ratio must be a number"),
        ({"n_leads": 0}, ValueError, "n_leads must be at least 1, not 0"),
        ({"n_leads": 2.5}, TypeError, r"n_leads must be a whole number, not 2\.5"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        RandomTokens(**parameters)


def test_it_draws_leads_itself_and_so_cannot_be_drawn_for_each_lead(rng):
    with pytest.raises(ValueError, match=r"strategy must draw shared masks, .* draws 12 lead rows"):
        PerLead(RandomTokens()).draw(2, 20, rng)
    assert PerBatch(RandomTokens()).draw(2, 20, rng).n_leads == 12
