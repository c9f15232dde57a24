"""ECGs from files, and the real ECG that the documentation shows.

Every reader is a well-kept library's. What this module adds is what they leave open: which lead is
which, in which unit, and whether the samples can be an ECG at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.ecg import ECG
from ecgmask.leads import STANDARD_LEADS, find_leads, standard_name, standard_names

PER_MILLIVOLT = {"v": 1e-3, "mv": 1.0, "uv": 1e3, "nv": 1e6}
PADDING = 0.05  # s; in a recording, no twelve leads are exactly zero for so long


class Contents(NamedTuple):
    """What a file says; ``None`` where it says nothing."""

    samples: NDArray[Any]  # (n_leads, n_samples)
    leads: tuple[str, ...] | None = None
    sampling_rate: float | None = None
    units: tuple[str, ...] | None = None


def read_ecg(
    path: str | PathLike[str],
    *,
    sampling_rate: float | None = 500,
    leads: Iterable[str] = STANDARD_LEADS,
    index: int | None = None,
    key: str | None = None,
    file_leads: Iterable[str] | None = None,
    file_sampling_rate: float | None = None,
    file_unit: str | None = None,
    check: bool = True,
) -> ECG:
    """Read an ECG from a file, in millivolts, with the leads and the sampling rate asked for.

    Leads are found by their names, whatever the spelling and the order in the file; limb leads
    that it lacks are computed from I and II. Names, units and rates come from the file, and have
    to be given where it has none: they are never guessed. Nothing else is kept, so nothing that
    identifies a person is. Leads that are not needed may be of any quality.

    Parameters
    ----------
    path
        The file. Its content or its ending tells the format:

        * WFDB: a ``.hea`` file, the ``.dat`` or ``.mat`` beside it, or their common name. Needs
          ``ecgmask[wfdb]``.
        * DICOM: 12-lead and general ECG waveforms.
        * NumPy: ``.npy`` and ``.npz``, of one ECG or a stack of them.
        * HDF5: a data set of one ECG or a stack, such as that of CODE-15%. Needs
          ``ecgmask[hdf5]``.
    sampling_rate
        Samples per second to return, in Hz. ``None`` keeps the file's.
    leads
        Names of the leads to return, in their order.
    index
        Which record of a stack, from 0, or which multiplex group of a DICOM file.
    key
        Name of the array in a ``.npz`` or HDF5 file that holds several, such as ``"group/array"``.
    file_leads
        Names of the leads in the file, in its order; for files that do not say, such as all NumPy
        and HDF5 files.
    file_sampling_rate
        Samples per second in the file, in Hz; for files that do not say.
    file_unit
        Unit of the samples in the file, such as ``"mV"`` or ``"uV"``; for files that do not say.
    check
        Whether to refuse leads in which :meth:`ECG.problems` finds any.

    Returns
    -------
    ECG
        The record.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the library that reads the format is not installed.
    ValueError
        If the file is corrupt, truncated or no ECG, if a fact is missing or contradicts the file,
        if samples are NaN or infinite, or if the record has problems.

    Notes
    -----
    Stacks pad short records with zeros. Where all channels are zero at an end of a NumPy or HDF5
    record for 50 ms or more, those samples are left out: :meth:`ECG.fit` brings them back.

    Pickled objects, which can run code, are never loaded.

    Examples
    --------
    >>> import pydicom.examples
    >>> from ecgmask import read_ecg
    >>> read_ecg(pydicom.examples.get_path("waveform"), sampling_rate=250, leads=["II", "V5"])
    <ECG: 2 leads (II, V5) x 2500 samples, 250 Hz, 10.0 s>
    """
    path = Path(path)
    found = _find(path)
    if index is not None:
        check_count("index", index, least=0)
    if sampling_rate is not None:
        check_sampling_rate(sampling_rate)
    if file_sampling_rate is not None:
        check_sampling_rate(file_sampling_rate, "file_sampling_rate")
    wanted = standard_names("leads", leads)
    names = None if file_leads is None else standard_names("file_leads", file_leads)
    try:
        contents = _read(found, index, key, names)
        ecg = _to_ecg(contents, wanted, file_sampling_rate, file_unit)
        if sampling_rate is not None:
            ecg = ecg.resample(sampling_rate)
        if check:
            ecg.check()  # before I and II are gone, which others may follow from
        ecg = ecg.select(wanted)
    except ImportError:
        raise
    except Exception as error:  # corrupt files make readers fail in any way
        raise ValueError(f"{path}: {error}") from error
    return ecg


def sample_ecg() -> ECG:
    """Return the real ECG that this documentation shows: 12 leads, 10 s, 500 Hz, in mV.

    A resting ECG in sinus rhythm at 61 beats per minute, recorded at 1000 Hz and anonymised,
    which ships with pydicom: nothing is downloaded. It is a recording, flaws included: two
    electrode artefacts of the left leg, at 3.5 to 3.8 s and 9.4 to 9.8 s, show most in II,
    III and aVF. Only samples, lead names and the sampling rate are read.

    Returns
    -------
    ECG
        The signal ``(12, 5000)``, float32, in mV: 200 patches of 25 samples.

    Examples
    --------
    >>> from ecgmask import sample_ecg
    >>> ecg = sample_ecg()
    >>> ecg.signal.shape, ecg.leads[:3]
    ((12, 5000), ('I', 'II', 'III'))
    """
    # Imported here because it takes longer than all else, and training does not need it.
    import pydicom.examples

    return read_ecg(pydicom.examples.get_path("waveform"))


def _find(path: Path) -> Path:
    """Return the file to open: of a WFDB record, its header."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name one file, or use WFDBDataset for many records")
    header = path.parent / f"{path.name}.hea"
    if not path.exists() and header.exists():
        return header
    beside = path.with_suffix(".hea")
    if path.suffix in (".dat", ".mat") and beside.exists():
        return beside
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist, nor does {header.name} beside it")
    return path


