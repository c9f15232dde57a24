"""What a collator learns of the records of a batch before it draws their masks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

from ecgmask._checks import check_count
from ecgmask.batches import Marked
from ecgmask.leads import STANDARD_LEADS

IN_CACHE = 16  # records that are stacked before they are looked at


class Grid(NamedTuple):
    """How many patches samples make: by their size, or as the front end of a model says."""

    patch_size: int | None
    n_patches: int | Callable[[int], int] | None = None

    def count(self, n_samples: int) -> int:
        """Return how many patches so many samples make, a rest excepted."""
        if self.patch_size is not None:
            return n_samples // self.patch_size
        if callable(self.n_patches):
            return check_count(f"n_patches({n_samples})", self.n_patches(n_samples))
        return check_count("n_patches", self.n_patches)


class Facts(NamedTuple):
    """What a collator knows of the records of a batch before it draws their masks."""

    n_records: int
    n_leads: int
    n_patches: int
    n_valid: NDArray[np.int64] | None  # patches that are no padding, for each record
    r_peaks: NDArray[np.float64] | None  # in patches, NaN behind the last
    missing: NDArray[np.bool_] | None  # (record, lead)

    def of(self, rows: NDArray[np.intp]) -> Facts:
        """Return what is known of some of the records."""
        return self._replace(
            n_records=len(rows),
            n_valid=None if self.n_valid is None else self.n_valid[rows],
            r_peaks=None if self.r_peaks is None else self.r_peaks[rows],
            missing=None if self.missing is None else self.missing[rows],
        )


def stack_records(
    records: Sequence[Any],
    grid: Grid,
    *,
    signal_key: str | int | None,
    check_finite: bool,
    lengths_key: str | int | None = None,
    r_peaks_key: str | int | None = None,
    missing_leads: tuple[str, ...] | str | None = None,
) -> tuple[Any, Facts]:
    """Return the records as a batch, and what is known of them.

    Parameters
    ----------
    records
        Records as :func:`torch.utils.data.default_collate` takes them.
    grid
        How many patches its samples make.
    signal_key
        Where the signal is in a record.
    check_finite
        Whether NaN and infinite samples raise an error.
    lengths_key
        Where a record says how many of its samples are no padding.
    r_peaks_key
        Where a record holds the positions of its R peaks in samples.
    missing_leads
        Names of leads that no record has, or ``"nan"``.
    """
    if len(records) == 0:
        raise ValueError("a batch needs at least one record, but the list is empty")
    signals = [signal_of(record, signal_key) for record in records]
    n_leads, n_samples = common_shape(signals)
    if grid.patch_size is not None:
        check_divides((n_leads, n_samples), grid.patch_size)
    n_patches = grid.count(n_samples)
    lengths = n_valid = padding = r_peaks = missing = None
    if lengths_key is not None:
        lengths = [int(item_of(record, lengths_key, "lengths_key")) for record in records]
        n_valid = count_valid(lengths, n_samples, grid)
        padding = find_padding(lengths, n_samples)
    looked = False
    of_one_form = len(set(map(type, records))) == 1 and all(map(begins_with, records, signals))
    if r_peaks_key is None and of_one_form:
        whole = records.take(signals) if isinstance(records, Marked) else None
        if whole is None and check_finite and are_alike(signals):
            whole, looked = stack_looking(signals)
        batch = stack(records) if whole is None else stack_around(whole, records)
    elif r_peaks_key is None:
        batch = stack(records)
    else:
        peaks = [item_of(record, r_peaks_key, "r_peaks_key") for record in records]
        r_peaks = pad_peaks(peaks, n_samples / n_patches, lengths, n_valid)
        # Records have different numbers of R peaks, which do not stack: they stay a list.
        batch = put_back(stack([leave_out(r, r_peaks_key) for r in records]), r_peaks_key, peaks)
    signal = signal_of(batch, signal_key)
    if missing_leads is not None:
        missing = find_missing(signal, missing_leads, padding)
    if check_finite and not looked:
        refuse_not_finite(signal, missing, padding)
    return batch, Facts(len(records), n_leads, n_patches, n_valid, r_peaks, missing)


def signal_of(record: Any, signal_key: str | int | None) -> Any:
    """Return the signal of a record, or of a batch: ``default_collate`` keeps the form."""
    if isinstance(record, Tensor | np.ndarray):
        return record
    if isinstance(record, Mapping) and signal_key is None:
        raise TypeError(
            f"records are dicts with the keys {', '.join(map(repr, record))}; say which is the "
            "signal with signal_key="
        )
    return item_of(record, 0 if signal_key is None else signal_key, "signal_key")


def item_of(record: Any, key: str | int, name: str) -> Any:
    """Return an item of a record, or of a batch."""
    if isinstance(record, Mapping):
        if key not in record:
            keys = ", ".join(map(repr, record))
            raise ValueError(f"{name}={key!r} is not among the keys {keys}")
        return record[key]
    if isinstance(record, Sequence) and not isinstance(record, str | bytes):
        if not isinstance(key, int) or not -len(record) <= key < len(record):
            raise TypeError(
                f"records are sequences of {len(record)} items, but {name}={key!r}; give the "
                "position of the item"
            )
        return record[key]
    raise TypeError(
        f"a record must be a tensor, an array, (signal, ...) or a dict, not "
        f"{type(record).__name__}; of an ECG pass ecg.signal"
    )


def leave_out(record: Any, key: str | int) -> Any:
    """Return a record without one of its items."""
    if isinstance(record, Mapping):
        return {name: item for name, item in record.items() if name != key}
    rest = list(record)
    del rest[int(key)]
    return rest


def put_back(batch: Any, key: str | int, items: list[Any]) -> Any:
    """Put items that were left out of a batch back into their place."""
    if isinstance(batch, dict):
        return {**batch, key: items}
    at = int(key) if int(key) >= 0 else int(key) + len(batch) + 1
    return [*batch[:at], items, *batch[at:]]


def begins_with(record: Any, signal: Tensor) -> bool:
    """Return whether a record is a signal, or a plain tuple that begins with it."""
    return record is signal or (type(record) is tuple and record[0] is signal)


def are_alike(signals: Sequence[Any]) -> bool:
    """Return whether signals are tensors that may be copied into one of their type.

    In a worker torch stacks them, in memory that it shares.
    """
    dtype = getattr(signals[0], "dtype", None)
    return get_worker_info() is None and all(
        type(signal) is Tensor
        and signal.dtype == dtype
        and signal.is_cpu
        and signal.layout is torch.strided
        and signal.is_floating_point()
        and not signal.requires_grad
        for signal in signals
    )


def stack_looking(signals: list[Tensor]) -> tuple[Tensor, bool]:
    """Return signals as a batch, and whether it is certain that all samples are finite.

    They are looked at while they are in the cache: a large batch has left it when it is complete.
    """
    batch = torch.empty(len(signals), *signals[0].shape, dtype=signals[0].dtype)
    finite = True
    for first in range(0, len(signals), IN_CACHE):
        some = slice(first, first + IN_CACHE)
        torch.stack(signals[some], out=batch[some])
        finite = finite and all_finite(batch[some])
    return batch, finite


def all_finite(signal: Tensor) -> bool:
    """Return whether it is certain that all samples are finite.

    One sum shows whether anything is wrong, at a fraction of the cost of testing each sample; large
    but finite samples may overflow it.
    """
    return math.isfinite(signal.detach().sum())


def stack_around(signal: Tensor, records: Sequence[Any]) -> Any:
    """Return records as a batch, whose signals are stacked already."""
    if isinstance(records[0], Tensor):
        return signal
    if all(len(record) == 1 for record in records):
        return [signal]
    return [signal, *stack([record[1:] for record in records])]


def stack(records: Sequence[Any]) -> Any:
    """Return the records as a batch."""
    try:
        with warnings.catch_warnings():
            # Samples of an ECG are read-only; the batch is a copy, so nobody can write to them.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            return default_collate(list(records))
    except (KeyError, RuntimeError, TypeError) as error:
        raise ValueError(
            "records of a batch must have the same form, and items that default_collate can "
            f"stack, but: {error}"
        ) from error


def count_valid(lengths: list[int], n_samples: int, grid: Grid) -> NDArray[np.int64]:
    """Return how many patches of each record hold no padding."""
    least = grid.patch_size or 1
    for record, length in enumerate(lengths):
        if not least <= length <= n_samples:
            raise ValueError(
                f"record {record} has a length of {length} samples, but must have at least one "
                f"patch of {least} and no more than the {n_samples} that it is padded to"
            )
    return np.array([grid.count(length) for length in lengths])


def pad_peaks(
    peaks: list[Any],
    patch_size: float,
    lengths: list[int] | None,
    n_valid: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """Return R peaks in patches, one row a record, with NaN behind the last."""
    rows = [np.asarray(each, dtype=np.float64).ravel() for each in peaks]
    if lengths is not None and n_valid is not None:
        # A peak in the last patch counts as padding if that patch is padded in part.
        rows = [
            row[(row < n_whole * patch_size) | (row >= length)]
            for row, n_whole, length in zip(rows, n_valid, lengths, strict=True)
        ]
    rows = [row / patch_size for row in rows]
    padded = np.full((len(rows), max(row.size for row in rows)), np.nan)
    for row, given in zip(padded, rows, strict=True):
        row[: given.size] = given
    return padded


def find_padding(lengths: list[int], n_samples: int) -> Tensor:
    """Return ``(n_records, 1, n_samples)``, ``True`` where a sample is padding."""
    return (torch.arange(n_samples) >= torch.tensor(lengths)[:, None])[:, None]


def find_missing(
    signal: Tensor, missing_leads: tuple[str, ...] | str, padding: Tensor | None
) -> NDArray[np.bool_]:
    """Return ``(n_records, n_leads)``, ``True`` where a lead is missing."""
    if missing_leads == "nan":
        absent = torch.isnan(signal)
        return np.asarray((absent if padding is None else absent | padding).all(dim=-1))
    n_records, n_leads = signal.shape[:2]
    if n_leads != len(STANDARD_LEADS):
        raise ValueError(
            f"missing_leads names leads of a 12-lead ECG, but records have {n_leads}; use "
            'missing_leads="nan"'
        )
    return np.tile(np.isin(STANDARD_LEADS, list(missing_leads)), (n_records, 1))


def common_shape(signals: Sequence[Any]) -> tuple[int, int]:
    """Return ``(n_leads, n_samples)``, which all signals must have."""
    for signal in signals:
        if isinstance(signal, list):
            raise TypeError(
                "a signal must be a tensor or an array, not list; a data set of Hugging Face gives "
                'tensors after with_format("torch"), and where the list is not the signal, '
                "signal_key= says what is"
            )
        if not isinstance(signal, Tensor | np.ndarray):
            raise TypeError(
                f"a signal must be a tensor or an array, not {type(signal).__name__}; say where "
                "it is in the record with signal_key="
            )
    shapes = sorted(map(tuple, {signal.shape for signal in signals}))
    if len(shapes) > 1:
        raise ValueError(
            f"records of one batch must have one shape, not {' and '.join(map(str, shapes))}; "
            "crop or pad them in the dataset, and say with lengths_key= how long they really are"
        )
    if len(shapes[0]) != 2 or 0 in shapes[0]:
        way_out = (
            "give a single lead a lead axis, signal[None]"
            if len(shapes[0]) == 1
            else "a record is one ECG, with at least one lead and one sample"
        )
        raise ValueError(
            f"a signal must have the shape (n_leads, n_samples), not {shapes[0]}; {way_out}"
        )
    return shapes[0][0], shapes[0][1]


def check_divides(shape: tuple[int, int], patch_size: int) -> None:
    """Raise an error unless a record divides into patches."""
    n_samples = shape[1]
    if n_samples < patch_size:
        raise ValueError(
            f"records of {n_samples} samples are shorter than one patch of {patch_size}; is the "
            f"shape {shape} (n_leads, n_samples)? Transpose it, or lower patch_size"
        )
    if n_samples % patch_size:
        raise ValueError(
            f"records of {n_samples} samples do not divide into patches of {patch_size}; crop "
            f"{n_samples % patch_size} samples or change patch_size"
        )


def refuse_not_finite(
    signal: Tensor, missing: NDArray[np.bool_] | None, padding: Tensor | None
) -> None:
    """Raise an error if a sample is not finite, missing leads and padding excepted."""
    if not signal.is_floating_point():
        return
    if all_finite(signal):
        return
    wrong = ~torch.isfinite(signal)
    if missing is not None:
        wrong &= ~torch.from_numpy(missing)[:, :, None]
    if padding is not None:
        wrong &= ~padding
    bad = torch.nonzero(wrong)
    if len(bad):
        record, lead, sample = bad[0].tolist()
        raise ValueError(
            f"{len(bad)} sample(s) are NaN or infinite, first in record {record} of the batch, "
            f"lead {lead}, sample {sample}; repair or drop the record, or pass check_finite=False"
        )
