"""HDF5 files, those of MATLAB 7.3 among them.

A data set may lie elsewhere: behind links, in the virtual sources that it is made of, or in the
bytes of any file of the computer. HDF5 fills in zeros for what it does not find. So links and
sources are followed by hand, inside the file's own folder, and each must be there.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from itertools import product
from operator import ge, mul
from pathlib import Path
from typing import Any

from ecgmask.readers.arrays import pick_record
from ecgmask.readers.channels import (
    Channel,
    Refusal,
    check_bytes,
    check_regular,
    need,
    told_by,
)

SIGNATURE = b"\x89HDF\r\n\x1a\n"
N_VISITED = 1000  # objects after which a walk through a file ends
N_LISTED = 5  # shapes in an error
MOST_LINKS = 16  # one behind another
MATLAB_NUMBERS = (b"double", b"single", b"int8", b"int16", b"int32", b"int64", b"uint8", b"uint16")


def is_hdf5(path: Path) -> bool:
    """Return whether a file is HDF5, behind a user block or not."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start < size:
            file.seek(start)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            start = 2 * start or 512
    return False


def read_hdf5(
    path: Path,
    index: int | None,
    key: str | None,
    leads: tuple[str, ...] | None,
    invalid: float | None,
) -> list[Channel]:
    """Return the channels of one record of a data set."""
    h5py = need("h5py", "hdf5")
    with ExitStack() as opened:
        files = _Files(h5py, path.resolve(), opened)
        file = files.open(files.path)
        array = files.follow(file, _only_array(h5py, file) if key is None else key)
        if not isinstance(array, h5py.Dataset):
            raise Refusal("key= is no array, but a group; add the name of an array in it")
        files.check_there(array)
        stack = _matlab(array)
        _check_chunks(array, index, stack)
        return pick_record(stack, index, leads, invalid)


class _Files:
    """The files that a data set is spread over, all of them in one folder."""

    def __init__(self, h5py: Any, path: Path, opened: ExitStack) -> None:
        self.path = path
        self._h5py = h5py
        self._opened = opened
        self._files: dict[Path, Any] = {}

    def open(self, path: Path) -> Any:
        if path not in self._files:
            file = told_by("h5py", self._h5py.File, path, "r")
            self._files[path] = self._opened.enter_context(file)
        return self._files[path]

    def beside(self, file: Any, name: str) -> Path:
        """Return a file that another one names, if it may be read."""
        path = (Path(file.filename).parent / name).resolve()
        if not path.is_relative_to(self.path.parent):
            raise Refusal(
                "the array lies in a file outside the folder of this one; copy it there, or write "
                "the samples into one file"
            )
        check_regular(path, "a file that the array lies in")
        return path

    def follow(self, file: Any, name: str, n_links: int = 0) -> Any:
        """Return what a name stands for, behind links of any kind."""
        if n_links > MOST_LINKS:
            raise Refusal(f"more than {MOST_LINKS} links lie one behind another; is it a circle?")
        kinds = self._h5py.h5l
        found = file["/"]
        parts = [part for part in name.split("/") if part not in ("", ".")]
        for position, part in enumerate(parts):
            link = part.encode()
            links = found.id.links if isinstance(found, self._h5py.Group) else None
            if links is None or not told_by("h5py", links.exists, link):
                raise Refusal(
                    "there is no array of the name that key= or a link says; names are told by "
                    "h5py.File(path).visit(print)"
                )
            kind = told_by("h5py", links.get_info, link).type
            if kind == kinds.TYPE_HARD:
                found = told_by("h5py", found.__getitem__, part)
                continue
            if kind not in (kinds.TYPE_SOFT, kinds.TYPE_EXTERNAL):
                raise Refusal("the array lies behind a link of another kind; copy it into a file")
            target = told_by("h5py", links.get_val, link)
            after = "/".join(["", *parts[position + 1 :]])
            if kind == kinds.TYPE_EXTERNAL:
                other = self.open(self.beside(file, target[0].decode(errors="replace")))
                return self.follow(other, target[1].decode() + after, n_links + 1)
            before = "" if target.startswith(b"/") else "/".join(["", *parts[:position], ""])
            return self.follow(file, before + target.decode() + after, n_links + 1)
        return found

    def check_there(self, array: Any, *, is_source: bool = False) -> None:
        """Raise an error if samples of an array are somewhere else, or nowhere."""
        if array.external:
            raise Refusal(
                "the array lies in external storage, which can be any file of the computer; write "
                "the samples into the file"
            )
        if not array.is_virtual:
            if array.size and not array.id.get_storage_size():
                raise Refusal("nothing was ever written to the array")
            if is_source:
                _check_whole(array)
            return
        if is_source:
            raise Refusal("a virtual array is made of virtual ones; write the samples into one")
        space = self._h5py.h5s
        covered = space.create_simple(array.shape)
        covered.select_none()
        for source in told_by("h5py", array.virtual_sources):
            names = (source.file_name, source.dset_name)
            if any("%" in name for name in names):
                raise Refusal(
                    "names of a virtual array's sources have a %, which stands for any number of "
                    "them; write one array"
                )
            own = Path(array.file.filename)
            path = own if names[0] == "." else self.beside(array.file, names[0])
            there = self.follow(self.open(path), names[1])
            if not isinstance(there, self._h5py.Dataset):
                raise Refusal("a source of the virtual array is no array")
            self.check_there(there, is_source=True)
            n_taken = source.vspace.get_select_npoints()
            needed = source.src_space.shape
            fits = len(needed) == there.ndim and all(map(ge, there.shape, needed))
            if there.size < n_taken or (needed and not fits):
                raise Refusal("a source of the virtual array is smaller than it says")
            taken = array.shape
            if source.vspace.get_select_type() == space.SEL_ALL:
                covered.select_all()
            elif source.vspace.is_regular_hyperslab():
                start, stride, count, block = source.vspace.get_regular_hyperslab()
                select = covered.select_hyperslab
                told_by("h5py", select, start, count, stride, block, op=space.SELECT_OR)
                taken = tuple(map(mul, count, block))
            else:
                raise Refusal(
                    "the virtual array takes its sources in pieces of no regular shape; write the "
                    "samples into one"
                )
            # A whole source is taken sample by sample, whatever its shape.
            if not needed and not _alike(there.shape, taken):
                raise Refusal("a source of the virtual array has another shape than it says")
        if covered.get_select_npoints() < array.size:
            raise Refusal("sources of the virtual array do not fill it")


