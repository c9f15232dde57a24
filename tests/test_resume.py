"""Runs that stop in the middle of an epoch and go on as if they had not."""

import io
import json

import numpy as np
import pytest
import torch
from seeded_runs import (
    BATCH_SIZE,
    N_BATCHES,
    Records,
    SavedStreams,
    Streams,
    all_kinds,
    allow_counting,
    allow_many_workers,
    draw,
    draw_epoch,
    fingerprint,
    numbered,
    numbers,
)
from torch.utils.data import DataLoader, DistributedSampler, Subset
from torchdata.stateful_dataloader import StatefulDataLoader

from ecgmask import IJEPAMaskCollator, MaskCollator, NumberedBatches, NumberedRecords

SIGNALS = [torch.zeros(2, 200)] * 4


def through_json(state):
    return json.loads(json.dumps(state))


def through_torch(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def resumed(state, **options):
    """Return a new collator that goes on at `state`."""
    collate = MaskCollator(5, **{"seed": 5} | options)
    collate.load_state_dict(state)
    return collate


@pytest.fixture(scope="module")
def never_stopped():
    """The masks of four epochs of a run that was never stopped."""
    return draw(DataLoader(Records(), BATCH_SIZE, collate_fn=all_kinds(seed=5)), range(4))


# A loader that starts at a later batch


@allow_many_workers
@allow_counting
@pytest.mark.parametrize(
    ("num_workers", "persistent_workers"), [(0, False), (2, False), (2, True), (3, False)]
)
@pytest.mark.parametrize("batch", [1, 4])
def test_the_rest_of_a_resumed_run_is_that_of_one_never_stopped(
    never_stopped, num_workers, persistent_workers, batch
):
    collate = all_kinds(seed=5)
    options = {
        "collate_fn": collate,
        "num_workers": num_workers,
        "persistent_workers": persistent_workers,
    }
    for each in collate.collators:
        each.load_state_dict({"seed": 5, "epoch": 1, "batch": batch})
    rest = Subset(Records(), range(batch * BATCH_SIZE, N_BATCHES * BATCH_SIZE))
    first = draw_epoch(DataLoader(rest, BATCH_SIZE, **options), epoch=1)
    assert first == {k: never_stopped[1][k] for k in range(batch, N_BATCHES)}
    later = draw(DataLoader(Records(), BATCH_SIZE, **options), (2, 3))
    assert later == {epoch: never_stopped[epoch] for epoch in (2, 3)}


def test_resuming_needs_no_set_epoch():
    collate = MaskCollator(5, seed=5)
    collate.set_epoch(3)
    drawn = [fingerprint(collate(SIGNALS)) for _ in range(5)]
    collate = resumed({"seed": 5, "epoch": 3, "batch": 2})
    assert [fingerprint(collate(SIGNALS)) for _ in range(3)] == drawn[2:]


def test_the_epoch_that_was_resumed_starts_over_when_it_is_set_again():
    collate = resumed({"seed": 5, "epoch": 3, "batch": 2})
    collate.set_epoch(3)
    collate(SIGNALS)
    collate.set_epoch(3)
    assert collate.state_dict() == {"seed": 5, "epoch": 3, "batch": 0}


def test_set_epoch_after_batches_of_a_resumed_epoch_starts_it_over():
    collate = resumed({"seed": 5, "epoch": 3, "batch": 2})
    collate(SIGNALS)
    collate.set_epoch(3)
    assert collate.state_dict() == {"seed": 5, "epoch": 3, "batch": 0}


def test_a_resumed_epoch_that_is_set_twice_starts_over():
    collate = resumed({"seed": 5, "epoch": 3, "batch": 2})
    collate.set_epoch(3)
    collate.set_epoch(3)
    assert collate.state_dict() == {"seed": 5, "epoch": 3, "batch": 0}


@allow_many_workers
@allow_counting
def test_a_new_epoch_forgets_that_workers_drew_the_last():
    collate = MaskCollator(5, seed=5)
    draw_epoch(DataLoader(Records(), BATCH_SIZE, collate_fn=collate, num_workers=1), epoch=0)
    collate.set_epoch(1)
    assert collate.state_dict() == {"seed": 5, "epoch": 1, "batch": 0}


@pytest.mark.parametrize("epoch", [0, 4])
def test_another_epoch_than_the_resumed_one_starts_at_its_first_batch(epoch):
    collate = resumed({"seed": 5, "epoch": 3, "batch": 2})
    collate.set_epoch(epoch)
    assert collate.state_dict() == {"seed": 5, "epoch": epoch, "batch": 0}


def test_a_run_can_go_back_to_an_earlier_state_of_its_own():
    collate = MaskCollator(5, seed=5)
    for epoch in (0, 1):
        collate.set_epoch(epoch)
        drawn = [fingerprint(collate(SIGNALS)) for _ in range(4)]
    collate.load_state_dict({"seed": 5, "epoch": 1, "batch": 2})
    collate.set_epoch(1)
    assert [fingerprint(collate(SIGNALS)) for _ in range(2)] == drawn[2:]


@allow_many_workers
def test_workers_that_still_draw_what_came_before_do_not_undo_a_resume(never_stopped):
    released = -1
    # Both workers stop after the first batch of the epoch.
    records = Records(after={2: released, 4: released})
    loader = numbered(records, all_kinds(seed=5), num_workers=2, persistent_workers=True)
    stale = iter(loader)
    next(stale)
    loader.batch_sampler.load_state_dict({"epoch": 0, "batch": 4})
    records.turns.times_read[released] = N_BATCHES
    masks = [fingerprint(masked) for masked in loader]
    assert masks == list(never_stopped[0].values())[4:]


def test_a_resumed_rank_keeps_the_masks_of_its_rank():
    def rank(**options):
        return IJEPAMaskCollator(5, seed=5, rank=1, world_size=2, **options)

    collate = rank()
    drawn = [fingerprint(collate(SIGNALS)) for _ in range(4)]
    collate = rank()
    collate.load_state_dict({"seed": 5, "epoch": 0, "batch": 2})
    assert [fingerprint(collate(SIGNALS)) for _ in range(2)] == drawn[2:]


# The state


def test_the_state_counts_the_batches_of_the_epoch():
    collate = MaskCollator(5, seed=5)
    assert collate.state_dict() == {"seed": 5, "epoch": 0, "batch": 0}
    collate(SIGNALS)
    collate(SIGNALS)
    assert collate.state_dict() == {"seed": 5, "epoch": 0, "batch": 2}
    collate.set_epoch(4)
    assert collate.state_dict() == {"seed": 5, "epoch": 4, "batch": 0}
    collate(SIGNALS)
    assert collate.state_dict() == {"seed": 5, "epoch": 4, "batch": 1}


def test_a_resumed_run_counts_from_the_start_of_the_epoch():
    collate = resumed({"seed": 5, "epoch": 2, "batch": 6})
    assert collate.state_dict() == {"seed": 5, "epoch": 2, "batch": 6}
    collate(SIGNALS)
    assert collate.state_dict() == {"seed": 5, "epoch": 2, "batch": 7}


def test_the_batches_that_are_done_can_be_told():
    collate = MaskCollator(5, seed=5)
    for _ in range(3):
        collate(SIGNALS)
    assert collate.state_dict(batch=2) == {"seed": 5, "epoch": 0, "batch": 2}


@allow_many_workers
@allow_counting
@pytest.mark.parametrize("calls_before", [0, 1])
def test_workers_that_draw_ahead_need_to_be_told_what_is_done(calls_before):
    collate = MaskCollator(5, seed=5)
    # Such as a look at the shapes before training.
    for _ in range(calls_before):
        collate(SIGNALS)
    loader = DataLoader(Records(), BATCH_SIZE, collate_fn=collate, num_workers=2)
    next(iter(loader))
    with pytest.raises(ValueError, match=r"workers draw batches ahead .* pass state_dict\(batch="):
        collate.state_dict()
    assert collate.state_dict(batch=1) == {"seed": 5, "epoch": 0, "batch": 1}


@pytest.mark.parametrize("store", [through_json, through_torch])
@pytest.mark.parametrize("seed", [5, 2**64 - 1, np.int64(5)], ids=repr)
def test_the_state_survives_storage(store, seed):
    collate = MaskCollator(5, seed=seed)
    collate.set_epoch(np.int64(3))
    collate(SIGNALS)
    state = store({"masks": collate.state_dict(batch=np.int64(1))})["masks"]
    assert state == {"seed": seed, "epoch": 3, "batch": 1}
    assert fingerprint(resumed(state, seed=seed)(SIGNALS)) == fingerprint(collate(SIGNALS))


def test_masks_without_a_seed_have_no_state():
    with pytest.raises(ValueError, match=r"follow torch's generator have no state; pass seed="):
        MaskCollator(5).state_dict(batch=3)


@pytest.mark.parametrize("seed", [6, None])
def test_the_state_of_another_seed_is_refused(seed):
    collate = MaskCollator(5, seed=seed)
    with pytest.raises(ValueError, match=f"seed=5, but this collator has seed={seed}; pass the"):
        collate.load_state_dict({"seed": 5, "epoch": 0, "batch": 1})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"batch": -1}, ValueError, "batch must be at least 0, not -1"),
        ({"batch": 2.0}, TypeError, r"batch must be a whole number, not 2\.0"),
        ({"batch": None}, TypeError, "batch must be a whole number, not None"),
        ({"epoch": -1}, ValueError, "epoch must be at least 0, not -1"),
        ({"epoch": "1"}, TypeError, "epoch must be a whole number, not '1'"),
    ],
)
def test_a_bad_state_is_refused_and_changes_nothing(changes, error, message):
    collate = resumed({"seed": 5, "epoch": 2, "batch": 6})
    with pytest.raises(error, match=message):
        collate.load_state_dict({"seed": 5, "epoch": 1, "batch": 1} | changes)
    assert collate.state_dict() == {"seed": 5, "epoch": 2, "batch": 6}


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (-1, ValueError, "batch must be at least 0, not -1"),
        (1.5, TypeError, r"batch must be a whole number, not 1\.5"),
    ],
)
def test_a_number_of_batches_that_is_no_count_is_refused(batch, error, message):
    with pytest.raises(error, match=message):
        MaskCollator(5, seed=5).state_dict(batch=batch)


