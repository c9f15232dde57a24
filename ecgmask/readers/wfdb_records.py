"""WFDB records: a text header beside files of samples.

wfdb reads the samples. Its reading of headers is lenient: where a field does not parse, it takes
what it can, or a default. So the text is held to its grammar [1]_ first, its claims to the files,
and the samples to its checksums.

.. [1] header(5), WFDB Applications Guide, https://physionet.org/physiotools/wag/header-5.htm
"""

from __future__ import annotations

import math
import re
import struct
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecgmask.readers.channels import (
    Channel,
    Refusal,
    check_regular,
    check_samples,
    need,
    spell_unit,
    told_by,
)

LONGEST_HEADER = 2**20  # bytes
MOST_SEGMENTS = 1000

ABSENT = "~"  # a segment, or a file, that is not there
BIG_ENDIAN = "61"
DIFFERENCES = "8"  # the format whose first value is the one before the first sample

NUMBER = r"(?:\d+\.?\d*|\.\d+)"
RECORD = re.compile(
    rf"""
    [-\w]+ (?:/(?P<n_segments>\d+))?
    [ \t]+ (?P<n_signals>\d+)
    (?: [ \t]+ (?P<rate>{NUMBER}) (?:/-?{NUMBER} (?:\(-?{NUMBER}\))? )?
    (?: [ \t]+ (?P<n_frames>\d+)
    (?: [ \t]+ .*)? )? )?
    """,
    re.VERBOSE | re.ASCII,
)
SIGNAL = re.compile(
    rf"""
    (?P<file>\S+)
    [ \t]+ (?P<format>\d+) (?:x(?P<per_frame>\d+))? (?::(?P<skew>\d+))? (?:\+(?P<offset>\d+))?
    (?: [ \t]+ (?P<gain>-?{NUMBER}(?:e[+-]?\d+)?) (?:\((?P<baseline>-?\d+)\))? (?:/(?P<unit>\S+))?
    (?: [ \t]+ \d+
    (?: [ \t]+ (?P<zero>-?\d+)
    (?: [ \t]+ (?P<initial>-?\d+)
    (?: [ \t]+ (?P<checksum>-?\d+)
    (?: [ \t]+ (?P<block>\d+)
    (?: [ \t]+ (?P<name>.+) )? )? )? )? )? )? )?
    """,
    re.VERBOSE | re.ASCII,
)
SEGMENT = re.compile(r"(?P<name>~|[-\w]+)[ \t]+(?P<n_frames>\d+)", re.ASCII)

BYTES = {"8": 1, "16": 2, "24": 3, "32": 4, "61": 2, "80": 1, "160": 2, "212": 1.5}
PACKED = ("310", "311")  # three samples in four bytes
COMPRESSED = ("508", "516", "524")
# How MATLAB 4 says the types that a WFDB format reads as they are.
MATLAB_4_TYPES = {"16": 30, "32": 20, "61": 1030, "80": 50}


class Signal(NamedTuple):
    """What a line of a header says of a signal."""

    file: str
    format: str
    per_frame: int
    skew: int  # in frames
    offset: int  # in bytes
    gain: float  # 0 if the signal is uncalibrated
    unit: str | None
    initial: int | None
    checksum: int | None
    block: int  # in bytes
    name: str


class Header(NamedTuple):
    """What a header says, once its claims are checked against the files."""

    rate: float | None  # frames per second
    n_frames: int
    signals: list[Signal]
    segments: list[tuple[str, int]]  # their names and frames; none if the record is in one piece


def read_wfdb(path: Path) -> list[Channel]:
    """Return the channels of a record."""
    need("wfdb", "wfdb")
    header = read_header(path)
    return _join(path, header) if header.segments else _read_signals(path, header)


def read_header(path: Path) -> Header:
    """Return what the header of a record says, if it can be true."""
    if check_regular(path, "the header") > LONGEST_HEADER:
        raise Refusal(f"the header has more than {LONGEST_HEADER} bytes; is it one?")
    content = path.read_bytes()
    for micro in (b"\xc2\xb5", b"\xce\xbc", b"\xb5"):  # in UTF-8, Greek, and in Latin-1
        content = content.replace(micro, b"u")
    stripped = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    lines = [line for line in stripped if line and not line.startswith("#")]
    record = RECORD.fullmatch(lines[0]) if lines else None
    if record is None:
        raise Refusal(
            "the first line of the header must be a name, the number of signals, the sampling "
            "rate in Hz and the number of samples, such as: name 12 500 5000"
        )
    expected = int(record["n_segments"] or record["n_signals"])
    if len(lines) - 1 != expected:
        raise Refusal(
            f"the header has {len(lines) - 1} lines after its first, which says {expected}; is it "
            "truncated or corrupt?"
        )
    rate = None if record["rate"] is None else float(record["rate"])
    if rate == 0:
        raise Refusal("the header says that the sampling rate is 0 Hz; correct it")
    stated = None if record["n_frames"] is None else int(record["n_frames"])
    if record["n_segments"] is not None:
        return _segmented(lines[1:], rate, stated)
    signals = [_signal(line, number) for number, line in enumerate(lines[1:], 1)]
    n_frames = _check_files(path, signals, stated)
    # Some writers put zeros, which are no statement if they stand for every signal.
    if not any(signal.checksum for signal in signals):
        signals = [signal._replace(checksum=None) for signal in signals]
        if not any(signal.initial for signal in signals):
            signals = [signal._replace(initial=None) for signal in signals]
    return Header(rate, n_frames, signals, [])


