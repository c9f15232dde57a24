"""The number of a batch, which travels with it from the sampler to the collator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, SupportsIndex, TypeVar

from torch import Tensor
from torch.utils.data import BatchSampler, Dataset, DistributedSampler, IterableDataset

from ecgmask._checks import check_count

T = TypeVar("T")


class Mark(NamedTuple):
    """What a batch says of itself."""

    epoch: int
    batch: int
    n_records: int | None  # of each rank in this batch, if that is known


class Marked(list[T]):
    """The indices or the records of a batch, which say what batch it is.

    They still do when they are cut or added to: accelerate deals out parts of a batch, and fills
    up the last one.
    """

    def __init__(self, items: Iterable[T], mark: Mark | None, memory: Tensor | None = None) -> None:
        super().__init__(items)
        self.mark = mark
        self._memory = memory  # whose rows are the signals of the records, one after the other

    def __getstate__(self) -> dict[str, Any]:
        return {"mark": self.mark, "_memory": None}  # copies of the records have other memory

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return self._part(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Any:
        return self._part(super().__add__(other))

    def take(self, signals: Sequence[Any]) -> Tensor | None:
        """Return the batch that these signals are, if they lie in memory that it may have.

        Whatever was done to the list or its records since, only signals that are the rows of that
        memory in their order are the batch. It is given away once: who makes two batches of one
        list gets two that share nothing.
        """
        memory, self._memory = self._memory, None
        if memory is None or len(signals) != len(memory):
            return None
        return memory if all(map(_is_same_view, signals, memory)) else None

    def _part(self, items: list[T]) -> Marked[T]:
        return Marked(items, self.mark and self.mark._replace(n_records=None))


def _is_same_view(one: Any, other: Tensor) -> bool:
    """Return whether two tensors are the same samples in memory."""
    return (
        type(one) is Tensor
        and one.data_ptr() == other.data_ptr()
        and one.shape == other.shape
        and one.stride() == other.stride()
        and one.dtype == other.dtype
        and not one.requires_grad
    )


def mark_of(batch: Any) -> Mark | None:
    """Return what a batch says of itself, if it does."""
    return batch.mark if isinstance(batch, Marked) else None


_epoch: ContextVar[int | None] = ContextVar("epoch", default=None)


def epoch_being_read() -> int | None:
    """Return the epoch of the batch that this thread is reading, if that is known."""
    return _epoch.get()


def read_marked(indices: list[int], read: Callable[[list[int]], Iterable[T]]) -> list[T]:
    """Read the records of a batch, and pass on what the batch says of itself."""
    mark = mark_of(indices)
    if mark is None:
        records = read(indices)
        return records if isinstance(records, Marked) else list(records)
    before = _epoch.set(mark.epoch)
    try:
        records = read([*indices])
    finally:
        _epoch.reset(before)
    if not isinstance(records, Marked):
        return Marked(records, mark)
    records.mark = mark
    return records


class NumberedBatches(BatchSampler):
    """Deal out batches that know their number, so that seeded masks are right wherever they go.

    A collator with a seed needs the epoch and the number of each batch. Here the batch brings them
    along: through workers, threads and frameworks, after batches that were skipped or done before
    a stop. Pass it as the ``batch_sampler`` of a loader. The data sets of this package hand the
    number on to the collator; wrap others in :class:`NumberedRecords`.

    Parameters
    ----------
    sampler
        The order of the records. To resume or to train on several processes, take one whose order
        follows from the epoch, such as ``DistributedSampler``,
        for a single process with ``num_replicas=1, rank=0``.
    batch_size
        Records in a batch, at least 1.
    drop_last
        Whether to leave out a last batch of fewer records.
    n_ranks
        Number of processes to which whole batches are dealt in turn, at least 1. That is what
        accelerate and the Trainer of transformers do with a loader that they prepare: batches that
        belong to one step then share a number. Leave it at 1 if the sampler deals out the records.

    Raises
    ------
    ValueError
        If batches are dealt to several processes, but the last ones may not be enough for all.

    Notes
    -----
    Each iteration is a new epoch, unless :meth:`set_epoch` says which, or the sampler does:
    frameworks call its ``set_epoch``. One that still says the same after a whole epoch is told the
    next.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, SequentialSampler
    >>> from ecgmask import MaskCollator, NumberedBatches, NumberedRecords, sample_ecg
    >>> records = NumberedRecords([torch.tensor(sample_ecg().signal)] * 32)
    >>> batches = NumberedBatches(SequentialSampler(records), batch_size=8, drop_last=False)
    >>> loader = DataLoader(records, batch_sampler=batches, collate_fn=MaskCollator(25, seed=1))
    >>> first_epoch = [context for _, context, _ in loader]
    >>> second_epoch = [context for _, context, _ in loader]
    >>> torch.equal(first_epoch[0], second_epoch[0])
    False

    A run that stopped after two batches of its first epoch goes on:

    >>> batches.load_state_dict({"epoch": 0, "batch": 2})
    >>> rest = [context for _, context, _ in loader]
    >>> all(map(torch.equal, rest, first_epoch[2:]))
    True
    """

    def __init__(
        self,
        sampler: Iterable[int],
        batch_size: int,
        drop_last: bool,
        *,
        n_ranks: int = 1,
    ) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.n_ranks = check_count("n_ranks", n_ranks)
        if n_ranks > 1 and not drop_last:
            raise ValueError(
                f"the last batches of an epoch may not be enough for n_ranks={n_ranks} processes; "
                "pass drop_last=True"
            )
        self._next: tuple[int, int] | None = None  # epoch and first batch that were asked for
        self._epoch = -1
        self._n_dealt = 0
        self._finished = True

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; the sampler is told, too.

        Parameters
        ----------
        epoch
            Number of the epoch, at least 0. That of a state which was loaded goes on where the
            state says.
        """
        epoch = check_count("epoch", epoch, least=0, bits=63)
        if self._next is None or self._next[0] != epoch:
            self._go_to(epoch, 0)

    def state_dict(self, batch: int | None = None) -> dict[str, int]:
        """Return what :meth:`load_state_dict` needs to go on at the next batch.

        Parameters
        ----------
        batch
            Number of batches of this epoch that training has finished, at least 0. Needed if the
            loader has workers, which draw ahead, unless it is a ``StatefulDataLoader``, which
            saves this state by itself.

        Returns
        -------
        dict
            The epoch and the number of batches that are done.
        """
        if self._next is not None:
            epoch, done = self._next
        elif batch is None and self._finished:
            epoch, done = self._coming(), 0
        else:
            epoch, done = max(self._epoch, 0), self._n_dealt
        if batch is not None:
            done = check_count("batch", batch, least=0, bits=63)
        return {"epoch": epoch, "batch": done}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on where :meth:`state_dict` was called: batches that are done are left out.

        Parameters
        ----------
        state
            What :meth:`state_dict` returned.

        Raises
        ------
        TypeError, ValueError
            If it is no such state; then nothing has changed.
        """
        missing = {"epoch", "batch"} - set(state)
        if missing:
            raise ValueError(f"the state lacks {', '.join(sorted(missing))}; pass state_dict()'s")
        epoch = check_count("epoch", state["epoch"], least=0, bits=63)
        self._go_to(epoch, check_count("batch", state["batch"], least=0, bits=63))

    def __iter__(self) -> Iterator[list[int]]:
        told, self._next = self._next, None
        epoch, first = told or (self._coming(), 0)
        said = self._said_by_sampler()
        if told and said not in (None, epoch):  # whoever spoke to the sampler spoke last
            epoch, first = said, 0
        self._tell_sampler(epoch)
        self._epoch, self._n_dealt, self._finished = epoch, first, False
        alike = isinstance(self.sampler, DistributedSampler)  # all ranks get as many records
        for number, indices in enumerate(super().__iter__()):
            if number >= first:
                self._n_dealt = number + 1
                n_records = len(indices) if alike else self.batch_size
                yield Marked(indices, Mark(epoch, number // self.n_ranks, n_records))
        self._finished = True

    def _coming(self) -> int:
        """Return which epoch comes if nobody says so."""
        said = self._said_by_sampler()
        if said is None or (said == self._epoch and self._finished):
            return self._epoch + 1
        return said

    def _go_to(self, epoch: int, batch: int) -> None:
        self._tell_sampler(epoch)
        self._next = epoch, batch

    def _tell_sampler(self, epoch: int) -> None:
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def _said_by_sampler(self) -> int | None:
        """Return the epoch of a sampler that can be told, as frameworks do."""
        return getattr(self.sampler, "epoch", None) if hasattr(self.sampler, "set_epoch") else None


class NumberedRecords(Dataset[T]):
    """Hand on to the collator which batch its records belong to.

    Data sets of this package do so by themselves. Wrap others in this one, outermost, if their
    batches come from :class:`NumberedBatches`: also a ``Subset`` of one of
    this package.

    Parameters
    ----------
    dataset
        Records by number: a list, a map-style data set, or one of the package ``datasets``.

    Raises
    ------
    TypeError
        If it has no records by number, as an iterable data set.

    Examples
    --------
    >>> from ecgmask import NumberedRecords, sample_ecg
    >>> records = NumberedRecords([sample_ecg().signal] * 32)
    >>> len(records), records[0].shape
    (32, (12, 5000))
    """

    def __init__(self, dataset: Any) -> None:
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
            raise TypeError(
                f"records must have numbers, but {type(dataset).__name__} is a stream; pass it to "
                "the loader as it is"
            )
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: SupportsIndex) -> T:
        record: T = self.dataset[index]
        return record

    def __getitems__(self, indices: list[int]) -> list[T]:
        """Return the records of a batch, marked as the indices are."""
        read = getattr(self.dataset, "__getitems__", None)
        if read is None:
            return read_marked(indices, lambda numbers: [self.dataset[n] for n in numbers])
        return read_marked(indices, read)
