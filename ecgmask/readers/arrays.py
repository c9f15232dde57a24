"""Arrays of one ECG or a stack of them, in files that say nothing else about it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from ecgmask.readers.channels import (
    Channel,
    Refusal,
    check_bytes,
    check_samples,
    told_by,
)

N_LISTED = 5  # shapes in an error


def read_npy(
    path: Path, index: int | None, leads: tuple[str, ...] | None, invalid: float | None
) -> list[Channel]:
    """Return the channels of one record of a ``.npy`` file."""
    with path.open("rb") as file:
        _check_header(file, path.stat().st_size)
    stack = told_by("NumPy", np.load, path, mmap_mode="r", allow_pickle=False)
    return pick_record(stack, index, leads, invalid)


def read_npz(
    path: Path,
    index: int | None,
    key: str | None,
    leads: tuple[str, ...] | None,
    invalid: float | None,
) -> list[Channel]:
    """Return the channels of one record of an array of a ``.npz`` file."""
    with path.open("rb") as file, told_by("NumPy", ZipFile, file) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if any(name.endswith("data.pkl") for name in sizes):
            raise Refusal(
                "the file was written by torch.save, and may run code when it is loaded; load it "
                "yourself, and save the array with numpy.save"
            )
        names = {name.removesuffix(".npy"): name for name in sizes}
        if len(names) != 1 if key is None else key not in names:
            asked = "" if key is None else f", but none of the name {key!r}"
            raise Refusal(
                f"the file holds {len(names)} arrays{asked}; say which it is with key=, one of "
                "numpy.load(path).files"
            )
        name = next(iter(names.values())) if key is None else names[key]
        check_bytes(sizes[name], "the array, unpacked,")
        with told_by("zipfile", archive.open, name) as member:
            _check_header(member, sizes[name])
        with told_by("zipfile", archive.open, name) as member:
            stack = told_by("NumPy", np.lib.format.read_array, member, allow_pickle=False)
    return pick_record(stack, index, leads, invalid)


def _check_header(file: IO[bytes], size: int) -> None:
    """Raise an error unless an array of numbers follows that ends where the file does."""
    headers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = told_by("NumPy", np.lib.format.read_magic, file)
    if version not in headers:
        raise Refusal("the array is of a format for names beyond ASCII; save one without names")
    shape, _, dtype = told_by("NumPy", headers[version], file)
    if dtype.hasobject:
        raise Refusal(
            "the array holds Python objects, which may run code when they are loaded; save "
            "numbers, such as array.astype(numpy.float32), with numpy.save"
        )
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if claimed != there:
        raise Refusal(
            f"its array {shape} takes {claimed} bytes, but the file has {there} for it; is it "
            "truncated or corrupt, or does it hold several arrays?"
        )


def choose_among(shapes: list[tuple[int, ...]], way_out: str) -> Refusal:
    """Return what is to be said of a file that holds several arrays, or none."""
    listed = ", ".join(map(str, shapes[:N_LISTED]))
    more = ", and more" if len(shapes) > N_LISTED else ""
    held = f"{len(shapes)} arrays, of the shapes {listed}{more}" if shapes else "no arrays"
    return Refusal(f"the file holds {held}; say which array it is, with key=, {way_out}")


def pick_record(
    stack: Any, index: int | None, leads: tuple[str, ...] | None, invalid: float | None
) -> list[Channel]:
    """Return the channels of an array that holds one ECG or a stack of them."""
    if stack.dtype.kind not in "iuf":
        raise Refusal(
            "samples must be integers or floats, not of another type; convert them, and save them "
            "with numpy.save"
        )
    if leads is None:
        raise Refusal(
            f"the file has no lead names; give those of its array {stack.shape} with "
            'file_leads=, such as file_leads=("I", "II", "V1")'
        )
    if stack.ndim == 3:
        if index is None:
            raise Refusal(f"the file holds {len(stack)} records; say which with index=")
        if index >= len(stack):
            raise Refusal(f"index must be below the {len(stack)} records, not {index}")
        check_samples(math.prod(stack.shape[1:]))
        record = told_by("its library", lambda: np.asarray(stack[index]))
    elif stack.ndim == 2 and index is None:
        check_samples(math.prod(stack.shape))
        record = told_by("its library", lambda: np.asarray(stack[()]))
    else:
        shape = "(n_leads, n_samples)" if index is None else "(n, n_leads, n_samples)"
        raise Refusal(f"the array must have the shape {shape}, not {stack.shape}")
    rows = np.moveaxis(record, find_lead_axis(record.shape, len(leads)), 0)
    marked = _without(rows, invalid)
    return [Channel(samples, lead) for samples, lead in zip(marked, leads, strict=True)]


def _without(record: NDArray[Any], invalid: float | None) -> NDArray[Any]:
    """Return a record with NaN where it has the number that means that there is no sample."""
    number = no_sample(record.dtype, invalid)
    lost = None if number is None else record == number
    if lost is None or not lost.any():
        return record
    return np.where(lost, np.nan, record.astype(np.float64))


def no_sample(dtype: np.dtype[Any], invalid: float | None) -> float | None:
    """Return which number of an array stands for no sample, if one does."""
    if invalid is None:
        return int(np.iinfo(dtype).min) if dtype.kind == "i" else None
    if dtype.kind == "f":
        return float(invalid)
    if not float(invalid).is_integer() or not (
        np.iinfo(dtype).min <= invalid <= np.iinfo(dtype).max
    ):
        raise Refusal(f"invalid={invalid} is no number of type {dtype}; leave it out")
    return int(invalid)


def check_invalid(invalid: object) -> None:
    """Raise an error unless this can be the number that stands for no sample."""
    if isinstance(invalid, bool) or not isinstance(invalid, int | float | np.number):
        raise TypeError(f"invalid must be a number, not {invalid!r}")


def find_lead_axis(shape: tuple[int, ...], n_leads: int) -> int:
    """Return which of the two axes of a record is that of its leads."""
    axes = [axis for axis, length in enumerate(shape) if length == n_leads]
    if len(axes) != 1:
        raise Refusal(
            f"{n_leads} lead names do not tell which axis of {tuple(shape)} is that of the leads; "
            + (
                "both fit: transpose it yourself and make an ECG"
                if axes
                else "give the names of all leads in the file"
            )
        )
    return axes[0]
