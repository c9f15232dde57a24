"""DICOM waveforms, which pydicom reads: 12-lead and general ECGs.

pydicom gives the samples of a multiplex group as they are stored. What this module adds is which
lead a channel is, whether the samples are as many and of the kind that the file says, and when each
channel was sampled.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from statistics import mode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmask.leads import STANDARD_LEADS, standard_name
from ecgmask.readers.channels import (
    Channel,
    Refusal,
    check_bytes,
    check_samples,
    spell_unit,
    told_by,
)

MAGIC = b"DICM"
MOST_BYTES = 2**28  # of a file, packed or not
# How a file without the 128 bytes before it begins: with the group of its first element.
GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
LINEAR = ("SB", "UB", "SS", "US", "SL", "UL", "SV", "UV")
MOST_SKEW = 0.05  # samples, beside a whole number of them

# Lead numbers of SCP-ECG, which MDC took over: CID 3001 of DICOM.
NUMBERS = (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8)
CODES = {
    (scheme, f"{prefix}{number}"): lead
    for scheme, prefix in (("MDC", "2:"), ("SCPECG", "5.6.3-9-"))
    for number, lead in zip(NUMBERS, STANDARD_LEADS, strict=True)
}


def is_dicom(start: bytes) -> bool:
    """Return whether a file begins as DICOM does, with its preamble or without."""
    return start[128:132] == MAGIC or start[:2] in GROUPS


def read_dicom(path: Path, group: int) -> list[Channel]:
    """Return the channels of a multiplex group."""
    check_bytes(path.stat().st_size, "the file", MOST_BYTES)
    return told_by("pydicom", _read, path, group)


def _read(path: Path, group: int) -> list[Channel]:
    from pydicom.waveforms.numpy_handler import multiplex_array

    dataset = _dataset(path)
    if "WaveformSequence" not in dataset:
        raise Refusal("the DICOM file holds no waveform; is it a 12-lead or general ECG?")
    if group >= len(dataset.WaveformSequence):
        raise Refusal(
            f"the file has {len(dataset.WaveformSequence)} multiplex groups, so index must be "
            f"below that, not {group}"
        )
    waveform = dataset.WaveformSequence[group]
    channels = waveform.ChannelDefinitionSequence
    swapped = not dataset.original_encoding[1]
    _check_size(waveform, len(channels), swapped=swapped)
    padding = waveform.get("WaveformPaddingValue")
    if swapped:
        waveform.WaveformData = _swap(waveform.WaveformData)
        padding = padding and _swap(padding)
    stored = multiplex_array(dataset, group).T
    gaps = None if not padding else stored == np.frombuffer(padding, stored.dtype)[0]
    rate = float(waveform.SamplingFrequency)
    skews = [_skew(channel, rate) for channel in channels]
    usual = mode(skews)
    found = []
    for row, channel in enumerate(channels):
        skew = skews[row] - usual
        samples, unit = _scale(stored[row], channel)
        if gaps is not None:
            samples[gaps[row]] = np.nan
        fault = ""
        if not abs(skew - round(skew)) <= MOST_SKEW:  # NaN too
            skew, fault = (
                0,
                (
                    "it was sampled between samples of the other leads; resample it yourself, and "
                    "make an ECG"
                ),
            )
        found.append(Channel(samples, _name(channel), rate, unit, -round(skew), fault))
    return found


def _dataset(path: Path) -> Any:
    """Return the waveforms of a file: what identifies a person is not even kept."""
    import pydicom
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    # From memory, where an element that claims to be larger than the file takes none.
    data = path.read_bytes()
    if DeflatedExplicitVRLittleEndian.encode() in data:
        meta = pydicom.filereader.read_file_meta_info(path)
        if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            # The preamble, the magic, and the element that says how long the rest of them is.
            data = inflate.decompress(
                data[128 + 4 + 12 + meta.FileMetaInformationGroupLength :], MOST_BYTES
            )
            if inflate.unconsumed_tail:
                check_bytes(MOST_BYTES + 1, "the file, unpacked,", MOST_BYTES)
    return pydicom.dcmread(BytesIO(data), force=True, specific_tags=["WaveformSequence"])


def _check_size(waveform: Any, n_definitions: int, *, swapped: bool) -> None:
    """Raise an error unless there are as many samples as channels need, of a known kind."""
    n_channels = waveform.NumberOfWaveformChannels
    if n_definitions != n_channels:
        raise Refusal(
            f"the file defines {n_definitions} channels, but has {n_channels}: which is which?"
        )
    n_samples = waveform.NumberOfWaveformSamples
    check_samples(n_channels * n_samples)
    bits = waveform.WaveformBitsAllocated
    if waveform.WaveformSampleInterpretation not in LINEAR:
        raise Refusal(
            "samples are coded by mu-law or A-law, or in no way of DICOM; convert them to integers"
        )
    if swapped and bits != 16:
        raise Refusal("samples are big-endian, and not of 16 bits; convert them to little-endian")
    there, needed = len(waveform.WaveformData), n_channels * n_samples * bits // 8
    if there != needed + needed % 2:  # elements have an even length
        raise Refusal(
            f"{n_channels} channels of {n_samples} samples take {needed} bytes, but the file has "
            f"{there}; is it truncated or corrupt?"
        )


def _swap(words: bytes) -> bytes:
    return np.frombuffer(words, ">i2").astype("<i2").tobytes()


def _scale(stored: NDArray[Any], channel: Any) -> tuple[NDArray[np.float64], str | None]:
    """Return samples in the unit of their channel, and that; without one, they are counts."""
    units = channel.get("ChannelSensitivityUnitsSequence")
    sensitivity = _number(channel, "ChannelSensitivity", None)
    if sensitivity is None:
        return stored.astype(np.float64), None
    factor = sensitivity * _number(channel, "ChannelSensitivityCorrectionFactor", 1.0)
    samples = stored * factor + _number(channel, "ChannelBaseline", 0.0)
    return samples, spell_unit(str(units[0].get("CodeValue", ""))) if units else None


def _skew(channel: Any, rate: float) -> float:
    """Return by how many samples a channel was sampled after the time of its frame."""
    seconds = _number(channel, "ChannelTimeSkew", 0.0) + _number(channel, "ChannelOffset", 0.0)
    return float(_number(channel, "ChannelSampleSkew", 0.0) + seconds * rate)


def _number(channel: Any, keyword: str, default: Any) -> Any:
    value = channel.get(keyword)
    return default if value in (None, "") else float(value)


def _name(channel: Any) -> str:
    """Return the lead that a channel is, by its code, its label or its meaning."""
    sources = channel.get("ChannelSourceSequence")
    source = sources[0] if sources else {}
    scheme, code = (
        str(source.get(keyword, "")) for keyword in ("CodingSchemeDesignator", "CodeValue")
    )
    label, meaning = str(channel.get("ChannelLabel", "")), str(source.get("CodeMeaning", ""))
    if (scheme, code) in CODES:
        return CODES[scheme, code]
    names = [code, label, meaning]
    leads = [name for name in map(standard_name, names) if name in STANDARD_LEADS]
    unspecified = ("2:0", "5.6.3-9-0", "")
    if scheme in ("MDC", "SCPECG") and code not in unspecified and standard_name(code) not in leads:
        leads = []  # a lead, but none of the twelve, whatever its label
        names = [name for name in names if standard_name(name) not in STANDARD_LEADS]
    return next(iter(leads), "") or next(filter(None, reversed(names)), "")
