"""Any file to an ECG: its format, its leads, their unit and their rate."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.ecg import ECG, MOST_SAMPLES
from ecgmask.leads import STANDARD_LEADS, find_leads, spell, standard_names
from ecgmask.readers.arrays import check_invalid, read_npy, read_npz
from ecgmask.readers.channels import OTHER, Channel, Refusal, millivolts, told_by
from ecgmask.readers.dicom import is_dicom, read_dicom
from ecgmask.readers.hdf5 import is_hdf5, read_hdf5
from ecgmask.readers.wfdb_records import read_wfdb

PADDING = 0.05  # s; in a recording, no twelve leads are exactly zero for so long


def read_ecg(
    path: str | PathLike[str],
    *,
    sampling_rate: float | None = 500,
    leads: Iterable[str] = STANDARD_LEADS,
    index: int | None = None,
    key: str | None = None,
    file_leads: Iterable[str] | None = None,
    file_sampling_rate: float | None = None,
    file_unit: str | float | None = None,
    invalid: float | None = None,
    check: bool = True,
) -> ECG:
    """Read an ECG from a file, in millivolts, with the leads and the sampling rate asked for.

    Leads are found by their names, whatever the spelling and the order in the file; limb leads
    that it lacks are computed from I and II. Names, units and rates come from the file, and have
    to be given where it has none: they are never guessed. Nothing else is kept, so nothing that
    identifies a person is, and no error or warning repeats text of a file. Leads that are not
    needed may be of any quality.

    Parameters
    ----------
    path
        The file. Its content or its ending tells the format:

        * WFDB: a ``.hea`` file, the ``.dat`` or ``.mat`` beside it, or their common name. Needs
          ``ecgmask[wfdb]``.
        * DICOM: 12-lead and general ECG waveforms.
        * NumPy: ``.npy`` and ``.npz``, of one ECG or a stack of them.
        * HDF5: a data set of one ECG or a stack, such as that of CODE-15%; ``.mat`` files of
          MATLAB 7.3 too. Needs ``ecgmask[hdf5]``.
    sampling_rate
        Samples per second to return, in Hz. ``None`` keeps the file's.
    leads
        Names of the leads to return, in their order.
    index
        Which record of a stack, from 0, or which multiplex group of a DICOM file.
    key
        Name of the array in a ``.npz`` or HDF5 file that holds several, such as ``"group/array"``.
    file_leads
        Names of the channels in the file, in its order; for files that do not say, such as all
        NumPy and HDF5 files, or that use names of their own.
    file_sampling_rate
        Samples per second in the file, in Hz; for files that do not say.
    file_unit
        Unit of the samples in the file, such as ``"mV"`` or ``"uV"``, or what one of it is in mV,
        above 0, such as ``0.5``; for files that do not say, uncalibrated WFDB signals among them.
    invalid
        The number that stands for a missing sample in a NumPy or HDF5 array. By default the least
        value of signed integers, such as -32768.
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
        If the file is corrupt, truncated or no ECG, if it contradicts itself or what it is said to
        be, if a fact is missing, if samples are missing, NaN or infinite, or if the record has
        problems.

    Notes
    -----
    Stacks pad short records with zeros. Where all channels are zero at an end of a record for
    50 ms or more, those samples are left out: :meth:`ECG.fit` brings them back. Of channels that
    were sampled one after the other, the time is returned that all leads have; of these, and of
    channels with different rates, no padding is left out.

    Samples of WFDB records are held to the checksums and first values of the header, unless these
    are 0 for all signals. Uncalibrated signals, those of gain 0, are counts that need a
    `file_unit`.

    Refused in any case are pipes and devices, objects that can run code when they are loaded,
    samples outside the folder of the file, external storage of HDF5, arrays or parts of them that
    were never written, and DICOM samples in mu-law or A-law. A record may have up to ``2**26``
    samples of all its channels, before and after resampling; a WFDB record up to 1000 segments and
    a header of 1 MiB; a DICOM file 256 MiB, packed or not; an array in a ``.npz`` file, the HDF5
    chunks that a record lies in, and each chunk of a virtual array's sources, 1 GiB unpacked.
    Without `key`, up to 1000 objects of HDF5 are looked through for the only array; name it with
    `key` if there are more.

    libhdf5 2.0 never comes back from some damaged lists of virtual sources. Read HDF5 files that
    you do not trust in a process with a time limit.

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
    if file_unit is not None:
        millivolts(file_unit)
    if invalid is not None:
        check_invalid(invalid)
    wanted = standard_names("leads", leads)
    names = None if file_leads is None else standard_names("file_leads", file_leads)
    given = Given(index, key, names, file_sampling_rate, file_unit, invalid)
    try:
        # Libraries warn in the words of the file.
        with warnings.catch_warnings(action="ignore"):
            channels = told_by("the library", read_channels, found, given)
        ecg = to_ecg(channels, wanted, given, sampling_rate)
        if check:
            # Before a filter blurs gaps, and before I and II are gone, which others follow from.
            ecg.check()
        if sampling_rate is not None:
            ecg = ecg.resample(sampling_rate)
        return ecg.select(wanted)
    except ValueError as error:
        reason = str(error)
    # Outside, so that no error of a library is told with it, whose words are those of the file.
    raise ValueError(f"{path}: {reason}")


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


