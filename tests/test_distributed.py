"""Ranks of a distributed run: tensors of one shape, masks of their own.

Real processes train in ``frameworks/``.
"""

import os
import pickle

import numpy as np
import pytest
import torch
from seeded_runs import Records, allow_many_workers, draw_epoch, fingerprint, numbered, tensors

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


# Ranks that are found


@pytest.fixture
def launch(monkeypatch):
    """Set what a launcher tells a process."""

    def set_variables(**variables):
        for name in ("RANK", "WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    set_variables()
    return set_variables


def forget_launch(_worker):
    os.environ.pop("RANK")
    os.environ.pop("WORLD_SIZE")


@pytest.fixture
def group(monkeypatch):
    """Set what torch.distributed says of a process."""

    def set_group(rank, world_size):
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda: world_size)

    return set_group


@pytest.mark.parametrize("make", [MaskCollator, IJEPAMaskCollator])
def test_a_rank_is_that_of_the_launcher(launch, make):
    expected = fingerprint(make(5, seed=3, rank=1, world_size=4)(SIGNALS))
    collate = make(5, seed=3)
    launch(RANK="1", WORLD_SIZE="4")
    assert fingerprint(collate(SIGNALS)) == expected


@pytest.mark.parametrize("make", [MaskCollator, IJEPAMaskCollator])
def test_torch_distributed_is_asked_before_the_launcher(launch, group, make):
    expected = fingerprint(make(5, seed=3, rank=2, world_size=3)(SIGNALS))
    collate = make(5, seed=3)
    launch(RANK="1", WORLD_SIZE="4")
    group(2, 3)
    assert fingerprint(collate(SIGNALS)) == expected


@pytest.mark.parametrize(
    "variables", [{}, {"RANK": "1"}, {"WORLD_SIZE": "2"}, {"RANK": "one", "WORLD_SIZE": "2"}]
)
def test_a_process_of_which_nobody_says_anything_is_alone(launch, variables):
    expected = fingerprint(MaskCollator(5, seed=3, rank=0, world_size=1)(SIGNALS))
    launch(**variables)
    assert fingerprint(MaskCollator(5, seed=3)(SIGNALS)) == expected


@allow_many_workers
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_have_the_rank_of_the_process_that_trains(launch, method):
    expected = draw_epoch(numbered(Records(), IJEPAMaskCollator(5, seed=3, rank=1, world_size=2)))
    launch(RANK="1", WORLD_SIZE="2")
    options = {"num_workers": 1, "multiprocessing_context": method}
    if method == "spawn":  # as where only torch.distributed knows, of which such a worker does not
        options["worker_init_fn"] = forget_launch
    loader = numbered(Records(), IJEPAMaskCollator(5, seed=3), **options)
    assert draw_epoch(loader) == expected


def test_a_stored_collator_finds_the_rank_of_the_process_that_loads_it(launch):
    launch(RANK="0", WORLD_SIZE="2")
    stored = pickle.dumps(MaskCollator(5, seed=3))
    launch(RANK="1", WORLD_SIZE="2")
    drawn = fingerprint(pickle.loads(stored)(SIGNALS))
    assert drawn == fingerprint(MaskCollator(5, seed=3, rank=1)(SIGNALS))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rank": 0}, "rank=0 of world_size=2 was asked for, but this is process 1 of 2; leave"),
        ({"rank": 1, "world_size": 3}, "rank=1 of world_size=3 was asked for, but this is process"),
        ({"world_size": 4}, "rank=1 of world_size=4 was asked for, but this is process 1 of 2"),
    ],
)
def test_a_rank_that_is_given_wins_and_is_doubted_once(launch, given, message):
    alone = MaskCollator(5, seed=3, **{"rank": 1} | given)
    expected = [fingerprint(alone(SIGNALS)) for _ in range(2)]
    launch(RANK="1", WORLD_SIZE="2")
    collate = MaskCollator(5, seed=3, **given)
    with pytest.warns(UserWarning, match=message):
        first = fingerprint(collate(SIGNALS))
    assert [first, fingerprint(collate(SIGNALS))] == expected


@pytest.mark.parametrize("given", [{"rank": 1}, {"rank": 1, "world_size": 2}, {"world_size": 2}])
def test_a_rank_that_is_right_is_not_doubted(launch, given):
    launch(RANK="1", WORLD_SIZE="2")
    expected = fingerprint(MaskCollator(5, seed=3)(SIGNALS))
    assert fingerprint(MaskCollator(5, seed=3, **given)(SIGNALS)) == expected


def test_ranks_with_padded_records_need_not_be_told_but_cannot_agree(launch):
    def one(rank, shortest):
        launch(RANK=str(rank), WORLD_SIZE="2")
        collate = PatchMaskCollator(ContextToTarget(), 5, lengths_key=1, seed=3)
        return collate([(torch.zeros(2, 1000), length) for length in (1000, shortest)])

    full, padded = one(0, 1000), one(1, 500)
    assert full.context.shape != padded.context.shape
    alone = PatchMaskCollator(ContextToTarget(), 5, seed=3, lengths_key=1, rank=0, world_size=1)
    launch()
    assert fingerprint(alone([(torch.zeros(2, 1000), 1000)] * 2)) == fingerprint(full)
    assert fingerprint(one(1, 1000)) != fingerprint(full)


def test_without_a_seed_nobody_asks_for_the_rank(launch):
    torch.manual_seed(3)
    expected = fingerprint(IJEPAMaskCollator(5)(SIGNALS))
    launch(RANK="1", WORLD_SIZE="2")
    torch.manual_seed(3)
    assert fingerprint(IJEPAMaskCollator(5)(SIGNALS)) == expected
