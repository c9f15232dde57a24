"""Data sets on disk, for the DataLoader: stacks of ECGs in one file, and WFDB records."""

from __future__ import annotations

import csv
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from operator import index as as_index
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.random import SeedSequence, default_rng
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.batches import epoch_being_read, read_marked
from ecgmask.ecg import ECG, FLAT, PLAUSIBLE_SPAN, resampling_ratio
from ecgmask.leads import STANDARD_LEADS, find_leads, standard_names
from ecgmask.readers import millivolts, need, read_ecg
from ecgmask.seeding import Progress

Crop = Literal["random", "start", "middle"]
Labels = Tensor | NDArray[np.str_]

N_CHECKED = 8  # records that are looked at when a data set is made
N_NAMED = 5  # unusable records that an error names


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
        lengths: bool,
    ) -> None:
        self.sampling_rate = sampling_rate
        self._n_records = n_records
        self._crops = crops
        self._labels = labels
        self._lengths = lengths

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

    def __len__(self) -> int:
        return self._n_records

    def __getitem__(self, index: int) -> Any:
        record = self._number(index)
        signal = self._signal(record)
        length = signal.shape[1]
        if length < self.n_samples:
            signal = torch.nn.functional.pad(signal, (0, self.n_samples - length))
        label = () if self._labels is None else (_item(self._labels, record),)
        item = (signal, *label, *((length,) if self._lengths else ()))
        return item if len(item) > 1 else signal

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return the items of a batch, marked as the indices are."""
        return read_marked(indices, lambda numbers: [self[number] for number in numbers])

    def _number(self, index: int) -> int:
        number = as_index(index)
        if not -self._n_records <= number < self._n_records:
            raise IndexError(f"record {number} is not among the {self._n_records} records")
        return number % self._n_records

    @abstractmethod
    def _signal(self, record: int) -> Tensor:
        """Return the samples that an item takes, of a record that is not padded."""

    def _spread(self) -> list[int]:
        """Return some records from all over the data set."""
        numbers = np.linspace(0, self._n_records - 1, N_CHECKED).round().astype(int)
        return sorted(set(numbers.tolist()))


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
        missing are computed from I and II: the eight leads I, II and V1 to V6 are enough.
    file_sampling_rate
        Samples per second in the file, in Hz. Items keep it; patches are times, so choose
        `patch_size` by it.
    file_unit
        Unit of the samples in the file, such as ``"mV"`` or ``"uV"``.
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
        item, samples that are NaN or infinite, flat leads, and amplitudes that no heart makes. Pass
        ``False`` if such records belong to your data, for example leads that were not recorded, and
        leave the rest to the collator.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no such stack, is truncated, or holds Python objects, which are never
        loaded; if leads are missing; if a parameter has no effect; and, naming the record, if its
        samples are refused.

    Notes
    -----
    Zeros that pad a record within the file count as samples. An item of a padded record is
    masked like any other unless the collator is told its length, so ask for `lengths`.

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
        file_leads: Iterable[str],
        file_sampling_rate: float,
        file_unit: str,
        n_samples: int | None = None,
        crop: Literal["random", "start", "middle"] = "random",
        labels: ArrayLike | Tensor | None = None,
        lengths: bool = False,
        seed: int | None = None,
        lead_axis: Literal[1, 2] | None = None,
        check: bool = True,
    ) -> None:
        # A worker may have another working directory.
        self.path = Path(path).absolute()
        self._array: NDArray[Any] | None = None
        stack = _open(self.path)
        names = standard_names("file_leads", file_leads)
        self._lead_axis = _find_lead_axis(self.path, stack, names, lead_axis)
        self._found = find_leads(names, STANDARD_LEADS)
        self._leads = tuple(self._found.rows)
        rows = list(self._found.rows.values())
        self._rows = None if rows == list(range(len(names))) else rows
        self._file_samples = stack.shape[3 - self._lead_axis]
        # torch knows neither another byte order nor long doubles.
        native = stack.dtype.newbyteorder("=")
        self._native = native if native.itemsize <= 8 else np.dtype(np.float64)
        self._millivolts = millivolts(file_unit)
        self._check = check
        rate = check_sampling_rate(file_sampling_rate, "file_sampling_rate")
        whole = self._file_samples
        n_samples = whole if n_samples is None else check_count("n_samples", n_samples)
        crops = _Crops(n_samples, crop, seed, len(stack), whole)
        super().__init__(len(stack), crops, rate, _to_labels(labels, len(stack)), lengths)
        if check:
            for record in self._spread():
                self._check_record(record)

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

    def _signal(self, record: int) -> Tensor:
        start = self._crops.start(record, self._file_samples)
        samples = self._samples(record, start, start + self.n_samples)
        if self._check:
            self._check_item(samples, record, start)
        return torch.stack(self._found.of(samples)) if self._found.derived else samples

    def _to_ecg(self, record: int) -> ECG:
        samples = self._samples(record, 0, self._file_samples)
        return ECG(samples.numpy(), self.sampling_rate, self._leads)

    def _samples(self, record: int, start: int, stop: int) -> Tensor:
        """Return samples of the leads that are in the file, in mV."""
        if self._array is None:
            self._array = _open(self.path)
        if self._lead_axis == 1:
            window = self._array[record, :, start:stop]
        else:
            window = self._array[record, start:stop].T
        if self._rows is not None:
            window = window[self._rows]
        # Copied as they are and cast by torch, which casts float16 nine times as fast.
        samples = torch.from_numpy(np.array(window, dtype=self._native, order="C")).float()
        return samples if self._millivolts == 1 else samples.mul_(self._millivolts)

    def _check_item(self, samples: Tensor, record: int, start: int) -> None:
        """Raise an error if samples are not finite, flat, or too large or too small for a heart."""
        # NumPy, for torch takes ten times as long.
        with np.errstate(invalid="ignore"):  # infinity less infinity
            spans = np.ptp(samples.numpy(), axis=1)
        narrowest, widest = float(spans.min()), float(spans.max())
        least, most = PLAUSIBLE_SPAN
        # True of nearly every item, and of none with a NaN; whatever is not is looked at closely.
        if narrowest > FLAT * widest and least <= widest <= most:
            return
        way_out = "repair the file, leave it out with torch.utils.data.Subset, or pass check=False"
        bad = torch.nonzero(~torch.isfinite(samples))
        if len(bad):
            lead, sample = bad[0].tolist()
            raise ValueError(
                f"{self.path}, record {record}: {len(bad)} sample(s) are NaN or infinite, first in "
                f"lead {self._leads[lead]}, sample {start + sample}; {way_out}"
            )
        problems = ECG(samples.numpy(), self.sampling_rate, self._leads).problems()
        if problems:
            raise ValueError(
                f"{self.path}, record {record}, from sample {start}: {'; '.join(problems)}; "
                f"{way_out}"
            )

    def _check_record(self, record: int) -> None:
        try:
            self._to_ecg(record).check()
        except ValueError as error:
            raise ValueError(
                f"{self.path}, record {record}: {error}; correct file_leads=, file_unit= or the "
                "file, or pass check=False if such records belong to your data"
            ) from error


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
        Whether to refuse records in which :meth:`ECG.problems` finds any: eight that are spread
        over the data set when it is made, and every one as it is read. NaN and infinite samples are
        refused in any case.
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

    Notes
    -----
    wfdb takes some milliseconds to read a header, and as many to read a record, which is read and
    resampled whole before it is cut. For many epochs, write the records to one file and use
    :class:`ECGArrayDataset`.

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
        n_samples: int | None = None,
        crop: Literal["random", "start", "middle"] = "random",
        labels: ArrayLike | Tensor | None = None,
        lengths: bool = False,
        seed: int | None = None,
        check: bool = True,
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
        checked_labels = _to_labels(labels, len(names))
        read_header = need("wfdb", "wfdb").rdheader
        shown = need("tqdm", "wfdb").tqdm(names, "headers", unit="record") if progress else names
        found: list[int] = []
        refused = []
        for name in shown:
            try:
                found.append(_length(read_header, self.root / name, sampling_rate))
            except Exception as error:  # corrupt headers make the reader fail in any way
                refused.append(f"{name}: {error}")
        if refused:
            more = f"; and {len(refused) - N_NAMED} more" if len(refused) > N_NAMED else ""
            raise ValueError(
                f"{len(refused)} of {len(names)} records in {self.root} cannot be used, "
                f"{'; '.join(refused[:N_NAMED])}{more}; leave them out of records="
            )
        longest = max(found)
        if n_samples is None:
            for name, length in zip(names, found, strict=True):
                if length != found[0]:
                    raise ValueError(
                        f"at {sampling_rate:.10g} Hz, {names[0]} has {found[0]} samples, but "
                        f"{name} has {length}; pass n_samples="
                    )
            n_samples = longest
        n_samples = check_count("n_samples", n_samples)
        crops = _Crops(n_samples, crop, seed, len(names), longest)
        super().__init__(len(names), crops, sampling_rate, checked_labels, lengths)
        # One array: reading a list of strings would copy its memory into every worker.
        self._names = np.array(names)
        self._check = check
        if check:
            for record in self._spread():
                self._read(record, check=True)

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
            Column with their labels, all numbers or all strings.
        **options
            Everything else that a :class:`WFDBDataset` takes.

        Returns
        -------
        WFDBDataset
            The records, in the order of the table.

        Raises
        ------
        ValueError
            If there is no such column, or if a record has no path or no label.
        """
        path = Path(root, csv_file)
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            wanted = [column] if labels is None else [column, labels]
            for name in wanted:
                if name not in (table.fieldnames or ()):
                    raise ValueError(
                        f"{path} has no column {name!r}; it has {', '.join(table.fieldnames or ())}"
                    )
            rows = [[row[name] or "" for name in wanted] for row in table]
        for number, row in enumerate(rows):
            if not all(row):
                raise ValueError(
                    f"{path}, row {number} has no {wanted[row.index('')]}; leave it out of the "
                    "table, or pass records and labels of your own"
                )
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
        return self._read(self._number(index), check=False)

    def _read(self, record: int, *, check: bool) -> ECG:
        path = self.root / f"{self._names[record]}.hea"
        return read_ecg(path, sampling_rate=self.sampling_rate, check=check)

    def _signal(self, record: int) -> Tensor:
        signal = self._read(record, check=self._check).signal
        start = self._crops.start(record, signal.shape[1])
        return torch.tensor(signal[:, start : start + self.n_samples])


