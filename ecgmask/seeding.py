"""Which random generator draws which batch."""

from __future__ import annotations

import os
import warnings
from threading import Lock
from typing import Any, NamedTuple

import torch
from numpy.random import PCG64, Generator, SeedSequence
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ecgmask._checks import check_count
from ecgmask.ranks import Ranks, launched_ranks

# What a collator shares with the workers of its loader: the epoch, the number of its first batch in
# this run, how often an epoch was started, whether workers have drawn batches, which of them have
# drawn a first one (a bit each), and which warnings there were.
EPOCH, FIRST, RUN, IN_WORKERS, STARTED, OF_NUMBERS, OF_RANKS = range(7)

UNNUMBERED = (
    "batches come to workers without their number, so each worker counts its own: masks repeat in "
    "every epoch that set_epoch does not start, and are not those of a run without workers after "
    "batches that were skipped or done before, or with in_order=False; pass the loader "
    "batch_sampler=NumberedBatches(...), and wrap a data set that is not of ecgmask in "
    "NumberedRecords"
)


class BatchSeed(NamedTuple):
    """All that the masks of a batch depend on, besides the strategy and the rank."""

    seed: int
    epoch: int
    batch: int
    part: int = 0  # which of the strategies of the batch

    def sizes(self, n_patches: int | None = None) -> Generator:
        """Return the generator of sizes, which fix tensor shapes: the same for all ranks.

        Records of different lengths have one for each number of patches.
        """
        return self._generator() if n_patches is None else self._generator(0, n_patches)

    def positions(self, rank: int) -> Generator:
        """Return the generator of everything else, another one for each rank."""
        return self._generator(rank)

    def _generator(self, *key: int) -> Generator:
        key = (self.epoch, self.batch, self.part, *key)
        # By name: what `default_rng` stands for may change with a release of NumPy.
        return Generator(PCG64(SeedSequence(self.seed, spawn_key=key)))


def seed_from_torch() -> BatchSeed:
    """Return a seed that follows torch's generator, at the price of one number of its stream.

    A generator kept on a collator would be copied into every worker, and all of them would draw
    the same masks.
    """
    return BatchSeed(int(torch.randint(2**63 - 1, ())), epoch=0, batch=0)


class Progress:
    """Which batch comes next, where batches do not say their number.

    Each process counts its own calls. What it counts from is shared with workers, so that an epoch
    reaches those that are alive already; it takes a file descriptor.
    """

    def __init__(self) -> None:
        self._place: tuple[int, int | None] = (0, None)  # run and worker whose calls are counted
        self._n_calls = 0
        self._resumed = False
        self._ranks_of_parent: Ranks | None = None
        self._own(torch.zeros(7, dtype=torch.int64))

    def _own(self, shared: Tensor) -> None:
        # What comes to another process in shared memory belongs to the process that sent it.
        self._process = -1 if shared.is_shared() else os.getpid()  # type: ignore[no-untyped-call]
        self._shared = shared.share_memory_()  # type: ignore[no-untyped-call]
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        here = {"_lock": None, "_ranks_of_parent": launched_ranks()}
        return self.__dict__ | here

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._own(state["_shared"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Progress):
            return NotImplemented
        return (self.epoch, self._next) == (other.epoch, other._next)

    @property
    def epoch(self) -> int:
        """The epoch that is drawn."""
        self._part_from_parent()
        return int(self._shared[EPOCH])

    @property
    def _next(self) -> int:
        return int(self._shared[FIRST]) + self._n_calls

    def ranks(self) -> Ranks | None:
        """Return which process this is, or that of a worker."""
        if get_worker_info() is not None and self._ranks_of_parent is not None:
            return self._ranks_of_parent
        return launched_ranks()

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch, at its first batch or at the one that was loaded for it."""
        self._part_from_parent()
        if self._resumed and not self._n_calls and epoch == self.epoch:
            self._resumed = False
        else:
            self._restart(epoch, batch=0)

    def load(self, epoch: int, batch: int) -> None:
        """Go on at a batch of an epoch."""
        self._part_from_parent()
        self._restart(epoch, batch)
        self._resumed = True

    def state(self, batch: int | None) -> dict[str, int]:
        """Return the epoch and the number of batches that are done."""
        epoch = self.epoch
        if batch is None:
            if self._shared[IN_WORKERS]:
                raise ValueError(
                    "workers draw batches ahead of training; pass state_dict(batch=) the number "
                    "of batches of this epoch that training has finished"
                )
            batch = self._next
        return {"epoch": epoch, "batch": check_count("batch", batch, least=0, bits=63)}

    def next_batch(self) -> tuple[int, int]:
        """Return the epoch and the number of the batch that is being collated."""
        worker = get_worker_info()
        epoch = self.epoch
        with self._lock:  # threads may share a collator
            place = int(self._shared[RUN]), None if worker is None else worker.id
            if self._place != place:
                self._place, self._n_calls = place, 0
            number = self._n_calls
            self._n_calls += 1
        if worker is not None:
            self._shared[IN_WORKERS] = 1
            if not isinstance(worker.dataset, IterableDataset):
                self.warn_once(OF_NUMBERS, UNNUMBERED)
            elif number == 0:
                self._warn_of_repeat(worker.id)
            number = number * worker.num_workers + worker.id
        return epoch, int(self._shared[FIRST]) + number

    def _restart(self, epoch: int, batch: int) -> None:
        self._shared[EPOCH] = epoch
        self._shared[FIRST] = batch
        self._shared[[IN_WORKERS, STARTED]] = 0
        self._shared[RUN] += 1
        self._place, self._n_calls, self._resumed = (int(self._shared[RUN]), None), 0, False

    def _part_from_parent(self) -> None:
        """Go on with a copy in a process that was forked, unless it is a worker."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = Lock()  # some thread of the parent may hold the other
            if get_worker_info() is None:
                copy = self._shared.clone()
                self._shared = copy.share_memory_()

    def _warn_of_repeat(self, worker: int) -> None:
        """Warn, once, if the first batch of a stream is drawn again."""
        bit = 1 << min(worker, 62)
        if self._shared[STARTED] & bit and worker < 62:
            self.warn_once(
                OF_NUMBERS,
                f"epoch {self.epoch} starts again and repeats the masks that it has served; call "
                "set_epoch(epoch) on the collator before each epoch",
            )
        self._shared[STARTED] |= bit

    def warn_once(self, kind: int, message: str) -> None:
        """Warn, unless there was a warning of this kind already."""
        if not self._shared[kind]:
            self._shared[kind] = 1
            warnings.warn(message, stacklevel=2)