# torchdata's loader, which saves where it is

allow_set_vital = pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")
"""torchdata calls it in every loader that it makes."""


def stateful_run(num_workers, state=None, stop_at=None, **options):
    """Run epochs 0 to 2, or go on at `state`; stop in epoch 1 with a state, or at the end.

    Returns the records and masks of every batch that was trained on, and the last state.
    """
    # Shuffles by seed and epoch, on one process too.
    order = DistributedSampler(Records(), num_replicas=1, rank=0, seed=9)
    batches = NumberedBatches(order, BATCH_SIZE, drop_last=False)
    loader = StatefulDataLoader(
        NumberedRecords(Records()),
        batch_sampler=batches,
        collate_fn=MaskCollator(5, seed=5),
        num_workers=num_workers,
        **options,
    )
    first_epoch, done = 0, 0
    if state is not None:
        loader.load_state_dict(state["loader"])
        first_epoch, done = state["place"]
    trained = []
    for epoch in range(first_epoch, 3):
        batches.set_epoch(epoch)
        for masked in loader:
            trained.append((epoch, numbers(masked), fingerprint(masked)))
            done += 1
            if (epoch, done) == (1, stop_at):
                return trained, through_torch({"loader": loader.state_dict(), "place": (1, done)})
        done = 0
    return trained, None


