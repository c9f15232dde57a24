"""Many ECGs in one file, which training reads a hundred times as fast as files of their own."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.ecg import ECG
from ecgmask.readers import millivolts, need, read_ecg

Precision = Literal["float16", "float32"]
Source = str | tuple[str, int]

FORMAT = 1  # of the description
PER_TASK = 32  # records; what a worker reads before it hands them over, and a kill may lose
N_NAMED = 5  # records left out that a warning names


class Description(NamedTuple):
    """What a stack says of itself, in the JSON file beside it.

    :func:`~ecgmask.write_stack` writes it, and :class:`~ecgmask.ECGArrayDataset` goes by it.

    Examples
    --------
    >>> from ecgmask.stacks import Description
    >>> lengths = {"records": ("00001_hr", "00002_hr"), "lengths": (5000, 4000)}
    >>> kept = {"left_out": (), "largest_rounding_error": 0.0005, "leads": ("I", "II")}
    >>> Description((2, 2, 5000), "float16", sampling_rate=500, unit="mV", **lengths, **kept)
    <Description: 2 records x 2 leads x 5000 samples, float16, 500 Hz, 0 left out>
    """

    shape: tuple[int, int, int]
    """Records, leads and samples."""
    dtype: str
    """Type of the samples."""
    leads: tuple[str, ...]
    """Names of the leads, in the order of the file."""
    sampling_rate: float
    """Samples per second, in Hz."""
    unit: str
    """Unit of the samples."""
    records: tuple[Source, ...]
    """Files that records come from, each alone or with the number of the record in it."""
    lengths: tuple[int, ...]
    """How many samples of each record are no padding."""
    left_out: tuple[tuple[Source, str], ...]
    """Records that are not in the file, each with the reason."""
    largest_rounding_error: float
    """By how much a sample of the file is off because of its type, at most, in mV."""

    def __repr__(self) -> str:
        n_records, n_leads, n_samples = self.shape
        return (
            f"<Description: {n_records} records x {n_leads} leads x {n_samples} samples, "
            f"{self.dtype}, {self.sampling_rate:.10g} Hz, {len(self.left_out)} left out>"
        )


def write_stack(
    records: Iterable[str | PathLike[str] | tuple[str | PathLike[str], int]],
    path: str | PathLike[str],
    *,
    root: str | PathLike[str] = ".",
    read: Callable[..., ECG] = read_ecg,
    n_samples: int | None = None,
    dtype: Literal["float16", "float32"] = "float16",
    check: bool = True,
    workers: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Description:
    """Write ECGs of any readable format to one ``.npy`` file, for :class:`ECGArrayDataset`.

    The file holds one array ``(n_records, n_leads, n_samples)``, in mV, which can be mapped into
    memory. Beside it, ``ptb-xl.npy.json`` says which leads these are, at which sampling rate, where
    each record comes from, and which records were left out and why. Records keep their order. Those
    that cannot be read, or cannot be right, are left out with a warning.

    Both files get their names when they are complete. If the process is stopped before, however
    that happens, the same call goes on where it was: no record is lost, none is there twice, and
    the files are the same byte for byte.

    Parameters
    ----------
    records
        The files, each once, as :func:`read_ecg` takes them; of files that hold a stack, pairs of
        the file and the number of the record.
    path
        The file to write; its name ends in ``.npy``.
    root
        Folder that the paths of the records start from.
    read
        What returns the :class:`ECG` of a path. A function of your own can read any other format;
        it gets the number of a record as ``index=``, and has to be importable by other processes.
    n_samples
        Samples of a record in the file, at least 1. Longer records keep their first ones, shorter
        ones get zeros at the end, and their lengths are noted. By default the length of the first
        record that can be read; others are then left out.
    dtype
        Type of the samples. ``"float16"`` has eleven binary digits: a sample of 1 to 2 mV is off by
        at most 0.49 µV. The largest error of the file is measured and returned.
    check
        Whether to leave records out in which :meth:`ECG.problems` finds any.
    workers
        Processes that read, at least 1; by default as many as there are processors.
    progress
        Whether to show a progress bar, which needs tqdm.
    **options
        What `read` takes besides, such as ``sampling_rate=100`` or ``file_unit="uV"``. Without
        `sampling_rate`, :func:`read_ecg` resamples all records to 500 Hz.

    Returns
    -------
    Description
        What the JSON file says.

    Raises
    ------
    FileExistsError
        If there is a file of this name.
    ValueError
        If a record is listed twice; if none can be used; or if the file was begun with other
        records or options.
    RuntimeError
        If a process that reads was killed.

    Notes
    -----
    Where Python starts processes afresh, as on Windows and macOS, call it below
    ``if __name__ == "__main__":``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pydicom.examples
    >>> from ecgmask import ECGArrayDataset, write_stack
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "stack.npy")
    >>> ecgs = [pydicom.examples.get_path("waveform")]
    >>> written = write_stack(ecgs, path, sampling_rate=250, workers=1, progress=False)
    >>> written.shape, written.dtype, written.largest_rounding_error < 0.001
    ((1, 12, 2500), 'float16', True)
    >>> ECGArrayDataset(path)
    <ECGArrayDataset: 1 ECG of 2500 samples at 250 Hz, items of 2500 samples>
    >>> folder.cleanup()
    """
    path = Path(path).absolute()
    sources = tuple(map(_source, records))
    if path.suffix != ".npy":
        raise ValueError(f'path must end in ".npy", not in "{path.suffix}"')
    part, journal = _beside(path, ".part"), _beside(path, ".part.jsonl")
    if path.exists():
        if not part.exists():  # all was done but this
            journal.unlink(missing_ok=True)
        raise FileExistsError(f"{path} exists; delete it, or write to another path")
    if not sources:
        raise ValueError("records must name at least one record, but is empty")
    if len(set(sources)) < len(sources):
        first = {source: number for number, source in reversed(list(enumerate(sources)))}
        again = next(number for number, source in enumerate(sources) if first[source] < number)
        raise ValueError(
            f"record {again} is the same as record {first[sources[again]]}; name each once"
        )
    if dtype not in get_args(Precision):
        raise ValueError(f"dtype must be one of {', '.join(get_args(Precision))}, not {dtype!r}")
    if n_samples is not None:
        check_count("n_samples", n_samples)
    workers = _n_processors() if workers is None else check_count("workers", workers)
    if read is read_ecg:
        options = {**options, "check": check}  # which it does before it drops leads
    reader = _Reader(Path(root).absolute(), read, options, check and read is not read_ecg)
    asked = {
        "format": FORMAT,
        "records": hashlib.sha256(json.dumps(sources).encode()).hexdigest(),
        "reader": repr(reader),
        "n_samples": n_samples,
        "dtype": dtype,
    }
    begun = _begun(part, journal, asked)
    if begun is None:
        layout = _layout_of_first(reader, sources, n_samples, dtype)
        journal.unlink(missing_ok=True)
        part.write_bytes(_header(len(sources), layout))
        journal.write_text(_line({**asked, "layout": layout._asdict()}), encoding="utf-8")
        done: list[_Entry] = []
    else:
        layout, done = begun
    bar = (
        need("tqdm", "wfdb").tqdm(None, "records", len(sources), initial=len(done), unit="record")
        if progress
        else None
    )
    n_rows = sum(entry.reason is None for entry in done)
    start = len(_header(len(sources), layout)) + n_rows * layout.n_bytes
    if part.stat().st_size < start:
        raise ValueError(f"{part} is shorter than {journal} says; delete both, and start again")
    with part.open("r+b") as data, journal.open("a", encoding="utf-8") as lines:
        data.truncate(start)  # rows that were not noted any more
        data.seek(start)
        rest = sources[len(done) :]
        tasks = [rest[at : at + PER_TASK] for at in range(0, len(rest), PER_TASK)]
        for rows, entries in _converted(_Task(reader, layout), tasks, workers):
            data.write(rows)
            _to_disk(data)  # before it is noted: what is noted is there
            lines.write("".join(_line(entry) for entry in entries))
            lines.flush()
            done += entries
            if bar is not None:
                bar.update(len(entries))
    if bar is not None:
        bar.close()
    reasons = [
        f"{_name(source)}: {entry.reason}"
        for source, entry in zip(sources, done, strict=True)
        if entry.reason is not None
    ]
    if len(reasons) == len(sources):  # the first may be readable, and too large for its type
        part.unlink()
        journal.unlink()
        raise _none_usable(reasons)
    written = _describe(sources, done, layout)
    _finish(path, part, journal, written, layout)
    _warn(path, written)
    return written


def read_description(path: Path) -> Description | None:
    """Return what the JSON file beside a stack says, or ``None`` if there is none.

    Parameters
    ----------
    path
        The ``.npy`` file.

    Raises
    ------
    ValueError
        If the file is none that :func:`write_stack` writes.
    """
    beside = _beside(path, ".json")
    if not beside.is_file():
        return None
    try:
        said = json.loads(beside.read_bytes())
        if said.pop("format") != FORMAT:
            raise ValueError
        said["records"] = [_source(source) for source in said["records"]]
        said["left_out"] = [(_source(source), reason) for source, reason in said["left_out"]]
        for name in ("shape", "leads", "records", "lengths", "left_out"):
            said[name] = tuple(said[name])
        description = Description(**said)
        check_sampling_rate(description.sampling_rate)
        millivolts(description.unit)
        n_records, _, longest = description.shape
        if not n_records == len(description.lengths) == len(description.records):
            raise ValueError
        if not all(0 < length <= longest for length in description.lengths):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        # Its cause would show text of the file.
        raise ValueError(
            f"{beside} is no description that write_stack writes; delete it, and say what it said "
            "with file_leads=, file_sampling_rate= and file_unit="
        ) from None
    return description


class _Layout(NamedTuple):
    """What all rows of a stack have in common."""

    leads: tuple[str, ...]
    sampling_rate: float
    n_samples: int
    whole: bool  # whether records of other lengths are left out
    dtype: str

    @property
    def n_bytes(self) -> int:
        """Bytes of a row."""
        return len(self.leads) * self.n_samples * np.dtype(self.dtype).itemsize


class _Entry(NamedTuple):
    """What became of a record: a row, or the reason why it is none."""

    length: int = 0
    rounding_error: float = 0.0
    reason: str | None = None


@dataclass(frozen=True)
class _Reader:
    """Where records are, and how they are read."""

    root: Path
    read: Callable[..., ECG]
    options: dict[str, Any]
    check: bool

    def __repr__(self) -> str:
        # The same in every process, which an address in memory is not.
        name = getattr(self.read, "__qualname__", type(self.read).__qualname__)
        return f"{self.root} {name} {sorted(self.options.items())} {self.check}"

    def __call__(self, source: Source) -> ECG:
        name, index = (source, {}) if isinstance(source, str) else (source[0], {"index": source[1]})
        ecg = self.read(self.root / name, **index, **self.options)
        if self.check:
            ecg.check()
        return ecg

    def reason(self, source: Source, error: Exception) -> str:
        """Return why a record cannot be used, without its path, which is told beside it."""
        name = source if isinstance(source, str) else source[0]
        reason = str(error).removeprefix(f"{self.root / name}: ")
        return reason.replace(f"{self.root}{os.sep}", "") or type(error).__name__


@dataclass(frozen=True)
class _Task:
    """Read some records into rows."""

    reader: _Reader
    layout: _Layout

    def __call__(self, sources: tuple[Source, ...]) -> tuple[bytes, list[_Entry]]:
        rows, entries = [], []
        for source in sources:
            try:
                row, entry = self._row(self.reader(source))
            except ImportError:
                raise
            except (
                Exception
            ) as error:  # corrupt files make a function of the user's fail in any way
                entries.append(_Entry(reason=self.reader.reason(source, error)))
            else:
                rows.append(row.tobytes())
                entries.append(entry)
        return b"".join(rows), entries

    def _row(self, ecg: ECG) -> tuple[NDArray[Any], _Entry]:
        layout = self.layout
        if ecg.leads != layout.leads:
            raise ValueError(
                "its leads are not those of the first record; select the same leads of each"
            )
        if ecg.sampling_rate != layout.sampling_rate:
            raise ValueError(
                f"its {ecg.sampling_rate:.10g} Hz are not the {layout.sampling_rate:.10g} Hz of "
                "the first record; pass sampling_rate="
            )
        length = ecg.signal.shape[1]
        if layout.whole and length != layout.n_samples:
            raise ValueError(
                f"its {length} samples are not the {layout.n_samples} of the first record; pass "
                "n_samples="
            )
        signal = ecg.signal if length == layout.n_samples else ecg.fit(layout.n_samples).signal
        with np.errstate(over="ignore"):
            row = signal.astype(layout.dtype)
        error = float(np.abs(row.astype(np.float32) - signal).max())
        if not np.isfinite(error):
            raise ValueError(f'it has samples too large for {layout.dtype}; pass dtype="float32"')
        return row, _Entry(min(length, layout.n_samples), error)


def _source(source: Any) -> Source:
    """Return how a record is named, in JSON too."""
    if isinstance(source, str | PathLike):
        return os.fspath(source)
    try:
        name, index = source
        return os.fspath(name), check_count("index", index, least=0)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"a record is a path, or a pair of a path and a number, not a {type(source).__name__}"
        ) from error


def _n_processors() -> int:
    count: int | None = getattr(os, "process_cpu_count", os.cpu_count)()
    return count or 1


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _line(value: Any) -> str:
    return json.dumps(value) + "\n"


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _header(n_records: int, layout: _Layout) -> bytes:
    """Return what a ``.npy`` file begins with; it has one length for any number of records."""
    file = io.BytesIO()
    shape = (n_records, len(layout.leads), layout.n_samples)
    described = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(layout.dtype)),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


def _begun(part: Path, journal: Path, asked: dict[str, Any]) -> tuple[_Layout, list[_Entry]] | None:
    """Return what a call that was stopped has done, or ``None`` if there was none."""
    if not part.exists() or not journal.exists():
        return None
    # A line without its end was being written.
    lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
    if not lines:
        return None
    begun = json.loads(lines[0])
    layout = begun.pop("layout")
    if begun != asked:
        differing = ", ".join(name for name in asked if begun.get(name) != asked[name])
        raise ValueError(
            f"{part} was begun with another {differing}; call with the same, or delete it and "
            f"{journal.name} to start again"
        )
    layout["leads"] = tuple(layout["leads"])
    return _Layout(**layout), [_Entry(*json.loads(line)) for line in lines[1:]]


def _layout_of_first(
    reader: _Reader, sources: tuple[Source, ...], n_samples: int | None, dtype: str
) -> _Layout:
    """Return the layout that the first usable record has."""
    reasons = []
    for source in sources:
        try:
            ecg = reader(source)
        except ImportError:
            raise
        except Exception as error:  # corrupt files make a function of the user's fail in any way
            reasons.append(f"{_name(source)}: {reader.reason(source, error)}")
            continue
        length = ecg.signal.shape[1] if n_samples is None else n_samples
        return _Layout(ecg.leads, float(ecg.sampling_rate), length, n_samples is None, dtype)
    raise _none_usable(reasons)


def _none_usable(reasons: list[str]) -> ValueError:
    few = "; ".join(reasons[:N_NAMED])
    return ValueError(f"none of the {len(reasons)} records can be used; {few}")


def _name(source: Source) -> str:
    return source if isinstance(source, str) else f"{source[0]}, record {source[1]}"


def _converted(
    task: _Task, tasks: list[tuple[Source, ...]], workers: int
) -> Iterator[tuple[bytes, list[_Entry]]]:
    """Do tasks in any number of processes, and return what comes of them in order."""
    workers = min(workers, len(tasks))
    if workers <= 1:
        yield from map(task, tasks)
        return
    waiting: deque[Future[tuple[bytes, list[_Entry]]]] = deque()
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        try:
            for each in tasks:
                waiting.append(pool.submit(task, each))
                if len(waiting) > 2 * workers:  # no more rows than these are held in memory
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                "a process that read records was killed, by a file that crashes its library or for "
                "lack of memory; call again to go on, with workers=1 to see which record it is"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """End this process when the one that started it was killed: nobody else would."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        try:
            parent.join()
        except ValueError:  # processes that joblib has started do not know their parent
            return
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _describe(sources: tuple[Source, ...], done: list[_Entry], layout: _Layout) -> Description:
    kept = [
        (source, entry) for source, entry in zip(sources, done, strict=True) if entry.reason is None
    ]
    return Description(
        shape=(len(kept), len(layout.leads), layout.n_samples),
        dtype=layout.dtype,
        leads=layout.leads,
        sampling_rate=layout.sampling_rate,
        unit="mV",
        records=tuple(source for source, _ in kept),
        lengths=tuple(entry.length for _, entry in kept),
        left_out=tuple(
            (source, entry.reason)
            for source, entry in zip(sources, done, strict=True)
            if entry.reason is not None
        ),
        largest_rounding_error=max(entry.rounding_error for _, entry in kept),
    )


def _finish(path: Path, part: Path, journal: Path, written: Description, layout: _Layout) -> None:
    """Give the files their names; whenever that is stopped, it can be done again."""
    with part.open("r+b") as data:
        data.write(_header(written.shape[0], layout))
        _to_disk(data)
    description = _beside(path, ".json")
    unfinished = _beside(path, ".json.part")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **written._asdict()}, file, indent=1)
        _to_disk(file)
    unfinished.replace(description)
    part.replace(path)
    journal.unlink()


def _warn(path: Path, written: Description) -> None:
    if not written.left_out:
        return
    few = "; ".join(f"{_name(source)}: {reason}" for source, reason in written.left_out[:N_NAMED])
    more = len(written.left_out) - N_NAMED
    warnings.warn(
        f"{len(written.left_out)} of {len(written.left_out) + len(written.records)} records are "
        f"left out of {path}, {few}{f'; and {more} more' if more > 0 else ''}; "
        f"{path.name}.json names all",
        stacklevel=3,
    )