def _open(path: Path) -> NDArray[Any]:
    """Return the array in a ``.npy`` file, mapped into memory."""
    try:
        # A plain view of the map, which is faster to index.
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"{path} is no .npy file, is truncated or holds Python objects ({error}); write one "
            "array of numbers with numpy.save"
        ) from error


def _find_lead_axis(
    path: Path, stack: NDArray[Any], names: tuple[str, ...], lead_axis: int | None
) -> int:
    """Return which axis of the stack is that of its leads."""
    if stack.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} holds {stack.dtype}, but samples must be floats or integers; cast them"
        )
    if stack.ndim != 3 or not stack.size:
        raise ValueError(
            f"{path} holds an array {stack.shape}, but a stack has the shape (n_records, n_leads, "
            "n_samples) or (n_records, n_samples, n_leads); read a single ECG with read_ecg"
        )
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


def _length(read_header: Any, path: Path, sampling_rate: float) -> int:
    """Return how many samples a WFDB record has at a rate, if its files have all that is needed."""
    if not path.with_name(f"{path.name}.hea").exists():
        raise ValueError(f"there is no {path.name}.hea")
    header = read_header(str(path))
    if not header.sig_len or not getattr(header, "sig_name", None):
        raise ValueError("the header describes no signals of known length")
    if not all(header.sig_name):
        raise ValueError("the header does not name all of its signals")
    for file_name in header.file_name:
        if not (path.parent / file_name).exists():
            raise ValueError(f"its samples, {file_name}, are missing")
    for row in find_leads(header.sig_name, STANDARD_LEADS).rows.values():
        millivolts(header.units[row])
    length = int(header.sig_len)
    return math.ceil(length * resampling_ratio(length, header.fs, sampling_rate))


def _parse(values: list[str]) -> NDArray[Any]:
    """Return text as whole numbers, as numbers, or as it is, the first that fits all."""
    text = np.array(values)
    for kind in (np.int64, np.float64):
        try:
            numbers = text.astype(kind)
        except ValueError:
            continue
        if np.isfinite(numbers).all():
            return numbers
    return text


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
