"""Data sets on disk, for the DataLoader: stacks of ECGs in one file, and WFDB records."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from operator import index as as_index
from os import PathLike
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.random import SeedSequence, default_rng
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.batches import Marked, epoch_being_read, read_marked
from ecgmask.ecg import CONSTANT, ECG, FLAT, GAP, PLAUSIBLE_SPAN, UNEXPLAINED, resampling_ratio
from ecgmask.leads import OF_I_AND_II, STANDARD_LEADS, FoundLeads, find_leads, spell, standard_names
from ecgmask.readers import millivolts, need, read_ecg
from ecgmask.readers.arrays import check_invalid, no_sample
from ecgmask.readers.channels import Channel, told_by
from ecgmask.readers.read import Given, rate_of, read_channels, scale_of, to_ecg
from ecgmask.readers.wfdb_records import read_header
from ecgmask.seeding import Progress
from ecgmask.stacks import read_description

Crop = Literal["random", "start", "middle"]
Labels = Tensor | NDArray[np.str_]
MissingLeads = Literal["nan", "flat"]

N_CHECKED = 8  # records that are looked at when a data set is made
N_NAMED = 5  # unusable records that an error names
N_SKIPPED = 100  # and whose numbers it lists
IN_CACHE = 16  # records that are read before they are looked at
PER_LINE = 100  # records that a scan looks at before it notes what it found

# Columns of PTB-XL, MIMIC-IV-ECG and CODE-15%: a message may name them, for no person is.
KNOWN_COLUMNS = ("filename_hr", "filename_lr", "path", "file_name", "trace_file", "exam_id")
NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class _Crops:
    """Which samples of a record an item takes, by a rule that workers agree on."""

    def __init__(
        self, n_samples: int, crop: Crop, seed: int | None, n_records: int, longest: int
    ) -> None:
        if crop not in get_args(Crop):
            raise ValueError(f"crop must be one of {', '.join(get_args(Crop))}, not {crop!r}")
        if seed is not None:
            seed = check_count("seed", seed, least=0)
            if seed >= 2**64:
                raise ValueError(f"seed must be below 2**64, not {seed}")
            if crop != "random":
                raise ValueError(
                    f'seed={seed} has no effect on crop="{crop}"; leave it out, or pass '
                    'crop="random"'
                )
            if n_samples >= longest:
                raise ValueError(
                    f"seed={seed} has no effect, since no record is longer than the {n_samples} "
                    "samples of an item; leave it out, or pass a smaller n_samples"
                )
        self.n_samples = n_samples
        self.crop = crop if n_samples < longest else None
        self.seed = seed
        self.progress = None if seed is None else Progress()
        self._n_records = n_records
        self._drawn: tuple[int, NDArray[np.float64]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_drawn": None}

    def start(self, record: int, length: int) -> int:
        """Return the first sample to take of a record of this length."""
        n_starts = length - self.n_samples + 1
        if n_starts <= 1 or self.crop in ("start", None):
            return 0
        if self.crop == "middle":
            return (n_starts - 1) // 2
        if self.seed is None:
            return int(torch.randint(n_starts, ()))
        return int(self._draw()[record] * n_starts)

    def _draw(self) -> NDArray[np.float64]:
        """Return where to cut each record in this epoch, from 0 for its first start to below 1.

        All are drawn at once: a generator for each item would take longer than reading it.
        """
        epoch = epoch_being_read()
        if epoch is None:
            epoch = 0 if self.progress is None else self.progress.epoch
        drawn = self._drawn  # threads may read records of several epochs
        if drawn is None or drawn[0] != epoch:
            # A key shorter than those of collators: crops have nothing in common with the masks
            # of a collator that has the same seed.
            rng = default_rng(SeedSequence(self.seed, spawn_key=(epoch,)))
            self._drawn = drawn = epoch, rng.random(self._n_records)
        return drawn[1]

    def __str__(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        crops = "items" if self.crop is None else f"{self.crop} crops"
        return f"{crops} of {self.n_samples} samples{seed}"


class _Records(Dataset[Any], ABC):
    """What both data sets share: items by number, with labels, crops and padding."""

    sampling_rate: float
    """Samples per second of an item, in Hz."""

    def __init__(
        self,
        n_records: int,
        crops: _Crops,
        sampling_rate: float,
        labels: Labels | None,
        *,
        lengths: bool,
        check: bool,
        missing_leads: MissingLeads | None,
        skip: Iterable[int],
    ) -> None:
        if missing_leads is not None and missing_leads not in get_args(MissingLeads):
            raise ValueError(f'missing_leads must be "nan", "flat" or None, not {missing_leads!r}')
        self.sampling_rate = sampling_rate
        self._crops = crops
        self._labels = labels
        self._lengths = lengths
        self._check = check
        self._missing_leads = missing_leads
        self._kept = _without(n_records, skip)

    @property
    def n_samples(self) -> int:
        """Samples of an item."""
        return self._crops.n_samples

    def set_epoch(self, epoch: int) -> None:
        """Crop elsewhere from now on, where batches do not bring the number of their epoch.

        Call it before each epoch when `seed` is given and the loader has no
        :class:`NumberedBatches`. It reaches workers that are alive already. Without `seed` it has
        no effect.

        Parameters
        ----------
        epoch
            Number of the epoch, at least 0.
        """
        epoch = check_count("epoch", epoch, least=0, bits=63)
        if self._crops.progress is not None:
            self._crops.progress.set_epoch(epoch)

    def scan(
        self, journal: str | PathLike[str] | None = None, *, progress: bool = True
    ) -> dict[int, str]:
        """Look at every record, and return those that cannot be used, with the reason.

        One such record would end an epoch in its middle. Pass what is returned as `skip`, and they
        are left out. Records are judged as ``check=True`` does, whole or, if items do not begin
        anywhere, as they are cut; a record is unusable if any crop of it is. If a data set cannot
        be made because of such records, make it with ``check=False`` to scan it.

        Parameters
        ----------
        journal
            A file to note down what was found, so that a scan that was stopped goes on where it
            was. By default nothing is noted.
        progress
            Whether to show a progress bar, which needs tqdm.

        Returns
        -------
        dict
            Why each unusable record is refused, by its number in the file or the list of records:
            records that are skipped count.

        Raises
        ------
        ValueError
            If the journal is that of other data or options.
        """
        found: dict[int, str] = {}
        n_done = 0
        path = None if journal is None else Path(journal)
        if path is not None:
            begun = _lines_of(path)
            if begun and begun[0] != self._identity():
                raise ValueError(
                    f"{path} is the journal of another scan, of other records or with other "
                    "options; delete it, or pass another path"
                )
            for n_noted, noted in begun[1:]:
                n_done = n_noted
                found |= {int(record): reason for record, reason in noted.items()}
            lines = "".join(json.dumps(line) + "\n" for line in begun or [self._identity()])
            path.write_text(lines, encoding="utf-8")  # without a line that was being written
        rest: Iterable[int] = list(map(int, self._kept[n_done:]))
        if progress:
            rest = need("tqdm", "wfdb").tqdm(
                rest, "records", len(self), initial=n_done, unit="record"
            )
        recent: dict[int, str] = {}
        for number, record in enumerate(rest, n_done + 1):
            reason = self._why_not(record)
            if reason is not None:
                recent[record] = reason
            if number % PER_LINE == 0 or number == len(self):
                if path is not None:
                    with path.open("a", encoding="utf-8") as file:
                        file.write(json.dumps([number, recent]) + "\n")
                found |= recent
                recent = {}
        return found

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Any:
        record = self._number(index)
        signal = self._signal(record)
        length = signal.shape[1]
        if length < self.n_samples:
            signal = torch.nn.functional.pad(signal, (0, self.n_samples - length))
        return self._to_item(record, signal, length)

    def _to_item(self, record: int, signal: Tensor, length: int) -> Any:
        label = () if self._labels is None else (_item(self._labels, record),)
        item = (signal, *label, *((length,) if self._lengths else ()))
        return item if len(item) > 1 else signal

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return the items of a batch, marked as the indices are."""
        return read_marked(indices, self._read)

    def _read(self, numbers: list[int]) -> list[Any]:
        return [self[number] for number in numbers]

    def _number(self, index: int) -> int:
        """Return which record of the file or list an item is."""
        number = as_index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"record {number} is not among the {len(self)} records")
        return int(self._kept[number])

    @abstractmethod
    def _signal(self, record: int) -> Tensor:
        """Return the samples that an item takes, of a record that is not padded."""

    @abstractmethod
    def _why_not(self, record: int) -> str | None:
        """Return why an item of a record may be refused, if it may."""

    @abstractmethod
    def _name(self, record: int) -> str:
        """Return where a record is, for messages."""

    @abstractmethod
    def _identity(self) -> str:
        """Return a digest of everything that decides which records can be used."""

    def _accept(self, record: int, samples: Tensor, leads: tuple[str, ...], start: int) -> None:
        """Raise an error if the samples of an item are refused; make leads that are missing NaN."""
        signal = samples.numpy()
        present = _present(signal, self._missing_leads)
        if self._check:
            reason = _why_wrong(signal, present, leads, self.sampling_rate, start)
            if reason is not None:
                raise self._refused(record, reason)
        if self._missing_leads == "flat":
            signal[~present] = np.nan

    def _refused(self, record: int, reason: str) -> ValueError:
        return ValueError(
            f"{self._name(record)}: {reason}; leave it out with skip=[{record}], and find all such "
            "records with scan()"
        )

    def _look_at_some(self) -> None:
        """Raise an error if one of some records all over the data set cannot be used."""
        for record in self._spread():
            reason = self._why_not(record)
            if reason is not None:
                raise ValueError(
                    f"{self._name(record)}: {reason}; correct the file or what you say of it; or "
                    "pass check=False if such records belong to your data, or to find them with "
                    "scan() and leave them out with skip="
                )

    def _why_not_whole(self, samples: Tensor, leads: tuple[str, ...], start: int) -> str | None:
        """Return why samples of a record cannot be used, or any crop of them, if they cannot."""
        signal = samples.numpy()
        present = _present(signal, self._missing_leads)
        reason = _why_wrong(signal, present, leads, self.sampling_rate, start)
        if reason is not None or signal.shape[1] <= self.n_samples:
            return reason
        names = tuple(np.array(leads)[present].tolist())
        recorded = dict(zip(names, signal[present], strict=True))
        for first in np.flatnonzero(self._suspicious_crops(recorded)).tolist():
            crop = signal[present, first : first + self.n_samples]
            shown = _present(crop, self._missing_leads)
            reason = _why_wrong(crop, shown, names, self.sampling_rate, first)
            if reason is not None:
                return reason
        return None

    def _suspicious_crops(self, recorded: dict[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
        """Return for each crop, by its start, whether it needs a closer look."""
        return _implausible(np.stack(list(recorded.values())), self.n_samples)

    def _spread(self) -> list[int]:
        """Return some records from all over the data set."""
        numbers = np.linspace(0, len(self) - 1, N_CHECKED).round().astype(int)
        return [int(self._kept[number]) for number in sorted(set(numbers.tolist()))]


class ECGArrayDataset(_Records):
    """A stack of ECGs in one ``.npy`` file, read from disk record by record.

    The file may be larger than memory: it is memory-mapped, each process opens it by itself, and
    what goes to a worker is the path, not the array. Items come as float32 in mV with the twelve
    leads in standard order, whatever the file has.

    Parameters
    ----------
    path
        The ``.npy`` file: one array ``(n_records, n_leads, n_samples)`` or
        ``(n_records, n_samples, n_leads)`` of any float or integer type.
    file_leads
        Names of the leads in the file, in its order, in any usual spelling. Limb leads that are
        missing are computed from I and II: the eight leads I, II and V1 to V6 are enough. For a
        file that :func:`write_stack` wrote, this, the sampling rate and the unit are known.
    file_sampling_rate
        Samples per second in the file, in Hz. Items keep it; patches are times, so choose
        `patch_size` by it.
    file_unit
        Unit of the samples in the file, such as ``"mV"`` or ``"uV"``, or how many mV it is.
    n_samples
        Samples of an item, at least 1; by default whole records. Shorter records get zeros at the
        end.
    crop
        Where longer records are cut: at ``"random"``, with every start equally likely, or to their
        ``"start"`` or ``"middle"``.
    labels
        A number, a string or an array of numbers for each record; items are then
        ``(signal, label)``. Labels do not move with a crop: R peaks fit whole records only.
    lengths
        Whether items end with the number of their samples that are no padding, which
        ``lengths_key=-1`` of :class:`PatchMaskCollator` looks for.
    seed
        Without it, crops follow torch's generator: :func:`torch.manual_seed` repeats them for the
        same number of workers. With it, at least 0 and below ``2**64``, the crop of a record
        depends on the seed, the epoch and the number of the record, and on nothing else; let
        :class:`NumberedBatches` number the epochs, or call :meth:`set_epoch` before each.
    lead_axis
        Which axis of the array is that of the leads, 1 or 2; needed if both have as many entries
        as there are lead names.
    check
        Whether to refuse data that cannot be right: when the data set is made, records in which
        :meth:`ECG.problems` finds any, among eight that are spread over the stack; and in every
        item, samples that are NaN or infinite, flat leads, a second or more in which no lead
        changes, and amplitudes that no heart makes. Pass ``False`` if such records belong to your
        data, and leave the rest to the collator.
    missing_leads
        ``"nan"`` if leads that are NaN throughout an item were not recorded, and ``"flat"`` if
        those that are flat were not either: they become NaN. Neither is then refused. A
        :class:`PatchMaskCollator` with ``missing_leads="nan"`` masks around them.
    invalid
        Number that stands for "no sample" in the file; it becomes NaN. In files of signed integers
        it is the least one, such as -32768, if you do not say.
    skip
        Numbers of records to leave out, from 0, such as what :meth:`scan` returns. Labels are those
        of all records nevertheless, and errors number them so.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no such stack, is truncated, or holds Python objects, which are never
        loaded; if leads are missing; if a fact is missing or contradicts the description beside
        the file; if a parameter has no effect; and, naming the record, if its samples are refused.
    RuntimeError
        If the file has changed since the data set was made.

    Notes
    -----
    Records that a loader without workers reads together lie in one piece of memory, which becomes
    the batch if a collator of this package gets them as they are: clone one that is to be kept
    alone. Whoever changes them, in place or not, changes the batch.

    Zeros that pad a record within the file count as samples, unless :func:`write_stack` has noted
    them. An item of a padded record is masked like any other unless the collator is told its
    length, so ask for `lengths`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from ecgmask import STANDARD_LEADS, ECGArrayDataset, sample_ecg
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "stack.npy")
    >>> np.save(path, np.stack([sample_ecg().signal] * 4).astype(np.float16))
    >>> how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
    >>> dataset = ECGArrayDataset(path, **how, n_samples=2500, seed=0)
    >>> dataset
    <ECGArrayDataset: 4 ECGs of 5000 samples at 500 Hz, random crops of 2500 samples, seed 0>
    >>> dataset[0].shape, dataset[0].dtype
    (torch.Size([12, 2500]), torch.float32)
    >>> dataset.ecg(0)
    <ECG: 12 leads x 5000 samples, 500 Hz, 10.0 s>
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        file_leads: Iterable[str] | None = None,
        file_sampling_rate: float | None = None,
        file_unit: str | float | None = None,
        n_samples: int | None = None,
        crop: Literal["random", "start", "middle"] = "random",
        labels: ArrayLike | Tensor | None = None,
        lengths: bool = False,
        seed: int | None = None,
        lead_axis: Literal[1, 2] | None = None,
        check: bool = True,
        missing_leads: Literal["nan", "flat"] | None = None,
        invalid: float | None = None,
        skip: Iterable[int] = (),
    ) -> None:
        # A worker may have another working directory.
        self.path = Path(path).absolute()
        self._array: NDArray[Any] | None = None
        self._stamp = _stamp(self.path)
        stack = _open(self.path)
        _check_stack(self.path, stack)
        names, rate, unit, lengths_in_file = _facts(
            self.path, stack, file_leads, file_sampling_rate, file_unit
        )
        self._lead_axis = _find_lead_axis(self.path, stack, names, lead_axis)
        self._found = find_leads(names, STANDARD_LEADS)
        self._leads = tuple(self._found.rows)
        rows = list(self._found.rows.values())
        self._rows = None if rows == list(range(len(names))) else rows
        self._file_samples = stack.shape[3 - self._lead_axis]
        # None if no record is padded, as far as is known.
        self._recorded = lengths_in_file
        # torch knows neither another byte order nor long doubles.
        native = stack.dtype.newbyteorder("=")
        self._native = native if native.itemsize <= 8 else np.dtype(np.float64)
        self._millivolts = millivolts(unit)
        if invalid is not None:
            check_invalid(invalid)
        self._invalid = no_sample(stack.dtype, invalid)
        longest = self._file_samples if self._recorded is None else int(self._recorded.max())
        n_samples = longest if n_samples is None else check_count("n_samples", n_samples)
        crops = _Crops(n_samples, crop, seed, len(stack), longest)
        super().__init__(
            len(stack),
            crops,
            rate,
            _to_labels(labels, len(stack)),
            lengths=lengths,
            check=check,
            missing_leads=missing_leads,
            skip=skip,
        )
        if check:
            self._look_at_some()

    def __getstate__(self) -> dict[str, Any]:
        # A memory map that is pickled is copied whole.
        return {**self.__dict__, "_array": None}

    def __repr__(self) -> str:
        return (
            f"<ECGArrayDataset: {_count_ecgs(self)} of {self._file_samples} samples at "
            f"{self.sampling_rate:.10g} Hz, {self._crops}>"
        )

    def ecg(self, index: int) -> ECG:
        """Return a whole record as an ECG, to look at.

        Parameters
        ----------
        index
            Number of the record; negative ones count from the end.

        Returns
        -------
        ECG
            The record, with the twelve leads in standard order.

        Raises
        ------
        ValueError
            If it has samples that are NaN or infinite.
        """
        record = self._number(index)
        try:
            return self._to_ecg(record).select(STANDARD_LEADS)
        except ValueError as error:
            raise ValueError(f"{self.path}, record {record}: {error}") from error

    @property
    def records(self) -> tuple[str | tuple[str, int], ...]:
        """Where each record comes from, in the order of the file, if write_stack wrote it.

        Records that are skipped count. Labels of a table find their records by it.
        """
        described = read_description(self.path)
        if described is None:
            raise ValueError(f"{self.path} has no description beside it; write it with write_stack")
        return described.records

    def _read(self, numbers: list[int]) -> list[Any]:
        records = [self._number(number) for number in numbers]
        padded = self._recorded is not None or self._file_samples < self.n_samples
        # In a worker torch stacks records in memory that it shares; other memory would be copied.
        if padded or not records or get_worker_info() is not None:
            return super()._read(numbers)
        starts = [self._window(record)[0] for record in records]
        # One tensor for all, which is the batch if the collator may have it.
        signals = torch.empty(len(records), len(STANDARD_LEADS), self.n_samples)
        self._read_into(signals, records, starts)
        items = [
            self._to_item(record, signal, self.n_samples)
            for record, signal in zip(records, signals, strict=True)
        ]
        return Marked(items, None, signals)

    def _signal(self, record: int) -> Tensor:
        start, stop = self._window(record)
        signals = torch.empty(1, len(STANDARD_LEADS), stop - start)
        self._read_into(signals, [record], [start])
        return signals[0]

    def _read_into(self, signals: Tensor, records: list[int], starts: list[int]) -> None:
        """Read as many samples of each record as there is room for, unless they are refused."""
        self._check_unchanged()
        derived = self._found.derived
        samples = signals
        if derived:
            samples = torch.empty(len(records), len(self._leads), signals.shape[2])
        for first in range(0, len(records), IN_CACHE):
            some = slice(first, first + IN_CACHE)
            for row, record, start in zip(samples[some], records[some], starts[some], strict=True):
                self._fill(row, record, start)
            # NumPy, for torch takes ten times as long. Nearly every item needs no closer look, and
            # none with a NaN goes without.
            read = samples[some].numpy()
            spans = _spans(read)
            right = _looks_right(spans.min(axis=1), spans.max(axis=1))
            for row in np.flatnonzero(~right | _may_have_gaps(read, self.sampling_rate)) + first:
                self._accept(records[row], samples[row], self._leads, starts[row])
        if derived:
            torch.stack(self._found.of(samples.unbind(1)), dim=1, out=signals)

    def _name(self, record: int) -> str:
        return f"{self.path}, record {record}"

    def _why_not(self, record: int) -> str | None:
        start, stop = self._window(record)
        if self._crops.crop == "random":
            start, stop = 0, self._length(record)
        return self._why_not_whole(self._samples(record, start, stop), self._leads, start)

    def _identity(self) -> str:
        found = self._leads, self._rows, self._lead_axis, self.sampling_rate, self._millivolts
        how = self.n_samples, self._crops.crop, self._missing_leads, self._invalid
        return _digest(self.path, self._stamp, found, how, list(self._kept))

    def _length(self, record: int) -> int:
        return self._file_samples if self._recorded is None else int(self._recorded[record])

    def _window(self, record: int) -> tuple[int, int]:
        length = self._length(record)
        start = self._crops.start(record, length)
        return start, min(start + self.n_samples, length)

    def _to_ecg(self, record: int) -> ECG:
        samples = self._samples(record, 0, self._length(record))
        return ECG(samples.numpy(), self.sampling_rate, self._leads)

    def _samples(self, record: int, start: int, stop: int) -> Tensor:
        """Return samples of the leads that are in the file, in mV."""
        self._check_unchanged()
        samples = torch.empty(len(self._leads), stop - start)
        self._fill(samples, record, start)
        return samples

    def _check_unchanged(self) -> None:
        # Reading what was cut off would kill the process, and replaced records are not those that
        # were looked at.
        if _stamp(self.path) != self._stamp:
            raise RuntimeError(
                f"{self.path} has changed since this data set was made; make the data set again"
            )

    def _fill(self, samples: Tensor, record: int, start: int) -> None:
        """Read as many samples of a record as there is room for."""
        if self._array is None:
            self._array = _open(self.path)
        stop = start + samples.shape[1]
        if self._lead_axis == 1:
            window = self._array[record, :, start:stop]
        else:
            window = self._array[record, start:stop].T
        if self._rows is not None:
            window = window[self._rows]
        # Copied as they are and cast by torch, which casts float16 nine times as fast.
        samples.copy_(torch.from_numpy(np.array(window, dtype=self._native, order="C")))
        if self._invalid is not None:
            samples[torch.from_numpy(window == self._invalid)] = torch.nan
        if self._millivolts != 1:
            samples.mul_(self._millivolts)


class WFDBDataset(_Records):
    """A folder of WFDB records, such as PTB-XL, read file by file.

    All headers are read when the data set is made, so that a record that is missing, lacks a lead
    or has no proper unit is known before training starts. Items come as float32 in mV at one
    sampling rate, with the twelve leads in standard order. Nothing but samples, lead names, units
    and rates is kept of a file. Needs ``ecgmask[wfdb]``.

    Parameters
    ----------
    root
        The folder.
    records
        Paths of the records in it, without ending, such as ``"records500/00000/00001_hr"``.
    sampling_rate
        Samples per second of an item, in Hz; records with another rate are resampled.
    file_leads
        Names of the leads of every record, in the order of its signals; for headers whose names are
        missing or unusual.
    file_sampling_rate
        Samples per second of every record, in Hz; for headers that do not say.
    file_unit
        Unit of the samples of every record, such as ``"uV"``, or what one of it is in mV; for
        uncalibrated signals, which are counts.
    n_samples
        Samples of an item, at least 1; by default whole records, which must then be of one length.
        Shorter records get zeros at the end.
    crop
        Where longer records are cut: at ``"random"``, with every start equally likely, or to their
        ``"start"`` or ``"middle"``.
    labels
        A number, a string or an array of numbers for each record; items are then
        ``(signal, label)``. Labels do not move with a crop: R peaks fit whole records only.
    lengths
        Whether items end with the number of their samples that are no padding, which
        ``lengths_key=-1`` of :class:`PatchMaskCollator` looks for.
    seed
        Without it, crops follow torch's generator: :func:`torch.manual_seed` repeats them for the
        same number of workers. With it, at least 0 and below ``2**64``, the crop of a record
        depends on the seed, the epoch and the number of the record, and on nothing else; let
        :class:`NumberedBatches` number the epochs, or call :meth:`set_epoch` before each.
    check
        Whether to refuse what cannot be right: records in which :meth:`ECG.problems` finds any,
        among eight that are spread over the data set, when it is made; and every item in which it
        finds any, or whose samples are NaN or infinite.
    missing_leads
        ``"nan"`` if leads that are NaN throughout an item were not recorded, and ``"flat"`` if
        those that are flat were not either: they become NaN. Neither is then refused. A
        :class:`PatchMaskCollator` with ``missing_leads="nan"`` masks around them.
    skip
        Numbers of records to leave out, from 0, such as what :meth:`scan` returns. Labels are those
        of all records nevertheless, and errors number them so.
    progress
        Whether to show a progress bar while headers are read.

    Raises
    ------
    ImportError
        If wfdb or tqdm is not installed.
    ValueError
        If records cannot be used, naming them; if records are of different lengths without
        `n_samples`; if a parameter has no effect; and, naming the record, if its samples are
        refused.
    RuntimeError
        If a file of a record has changed since the data set was made.

    Notes
    -----
    wfdb takes some milliseconds to read a header, and as many to read a record, which is read and
    resampled whole before it is cut. For many epochs, write the records to one file with
    :func:`write_stack`, and use :class:`ECGArrayDataset`.

    Examples
    --------
    >>> import tempfile
    >>> import wfdb
    >>> from ecgmask import WFDBDataset, sample_ecg
    >>> ecg = sample_ecg()
    >>> folder = tempfile.TemporaryDirectory()
    >>> signal = ecg.signal.T.astype(float)
    >>> wfdb.wrsamp("one", 500, ["mV"] * 12, [*ecg.leads], signal, write_dir=folder.name)
    >>> dataset = WFDBDataset(folder.name, ["one"], n_samples=2500, crop="middle", progress=False)
    >>> dataset
    <WFDBDataset: 1 ECG at 500 Hz, middle crops of 2500 samples>
    >>> dataset[0].shape, dataset[0].dtype
    (torch.Size([12, 2500]), torch.float32)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        root: str | PathLike[str],
        records: Iterable[str],
        *,
        sampling_rate: float = 500,
        file_leads: Iterable[str] | None = None,
        file_sampling_rate: float | None = None,
        file_unit: str | float | None = None,
        n_samples: int | None = None,
        crop: Literal["random", "start", "middle"] = "random",
        labels: ArrayLike | Tensor | None = None,
        lengths: bool = False,
        seed: int | None = None,
        check: bool = True,
        missing_leads: Literal["nan", "flat"] | None = None,
        skip: Iterable[int] = (),
        progress: bool = True,
    ) -> None:
        # A worker may have another working directory.
        self.root = Path(root).absolute()
        if isinstance(records, str):
            raise TypeError(f"records must be a list of names, not the string {records!r}")
        names = tuple(str(record) for record in records)
        if not names:
            raise ValueError("records must name at least one record, but is empty")
        check_sampling_rate(sampling_rate)
        if file_sampling_rate is not None:
            check_sampling_rate(file_sampling_rate, "file_sampling_rate")
        if file_unit is not None:
            millivolts(file_unit)
        leads = None if file_leads is None else standard_names("file_leads", file_leads)
        self._given = Given(None, None, leads, file_sampling_rate, file_unit, None)
        checked_labels = _to_labels(labels, len(names))
        need("wfdb", "wfdb")
        kept = list(map(int, _without(len(names), skip)))
        shown = need("tqdm", "wfdb").tqdm(kept, "headers", unit="record") if progress else kept
        at_first = np.zeros(len(names), dtype=np.int64)
        self._stamps = np.zeros((len(names), 2), dtype=np.int64)
        refused: dict[int, str] = {}
        for record in shown:
            path = self.root / names[record]
            # Of what is no file, the name may be any text of a table.
            there = path.with_name(f"{path.name}.hea").is_file()
            try:
                self._stamps[record] = _stamp_of_record(path)
                at_first[record] = _length(path, sampling_rate, self._given)
            except ImportError:
                raise
            except Exception as error:  # corrupt headers make the reader fail in any way
                refused[record] = f"{names[record] if there else f'record {record}'}: {error}"
        if refused:
            few = "; ".join(list(refused.values())[:N_NAMED])
            more = f"; and {len(refused) - N_NAMED} more" if len(refused) > N_NAMED else ""
            shown_numbers = ", ".join(map(str, list(refused)[:N_SKIPPED]))
            more_numbers = ", ..." if len(refused) > N_SKIPPED else ""
            raise ValueError(
                f"{len(refused)} of {len(names)} records in {self.root} cannot be used, {few}"
                f"{more}; leave them out with skip=[{shown_numbers}{more_numbers}]"
            )
        found = [int(at_first[record]) for record in kept]
        if n_samples is None:
            for record, length in zip(kept, found, strict=True):
                if length != found[0]:
                    raise ValueError(
                        f"at {sampling_rate:.10g} Hz, {names[kept[0]]} has {found[0]} samples, but "
                        f"{names[record]} has {length}; pass n_samples="
                    )
            n_samples = found[0]
        n_samples = check_count("n_samples", n_samples)
        crops = _Crops(n_samples, crop, seed, len(names), max(found))
        super().__init__(
            len(names),
            crops,
            sampling_rate,
            checked_labels,
            lengths=lengths,
            check=check,
            missing_leads=missing_leads,
            skip=skip,
        )
        # One array: reading a list of strings would copy its memory into every worker.
        self._names = np.array(names)
        if check:
            self._look_at_some()

    @classmethod
    def from_csv(
        cls,
        root: str | PathLike[str],
        csv_file: str | PathLike[str],
        *,
        column: str = "filename_hr",
        labels: str | None = None,
        **options: Any,
    ) -> WFDBDataset:
        """Return the records that a table lists, such as ``ptbxl_database.csv`` of PTB-XL.

        Of the table, only the two columns that are named here are kept.

        Parameters
        ----------
        root
            The folder.
        csv_file
            The table: its path in the folder, or an absolute one.
        column
            Column with the paths of the records.
        labels
            Column with their labels, all numbers or all strings. Numbers that begin with a zero,
            such as 007, are strings.
        **options
            Everything else that a :class:`WFDBDataset` takes.

        Returns
        -------
        WFDBDataset
            The records, in the order of the table.

        Raises
        ------
        ValueError
            If there is no such column, if a record has no path or no label, or if a path leaves the
            folder.
        """
        wanted = [column] if labels is None else [column, labels]
        rows = read_table(Path(root, csv_file), wanted)
        if labels is not None:
            options["labels"] = _parse([row[1] for row in rows])
        return cls(root, [row[0] for row in rows], **options)

    def __repr__(self) -> str:
        return f"<WFDBDataset: {_count_ecgs(self)} at {self.sampling_rate:.10g} Hz, {self._crops}>"

    def ecg(self, index: int) -> ECG:
        """Return a whole record as an ECG, to look at.

        Parameters
        ----------
        index
            Number of the record; negative ones count from the end.

        Returns
        -------
        ECG
            The record at the sampling rate of this data set, with the twelve leads in standard
            order.

        Raises
        ------
        ValueError
            If it has samples that are NaN or infinite, or cannot be read.
        """
        record = self._number(index)
        return read_ecg(
            self._path(record),
            sampling_rate=self.sampling_rate,
            file_leads=self._given.leads,
            file_sampling_rate=self._given.sampling_rate,
            file_unit=self._given.unit,
            check=False,
        )

    def _path(self, record: int) -> Path:
        return self.root / f"{self._names[record]}.hea"

    def _check_unchanged(self, record: int) -> None:
        if _stamp_of_record(self.root / self._names[record]) != tuple(self._stamps[record]):
            raise RuntimeError(
                f"{self._path(record)} or the samples beside it have changed since this data set "
                "was made; make the data set again"
            )

    def _signal(self, record: int) -> Tensor:
        self._check_unchanged(record)
        try:
            samples, found = _read(self._path(record), self.sampling_rate, self._given)
        except ImportError:
            raise
        except Exception as error:  # corrupt files make readers fail in any way
            raise self._refused(record, str(error)) from error
        start = self._crops.start(record, samples.shape[1])
        crop = samples[:, start : start + self.n_samples].clone()
        self._accept(record, crop, tuple(found.rows), start)
        return torch.stack(found.of(crop))

    def _name(self, record: int) -> str:
        return str(self._path(record))

    def _why_not(self, record: int) -> str | None:
        self._check_unchanged(record)
        try:
            samples, found = _read(self._path(record), self.sampling_rate, self._given)
        except ImportError:
            raise
        except Exception as error:  # corrupt files make readers fail in any way
            return str(error) or type(error).__name__
        start = self._crops.start(record, samples.shape[1])
        if self._crops.crop == "random":
            start = 0
        else:
            samples = samples[:, start : start + self.n_samples]
        return self._why_not_whole(samples, tuple(found.rows), start)

    def _suspicious_crops(self, recorded: dict[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
        # Items of a stack are not looked at so closely, which would take longer than reading them.
        return super()._suspicious_crops(recorded) | _contradicting(recorded, self.n_samples)

    def _identity(self) -> str:
        how = self.sampling_rate, self._given, self.n_samples, self._crops.crop
        of_records = self._names.tolist(), self._stamps.tolist(), list(self._kept)
        return _digest(self.root, how, self._missing_leads, of_records)


def read_table(path: Path, columns: list[str]) -> list[list[str]]:
    """Return columns of a CSV file, of which the first has paths that stay in their folder.

    Parameters
    ----------
    path
        The file.
    columns
        Names of the columns.

    Raises
    ------
    ValueError
        If there is no such column or more than one, if a field is empty, or if a path leaves its
        folder. No text of the table is shown, for it may be that of a person.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error):
        # Its cause would show text of the file.
        raise ValueError(f"{path} is no CSV file in UTF-8; save it as one") from None
    for name in columns:
        if header.count(name) != 1:
            known = [each for each in header if each in KNOWN_COLUMNS]
            there = f", among them {', '.join(known)}" if known else ""
            raise ValueError(
                f"{path} has {header.count(name) or 'no'} column{'s' * (name in header)} {name!r} "
                f"among its {len(header)}{there}; the first line has to name each column once"
            )
    at = [header.index(name) for name in columns]
    found = []
    for number, row in enumerate(row for row in rows if row):
        fields = [row[column] if column < len(row) else "" for column in at]
        if not all(fields):
            raise ValueError(
                f"{path}, row {number} has no {columns[fields.index('')]}; leave it out of the "
                "table, or pass records and labels of your own"
            )
        if _leaves_folder(fields[0]):
            raise ValueError(
                f"{path}, row {number}: the path in column {columns[0]} leaves the folder; paths "
                "of a table start from its root"
            )
        found.append(fields)
    return found


def _leaves_folder(name: str) -> bool:
    """Return whether a path is absolute or goes up; links in the folder are its owner's."""
    path = PureWindowsPath(name)  # which knows the separators of other systems too
    return bool(path.anchor) or ".." in path.parts or "\0" in name


def _without(n_records: int, skip: Iterable[int]) -> range | NDArray[np.int64]:
    """Return the numbers of the records that are kept."""
    kept = np.ones(n_records, dtype=bool)
    for number in skip:
        if not 0 <= as_index(number) < n_records:
            raise ValueError(
                f"skip must hold numbers of records, from 0 to {n_records - 1}, not {number}"
            )
        kept[number] = False
    if not kept.any():
        raise ValueError(f"skip leaves out all of the {n_records} records")
    if kept.all():
        return range(n_records)  # which takes no memory
    return np.flatnonzero(kept)


def _lines_of(path: Path) -> list[Any]:
    """Return what the lines of a journal say; one without an end was being written."""
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    except ValueError:
        return [None]  # the journal of nothing


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    """Return the size of a file and when it was written, both of which change with it."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _stamp_of_record(path: Path) -> tuple[int, int]:
    """Return the same of the files that a WFDB record of this name may have beside each other."""
    beside = [path.with_name(f"{path.name}.{ending}") for ending in ("hea", "dat", "mat")]
    stamps = [_stamp(each) for each in beside if each.exists()]
    return sum(size for size, _ in stamps), max((time for _, time in stamps), default=0)


def _spans(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what each lead spans; NaN or infinite if a sample is."""
    with np.errstate(invalid="ignore"):  # infinity less infinity
        spans: NDArray[np.float32] = np.ptp(signal, axis=-1)
    return spans


def _looks_right(narrowest: Any, widest: Any) -> NDArray[np.bool_]:
    """Return whether leads that span so much need no closer look; never if there is a NaN."""
    least, most = PLAUSIBLE_SPAN
    return np.asarray((narrowest > FLAT * widest) & (least <= widest) & (widest <= most))


def _may_have_gaps(signals: NDArray[np.float32], sampling_rate: float) -> NDArray[np.bool_]:
    """Return in which records samples half as far apart as a gap is long are the same."""
    some = signals[:, 0, :: max(1, int(GAP * sampling_rate / 2))]
    return np.asarray((np.abs(np.diff(some)) <= CONSTANT).any(axis=1))


def _present(signal: NDArray[np.float32], missing_leads: MissingLeads | None) -> NDArray[np.bool_]:
    """Return which leads count as recorded."""
    if missing_leads is None:
        return np.ones(len(signal), dtype=bool)
    absent = np.asarray(np.isnan(signal).all(axis=1))
    if missing_leads == "flat":
        spans = _spans(signal)
        # False of NaN, which may be a gap in a lead that was recorded.
        absent[spans <= FLAT * spans.max(initial=0, where=np.isfinite(spans))] = True
    return ~absent


def _why_wrong(
    signal: NDArray[np.float32],
    present: NDArray[np.bool_],
    leads: tuple[str, ...],
    sampling_rate: float,
    start: int,
) -> str | None:
    """Return why samples of a record, from `start` on, are refused, if they are."""
    if not present.any():
        return "no lead has a signal"
    recorded = signal[present]
    names = tuple(np.array(leads)[present].tolist())
    bad = np.argwhere(~np.isfinite(recorded))
    if len(bad):
        lead, sample = bad[0].tolist()
        return (
            f"{len(bad)} sample(s) are NaN or infinite, first in lead {names[lead]}, sample "
            f"{start + sample}"
        )
    problems = "; ".join(ECG(recorded, sampling_rate, names).problems())
    return f"from sample {start}: {problems}" if problems and start else problems or None


def _implausible(signal: NDArray[np.float32], n_samples: int) -> NDArray[np.bool_]:
    """Return for each crop whether its amplitudes need a closer look."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    n_starts = signal.shape[1] - n_samples + 1
    # The filters look at samples around each; the first whole crop is centred there.
    centred = slice(n_samples // 2, n_samples // 2 + n_starts)
    spans = (maximum_filter1d(signal, n_samples) - minimum_filter1d(signal, n_samples))[:, centred]
    return ~_looks_right(spans.min(axis=0), spans.max(axis=0))


def _contradicting(recorded: dict[str, NDArray[np.float32]], n_samples: int) -> NDArray[np.bool_]:
    """Return for each crop whether its limb leads need a closer look."""
    n_starts = len(next(iter(recorded.values()))) - n_samples + 1
    found = np.zeros(n_starts, dtype=bool)
    for lead, (of_i, of_ii) in OF_I_AND_II.items():
        if {lead, "I", "II"} <= recorded.keys():
            errors = recorded[lead] - (of_i * recorded["I"] + of_ii * recorded["II"])
            sums = np.cumsum(np.square(errors, dtype=np.float64))
            sums = np.concatenate([[0], sums])
            means = (sums[n_samples:] - sums[:-n_samples]) / n_samples
            found |= means > 0.99 * UNEXPLAINED**2  # for sums are rounded
    return found


def _open(path: Path) -> NDArray[Any]:
    """Return the array in a ``.npy`` file, mapped into memory."""
    if not path.is_file():
        raise ValueError(f"{path} is no file; pass the path of one .npy file")
    try:
        # A plain view of the map, which is faster to index.
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, EOFError):
        # NumPy's own words would show text of the file.
        raise ValueError(f"{path} {_what_it_is(path)}") from None


def _what_it_is(path: Path) -> str:
    """Say why a file cannot be mapped, and what to do about it."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"\x93NUMPY"):
        if b"'|O'" in start:
            return "holds Python objects, which are never loaded; stack arrays of one shape"
        return "is a .npy file that is truncated or corrupt; write it again"
    if start.startswith(b"PK\x03\x04"):
        written_by = "torch.save" if b"/data.pkl" in start else "numpy.savez"
        return (
            f"is no .npy file, but an archive such as {written_by} writes; write its array with "
            "numpy.save"
        )
    if start.startswith(b"\x89HDF"):
        return "is no .npy file, but HDF5; write its records to one with write_stack"
    if start.startswith(b"\x80"):
        return (
            "is no .npy file, but a pickled object, which is never loaded; write one array with "
            "numpy.save"
        )
    return "is no .npy file; write one array of numbers with numpy.save"


def _check_stack(path: Path, stack: NDArray[Any]) -> None:
    """Raise an error unless the array may be a stack of ECGs."""
    if stack.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} holds {stack.dtype}, but samples must be floats or integers; cast them"
        )
    if stack.ndim != 3 or not stack.size:
        raise ValueError(
            f"{path} holds an array {stack.shape}, but a stack has the shape (n_records, n_leads, "
            "n_samples) or (n_records, n_samples, n_leads); read a single ECG with read_ecg"
        )


def _find_lead_axis(
    path: Path, stack: NDArray[Any], names: tuple[str, ...], lead_axis: int | None
) -> int:
    """Return which axis of the stack is that of its leads."""
    fitting = [axis for axis in (1, 2) if stack.shape[axis] == len(names)]
    if lead_axis is not None:
        if lead_axis not in (1, 2):
            raise ValueError(f"lead_axis must be 1 or 2, not {lead_axis!r}")
        fitting = [axis for axis in fitting if axis == lead_axis]
    if not fitting:
        asked = "no axis" if lead_axis is None else f"not axis {lead_axis}"
        raise ValueError(
            f"file_leads has {len(names)} names, but {asked} of the array {stack.shape} in {path} "
            "is as long; name all leads of the file in its order"
        )
    if len(fitting) > 1:
        raise ValueError(
            f"{len(names)} lead names do not tell which axis of the array {stack.shape} in {path} "
            "is that of the leads; pass lead_axis=1 or lead_axis=2"
        )
    return fitting[0]


def _facts(
    path: Path,
    stack: NDArray[Any],
    file_leads: Iterable[str] | None,
    file_sampling_rate: float | None,
    file_unit: str | float | None,
) -> tuple[tuple[str, ...], float, str | float, NDArray[np.int64] | None]:
    """Return names, rate, unit and lengths of a stack, as told or as write_stack has noted them."""
    described = read_description(path)
    given = {"file_leads": file_leads, "file_sampling_rate": file_sampling_rate}
    given["file_unit"] = file_unit
    names = None if file_leads is None else standard_names("file_leads", file_leads)
    if file_sampling_rate is not None:
        check_sampling_rate(file_sampling_rate, "file_sampling_rate")
    if described is None:
        if names is None or file_sampling_rate is None or file_unit is None:
            lacking = ", ".join(f"{name}=" for name, value in given.items() if value is None)
            raise ValueError(
                f"{path} does not say what it holds; pass {lacking}, or write it with write_stack"
            )
        return names, float(file_sampling_rate), file_unit, None
    if stack.shape != described.shape or stack.dtype != described.dtype:
        raise ValueError(
            f"{path} is not the file that {path.name}.json describes; write both again with "
            "write_stack, or delete the description"
        )
    contradicted = {
        "file_leads": names not in (None, described.leads),
        "file_sampling_rate": file_sampling_rate not in (None, described.sampling_rate),
        "file_unit": file_unit is not None and millivolts(file_unit) != millivolts(described.unit),
    }
    for name, contradicts in contradicted.items():
        if contradicts:
            raise ValueError(
                f"{name}={given[name]!r} contradicts {path.name}.json beside the file; leave it out"
            )
    lengths = np.array(described.lengths)
    padded = (lengths < described.shape[2]).any()
    return described.leads, described.sampling_rate, described.unit, lengths if padded else None


def _length(path: Path, sampling_rate: float, given: Given) -> int:
    """Return how many samples a WFDB record has at a rate, if its files have all that is needed."""
    file = path.with_name(f"{path.name}.hea")
    if not file.is_file():
        raise ValueError("there is no header of this name")
    header = read_header(file)
    spelled = spell(signal.name for signal in header.signals)
    names = given.leads or tuple(
        name if name in STANDARD_LEADS else f"channel {number}"
        for number, name in enumerate(spelled, 1)
    )
    is_plain = (
        not header.segments
        and len(names) == len(header.signals)
        and not any(signal.skew or signal.per_frame > 1 for signal in header.signals)
        and all(names.count(name) == 1 for name in names)
        and (given.leads is not None or "" not in spelled)
    )
    if not is_plain:
        # Segments, several rates, leads without or with the same name: reading tells.
        return int(_read(file, sampling_rate, given)[0].shape[1])
    rate = rate_of(Channel(np.empty(0), sampling_rate=header.rate), given.sampling_rate)
    for row in find_leads(names, STANDARD_LEADS).rows.values():
        scale_of(Channel(np.empty(0), unit=header.signals[row].unit), given.unit)
    return math.ceil(header.n_frames * resampling_ratio(header.n_frames, rate, sampling_rate))


def _read(header: Path, sampling_rate: float, given: Given) -> tuple[Tensor, FoundLeads]:
    """Return the leads that were recorded, at a sampling rate; in mV, with NaN where one is."""
    with warnings.catch_warnings(action="ignore"):  # which are in the words of the file
        channels = told_by("the library", read_channels, header, given)
    lost = [~np.isfinite(channel.samples) for channel in channels]
    # A filter would spread a NaN.
    bridged = [
        channel._replace(samples=_bridged(channel.samples, gaps))
        for channel, gaps in zip(channels, lost, strict=True)
    ]
    ecg = to_ecg(bridged, STANDARD_LEADS, given, sampling_rate, channels).resample(sampling_rate)
    samples = torch.tensor(ecg.signal)
    if any(gaps.any() for gaps in lost):
        # The way of the gaps is that of the samples: 1 in a gap, 0 elsewhere.
        marks = [
            channel._replace(samples=gaps.astype(np.float64), unit="mV")
            for channel, gaps in zip(bridged, lost, strict=True)
        ]
        unitless = replace(given, unit=None)
        marked = to_ecg(marks, STANDARD_LEADS, unitless, sampling_rate, channels)
        samples[torch.tensor(marked.resample(sampling_rate).signal > 0.5)] = torch.nan
    return samples, find_leads(ecg.leads, STANDARD_LEADS)


def _bridged(samples: NDArray[Any], gaps: NDArray[np.bool_]) -> NDArray[Any]:
    """Return samples with straight lines in the gaps."""
    times = np.flatnonzero(~gaps)
    if not gaps.any() or not len(times):
        return np.where(gaps, 0, samples)
    return np.where(gaps, np.interp(np.arange(len(samples)), times, samples[times]), samples)


def _parse(values: list[str]) -> NDArray[Any]:
    """Return text as whole numbers, as numbers, or as it is, the first that fits all."""
    for pattern, kind in ((NUMBER, np.int64), (DECIMAL, np.float64)):
        if all(map(pattern.fullmatch, values)):
            numbers = np.array(values).astype(np.float64)
            if np.abs(numbers).max() < 2**53:  # others would not be those of the text
                return np.array(values).astype(kind)
    return np.array(values)


def _to_labels(labels: ArrayLike | Tensor | None, n_records: int) -> Labels | None:
    """Return labels as one array of their own: lists would be copied bit by bit into workers."""
    if labels is None:
        return None
    found: Labels
    try:
        if isinstance(labels, Tensor):
            found = labels.clone()
        else:
            # A pandas Series would look numbers up in its index.
            array = np.array(labels)
            words = array.dtype == object and all(isinstance(each, str) for each in array.flat)
            text = words or array.dtype.kind == "U"
            found = array.astype(str) if text else torch.from_numpy(array)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"labels must be numbers, strings or arrays of numbers of one shape: {error}"
        ) from error
    if found.ndim == 0 or len(found) != n_records:
        raise ValueError(
            f"labels must be one for each of the {n_records} records, but their shape is "
            f"{tuple(found.shape)}"
        )
    return found


def _item(labels: Labels, record: int) -> Any:
    label = labels[record]
    return str(label) if isinstance(label, np.str_) else label


def _count_ecgs(dataset: _Records) -> str:
    return f"{len(dataset)} ECG{'s' if len(dataset) > 1 else ''}"