def _read(
    path: Path, index: int | None, key: str | None, file_leads: tuple[str, ...] | None
) -> Contents:
    with path.open("rb") as file:
        start = file.read(132)
    if path.suffix == ".hea":
        _refuse("WFDB records", index=index, key=key)
        return _read_wfdb(path, file_leads)
    if start[128:] == b"DICM":
        _refuse("DICOM files", key=key)
        return _read_dicom(path, index or 0, file_leads)
    if start.startswith(b"\x93NUMPY"):
        _refuse(".npy files", key=key)
        with _told_by("NumPy"):
            stack = np.load(path, mmap_mode="r", allow_pickle=False)
        return Contents(pick_record(stack, index, file_leads), file_leads)
    if start.startswith(b"PK\x03\x04"):
        with path.open("rb") as opened:  # NumPy leaves a corrupt one open
            with _told_by("NumPy"):
                archive = np.load(opened, allow_pickle=False)
            name = _only_key(list(archive), key)
            with _told_by("NumPy"):
                stack = archive[name]
        if not isinstance(stack, np.ndarray):  # what is no array in an archive comes as bytes
            raise ValueError(f"{name} is no array; write one with numpy.savez")
        return Contents(pick_record(stack, index, file_leads), file_leads)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        h5py = need("h5py", "hdf5")
        with _told_by("h5py"):
            opened = h5py.File(path)
        with opened as file:
            items: dict[str, Any] = {}
            file.visititems(items.__setitem__)  # those in groups too
            arrays = [name for name, item in items.items() if getattr(item, "ndim", 0) > 1]
            stack = file[_only_key(arrays, key)]
            return Contents(pick_record(stack, index, file_leads), file_leads)
    raise ValueError(
        "the file is neither WFDB, DICOM, NumPy nor HDF5; convert it, or make an "
        "ECG(signal, sampling_rate, leads) of its samples"
    )