@allow_set_vital
@allow_many_workers
@pytest.mark.parametrize("stop_at", [1, 4, N_BATCHES])
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stateful_loader_resumes_records_and_masks(num_workers, stop_at):
    whole, _ = stateful_run(num_workers)
    before, state = stateful_run(num_workers, stop_at=stop_at)
    after, _ = stateful_run(num_workers, state=state)
    assert len(whole) == 3 * N_BATCHES
    assert before + after == whole


@allow_set_vital
@allow_many_workers
def test_a_stateful_loader_resumes_with_persistent_workers():
    options = {"num_workers": 2, "persistent_workers": True}
    whole, _ = stateful_run(**options)
    before, state = stateful_run(stop_at=4, **options)
    after, _ = stateful_run(state=state, **options)
    assert before + after == whole


@allow_set_vital
@allow_many_workers
def test_a_stateful_loader_can_stop_more_than_once():
    whole, _ = stateful_run(2)
    first, state = stateful_run(2, stop_at=2)
    second, state = stateful_run(2, state=state, stop_at=7)
    third, _ = stateful_run(2, state=state)
    assert first + second + third == whole


@allow_set_vital
def test_a_stateful_loader_draws_the_masks_of_an_ordinary_one(never_stopped):
    loader = StatefulDataLoader(Records(), BATCH_SIZE, collate_fn=all_kinds(seed=5))
    assert draw(loader, (0, 2)) == {epoch: never_stopped[epoch] for epoch in (0, 2)}


def stop_and_resume(dataset, batch, **options):
    """Stop an epoch after four batches, go on with `batch` as the state of the masks.

    Returns what was drawn in both runs, and by a run that was never stopped.
    """

    def new_loader():
        return StatefulDataLoader(
            dataset, BATCH_SIZE, collate_fn=MaskCollator(5, seed=5), **options
        )

    whole = [(numbers(masked), fingerprint(masked)) for masked in new_loader()]
    stopped, drawn = new_loader(), []
    for masked in stopped:
        drawn.append((numbers(masked), fingerprint(masked)))
        if len(drawn) == 4:
            break
    state = {"loader": stopped.state_dict(), "masks": stopped.collate_fn.state_dict(batch=batch)}
    loader = new_loader()
    loader.load_state_dict(state["loader"])
    loader.collate_fn.load_state_dict(state["masks"])
    loader.collate_fn.set_epoch(0)
    return drawn + [(numbers(masked), fingerprint(masked)) for masked in loader], whole


@allow_set_vital
def test_a_stateful_loader_resumes_a_stream_that_knows_where_it_is():
    drawn, whole = stop_and_resume(SavedStreams(9), batch=4)
    assert drawn == whole


@allow_set_vital
@allow_many_workers
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stateful_loader_that_reads_a_stream_again_collates_it_again(num_workers):
    # It goes through all batches that are done: the masks have to start where it does.
    drawn, whole = stop_and_resume(Streams(6, 6), batch=0, num_workers=num_workers)
    assert drawn == whole


@allow_set_vital
@allow_many_workers
def test_a_stateful_loader_with_rare_snapshots_goes_on_where_it_was():
    whole, _ = stateful_run(2)
    before, state = stateful_run(2, stop_at=5, snapshot_every_n_steps=3)
    after, _ = stateful_run(2, state=state, snapshot_every_n_steps=3)
    assert before + after == whole
