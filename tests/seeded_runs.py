"""Loaders whose masks are compared bit for bit. Worker processes import this module too."""

import os
import sys
import time
import warnings

import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    get_worker_info,
)

from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    NumberedBatches,
    NumberedRecords,
    PatchMaskCollator,
    PerLead,
)

N_BATCHES = 9
BATCH_SIZE = 2

allow_many_workers = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
"""torch warns of more workers than the machine has processors."""

allow_counting = pytest.mark.filterwarnings("ignore:batches come to workers without:UserWarning")
"""Workers that have to count their calls say so."""


def record(number):
    """Return the signal ``(2, 200)`` of a record, its number, and the worker that read it."""
    worker = get_worker_info()
    return torch.full((2, 200), float(number)), number, -1 if worker is None else worker.id


class Turns:
    """Which record waits for which other, in whichever workers the two are read."""

    def __init__(self, after):
        self.after = after or {}
        self.times_read = torch.zeros(3000, dtype=torch.int64).share_memory_()

    def read(self, number):
        """Return a record, once the one that it waits for has been read in this epoch."""
        if number in self.after:
            deadline = time.monotonic() + 60
            while self.times_read[self.after[number]] <= self.times_read[number]:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"record {self.after[number]} was never read")
                time.sleep(0.001)
        self.times_read[number] += 1
        return record(number)


class Records(Dataset):
    """Records of which some come late: each number in `after` is read after another one."""

    def __init__(self, n_batches=N_BATCHES, after=None):
        self.n_batches = n_batches
        self.turns = Turns(after)

    def __len__(self):
        return self.n_batches * BATCH_SIZE

    def __getitem__(self, number):
        return self.turns.read(number)


class Streams(IterableDataset):
    """A stream of records for each worker, with so many batches, of which some come late."""

    def __init__(self, *n_batches, after=None):
        self.n_batches = n_batches
        self.turns = Turns(after)

    def __iter__(self):
        worker = get_worker_info()
        stream = 0 if worker is None else worker.id
        for number in range(1000 * stream, 1000 * stream + self.n_batches[stream] * BATCH_SIZE):
            yield self.turns.read(number)


class SavedStreams(Streams):
    """Streams that know where they are, as torchdata's loader wants them."""

    at = 0

    def __iter__(self):
        for each in list(super().__iter__())[self.at :]:
            self.at += 1
            yield each
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


class Together:
    """A ``collate_fn`` that gives the same records to several collators."""

    def __init__(self, *collators):
        self.collators = collators

    def __call__(self, records):
        return [collate(records) for collate in self.collators]

    def set_epoch(self, epoch):
        for collate in self.collators:
            collate.set_epoch(epoch)


def all_kinds(**options):
    """Return a ``collate_fn`` with every kind of collator, shared masks and per-lead ones."""
    return Together(
        MaskCollator(5, **options),
        IJEPAMaskCollator(5, **options),
        PatchMaskCollator(PerLead(MaskAndComplement(), n_leads=2), 5, **options),
        PatchMaskCollator(PerLead(ContextToTarget(), 2), 5, truncate="random", **options),
    )


def numbered(dataset, collate, *, sampler=None, **options):
    """Return a loader whose batches know their number."""
    if sampler is None:
        sampler = SequentialSampler(dataset)
    batches = NumberedBatches(sampler, BATCH_SIZE, drop_last=False)
    records = NumberedRecords(dataset)
    return DataLoader(records, batch_sampler=batches, collate_fn=collate, **options)


def tensors(masked):
    """Return all index tensors of a batch."""
    lists = [x if isinstance(x, list) else [x] for x in masked[1:]]
    return [*lists[0], *lists[1]]


def fingerprint(masked):
    """Return the masks of a batch, or of several collators, as a value that compares and hashes."""
    batches = masked if type(masked) is list else [masked]
    return tuple(
        tuple((tuple(t.shape), t.numpy().tobytes()) for t in tensors(each)) for each in batches
    )


def numbers(masked):
    """Return the numbers of the records of a batch."""
    return (masked[0] if type(masked) is list else masked).batch[1].tolist()


def worker_of(masked):
    """Return the worker that read the records of a batch."""
    return (masked[0] if type(masked) is list else masked).batch[2][0].item()


def draw_epoch(loader, epoch=None):
    """Run an epoch and return the masks of each of its batches, by the number of the batch."""
    if epoch is not None:
        knows = isinstance(loader.batch_sampler, NumberedBatches)
        (loader.batch_sampler if knows else loader.collate_fn).set_epoch(epoch)
    return {numbers(masked)[0] // BATCH_SIZE: fingerprint(masked) for masked in loader}


def draw(loader, epochs=(0, 1)):
    """Run some epochs and return the masks of each of their batches."""
    return {epoch: draw_epoch(loader, epoch) for epoch in epochs}


def tell_warnings(_worker):
    """Let a worker print all its warnings, whatever the test run does with its own."""
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_: os.write(2, f"{message}\n".encode())


def run_elsewhere(collate):
    """Draw an epoch that the parent of this process knows nothing of."""
    collate.set_epoch(7)
    collate([torch.zeros(2, 200)])
    sys.exit(collate.state_dict() != {"seed": 5, "epoch": 7, "batch": 1})