@dataclass(frozen=True)
class Given:
    """What a user says of a file."""

    index: int | None
    key: str | None
    leads: tuple[str, ...] | None
    sampling_rate: float | None
    unit: str | float | None
    invalid: float | None


def _find(path: Path) -> Path:
    """Return the file to open: of a WFDB record, its header."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name one file, or use WFDBDataset for many records")
    header = path.parent / f"{path.name}.hea"
    if not path.exists() and header.exists():
        path = header
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist, nor does {header.name} beside it")
    if not path.is_file():
        raise ValueError(f"{path} is no regular file, but a pipe or a device; copy it first")
    beside = path.with_suffix(".hea")
    if path.suffix in (".dat", ".mat") and beside.is_file() and not is_hdf5(path):
        return beside
    return path


def read_channels(path: Path, given: Given) -> list[Channel]:
    """Return the channels of a file, whose content or ending tells the format."""
    with path.open("rb") as file:
        start = file.read(132)
    index, key, leads, invalid = given.index, given.key, given.leads, given.invalid
    if path.suffix == ".hea":
        _refuse("WFDB records", index=index, key=key, invalid=invalid)
        return _rename(read_wfdb(path), leads)
    if start.startswith(b"\x93NUMPY"):
        _refuse(".npy files", key=key)
        return read_npy(path, index, leads, invalid)
    if start.startswith(b"PK\x03\x04"):
        return read_npz(path, index, key, leads, invalid)
    if is_hdf5(path):
        return read_hdf5(path, index, key, leads, invalid)
    if is_dicom(start):
        _refuse("DICOM files", key=key, invalid=invalid)
        return _rename(read_dicom(path, index or 0), leads)
    raise Refusal(_no_format(path, start))


def _no_format(path: Path, start: bytes) -> str:
    """Say what a file is that is not read, and what to do with it."""
    if start.startswith(b"MATLAB") or path.suffix == ".mat":
        return (
            "the file is of MATLAB before 7.3 and has no WFDB header beside it; load it with "
            "scipy.io.loadmat, and make an ECG(signal, sampling_rate, leads) of its samples"
        )
    if path.suffix == ".dat":
        return (
            f"there is no header {path.stem}.hea beside the samples; without it they mean nothing"
        )
    if start.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return (
            "the file is a pickle, which may run code when it is loaded; load it yourself, and "
            "save the array with numpy.save"
        )
    return (
        "the file is neither WFDB, DICOM, NumPy nor HDF5; convert it, or make an "
        "ECG(signal, sampling_rate, leads) of its samples"
    )


def _refuse(files: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise Refusal(f"{name}={value!r} means nothing for {files}; leave it out")


def _rename(channels: list[Channel], leads: tuple[str, ...] | None) -> list[Channel]:
    """Return channels by the names that are given for them, if they do not contradict the file."""
    if leads is None:
        return channels
    if len(leads) != len(channels):
        raise Refusal(f"the file has {len(channels)} channels, but file_leads {len(leads)} names")
    known = spell(channel.name for channel in channels)
    for number, (name, lead) in enumerate(zip(known, leads, strict=True), 1):
        told = name in STANDARD_LEADS and known.count(name) == 1
        if told and lead in STANDARD_LEADS and lead != name:
            raise Refusal(
                f"file_leads contradicts the file, whose channel {number} is {name}, not {lead}; "
                "leave it out"
            )
    return [channel._replace(name=lead) for channel, lead in zip(channels, leads, strict=True)]


def to_ecg(
    channels: list[Channel],
    wanted: tuple[str, ...],
    given: Given,
    sampling_rate: float | None,
    padded: list[Channel] | None = None,
) -> ECG:
    """Return the leads that matter as an ECG, in mV; `padded` tell better what is padding."""
    # What is not needed may be flat, NaN or another quantity in another unit.
    rows = find_leads(_names(channels, wanted), wanted).rows
    needed = {name: channels[row] for name, row in rows.items()}
    for name, channel in needed.items():
        if channel.fault:
            raise ValueError(f"lead {name}: {channel.fault}")
    rates = [rate_of(channel, given.sampling_rate) for channel in needed.values()]
    scales = [scale_of(channel, given.unit) for channel in needed.values()]
    begin = min(channel.first / rate for channel, rate in zip(needed.values(), rates, strict=True))
    skipped = [
        round(channel.first - begin * rate)
        for channel, rate in zip(needed.values(), rates, strict=True)
    ]
    start, stop = (0, None) if any(skipped) else _unpadded(padded or channels, rates)
    samples = [
        scale * channel.samples[skip:][start:stop].astype(np.float64)
        for channel, scale, skip in zip(needed.values(), scales, skipped, strict=True)
    ]
    if len(set(rates)) > 1:
        if sampling_rate is None:
            raise ValueError(
                f"leads have different sampling rates, {min(rates):.10g} to {max(rates):.10g} Hz; "
                "pass sampling_rate="
            )
        n_all = sum(
            math.ceil(len(each) * sampling_rate / rate)
            for each, rate in zip(samples, rates, strict=True)
        )
        if n_all > MOST_SAMPLES:
            raise ValueError(
                f"at {sampling_rate:.10g} Hz, the ECG would have {n_all} samples, but at most "
                f"{MOST_SAMPLES} are made; choose a lower sampling_rate"
            )
        alone = zip(samples, rates, needed, strict=True)
        samples = [
            ECG(each[None].astype(np.float32), rate, (lead,)).resample(sampling_rate).signal[0]
            for each, rate, lead in alone
        ]
        rates = [sampling_rate]
    n_samples = min(map(len, samples))
    if not n_samples:
        raise ValueError("there is no time at which all leads have samples; read fewer leads")
    return ECG(np.stack([each[:n_samples] for each in samples]), rates[0], tuple(needed))


def _names(channels: list[Channel], wanted: tuple[str, ...]) -> list[str]:
    """Return names of channels that may be told, none of them twice if it is the same lead."""
    names = spell(channel.name for channel in channels)
    if "" in names and not {*wanted} <= {*names}:
        raise ValueError(
            f"the file does not name all of its {len(names)} channels; give {len(names)} names "
            "with file_leads="
        )
    told: list[str] = []
    for position, name in enumerate(names):
        first = names.index(name)
        # A rhythm strip that repeats a lead.
        again = first < position and np.array_equal(
            channels[first].samples, channels[position].samples
        )
        is_known = name in STANDARD_LEADS or name in wanted
        told.append(name if is_known and not again else f"channel {position + 1}")
    return told


def rate_of(channel: Channel, given: float | None) -> float:
    """Return the samples per second of a channel."""
    rate = channel.sampling_rate
    if rate is None and given is None:
        raise ValueError("the file does not say its sampling rate; give file_sampling_rate=, in Hz")
    if None not in (rate, given) and given != rate:
        raise ValueError(
            f"file_sampling_rate={given} contradicts the file, which says {rate:.10g} Hz; leave it "
            "out"
        )
    return check_sampling_rate(given if rate is None else rate)


def scale_of(channel: Channel, given: str | float | None) -> float:
    """Return how many millivolts one of the samples of a channel is."""
    unit = channel.unit
    if unit is None and given is None:
        raise ValueError(
            'the file does not say its unit; give it, such as file_unit="mV", or file_unit=0.005 '
            "for counts of 0.005 mV"
        )
    if unit is None or unit == OTHER:
        if given is None:
            raise ValueError(
                "the unit in the file must be V, mV, uV or nV, but is another; if the samples are "
                "a voltage, make an ECG of them"
            )
        if unit == OTHER:
            raise ValueError(f"file_unit={given!r} contradicts the file, which says {OTHER}")
        return millivolts(given)
    if given is not None and millivolts(given) != millivolts(unit):
        raise ValueError(
            f"file_unit={given!r} contradicts the file, which says {unit}; leave it out"
        )
    return millivolts(unit)


def _unpadded(channels: list[Channel], rates: list[float]) -> tuple[int, int | None]:
    """Return where a record starts and stops within the zeros that fill it up to a length."""
    n_samples = len(channels[0].samples)
    if len(set(rates)) > 1 or any(len(channel.samples) != n_samples for channel in channels):
        return 0, None
    # A lead that nobody recorded is NaN in padding too.
    recorded = [channel.samples != 0 for channel in channels if not np.isnan(channel.samples).all()]
    signal = np.flatnonzero(np.any(recorded, axis=0))
    if not signal.size:
        return 0, None
    least = PADDING * rates[0]
    start, stop = int(signal[0]), int(signal[-1]) + 1
    return start if start >= least else 0, stop if n_samples - stop >= least else None
