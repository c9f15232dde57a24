"""Reading ends, and takes no more memory than it says."""

import json
import os
import re
import struct
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import h5py
import pydicom
import pydicom.examples
import pytest
import wfdb
from ecg_files import STACK, UPPER, write_wfdb
from pydicom.uid import DeflatedExplicitVRLittleEndian

from ecgmask import ECG, STANDARD_LEADS, sample_ecg
from ecgmask.readers.channels import MOST_BYTES, MOST_SAMPLES

GROWTH = 2**30  # bytes; what a refusal may take, and less than what these files claim
SECONDS = 60

CODE = """
    import json, resource, sys, time, warnings
    import scipy.signal
    with warnings.catch_warnings(action="ignore"):
        import wfdb
    import ecgmask

    def peak():
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size if sys.platform == "darwin" else 1024 * size

    resource.setrlimit(resource.RLIMIT_AS, (2**35, 2**35))  # the computer's own memory is no test
    ecgmask.sample_ecg()
    for line in sys.stdin:
        path, how = json.loads(line)
        before = peak()
        try:
            said = repr(ecgmask.read_ecg(path, **how))
        except ValueError as error:
            said = str(error)
        print(json.dumps([said, peak() - before]), flush=True)
"""


def zeros(n_megabytes):
    """Return so many megabytes of zeros, deflated, which are a thousandth of that."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    first = deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + again * (n_megabytes - 1) + zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()


def npy_header(shape, dtype="<f4"):
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def npy_that_claims(folder):
    (folder / "x.npy").write_bytes(npy_header((10**9, 12, 5000)) + bytes(1000))
    return folder / "x.npy"


def npy_of_a_day(folder):
    n_samples = MOST_SAMPLES // 12 + 1
    (folder / "x.npy").write_bytes(npy_header((12, n_samples)))
    os.truncate(folder / "x.npy", 128 + 12 * n_samples * 4)  # a hole, which takes no disk
    return folder / "x.npy"


def npz_of_zeros(folder):
    with ZipFile(folder / "x.npz", "w", ZIP_STORED) as archive:
        member = ZipInfo("x.npy")
        archive.writestr(member, zeros(MOST_BYTES // 2**20 + 1))
        member.compress_type, member.file_size = ZIP_DEFLATED, MOST_BYTES + 2**20
    return folder / "x.npz"


def npz_that_claims(folder):
    with ZipFile(folder / "x.npz", "w", ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy_header((10**9, 12, 5000)) + bytes(1000))
    return folder / "x.npz"


def hdf5_of(shape, chunks):
    def hdf5_of_large_chunks(folder):
        with h5py.File(folder / "x.h5", "w") as file:
            array = file.create_dataset("x", shape, "f4", chunks=chunks, compression="gzip")
            array.id.write_direct_chunk((0,) * len(shape), b"\0")
        return folder / "x.h5"

    return hdf5_of_large_chunks


def hdf5_of_a_day(folder):
    with h5py.File(folder / "x.h5", "w") as file:
        array = file.create_dataset("x", (12, MOST_SAMPLES // 12 + 1), "f4", chunks=(12, 10**6))
        array[:, :10] = 1
    return folder / "x.h5"


def dicom_of_zeros(folder):
    dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(folder / "x.dcm")
    content = (folder / "x.dcm").read_bytes()
    start = 144 + pydicom.dcmread(folder / "x.dcm").file_meta.FileMetaInformationGroupLength
    (folder / "x.dcm").write_bytes(content[:start] + zeros(MOST_BYTES // 2**20 + 1))
    return folder / "x.dcm"


def dicom_that_claims(folder):
    content = bytearray(Path(pydicom.examples.get_path("waveform")).read_bytes())
    waveform_data = content.index(b"\x00\x54\x10\x10OW")
    content[waveform_data + 8 : waveform_data + 12] = b"\xf0\xff\xff\xff"
    (folder / "x.dcm").write_bytes(content)
    return folder / "x.dcm"


def dicom_that_claims_samples(folder):
    dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
    dataset.WaveformSequence[0].NumberOfWaveformSamples = 2**31
    dataset.save_as(folder / "x.dcm")
    return folder / "x.dcm"


def wfdb_changed(before, after, count=-1):
    def wfdb_header_with(folder):
        header = write_wfdb(folder, sample_ecg().signal, UPPER)
        text = header.read_text()
        assert before in text
        header.write_text(text.replace(before, after, count))
        return header

    wfdb_header_with.__name__ += after
    return wfdb_header_with


def wfdb_of_segments(folder):
    write_wfdb(folder, sample_ecg().signal, UPPER, name="s")
    lines = [f"x/2000 12 500 {2000 * 5000}", *["s 5000"] * 2000]
    (folder / "x.hea").write_text("\n".join(lines) + "\n")
    return folder / "x.hea"


def wfdb_of_long_segments(folder):
    (folder / "x.hea").write_text(f"x/2 12 500\n~ {10**12}\n~ {10**12}\n")
    return folder / "x.hea"


def long_header(folder):
    (folder / "x.hea").write_text("x 12 500 5000\n" + "# comment\n" * 200_000)
    return folder / "x.hea"


def flac_that_claims(folder):
    signal = sample_ecg().signal.T.astype(float)
    wfdb.wrsamp("x", 500, ["mV"] * 12, list(UPPER), signal, fmt=["516"] * 12, write_dir=str(folder))
    text = (folder / "x.hea").read_text()
    (folder / "x.hea").write_text(text.replace(" 500 5000", f" 500 {10**9}"))
    return folder / "x.hea"


def pipe(folder):
    os.mkfifo(folder / "x.npy")
    return folder / "x.npy"


def pipe_of_samples(folder):
    header = write_wfdb(folder, sample_ecg().signal, UPPER)
    header.with_suffix(".dat").unlink()
    os.mkfifo(header.with_suffix(".dat"))
    return header


def pipe_of_a_header(folder):
    os.mkfifo(folder / "s.hea")
    (folder / "x.hea").write_text("x/1 12 500 5000\ns 5000\n")
    return folder / "x.hea"


def pipe_beside(folder):
    os.mkfifo(folder / "x.hea")
    (folder / "x.mat").write_bytes(b"MATLAB 5.0".ljust(200))
    return folder / "x.mat"


def pipe_behind_a_link(folder):
    os.mkfifo(folder / "pipe.h5")
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = h5py.ExternalLink("pipe.h5", "x")
    return folder / "x.h5"


def pipe_as_a_source(folder):
    os.mkfifo(folder / "pipe.h5")
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    layout[:] = h5py.VirtualSource("pipe.h5", "x", shape=(12, 5000))
    with h5py.File(folder / "x.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    return folder / "x.h5"


def device(_):
    return "/dev/zero"


CASES = {
    npy_that_claims: (STACK | {"index": 5}, r"takes \d+ bytes, but the file has 1000 for it"),
    npy_of_a_day: (STACK, r"record has \d+ samples, but at most 67108864 are read"),
    npz_of_zeros: (STACK, r"the array, unpacked, takes \d+ bytes or more, but at most"),
    npz_that_claims: (STACK | {"index": 5}, r"takes \d+ bytes, but the file has 1000 for it"),
    hdf5_of((5500, 12, 5000), (5500, 12, 5000)): (
        STACK | {"index": 5}, r"the record, unpacked, takes 1320000000 bytes or more"
    ),
    hdf5_of((10**6, 12, 500), (10**5, 1, 1)): (
        STACK | {"index": 5}, r"the record, unpacked, takes 2400000000 bytes or more"
    ),
    hdf5_of_a_day: (STACK, r"parts of the record were never written|at most \d+ are read"),
    dicom_of_zeros: ({}, r"the file, unpacked, takes \d+ bytes or more, but at most"),
    dicom_that_claims: ({}, "pydicom cannot read it|take 240000 bytes, but the file has"),
    dicom_that_claims_samples: ({}, r"record has \d+ samples, but at most"),
    wfdb_changed(" 500 5000", " .05 5000"): (
        {}, r"at 500 Hz, the ECG would have 600000000 samples, but at most 67108864 are made"
    ),
    wfdb_changed(" 500 5000", f" 500 {10**12}"): ({}, "header says 10+ samples of each signal"),
    wfdb_changed("dat 16 ", f"dat 16x{10**9} "): ({}, "but a file has 0"),
    wfdb_changed("dat 16 ", f"dat 16:{10**12} ", 1): ({}, "no time at which all leads"),
    wfdb_changed("dat 16 ", f"dat 16+{10**15} "): ({}, "but a file has 0"),
    wfdb_of_segments: ({}, "has 2000 segments, but at most 1000 are read"),
    wfdb_of_long_segments: ({}, r"record has 2000000000000 samples, but at most"),
    long_header: ({}, "the header has more than 1048576 bytes"),
    flac_that_claims: ({}, "header says 1000000000 samples of each signal, but a file has 5000"),
    pipe: (STACK, "is no regular file, but a pipe or a device; copy it first"),
    device: (STACK, "is no regular file, but a pipe or a device; copy it first"),
    pipe_of_samples: ({}, "a file that the header names is no regular file"),
    pipe_of_a_header: ({}, "the header is no regular file"),
    pipe_beside: ({}, "is of MATLAB before 7.3"),
    pipe_behind_a_link: (STACK | {"key": "x"}, "a file that the array lies in is no regular file"),
    pipe_as_a_source: (STACK | {"key": "x"}, "a file that the array lies in is no regular file"),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return what a process says of each file, and how much memory that took it."""
    lines = []
    for make, (how, _) in CASES.items():
        path = make(tmp_path_factory.mktemp("bomb"))
        lines.append(json.dumps([str(path), how | {"check": False}]))
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return dict(zip(CASES, map(json.loads, process.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_what_takes_too_much_is_refused_before_it_does(answers, make):
    said, growth = answers[make]
    _, pattern = CASES[make]
    assert growth < GROWTH, said
    assert re.search(pattern, said)


def test_resampling_has_a_bound(ecg):
    with pytest.raises(ValueError, match="would have 600000000 samples, but at most 67108864 are"):
        ECG(ecg.signal, 0.05).resample(500)
    assert ECG(ecg.signal[:, :100], 5, STANDARD_LEADS).resample(500).signal.shape == (12, 10_000)