def _signal(line: str, number: int) -> Signal:
    found = SIGNAL.fullmatch(line)
    if found is None:
        raise Refusal(
            f"line {number + 1} of the header does not parse; a signal is its file, format, gain, "
            "resolution, zero, first value, checksum, block and name, such as: "
            "name.dat 16 1000/mV 16 0 -119 1508 0 I"
        )
    gain = float(found["gain"] or 0)
    if not np.isfinite(gain):
        raise Refusal(f"the gain of signal {number} in the header is infinite; correct it")
    per_frame = int(found["per_frame"] or 1)
    if not per_frame:
        raise Refusal(f"signal {number} has no samples in a frame; correct the header")
    return Signal(
        found["file"],
        found["format"],
        per_frame,
        int(found["skew"] or 0),
        int(found["offset"] or 0),
        gain,
        # The format's own default.
        None if gain == 0 else spell_unit(found["unit"] or "mV"),
        None if found["initial"] is None else int(found["initial"]),
        None if found["checksum"] is None else int(found["checksum"]),
        int(found["block"] or 0),
        (found["name"] or "").strip(),
    )


def _segmented(lines: list[str], rate: float | None, stated: int | None) -> Header:
    if len(lines) > MOST_SEGMENTS:
        raise Refusal(
            f"the record has {len(lines)} segments, but at most {MOST_SEGMENTS} are read; read "
            "segments one by one"
        )
    found = [SEGMENT.fullmatch(line) for line in lines]
    if not found or None in found:
        raise Refusal("a line of the header is no segment, which is a name and a number of samples")
    segments = [(each["name"], int(each["n_frames"])) for each in found if each is not None]
    n_frames = sum(n for _, n in segments)
    if stated not in (None, n_frames):
        raise Refusal(
            f"the header says {stated} samples, but its segments have {n_frames}; correct it"
        )
    check_samples(n_frames)
    return Header(rate, n_frames, [], segments)


def _check_files(path: Path, signals: list[Signal], stated: int | None) -> int:
    """Return how many frames there are, if the files have as many as the header says."""
    for name in dict.fromkeys(signal.file for signal in signals if signal.file != ABSENT):
        of_file = [signal for signal in signals if signal.file == name]
        if len({(each.format, each.offset) for each in of_file}) > 1:
            raise Refusal("signals of one file differ in format or offset; correct the header")
        if Path(name).name != name:
            raise Refusal("a file of samples must be beside the header, not in another folder")
        file = path.with_name(name)
        size = check_regular(file, "a file that the header names")
        per_frame = sum(signal.per_frame for signal in of_file)
        if file.suffix == ".mat":
            _check_matlab(file, of_file[0], len(of_file), stated)
        if of_file[0].format in COMPRESSED:
            stated = _check_flac(file, of_file, stated)
        else:
            stated = _check_size(of_file[0], size - of_file[0].offset, per_frame, stated)
    if stated is None or (not stated and any(signal.file != ABSENT for signal in signals)):
        raise Refusal("the header must say how many samples there are, above 0; correct it")
    check_samples(stated * sum(signal.per_frame for signal in signals))
    return stated


