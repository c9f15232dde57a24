"""Batches that bring their number along: the same masks after a skip, a stop, in any thread."""

import json
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seeded_runs import (
    BATCH_SIZE,
    N_BATCHES,
    Records,
    all_kinds,
    allow_many_workers,
    draw,
    fingerprint,
    numbered,
    numbers,
    run_elsewhere,
)
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
)
from torchdata.nodes import Loader, ParallelMapper, SamplerWrapper

from ecgmask import (
    STANDARD_LEADS,
    ECGArrayDataset,
    IJEPAMaskCollator,
    MaskCollator,
    NumberedBatches,
    NumberedRecords,
    sample_ecg,
)

ORDER = range(2 * N_BATCHES)


def batches_of(order=ORDER, **options):
    return NumberedBatches(order, **{"batch_size": BATCH_SIZE, "drop_last": False} | options)


def places(batches):
    """Return epoch and number of each batch of an iteration."""
    return [(indices.mark.epoch, indices.mark.batch) for indices in batches]


@pytest.fixture(scope="module")
def never_stopped():
    """The masks of three epochs of a loop in one process, which count their calls."""
    return draw(DataLoader(Records(), BATCH_SIZE, collate_fn=all_kinds(seed=5)), range(3))


# What is dealt out


@given(st.integers(1, 30), st.integers(1, 8), st.booleans())
def test_numbered_batches_are_those_of_torch(n_records, batch_size, drop_last):
    dealt = list(NumberedBatches(range(n_records), batch_size, drop_last))
    assert dealt == list(BatchSampler(range(n_records), batch_size, drop_last))
    assert places(dealt) == [(0, number) for number in range(len(dealt))]


def test_each_iteration_is_a_new_epoch():
    batches = batches_of()
    assert [places(batches)[-1] for _ in range(3)] == [(epoch, 8) for epoch in range(3)]


def test_an_iteration_that_is_broken_off_is_an_epoch():
    batches = batches_of()
    next(iter(batches))
    assert places(batches)[0] == (1, 0)


def test_set_epoch_says_which_epoch_comes_and_tells_the_sampler():
    order = DistributedSampler(Records(), num_replicas=1, rank=0, seed=3)
    batches = batches_of(order)
    first = list(batches)
    batches.set_epoch(4)
    assert order.epoch == 4
    again = list(batches)
    assert places(again)[0] == (4, 0)
    assert again != first
    batches.set_epoch(0)
    assert list(batches) == first


def test_a_sampler_that_was_told_the_epoch_says_which_comes():
    # As Lightning and accelerate do, which do not know of the batches.
    order = DistributedSampler(Records(), num_replicas=1, rank=0)
    batches = batches_of(order)
    for epoch in (5, 6, 2):
        order.set_epoch(epoch)
        next(iter(batches))
        # What was broken off starts over.
        assert places(batches)[0] == (epoch, 0)


def test_a_sampler_that_nobody_tells_the_epoch_is_told_the_next():
    order = DistributedSampler(Records(), num_replicas=1, rank=0)
    batches = batches_of(order)
    orders = [list(batches) for _ in range(3)]
    assert [places(each)[0][0] for each in orders] == [0, 1, 2]
    assert len({repr(each) for each in orders}) == 3


def test_batches_that_are_dealt_to_ranks_in_turn_share_numbers():
    batches = batches_of(drop_last=True, n_ranks=3)
    assert places(batches) == [(0, number) for number in (0, 0, 0, 1, 1, 1, 2, 2, 2)]


def test_the_last_batches_must_be_enough_for_all_ranks():
    with pytest.raises(ValueError, match="may not be enough for n_ranks=2 processes; pass drop"):
        batches_of(n_ranks=2)


@pytest.mark.parametrize("change", [lambda b: b[0:1], lambda b: b + b, lambda b: b[1:] + b])
def test_a_part_of_a_batch_and_what_is_added_to_it_keep_the_number(change):
    _, second, *_ = batches_of()
    assert change(second).mark[:2] == (0, 1)
    assert change(second) == change(list(second))


