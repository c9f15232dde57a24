"""Which random generator draws which batch."""

from __future__ import annotations

import sys
import warnings
from typing import NamedTuple

import torch
from numpy.random import PCG64, Generator, SeedSequence
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ecgmask._checks import check_count

# What is kept in shared memory, so that it reaches workers that are alive already: the epoch, the
# number of its first batch in this run, whether that was loaded and not started yet, how often an
# epoch was started, how many batches the main process has drawn, whether workers have drawn any,
# which of them have drawn a first one (a bit each), and whether a repeat was warned of.
EPOCH, FIRST, LOADED, RUN, DRAWN, IN_WORKERS, STARTED, WARNED = range(8)


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
    """The epoch and the number of the next batch, shared with all workers of a loader."""

    def __init__(self) -> None:
        self.__setstate__(torch.zeros(8, dtype=torch.int64))

    def __getstate__(self) -> Tensor:
        return self._shared

    def __setstate__(self, shared: Tensor) -> None:
        # A copy starts from the same place and then goes its own way, except in a worker, where
        # the tensor arrives in shared memory.
        shared.share_memory_()  # type: ignore[no-untyped-call]
        self._shared = shared
        self._own_run = -1
        self._own_calls = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Progress):
            return NotImplemented
        return (self.epoch, self._next) == (other.epoch, other._next)

    @property
    def _next(self) -> int:
        return int(self._shared[FIRST] + self._shared[DRAWN])

    @property
    def epoch(self) -> int:
        """The epoch that is drawn."""
        return int(self._shared[EPOCH])

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch, at its first batch or at the one that was loaded for it."""
        check_count("epoch", epoch, least=0)
        resumed = self._shared[LOADED] and not self._shared[DRAWN]
        if epoch == self._shared[EPOCH] and resumed:
            self._shared[LOADED] = 0
        else:
            self._restart(epoch, batch=0)

    def next_batch(self) -> int:
        """Return the number of the batch that is being collated."""
        worker = get_worker_info()
        if worker is None:
            number = int(self._shared[DRAWN])
            self._shared[DRAWN] += 1
        else:
            if isinstance(worker.dataset, IterableDataset):
                # Each worker has a stream of its own, and which batch comes when is up to chance.
                number = self._count_calls() * worker.num_workers + worker.id
                first = worker.id
            else:
                number = _number_in_worker()
                first = 0
            if number == first < 62:
                self._warn_of_repeat(first)
            self._shared[IN_WORKERS] = 1
        return int(self._shared[FIRST]) + number

    def state(self, batch: int | None) -> dict[str, int]:
        """Return the epoch and the number of batches that are done."""
        if batch is None:
            if self._shared[IN_WORKERS]:
                raise ValueError(
                    "workers draw batches ahead of training; pass state_dict(batch=) the number "
                    "of batches of this epoch that training has finished"
                )
            batch = self._next
        return {"epoch": self.epoch, "batch": check_count("batch", batch, least=0)}

    def load(self, epoch: int | None, batch: int | None) -> None:
        """Go on at a batch of an epoch."""
        self._restart(check_count("epoch", epoch, least=0), check_count("batch", batch, least=0))
        self._shared[LOADED] = 1

    def _restart(self, epoch: int, batch: int) -> None:
        self._shared[EPOCH] = epoch
        self._shared[FIRST] = batch
        self._shared[[LOADED, DRAWN, IN_WORKERS, STARTED]] = 0
        self._shared[RUN] += 1

    def _count_calls(self) -> int:
        """Return how often this process was called before in this run of the epoch."""
        if self._own_run != self._shared[RUN]:
            self._own_run, self._own_calls = int(self._shared[RUN]), 0
        self._own_calls += 1
        return self._own_calls - 1

    def _warn_of_repeat(self, first: int) -> None:
        """Warn, once, if the first batch of an epoch is drawn again."""
        bit = 1 << first
        if self._shared[STARTED] & bit and not self._shared[WARNED]:
            self._shared[WARNED] = 1
            warnings.warn(
                f"epoch {self.epoch} starts again and repeats the masks that it has served; call "
                "set_epoch(epoch) on the collator before each epoch",
                stacklevel=2,
            )
        self._shared[STARTED] |= bit


def _number_in_worker() -> int:
    """Return the number that the loader gave to the batch at hand, from 0 in each epoch.

    It travels with the batch, whichever worker gets it, but torch hands it to nobody: it is a
    variable of the loop that runs the worker. To count calls instead would go wrong with
    ``in_order=False``, where batches go to whichever worker is free.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == "_worker_loop" and "idx" in frame.f_locals:
            return int(frame.f_locals["idx"])
    raise RuntimeError(
        "this loader's workers do not tell the number of a batch, which seed= needs; use "
        "torch.utils.data.DataLoader, or leave out seed= and call torch.manual_seed"
    )