def _check_whole(source: Any) -> None:
    """Raise an error if chunks of a virtual array's source are not there, or large to unpack."""
    if source.chunks is None:
        return
    check_bytes(math.prod(source.chunks) * source.dtype.itemsize, "a chunk, unpacked,")
    if source.id.get_num_chunks() < _n_chunks(source):
        raise Refusal("parts of a source of the virtual array were never written")


def _alike(*shapes: tuple[int, ...]) -> bool:
    """Return whether shapes are the same, except for axes of length 1."""
    return len({tuple(length for length in shape if length != 1) for shape in shapes}) == 1


def _n_chunks(array: Any) -> int:
    chunks = zip(array.shape, array.chunks, strict=True)
    return math.prod(-(-length // chunk) for length, chunk in chunks)


def _only_array(h5py: Any, file: Any) -> str:
    """Return the name of the array of a file, if it has one that can be an ECG."""
    names: list[str] = []
    shapes: list[tuple[int, ...]] = []
    visited = 0

    def visit(name: str, item: Any) -> bool | None:
        nonlocal visited
        visited += 1
        if isinstance(item, h5py.Dataset) and item.ndim > 1:
            names.append(name)
            shapes.append(item.shape)
        return True if len(names) > N_LISTED or visited >= N_VISITED else None

    told_by("h5py", file.visititems, visit)  # hard links only
    if len(names) == 1 and visited < N_VISITED:
        return names[0]
    if visited >= N_VISITED:
        held = f"{N_VISITED} objects or more"
    elif names:
        more = ", and more" if len(names) > N_LISTED else ""
        held = f"arrays of the shapes {', '.join(map(str, shapes[:N_LISTED]))}{more}"
    else:
        held = "no arrays, save for links"
    raise Refusal(
        f"the file holds {held}; say which array it is with key=, one of the names that "
        "h5py.File(path).visit(print) tells"
    )


def _matlab(array: Any) -> Any:
    """Return an array as it is in MATLAB, if that wrote it, which stores the last axis first."""
    if "MATLAB_class" not in array.attrs:
        return array
    if told_by("h5py", array.attrs.__getitem__, "MATLAB_class") not in MATLAB_NUMBERS:
        raise Refusal("the MATLAB variable is no array of numbers; save one with -v7.3")
    return _Reversed(array)


class _Reversed:
    """An array with its axes in reverse, read record by record."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.dtype, self.ndim, self.shape = array.dtype, array.ndim, array.shape[::-1]

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, index: Any) -> Any:
        return (self._array[()] if index == () else self._array[..., index]).T


def _check_chunks(array: Any, index: int | None, stack: Any) -> None:
    """Raise an error if chunks that a record lies in are too large to unpack, or not there."""
    if array.chunks is None:
        return
    records = array.ndim - 1 if isinstance(stack, _Reversed) else 0
    steps = [
        range(index // chunk * chunk, length, length)
        if axis == records and index is not None
        else range(0, length, chunk)
        for axis, (length, chunk) in enumerate(zip(array.shape, array.chunks, strict=True))
    ]
    n_chunks = math.prod(map(len, steps))
    check_bytes(n_chunks * math.prod(array.chunks) * array.dtype.itemsize, "the record, unpacked,")
    if array.id.get_num_chunks() < _n_chunks(array):
        there = (array.id.get_chunk_info_by_coord(start).byte_offset for start in product(*steps))
        if None in there:
            raise Refusal("parts of the record were never written")
