"""A batch that is read into memory of its own is the batch of its records, one by one."""

import copy
import pickle
from itertools import combinations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, Subset, default_collate

from ecgmask import (
    STANDARD_LEADS,
    MaskCollator,
    NumberedBatches,
    NumberedRecords,
    PatchMaskCollator,
    RandomPatches,
)
from ecgmask.datasets import ECGArrayDataset

N_RECORDS, N_SAMPLES = 40, 500
INDICES = [3, 0, 37, -1, 3, *range(20, 33)]  # more than are looked at together
EIGHT = ["I", "II", *STANDARD_LEADS[6:]]
OPTIONS = {
    "eight leads": {"file_leads": EIGHT},
    "another order": {"file_leads": STANDARD_LEADS[::-1]},
    "samples first": {"lead_axis": 2},
    "counts": {"file_unit": 0.001, "invalid": -9, "check": False},
    "crops": {"n_samples": 300, "seed": 1},
    "crops of torch": {"n_samples": 300},
    "padding": {"n_samples": 600, "lengths": True},
    "labels": {"labels": np.arange(N_RECORDS)},
    "words": {"labels": [f"class {number % 3}" for number in range(N_RECORDS)]},
    "lengths": {"lengths": True},
    "unchecked": {"check": False},
    "flat is missing": {"missing_leads": "flat"},
    "some left out": {"skip": [1, 5]},
}


@pytest.fixture
def make(tmp_path, ecg):
    """Make a data set of records of different heights, with options by name."""

    def make(*names, change=None):
        how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
        for name in names:
            how |= OPTIONS[name]
        heights = np.linspace(0.5, 1.5, N_RECORDS)[:, None, None]
        rows = [STANDARD_LEADS.index(lead) for lead in how["file_leads"]]
        stack = (heights * ecg.signal[rows, 1000 : 1000 + N_SAMPLES]).astype(np.float32)
        if "flat is missing" in names:
            stack[3, 4] = 0
        if "counts" in names:
            stack = (1000 * stack).astype(np.int16)
            stack[3, 4, 7] = -9
        if change is not None:
            change(stack)
        np.save(tmp_path / "stack.npy", stack.swapaxes(1, 2) if how.get("lead_axis") else stack)
        return ECGArrayDataset(tmp_path / "stack.npy", **how)

    return make


def collated(dataset, records, seed=7):
    lengths = -1 if dataset._lengths else None
    collate = PatchMaskCollator(
        RandomPatches(), patch_size=25, seed=seed, check_finite=False, lengths_key=lengths
    )
    return collate(records)


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert one.numpy().tobytes() == other.numpy().tobytes()
    elif isinstance(one, tuple | list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other


PAIRS = [
    pair
    for pair in combinations(OPTIONS, 2)
    if not OPTIONS[pair[0]].keys() & OPTIONS[pair[1]].keys()
]


@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_a_batch_is_that_of_its_records_bit_for_bit(make, names):
    dataset = make(*names)
    torch.manual_seed(0)
    at_once = dataset.__getitems__(INDICES)
    torch.manual_seed(0)
    one_by_one = [dataset[index] for index in INDICES]
    assert_same(list(at_once), one_by_one)
    assert_same(default_collate(at_once), default_collate(one_by_one))
    assert_same(collated(dataset, at_once), collated(dataset, one_by_one))


@pytest.mark.parametrize("names", [(), ("labels",), ("eight leads", "lengths")])
def test_the_batch_is_the_memory_that_was_read_into(make, names):
    dataset = make(*names)
    records = dataset.__getitems__(INDICES)
    first = records[0][0] if isinstance(records[0], tuple) else records[0]
    batch = collated(dataset, records).batch
    signals = batch[0] if isinstance(batch, list) else batch
    assert signals.data_ptr() == first.data_ptr()


@pytest.mark.parametrize("names", [(), ("labels",), ("eight leads",)])
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_loader_gives_the_same_with_numbers_and_workers(make, names, num_workers):
    dataset = make(*names)
    batches = NumberedBatches(range(N_RECORDS), batch_size=18, drop_last=False)
    loader = DataLoader(
        dataset, batch_sampler=batches, num_workers=num_workers, collate_fn=MaskCollator(25, seed=1)
    )
    plain = [dataset[index] for index in range(N_RECORDS)]
    collate = MaskCollator(25, seed=1)
    for number, found in enumerate(loader):
        assert_same(found, collate(plain[18 * number : 18 * number + 18]))


def replace(records):
    records[2] = 2 * records[2]
    return records


def change_in_place(records):
    records[2] *= 2
    return records


def point_elsewhere(records):
    records[2].data = 2 * records[2]
    return records


def flip(records):
    for record in records:
        record.data = record.as_strided(record.shape, (1, len(record)))
    return records


def reverse(records):
    records.reverse()
    return records


def swap(records):
    records[1], records[2] = records[2], records[1]
    return records


CHANGES = [
    replace,
    change_in_place,
    point_elsewhere,
    flip,
    reverse,
    swap,
    lambda records: records[1:],
    lambda records: records + records[:2],
    lambda records: records[:-1] + records[:1],
    lambda records: [2 * record for record in records],
    copy.deepcopy,
    copy.copy,
    lambda records: pickle.loads(pickle.dumps(records)),
    lambda records: [record.half() for record in records],
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_done_to_records_reaches_the_batch(make, change):
    dataset = make()
    records = change(dataset.__getitems__(INDICES))
    assert_same(collated(dataset, records).batch, default_collate(list(records)))


@pytest.mark.parametrize("key", [1, -1])
def test_a_signal_that_was_moved_in_its_record_stays_there(make, key):
    records = make("labels").__getitems__(INDICES)
    for position, (signal, label) in enumerate(records):
        records[position] = label, signal
    batch, *_ = MaskCollator(25, signal_key=key)(records)
    assert_same(batch, default_collate(list(records)))


def test_a_pickled_list_of_records_does_not_hold_the_batch_once_more(make):
    records = make().__getitems__(INDICES)
    assert len(pickle.dumps(records)) < len(pickle.dumps(list(records))) + 1000


class Doubled(Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, index):
        return 2 * self.dataset[index]

    def __getitems__(self, indices):
        return [2 * record for record in self.dataset.__getitems__(indices)]


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: Subset(d, range(40)), NumberedRecords])
def test_a_transform_on_the_way_is_not_left_out(make, wrap):
    dataset = make()
    records = wrap(Doubled(dataset)).__getitems__(INDICES)
    expected = 2 * torch.stack([dataset[index] for index in INDICES])
    assert_same(collated(dataset, records).batch, expected)