def test_a_batch_keeps_its_number_on_its_way_to_a_worker():
    (one, *_) = batches_of()
    other = pickle.loads(pickle.dumps(one))
    assert other == one
    assert other.mark == one.mark


# Where they come through


@pytest.mark.parametrize(
    "wrap",
    [
        lambda records: records,
        lambda records: [records[number] for number in range(len(records))],
        lambda records: Subset(records, list(ORDER)),
        lambda records: ConcatDataset([records]),
    ],
)
def test_any_data_set_with_numbers_hands_on_which_batch_it_is(never_stopped, wrap):
    loader = numbered(wrap(Records()), all_kinds(seed=5))
    assert draw(loader, range(3)) == never_stopped


def test_a_stream_is_refused():
    class Stream(IterableDataset):
        def __iter__(self):
            yield from ()

    with pytest.raises(TypeError, match="records must have numbers, but Stream is a stream"):
        NumberedRecords(Stream())


@pytest.fixture
def stack(tmp_path):
    """A data set of which seeded crops are read, as a function of the options."""
    path = Path(tmp_path, "stack.npy")
    np.save(path, np.stack([sample_ecg().signal] * len(ORDER)))
    how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
    return lambda **options: ECGArrayDataset(path, **how, n_samples=1000, **options)


@allow_many_workers
@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: NumberedRecords(Subset(d, list(ORDER)))])
def test_crops_and_masks_take_the_epoch_of_the_batch(stack, num_workers, wrap):
    def runs(dataset, batch_sampler, **options):
        return DataLoader(
            dataset, batch_sampler=batch_sampler, collate_fn=MaskCollator(25, seed=5), **options
        )

    told, collate = stack(seed=3), MaskCollator(25, seed=5)
    batches = batches_of()
    loader = runs(
        wrap(stack(seed=3)), batches, num_workers=num_workers, persistent_workers=num_workers > 0
    )
    for epoch in (2, 0):
        told.set_epoch(epoch)
        collate.set_epoch(epoch)
        batches.set_epoch(epoch)
        one = [told[number] for number in ORDER]
        drawn = list(loader)
        assert torch.equal(torch.cat([masked.batch for masked in drawn]), torch.stack(one))
        expected = [collate(one[:BATCH_SIZE]) for _ in drawn]
        assert [fingerprint(each) for each in drawn] == [fingerprint(each) for each in expected]


