"""What reading a data set costs, beside reading its file directly."""

import multiprocessing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from ecgmask import STANDARD_LEADS, MaskCollator, sample_ecg
from ecgmask.datasets import ECGArrayDataset

N_RECORDS, LENGTH, N_SAMPLES, BATCH_SIZE = 20_000, 5000, 2500, 64


class Direct(Dataset):
    """The crops of another data set, cut from the memory map and nothing else."""

    def __init__(self, path, starts):
        self.path, self.starts, self.array = path, starts, None

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, record):
        if self.array is None:
            self.array = np.load(self.path, mmap_mode="r")
        start = self.starts[record]
        return self.cast(self.array[record, :, start : start + N_SAMPLES])


class CastByNumPy(Direct):
    """The plain way."""

    def cast(self, crop):
        return torch.from_numpy(crop.astype(np.float32))


class CastByTorch(Direct):
    """The fastest way known."""

    def cast(self, crop):
        return torch.from_numpy(crop.copy()).float()


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A stack ``(20000, 12, 5000)`` of float16: the sample ECG in many heights, 2.4 GB."""
    path = tmp_path_factory.mktemp("reading") / "stack.npy"
    heights = np.linspace(0.5, 1.5, 100, dtype=np.float32)[:, None, None]
    some = (heights * sample_ecg().signal).astype(np.float16)
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (N_RECORDS, 12, LENGTH)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(N_RECORDS // len(some)):
            some.tofile(file)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def dataset(path):
    """Random crops with a seed, which cost more than any other, and every check."""
    how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
    return ECGArrayDataset(path, **how, n_samples=N_SAMPLES, seed=0)


@pytest.fixture(scope="module")
def directly(path, dataset):
    """The same crops, read in two ways."""
    starts = np.array([dataset._crops.start(record, LENGTH) for record in range(N_RECORDS)])
    both = {"NumPy": CastByNumPy(path, starts), "torch": CastByTorch(path, starts)}
    for direct in both.values():
        assert all(torch.equal(direct[record], dataset[record]) for record in (0, 7, N_RECORDS - 1))
    return both


def read(records):
    for number in range(0, N_RECORDS, 20):
        records[number]


def read_in_workers(records):
    some = range(0, N_RECORDS, 5)
    for _ in DataLoader(records, BATCH_SIZE, sampler=some, num_workers=2):
        pass


@pytest.mark.parametrize(
    ("where", "reader", "n_items", "casts", "rounds"),
    [
        # Alone, nothing hides what checks and seeds cost: only the plain way is as slow.
        ("one process", read, N_RECORDS // 20, ("NumPy",), 10),
        ("two workers", read_in_workers, N_RECORDS // 5, ("NumPy", "torch"), 8),
    ],
)
def test_items_come_as_fast_as_from_the_memory_map(
    fastest, report, dataset, directly, where, reader, n_items, casts, rounds
):
    ours, *theirs = fastest(
        *(partial(reader, records) for records in (dataset, *directly.values())), rounds=rounds
    )
    work = f"ECGArrayDataset, {where}"
    report(f"{work}, records per second", f"{n_items / ours:,.0f}", "")
    for cast, direct in zip(directly, theirs, strict=True):
        report(
            f"{work}, speed against the memory map, cast by {cast}",
            f"{direct / ours:.0%}",
            ">= 70 %" if cast in casts else "",
        )
    assert all(
        direct / ours >= 0.7 for cast, direct in zip(directly, theirs, strict=True) if cast in casts
    )


def go_through(records, collate, num_workers):
    some = range(0, N_RECORDS, 5)
    for _ in DataLoader(
        records, BATCH_SIZE, sampler=some, num_workers=num_workers, collate_fn=collate
    ):
        pass


@pytest.mark.parametrize(
    ("where", "num_workers", "at_least"), [("one process", 0, 0.75), ("two workers", 2, 0.8)]
)
def test_masked_batches_come_nearly_as_fast_as_from_the_memory_map(
    fastest, report, dataset, directly, where, num_workers, at_least
):
    ours, *theirs = fastest(
        partial(go_through, dataset, MaskCollator(), num_workers),
        *(partial(go_through, records, None, num_workers) for records in directly.values()),
        rounds=8,
    )
    work = f"ECGArrayDataset and MaskCollator, {where}"
    report(f"{work}, records per second", f"{N_RECORDS // 5 / ours:,.0f}", "")
    ratios = {cast: direct / ours for cast, direct in zip(directly, theirs, strict=True)}
    for cast, ratio in ratios.items():
        bound = f">= {at_least:.0%}" if cast == "NumPy" else ""
        report(
            f"{work}, speed against the memory map and default_collate, cast by {cast}",
            f"{ratio:.0%}",
            bound,
        )
    assert ratios["NumPy"] >= at_least


def anonymous_memory():
    """Return the memory in MB of each process that this one has started, mapped files left out."""
    return {
        worker.pid: int(line.split()[1]) / 1000
        for worker in multiprocessing.active_children()
        for line in Path(f"/proc/{worker.pid}/smaps_rollup").read_text().splitlines()
        if line.startswith("Anonymous:")
    }


def test_memory_of_workers_does_not_grow_with_what_they_have_read(report, dataset):
    loader = DataLoader(dataset, BATCH_SIZE, num_workers=2, persistent_workers=True)
    measured = []
    for _ in range(2):
        for number, _ in enumerate(loader):
            if number in (10, len(loader) - 1):
                measured.append(anonymous_memory())
    assert [len(workers) for workers in measured] == [2] * 4
    start, first_end, second_start, second_end = measured
    work = "ECGArrayDataset, 2.4 GB, growth of a worker"
    # The first epoch shows how large the heap is that batches need, the second whether it grows on.
    for epoch, before, after, at_most in (
        ("first", start, first_end, 32),
        ("second", second_start, second_end, 4),
    ):
        grown = max(after[worker] - before[worker] for worker in before)
        report(f"{work} in a {epoch} epoch", f"{grown:.1f} MB", f"<= {at_most} MB")
        assert grown <= at_most