def need(library: str, extra: str) -> Any:
    """Return a library that is installed with an extra of this package."""
    try:
        return import_module(library)
    except ImportError as error:
        raise ImportError(
            f'this needs {library}; install it with: python -m pip install "ecgmask[{extra}]"'
        ) from error


@contextmanager
def _told_by(library: str) -> Iterator[None]:
    """Say what it means that a library cannot read a file."""
    try:
        yield
    except Exception as error:  # corrupt files make libraries fail in any way
        raise ValueError(
            f"{library} cannot read it: {error}; is a file missing, truncated or corrupt?"
        ) from error


def _refuse(files: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}={value!r} means nothing for {files}; leave it out")


def _only_key(keys: list[str], key: str | None) -> str:
    if key is None and len(keys) == 1:
        return keys[0]
    if key is None or key not in keys:
        asked = "which array it is" if key is None else f"one that is there, not {key!r}"
        raise ValueError(f"the file holds {', '.join(keys) or 'no arrays'}; say {asked}, with key=")
    return key


def _names_of(names: list[Any], file_leads: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names that a file gives its channels, or those given for it if it has none."""
    if all(names):
        if file_leads not in (None, tuple(map(standard_name, names))):
            raise ValueError(
                f"file_leads contradicts the file, which says {', '.join(names)}; leave it out"
            )
        return tuple(names)
    if file_leads is None or len(file_leads) != len(names):
        raise ValueError(
            f"the file does not name all of its {len(names)} channels; give {len(names)} names "
            "with file_leads="
        )
    return file_leads


def _read_wfdb(header: Path, file_leads: tuple[str, ...] | None) -> Contents:
    wfdb = need("wfdb", "wfdb")
    with _told_by("wfdb"):
        record = wfdb.rdrecord(str(header.with_suffix("")))
    return Contents(
        record.p_signal.T,
        _names_of(record.sig_name, file_leads),
        float(record.fs),
        tuple(record.units),
    )


def _read_dicom(path: Path, group: int, file_leads: tuple[str, ...] | None) -> Contents:
    import pydicom
    from pydicom.waveforms.numpy_handler import multiplex_array

    with _told_by("pydicom"):
        # What identifies a person is not even read.
        dataset = pydicom.dcmread(path, specific_tags=["WaveformSequence"])
    if "WaveformSequence" not in dataset:
        raise ValueError("the DICOM file holds no waveform; is it a 12-lead or general ECG?")
    if group >= len(dataset.WaveformSequence):
        raise ValueError(
            f"the file has {len(dataset.WaveformSequence)} multiplex groups, so index must be "
            f"below that, not {group}"
        )
    waveform = dataset.WaveformSequence[group]
    channels = waveform.ChannelDefinitionSequence
    units = [
        channel.ChannelSensitivityUnitsSequence[0].CodeValue
        for channel in channels
        # Without a sensitivity, samples are counts of unknown size.
        if "ChannelSensitivity" in channel and "ChannelSensitivityUnitsSequence" in channel
    ]
    names = [
        str(channel.ChannelSourceSequence[0].get("CodeMeaning", ""))
        if "ChannelSourceSequence" in channel
        else ""
        for channel in channels
    ]
    with _told_by("pydicom"):
        samples = dataset.waveform_array(group)
        if padding := waveform.get("WaveformPaddingValue"):
            counts = multiplex_array(dataset, group)
            samples[counts == np.frombuffer(padding, counts.dtype)[0]] = np.nan
    return Contents(
        samples.T,
        _names_of(names, file_leads),
        float(waveform.SamplingFrequency),
        tuple(units) if len(units) == len(channels) else None,
    )


def pick_record(stack: Any, index: int | None, leads: tuple[str, ...] | None) -> NDArray[Any]:
    """Return ``(n_leads, n_samples)`` of an array that holds one ECG or a stack of them."""
    if stack.dtype.kind not in "iuf":
        raise ValueError(f"samples must be numbers, not of type {stack.dtype}")
    if leads is None:
        raise ValueError(
            f"the file has no lead names; give those of its array {stack.shape} with "
            'file_leads=, such as file_leads=("I", "II", "V1")'
        )
    if stack.ndim == 3:
        if index is None:
            raise ValueError(f"the file holds {len(stack)} records; say which with index=")
        if index >= len(stack):
            raise ValueError(f"index must be below the {len(stack)} records, not {index}")
        record = np.asarray(stack[index])
    elif stack.ndim == 2 and index is None:
        record = np.asarray(stack)
    else:
        shape = "(n_leads, n_samples)" if index is None else "(n, n_leads, n_samples)"
        raise ValueError(f"the array must have the shape {shape}, not {stack.shape}")
    return np.moveaxis(record, find_lead_axis(record.shape, len(leads)), 0)


def find_lead_axis(shape: tuple[int, ...], n_leads: int) -> int:
    """Return which of the two axes of a record is that of its leads."""
    axes = [axis for axis, length in enumerate(shape) if length == n_leads]
    if len(axes) != 1:
        raise ValueError(
            f"{n_leads} lead names do not tell which axis of {tuple(shape)} is that of the leads; "
            + (
                "both fit: transpose it yourself and make an ECG"
                if axes
                else "give the names of all leads in the file"
            )
        )
    return axes[0]


def millivolts(unit: str) -> float:
    """Return how many millivolts one of a unit is."""
    if not isinstance(unit, str):
        raise TypeError(f'a unit must be a string, such as "mV", not {unit!r}')
    # Folding case turns the micro sign into the Greek letter.
    name = unit.strip().casefold().replace("\N{GREEK SMALL LETTER MU}", "u")
    if name not in PER_MILLIVOLT:
        raise ValueError(f"the unit must be V, mV, uV or nV, not {unit!r}")
    return 1 / PER_MILLIVOLT[name]


def _to_ecg(
    contents: Contents,
    wanted: tuple[str, ...],
    file_sampling_rate: float | None,
    file_unit: str | None,
) -> ECG:
    """Return the leads that matter as an ECG, in mV."""
    # What is not needed may be flat, NaN or another quantity in another unit.
    found = find_leads(contents.leads or (), wanted).rows
    rows = list(found.values())
    if contents.units is not None:
        units = [contents.units[row] for row in rows]
        if file_unit is not None and {millivolts(file_unit)} != set(map(millivolts, units)):
            raise ValueError(
                f"file_unit={file_unit!r} contradicts the file, which says "
                f"{', '.join(sorted(set(units)))}; leave it out"
            )
    elif file_unit is not None:
        units = [file_unit] * len(rows)
    else:
        raise ValueError('the file does not say its unit; give it, such as file_unit="mV"')
    rate = contents.sampling_rate or file_sampling_rate
    if rate is None:
        raise ValueError("the file does not say its sampling rate; give file_sampling_rate=, in Hz")
    if file_sampling_rate not in (None, rate):
        raise ValueError(
            f"file_sampling_rate={file_sampling_rate} contradicts the file, which says "
            f"{rate:.10g} Hz; leave it out"
        )
    rate = check_sampling_rate(rate)
    samples = contents.samples if contents.sampling_rate else _unpadded(contents.samples, rate)
    scales = np.array([millivolts(unit) for unit in units])
    signal = samples[rows].astype(np.float64) * scales[:, None]
    return ECG(signal, rate, tuple(found))


def _unpadded(samples: NDArray[Any], rate: float) -> NDArray[Any]:
    """Leave out the zeros that fill a record up to the length of its stack."""
    signal = np.flatnonzero(samples.any(axis=0))
    if not signal.size:
        return samples
    n_samples, least = samples.shape[1], PADDING * rate
    start, stop = int(signal[0]), int(signal[-1]) + 1
    start = start if start >= least else 0
    stop = stop if n_samples - stop >= least else n_samples
    return samples[:, start:stop]