@allow_many_workers
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_bad_batch_that_is_left_out_shifts_no_masks(never_stopped, num_workers):
    collate = all_kinds(seed=5)

    def leave_out_the_third(records):
        return None if records[0][1] == 2 * BATCH_SIZE else collate(records)

    loader = numbered(Records(), leave_out_the_third, num_workers=num_workers)
    drawn = {numbers(masked)[0] // 2: fingerprint(masked) for masked in loader if masked}
    assert drawn == {k: masks for k, masks in never_stopped[0].items() if k != 2}


def test_threads_draw_the_masks_of_a_loop(never_stopped):
    records, collate = NumberedRecords(Records()), all_kinds(seed=5)
    with ThreadPoolExecutor(8) as pool:
        drawn = pool.map(lambda indices: collate(records.__getitems__(indices)), batches_of())
    assert [fingerprint(masked) for masked in drawn] == list(never_stopped[0].values())


@pytest.mark.parametrize("in_order", [False, True])
def test_the_nodes_of_torchdata_draw_the_masks_of_a_loop(never_stopped, in_order):
    records, collate = NumberedRecords(Records()), all_kinds(seed=5)
    mapped = ParallelMapper(
        SamplerWrapper(batches_of()),
        lambda indices: collate(records.__getitems__(indices)),
        num_workers=4,
        in_order=in_order,
        method="thread",
    )
    for epoch in (0, 1):
        drawn = {numbers(masked)[0] // 2: fingerprint(masked) for masked in Loader(mapped)}
        assert drawn == never_stopped[epoch]


# A stop


def through_json(state):
    return json.loads(json.dumps(state))


@allow_many_workers
@pytest.mark.parametrize(("num_workers", "persistent"), [(0, False), (2, False), (2, True)])
@pytest.mark.parametrize("done", [0, 4, N_BATCHES])
def test_a_run_goes_on_where_it_was(never_stopped, num_workers, persistent, done):
    options = {"num_workers": num_workers, "persistent_workers": persistent}
    stopped = numbered(Records(), all_kinds(seed=5), **options)
    stopped.batch_sampler.set_epoch(1)
    running = iter(stopped)
    for _ in range(done):
        next(running)
    state = through_json(stopped.batch_sampler.state_dict(batch=done))
    assert state == {"epoch": 1, "batch": done}

    loader = numbered(Records(), all_kinds(seed=5), **options)
    loader.batch_sampler.load_state_dict(state)
    loader.batch_sampler.set_epoch(1)
    rest = [(numbers(masked)[0] // 2, fingerprint(masked)) for masked in loader]
    assert rest == list(never_stopped[1].items())[done:]
    assert draw(loader, [2])[2] == never_stopped[2]


def test_the_state_says_what_comes_next():
    batches = batches_of()
    assert batches.state_dict() == {"epoch": 0, "batch": 0}
    running = iter(batches)
    next(running)
    assert batches.state_dict() == {"epoch": 0, "batch": 1}
    list(running)
    assert batches.state_dict() == {"epoch": 1, "batch": 0}
    # Workers have drawn all, but training has not.
    assert batches.state_dict(batch=3) == {"epoch": 0, "batch": 3}
    batches.set_epoch(5)
    assert batches.state_dict() == {"epoch": 5, "batch": 0}
    batches.load_state_dict({"epoch": 2, "batch": 7})
    assert batches.state_dict() == {"epoch": 2, "batch": 7}


def test_another_epoch_than_the_resumed_one_starts_at_its_first_batch():
    order = DistributedSampler(Records(), num_replicas=1, rank=0)
    for tell in (batches_of(order).set_epoch, order.set_epoch):
        batches = tell.__self__ if isinstance(tell.__self__, NumberedBatches) else batches_of(order)
        batches.load_state_dict({"epoch": 2, "batch": 7})
        tell(3)
        assert places(batches)[0] == (3, 0)


def test_an_epoch_that_was_resumed_starts_over_when_it_is_set_again():
    batches = batches_of()
    batches.load_state_dict({"epoch": 2, "batch": 7})
    assert places(batches) == [(2, 7), (2, 8)]
    batches.set_epoch(2)
    assert places(batches)[0] == (2, 0)


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({"epoch": 3}, ValueError, r"the state lacks batch; pass state_dict\(\)'s"),
        ({"epoch": 3, "batch": -1}, ValueError, "batch must be at least 0, not -1"),
        ({"epoch": 3, "batch": 2**63}, ValueError, r"batch must be below 2\*\*63, not 92233720368"),
        ({"epoch": 2**63, "batch": 0}, ValueError, r"epoch must be below 2\*\*63, not 92233720368"),
        ({"epoch": 1.0, "batch": 0}, TypeError, r"epoch must be a whole number, not 1\.0"),
    ],
)
def test_a_refused_state_changes_nothing(state, error, message):
    order = DistributedSampler(Records(), num_replicas=1, rank=0)
    batches = batches_of(order)
    batches.load_state_dict({"epoch": 2, "batch": 7})
    with pytest.raises(error, match=message):
        batches.load_state_dict(state)
    assert order.epoch == 2
    assert places(batches) == [(2, 7), (2, 8)]


@pytest.mark.parametrize("kind", ["batches", "collator", "data set"])
def test_an_epoch_beyond_64_bits_is_refused_and_changes_nothing(stack, kind):
    objects = {
        "batches": batches_of(),
        "collator": MaskCollator(5, seed=5),
        "data set": stack(seed=3),
    }
    with pytest.raises(ValueError, match=r"epoch must be below 2\*\*63, not 9223372036854775808"):
        objects[kind].set_epoch(2**63)
    assert objects["batches"].state_dict()["epoch"] == 0
    assert objects["collator"].state_dict()["epoch"] == 0
    assert torch.equal(objects["data set"][0], stack(seed=3)[0])


def test_the_last_epoch_of_64_bits_draws_masks():
    collate = MaskCollator(5, seed=5)
    collate.load_state_dict({"seed": 5, "epoch": 2**63 - 1, "batch": 2**63 - 1})
    first, second = (fingerprint(collate([torch.zeros(2, 200)] * 4)) for _ in range(2))
    assert first != second


# Ranks


def wrong_size(**options):
    """Return the first batch that is short, collated as one of two ranks."""
    collate = IJEPAMaskCollator(5, seed=5, rank=0, world_size=2)
    loader = numbered(Records(), collate, **options)
    return list(loader)[-1]


def test_ranks_whose_last_batches_may_differ_are_told_so():
    with pytest.raises(
        ValueError,
        match=r"batch 8 of epoch 0 has 1 records and that of another rank may have 2, but ranks "
        r"that draw ContextToTarget\(.* pass drop_last=True to NumberedBatches",
    ):
        wrong_size(sampler=range(17))


def test_ranks_whose_last_batches_are_alike_draw_them():
    sampler = DistributedSampler(range(34), num_replicas=2, rank=0, shuffle=False)
    loader = numbered(
        Records(17),
        IJEPAMaskCollator(5, seed=5, rank=0, world_size=2),
        sampler=sampler,
    )
    assert [len(masked.batch[1]) for masked in loader] == [2] * 8 + [1]


def test_a_process_that_is_alone_draws_a_short_last_batch():
    loader = numbered(Records(), IJEPAMaskCollator(5, seed=5), sampler=range(17))
    assert len(list(loader)[-1].batch[1]) == 1


def test_ranks_may_get_parts_of_a_batch():
    collate = IJEPAMaskCollator(5, seed=5, rank=0, world_size=2)
    records = NumberedRecords(Records())
    parts = [records.__getitems__(indices[:1]) for indices in batches_of()]
    assert len({fingerprint(collate(part)) for part in parts}) == N_BATCHES


def test_ranks_of_equal_counts_may_have_batches_of_different_sizes():
    collate = MaskCollator(5, seed=5, rank=0, world_size=2)
    loader = numbered(Records(), collate, sampler=range(17))
    assert len(list(loader)[-1].batch[1]) == 1


# Without numbers


def test_threads_that_share_a_collator_lose_no_count():
    signals = [torch.zeros(2, 200)] * 2
    alone, shared = MaskCollator(1, 1, seed=5), MaskCollator(1, 1, seed=5)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: fingerprint(shared(signals)), range(200)))
    assert sorted(drawn) == sorted(fingerprint(alone(signals)) for _ in range(200))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_that_is_no_worker_leaves_its_parent_alone(method):
    collate = MaskCollator(5, seed=5)
    collate.set_epoch(1)
    process = multiprocessing.get_context(method).Process(target=run_elsewhere, args=(collate,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert collate.state_dict() == {"seed": 5, "epoch": 1, "batch": 0}


def n_open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_only_a_seed_takes_a_file_descriptor(stack):
    MaskCollator(5, seed=5), stack()  # what the first of them opens
    before = n_open_files()
    kept = [MaskCollator(5) for _ in range(20)]
    assert n_open_files() == before
    kept += [MaskCollator(5, seed=5) for _ in range(20)]
    assert n_open_files() <= before + 20
    kept += [stack() for _ in range(20)]
    assert n_open_files() <= before + 40  # the file of each
    del kept
    assert n_open_files() == before


def test_an_order_that_follows_torchs_generator_is_numbered_too():
    torch.manual_seed(0)
    records = Records()
    loader = numbered(records, MaskCollator(5, seed=5), sampler=RandomSampler(records))
    plain = numbered(records, MaskCollator(5, seed=5), sampler=SequentialSampler(records))
    shuffled, in_order = list(loader), list(plain)
    assert [numbers(masked) for masked in shuffled] != [numbers(masked) for masked in in_order]
    assert [fingerprint(m) for m in shuffled] == [fingerprint(m) for m in in_order]
