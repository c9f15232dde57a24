"""Flipped bits make a refusal or another ECG, but no crash, no waiting and no flood."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import flip_bits
import h5py
import numpy as np
import pydicom
import pydicom.examples
import pytest
import wfdb
from ecg_files import STACK, UPPER, edit_dicom, write_wfdb
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian
from scipy.io import savemat

from ecgmask import STANDARD_LEADS

# Of WFDB, the checksums hold the samples: of these not one may change.
HELD = ("wfdb_dat", "wfdb_flac", "wfdb_mat", "wfdb_segment")


def say(folder, flip, read=None, **options):
    how = {"flip": flip, "read": read or flip, "options": options}
    (folder / "how.json").write_text(json.dumps(how))


def write_all(root, ecg):
    """Write two seconds of an ECG in every format."""
    short = ecg.crop(0, 1000)
    counts = (short.signal * 1000).round().astype(np.int16)
    folders = {
        name: root / name
        for name in (
            *HELD, "wfdb_hea", "dicom", "dicom_implicit", "dicom_deflated", "npy", "npz",
            "hdf5", "hdf5_virtual",
        )
    }  # fmt: skip
    for folder in folders.values():
        folder.mkdir()
    for name, flip in (("wfdb_dat", "record.dat"), ("wfdb_hea", "record.hea")):
        write_wfdb(folders[name], short.signal, UPPER)
        say(folders[name], flip, "record.hea")
    signal = short.signal.T.astype(np.float64)
    wfdb.wrsamp(
        "x", 500, ["mV"] * 12, list(UPPER), signal, fmt=["516"] * 12,
        write_dir=str(folders["wfdb_flac"]),
    )  # fmt: skip
    say(folders["wfdb_flac"], "x_1.dat", "x.hea")
    savemat(folders["wfdb_mat"] / "x.mat", {"val": counts}, format="4")
    lines = [
        f"x.mat 16+24 1000/mV 16 0 {row[0]} {row.sum(dtype=np.int64) % 2**16} 0 {lead}"
        for row, lead in zip(counts, STANDARD_LEADS, strict=True)
    ]
    (folders["wfdb_mat"] / "x.hea").write_text("\n".join(["x 12 500 1000", *lines]) + "\n")
    say(folders["wfdb_mat"], "x.mat", "x.hea")
    for number in (1, 2):
        write_wfdb(folders["wfdb_segment"], short.signal, UPPER, name=f"s{number}")
    (folders["wfdb_segment"] / "x.hea").write_text("x/2 12 500 2000\ns1 1000\ns2 1000\n")
    say(folders["wfdb_segment"], "s2.dat", "x.hea")

    def shorten(dataset):
        del dataset.WaveformSequence[1]
        waveform = dataset.WaveformSequence[0]
        waveform.NumberOfWaveformSamples = 1000
        waveform.WaveformData = waveform.WaveformData[:24_000]

    edit_dicom(folders["dicom"] / "x.dcm", shorten)
    for name, syntax in (
        ("dicom_implicit", ImplicitVRLittleEndian),
        ("dicom_deflated", DeflatedExplicitVRLittleEndian),
    ):
        dataset = pydicom.dcmread(folders["dicom"] / "x.dcm")
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(folders[name] / "x.dcm", implicit_vr=name == "dicom_implicit")
    for name in ("dicom", "dicom_implicit", "dicom_deflated"):
        say(folders[name], "x.dcm")
    np.save(folders["npy"] / "x.npy", np.stack([counts] * 3))
    say(folders["npy"], "x.npy", index=1, **STACK | {"file_unit": "uV"})
    np.savez_compressed(folders["npz"] / "x.npz", x=np.stack([counts] * 3))
    say(folders["npz"], "x.npz", index=1, **STACK | {"file_unit": "uV"})
    with h5py.File(folders["hdf5"] / "x.h5", "w") as file:
        stack = np.stack([short.signal] * 3)
        file.create_dataset("group/x", data=stack, chunks=(1, 12, 500), compression="gzip")
        file["y"] = h5py.SoftLink("/group/x")
    say(folders["hdf5"], "x.h5", index=1, key="y", **STACK)
    layout = h5py.VirtualLayout((12, 1000), dtype="f4")
    layout[:] = h5py.VirtualSource("source.h5", "x", shape=(12, 1000))
    with h5py.File(folders["hdf5_virtual"] / "source.h5", "w") as file:
        file["x"] = short.signal
    with h5py.File(folders["hdf5_virtual"] / "x.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    say(folders["hdf5_virtual"], "x.h5", **STACK)
    return list(folders)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, ecg):
    root = tmp_path_factory.mktemp("flipped")
    names = write_all(root, ecg)
    process = subprocess.run(
        [sys.executable, Path(flip_bits.__file__), root],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    found = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(found) == flip_bits.N_FILES * len(names) == 1200
    return found


def test_a_flipped_bit_is_refused_or_read(outcomes):
    assert {each["outcome"] for each in outcomes} <= {"refused", "the same", "changed"}


def test_each_format_is_refused_now_and_then(outcomes):
    refused = Counter(each["format"] for each in outcomes if each["outcome"] == "refused")
    assert len(refused) == len({each["format"] for each in outcomes})


@pytest.mark.parametrize("name", HELD)
def test_no_sample_of_wfdb_changes(outcomes, name):
    found = Counter(each["outcome"] for each in outcomes if each["format"] == name)
    assert found["changed"] == 0
    assert found["refused"] > flip_bits.N_FILES / 2


def test_no_file_takes_long(outcomes):
    assert max(each["seconds"] for each in outcomes) < 10


def test_no_file_takes_much_memory(outcomes):
    assert max(each["bytes"] for each in outcomes) < 2**28