@pytest.mark.parametrize("at", [0, 17])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_sample_that_is_not_finite_is_refused_wherever_it_comes_from(make, at, value):
    def spoil(stack):
        stack[INDICES[at], 5, 99] = value

    place = f"first in record {at} of the batch, lead 5, sample 99"
    unchecked = make("unchecked", change=spoil)
    for records in (
        unchecked.__getitems__(INDICES),
        [unchecked[index] for index in INDICES],
        NumberedRecords(unchecked).__getitems__(INDICES),
    ):
        with pytest.raises(ValueError, match=place):
            MaskCollator(25)(records)


def test_a_sample_that_was_spoilt_after_the_data_set_looked_is_refused(make):
    records = make().__getitems__(INDICES)
    records[17][5, 99] = torch.nan
    with pytest.raises(ValueError, match="record 17 of the batch, lead 5, sample 99"):
        MaskCollator(25)(records)


def test_a_record_that_is_refused_is_named_in_a_batch(make):
    def spoil(stack):
        stack[INDICES[17], 5] = 0

    dataset = make(change=spoil)
    with pytest.raises(ValueError, match="record 32: aVF is flat"):
        dataset.__getitems__(INDICES)


def test_large_samples_whose_sum_overflows_are_finite():
    records = [torch.full((12, 500), 3e38) for _ in range(20)]
    assert_same(MaskCollator(25)(records)[0], torch.stack(records))


@pytest.mark.parametrize("from_data_set", [True, False])
def test_two_batches_of_the_same_records_share_nothing(make, from_data_set):
    dataset = make()
    records = dataset.__getitems__(INDICES) if from_data_set else [dataset[i] for i in INDICES]
    first, second = (collated(dataset, records).batch for _ in range(2))
    before = second.clone()
    first.zero_()
    assert_same(second, before)


def test_a_batch_of_records_in_memory_is_a_copy():
    everything = torch.randn(20, 12, 500)
    before = everything.clone()
    batch, *_ = MaskCollator(25)(list(everything))
    batch.zero_()
    assert_same(everything, before)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.int16])
def test_signals_keep_their_type(kind):
    records = [(torch.arange(6000) % 50).reshape(12, 500).to(kind)] * 20
    assert_same(MaskCollator(25)(records)[0], default_collate(records))


def test_signals_that_learn_keep_their_gradient():
    records = [torch.randn(12, 500, requires_grad=True) for _ in range(3)]
    MaskCollator(25)(records)[0].sum().backward()
    assert all((record.grad == 1).all() for record in records)
