"""Ranks of a distributed run: tensors of one shape, masks of their own.

Real processes train in ``test_training.py``.
"""

import numpy as np
import pytest
import torch
from seeded_runs import fingerprint, tensors

from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    Masks,
    PatchMaskCollator,
    PerLead,
)

TRUNCATES = ["ends", "random", "first"]

SIGNALS = [torch.zeros(2, 1000)] * 8


class RaggedTargets:
    """A user's strategy: target blocks of as many patches as chance will have, at the end."""

    def draw(self, n_records, n_patches, rng, **_):
        n_hidden = rng.integers(20, n_patches - 20, size=(n_records, 1))
        hidden = np.arange(n_patches) >= n_patches - n_hidden
        return Masks(~hidden[:, None], hidden[:, None, None])


def ragged(truncate):
    """Return collators of contexts that differ in length, as functions of the options."""
    return [
        lambda **options: IJEPAMaskCollator(5, truncate=truncate, **options),
        lambda **options: PatchMaskCollator(ContextToTarget(), 5, truncate=truncate, **options),
        lambda **options: PatchMaskCollator(
            PerLead(ContextToTarget(), 2), 5, truncate=truncate, **options
        ),
        lambda **options: PatchMaskCollator(RaggedTargets(), 5, truncate=truncate, **options),
    ]


EQUAL_COUNTS = [
    lambda **options: MaskCollator(5, **options),
    lambda **options: PatchMaskCollator(MaskAndComplement(), 5, **options),
    lambda **options: PatchMaskCollator(PerLead(MaskAndComplement(), 2), 5, **options),
]


def draw_ranks(make, n_ranks, n_batches=6, **options):
    """Return the batches of each rank."""
    ranks = [make(seed=3, rank=rank, **options) for rank in range(n_ranks)]
    return [[collate(SIGNALS) for _ in range(n_batches)] for collate in ranks]


def assert_equal_shapes_and_other_masks(ranks):
    for batches in zip(*ranks, strict=True):
        shapes = {tuple(t.shape for t in tensors(masked)) for masked in batches}
        assert len(shapes) == 1
        assert len({fingerprint(masked) for masked in batches}) == len(batches)


@pytest.mark.parametrize("make", EQUAL_COUNTS)
def test_ranks_of_equal_counts_need_not_know_of_each_other(make):
    ranks = draw_ranks(make, 3)
    assert_equal_shapes_and_other_masks(ranks)
    # Sizes are drawn anew for each batch: it is not for lack of choice that they agree.
    assert len({tensors(masked)[0].shape for masked in ranks[0]}) > 1


@pytest.mark.parametrize("make", EQUAL_COUNTS)
def test_world_size_changes_no_mask_of_equal_counts(make):
    alone, among = make(seed=3, rank=1), make(seed=3, rank=1, world_size=4)
    assert fingerprint(alone(SIGNALS)) == fingerprint(among(SIGNALS))


@pytest.mark.parametrize("truncate", TRUNCATES)
@pytest.mark.parametrize("kind", range(4))
def test_ranks_of_unequal_counts_agree_on_the_shortest(truncate, kind):
    assert_equal_shapes_and_other_masks(draw_ranks(ragged(truncate)[kind], 3, world_size=3))


@pytest.mark.parametrize("truncate", TRUNCATES)
def test_the_shortest_context_of_all_ranks_is_kept_whole(truncate):
    make = ragged(truncate)[0]
    alone = [make(seed=3)(SIGNALS).context[0].shape[1]]
    for rank in (1, 2):
        # A world in which this rank is the last tells, step by step, whose context is shortest.
        alone.append(make(seed=3, rank=rank, world_size=rank + 1)(SIGNALS).context[0].shape[1])
    together = [
        make(seed=3, rank=rank, world_size=3)(SIGNALS).context[0].shape[1] for rank in range(3)
    ]
    assert set(together) == {alone[-1]}
    assert alone == sorted(alone, reverse=True)


@pytest.mark.parametrize("truncate", TRUNCATES)
def test_context_of_a_rank_never_names_one_of_its_targets(truncate):
    for batches in draw_ranks(ragged(truncate)[0], 2, world_size=2):
        for _, (context,), targets in batches:
            for seen, *hidden in zip(context, *targets, strict=True):
                assert not set(seen.tolist()) & set(torch.cat(hidden).tolist())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: IJEPAMaskCollator(5, seed=3, rank=1),
            ValueError,
            r"rank=1 needs world_size: masks of ContextToTarget\(.*\) differ in length",
        ),
        (
            lambda: PatchMaskCollator(PerLead(ContextToTarget()), 5, seed=3, rank=2),
            ValueError,
            r"rank=2 needs world_size: masks of PerLead\(",
        ),
        (
            lambda: PatchMaskCollator([MaskAndComplement(), ContextToTarget()], 5, seed=3, rank=1),
            ValueError,
            r"rank=1 needs world_size: masks of ContextToTarget\(.*\) differ in length",
        ),
        (
            lambda: PatchMaskCollator(RaggedTargets(), 5, seed=3, rank=1),
            ValueError,
            "rank=1 needs world_size",
        ),
        (lambda: MaskCollator(5, rank=1), ValueError, "rank and world_size need seed=, the same"),
        (
            lambda: IJEPAMaskCollator(5, world_size=2),
            ValueError,
            "rank and world_size need seed=, the same for all ranks",
        ),
        (
            lambda: MaskCollator(5, seed=3, rank=2, world_size=2),
            ValueError,
            "rank must be below world_size=2, not 2",
        ),
        (lambda: MaskCollator(5, seed=3, rank=-1), ValueError, "rank must be at least 0, not -1"),
        (
            lambda: MaskCollator(5, seed=3, rank=0.0),
            TypeError,
            r"rank must be a whole number, not 0\.0",
        ),
        (
            lambda: MaskCollator(5, seed=3, world_size=0),
            ValueError,
            "world_size must be at least 1, not 0",
        ),
        (
            lambda: IJEPAMaskCollator(5, seed=3, world_size="2"),
            TypeError,
            "world_size must be a whole number, not '2'",
        ),
    ],
)
def test_ranks_that_cannot_agree_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("options", [{}, {"world_size": 1}, {"seed": 3}, {"rank": 0}], ids=repr)
@pytest.mark.parametrize("make", [MaskCollator, IJEPAMaskCollator])
def test_a_single_process_needs_no_rank(make, options):
    assert len(tensors(make(5, **options)(SIGNALS))[0]) == 8