def _check_size(first: Signal, size: int, per_frame: int, stated: int | None) -> int:
    """Return how many frames a file has, if it has as many as stated."""
    if first.format not in (*BYTES, *PACKED):
        raise Refusal("a format in the header is none that WFDB has; correct it")
    a_sample = 4 / 3 if first.format in PACKED else BYTES[first.format]
    there = max(0, int(size // (a_sample * per_frame)))
    if stated is None:
        return there
    surplus = size - math.floor(stated * per_frame * a_sample)
    # What is no whole frame, or fills a block up, is no sample.
    if surplus < 0 or surplus >= max(4, math.ceil(a_sample * per_frame), first.block):
        raise Refusal(
            f"the header says {stated} samples of each signal, but a file has {there}; is it "
            "truncated, or that of another record?"
        )
    return stated


def _check_flac(file: Path, of_file: list[Signal], stated: int | None) -> int:
    first = of_file[0]
    info = told_by("soundfile", import_module("soundfile").info, str(file))
    there = (info.frames - first.offset) // first.per_frame
    if stated not in (None, there):
        raise Refusal(f"the header says {stated} samples of each signal, but a file has {there}")
    return int(there)


def _check_matlab(file: Path, first: Signal, n_signals: int, stated: int | None) -> None:
    """Raise an error unless the array of a ``.mat`` file of MATLAB 4 is where the header says."""
    with file.open("rb") as opened:
        start = opened.read(20)
    if start.startswith(b"MATLAB"):
        raise Refusal(
            "the samples are in a file of MATLAB 5 or later, whose bytes are no samples; if it is "
            "of MATLAB 7.3, read the .mat file itself, with file_leads= and the like, else load it "
            "with scipy.io.loadmat and make an ECG"
        )
    if len(start) < 20:
        raise Refusal("a file of samples is shorter than its own header; is it truncated?")
    kind, rows, columns, imaginary, name = struct.unpack("<5i", start)
    expected = (MATLAB_4_TYPES.get(first.format), n_signals, stated or columns, 0, first.offset)
    if (kind, rows, columns, imaginary, name + 20) != expected:
        raise Refusal(
            "the .mat file holds no array of MATLAB 4 of the type, the shape and the place that "
            "the header says; load it with scipy.io.loadmat, and make an ECG"
        )


def _read_signals(path: Path, header: Header) -> list[Channel]:
    """Return the channels of a record in one piece, each at its own rate."""
    # wfdb 4.3 does not return the counts of a big-endian format.
    big_endian = any(signal.format == BIG_ENDIAN for signal in header.signals)
    record = told_by(
        "wfdb",
        import_module("wfdb").rdrecord,
        str(path.with_suffix("")),
        physical=big_endian,
        smooth_frames=False,
        ignore_skew=True,
    )
    if big_endian:
        physical = record.e_p_signal
        record.e_d_signal = told_by("wfdb", record.adc, expanded=True)
    else:
        physical = told_by("wfdb", record.dac, expanded=True)
    found: list[Channel] = []
    sums = record.calc_checksum(expanded=True)
    for row, signal in enumerate(header.signals):
        samples, fault = physical[row], ""
        if len(samples) != header.n_frames * signal.per_frame:
            raise Refusal("wfdb does not find as many samples as the header says")
        if signal.checksum is not None and (signal.checksum - sums[row]) % 2**16:
            fault = "its samples do not add up to the checksum of the header"
        elif (
            signal.initial not in (None, int(record.e_d_signal[row][0]))
            and signal.format != DIFFERENCES
        ):
            fault = "its first sample is not the one that the header says"
        found.append(
            Channel(
                samples if signal.gain else samples * record.adc_gain[row],
                signal.name,
                None if header.rate is None else header.rate * signal.per_frame,
                signal.unit,
                signal.skew * signal.per_frame,
                fault and f"{fault}; are the files those of one record, and whole?",
            )
        )
    return found


def _join(path: Path, header: Header) -> list[Channel]:
    """Return the channels of a record in several pieces, with NaN where a piece lacks one."""
    pieces = [
        (n_frames, None if name == ABSENT else path.with_name(f"{name}.hea"))
        for name, n_frames in header.segments
    ]
    headers = [(n_frames, file, read_header(file)) for n_frames, file in pieces if file is not None]
    if not headers:
        raise Refusal("all segments of the record are empty; leave it out")
    for n_frames, _, each in headers:
        if each.segments or (each.rate, each.n_frames) != (header.rate, n_frames):
            raise Refusal("a segment is not what the header says of it; correct its rate or length")
    layout = headers[0][2].signals
    check_samples(header.n_frames * sum(signal.per_frame for signal in layout))
    names = [signal.name for signal in layout]
    rates = [header.rate and header.rate * signal.per_frame for signal in layout]
    samples = [np.full(header.n_frames * signal.per_frame, np.nan) for signal in layout]
    units: dict[int, str | None] = {}
    faults = dict.fromkeys(range(len(layout)), "")
    start = 0
    for n_frames, file in pieces:
        if file is not None and n_frames:
            channels = _read_signals(file, read_header(file))
            there = [channel.name for channel in channels]
            in_order = there == names
            for position, channel in enumerate(channels):
                if not in_order and not there.count(channel.name) == names.count(channel.name) == 1:
                    raise Refusal("a segment has signals that it or the first does not name once")
                row = position if in_order else names.index(channel.name)
                per_frame = layout[row].per_frame
                if channel.sampling_rate != rates[row] or channel.first:
                    raise Refusal(
                        "segments differ in skew or in samples per frame; read them one by one"
                    )
                if channel.unit != units.setdefault(row, channel.unit):
                    faults[row] = "segments differ in its unit; read them one by one"
                faults[row] = faults[row] or channel.fault
                samples[row][start * per_frame : (start + n_frames) * per_frame] = channel.samples
        start += n_frames
    return [
        Channel(samples[row], names[row], rates[row], units.get(row), fault=faults[row])
        for row in range(len(layout))
    ]
