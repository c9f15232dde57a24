"""ECGs from files that the formats' own libraries wrote."""

import builtins
import io
import sys
from pathlib import Path
from zipfile import ZipFile

import h5py
import numpy as np
import pydicom
import pydicom.examples
import pytest
import wfdb
from ecg_files import STACK, UPPER, edit_dicom, save_array, write_wfdb
from scipy.io import savemat
from scipy.signal import resample_poly

from ecgmask import STANDARD_LEADS, read_ecg
from ecgmask.readers import millivolts

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
# How MIMIC-IV-ECG orders its leads.
MIMIC = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


def rows_of(leads):
    """Return the rows of a standard ECG that are the leads of these names."""
    folded = [lead.casefold() for lead in STANDARD_LEADS]
    return [folded.index(lead.casefold()) for lead in leads]


def test_ptb_xl_is_read_whatever_part_of_its_name_is_given(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal, UPPER)
    for path in (header, header.with_suffix(".dat"), header.with_suffix(""), str(header)):
        read = read_ecg(path)
        assert read.leads == STANDARD_LEADS
        assert read.sampling_rate == 500
        assert np.abs(read.signal - ecg.signal).max() < 1e-3
        assert read.derived == ()


def test_ptb_is_read_by_names_from_its_fifteen_signals(tmp_path, ecg):
    thousand = ecg.resample(1000)
    frank = np.full((3, 10_000), 0.5) * np.arange(10_000) / 1e4
    names = [*(lead.lower() for lead in STANDARD_LEADS), "vx", "vy", "vz"]
    header = write_wfdb(tmp_path, np.concatenate([thousand.signal, frank]), names, rate=1000)
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 0.01
    assert read_ecg(header, leads=["vx"], sampling_rate=None, check=False).leads == ("vx",)


def test_mimics_order_of_leads_is_corrected_by_name(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal[rows_of(MIMIC)], MIMIC)
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_the_records_of_the_challenges_are_read_from_their_mat_files(tmp_path, ecg):
    adu = (ecg.signal * 1000).round().astype(np.int16)
    savemat(tmp_path / "A0001.mat", {"val": adu}, format="4")
    lines = ["A0001 12 500 5000", *(
        f"A0001.mat 16+24 1000/mv 16 0 {adu[row, 0]} 0 0 {lead}"
        for row, lead in enumerate(STANDARD_LEADS)
    ), "#Age: 74", "#Sex: Male"]  # fmt: skip
    (tmp_path / "A0001.hea").write_text("\n".join(lines) + "\n")
    for name in ("A0001", "A0001.hea", "A0001.mat"):
        read = read_ecg(tmp_path / name)
        assert np.abs(read.signal - ecg.signal).max() < 1e-3
    assert "74" not in repr(vars(read))


def test_channels_that_are_no_leads_do_not_matter(tmp_path, ecg):
    samples = np.concatenate([ecg.signal, np.linspace(10, 20, 5000)[None]])
    wfdb.wrsamp(
        "r",
        fs=500,
        units=["mV"] * 12 + ["mmHg"],
        sig_name=[*UPPER, "ABP"],
        p_signal=samples.T.astype(np.float64),
        fmt=["16"] * 13,
        write_dir=str(tmp_path),
    )
    assert read_ecg(tmp_path / "r.hea").leads == STANDARD_LEADS


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1), ("uV", 1e3), ("V", 1e-3), ("mv", 1)])
def test_units_come_from_the_file(tmp_path, ecg, unit, factor):
    header = write_wfdb(tmp_path, ecg.signal * factor, STANDARD_LEADS, units=unit)
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_each_lead_has_a_unit_of_its_own(tmp_path, ecg):
    factors = np.where(np.arange(12) % 2, 1, 1000)
    wfdb.wrsamp(
        "r",
        fs=500,
        units=["uV", "mV"] * 6,
        sig_name=[*reversed(STANDARD_LEADS)],
        p_signal=(ecg.signal[::-1].T * factors).astype(np.float64),
        fmt=["16"] * 12,
        write_dir=str(tmp_path),
    )
    assert np.abs(read_ecg(tmp_path / "r").signal - ecg.signal).max() < 1e-3
    with pytest.raises(ValueError, match="'mV' contradicts the file, which says uV"):
        read_ecg(tmp_path / "r", file_unit="mV")
    assert read_ecg(tmp_path / "r", leads=["V5"], file_unit="mV").leads == ("V5",)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_micro_sign_that_wfdb_drops_is_read(tmp_path, ecg, encoding):
    header = write_wfdb(tmp_path, ecg.signal * 1e3, UPPER, units="uV")
    text = header.read_text().replace("/uV", "/\N{MICRO SIGN}V")
    header.write_text(text, encoding=encoding)
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_eight_leads_become_twelve(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal[rows_of(EIGHT)], EIGHT)
    read = read_ecg(header)
    assert read.derived == ("III", "aVR", "aVL", "aVF")
    assert np.abs(read.signal - ecg.signal).max() < 2e-3


def test_dicom_in_microvolt_is_read_in_millivolt_at_its_own_rate():
    path = pydicom.examples.get_path("waveform")
    raw = pydicom.dcmread(path).waveform_array(0).T / 1000
    read = read_ecg(path, sampling_rate=None)
    assert read.sampling_rate == 1000
    assert np.array_equal(read.signal, raw.astype(np.float32))
    expected = resample_poly(raw, 1, 2, axis=1, padtype="line")
    assert np.abs(read_ecg(path).signal - expected).max() < 1e-5


def test_another_multiplex_group_of_dicom_is_read_by_its_index():
    path = pydicom.examples.get_path("waveform")
    median = read_ecg(path, index=1)
    assert median.duration == pytest.approx(1.2, abs=0.1)


def test_dicom_without_units_needs_one(tmp_path, ecg):
    def forget(dataset):
        for channel in dataset.WaveformSequence[0].ChannelDefinitionSequence:
            del channel.ChannelSensitivityUnitsSequence

    path = edit_dicom(tmp_path / "no_unit.dcm", forget)
    with pytest.raises(ValueError, match='does not say its unit; give it, such as file_unit="mV"'):
        read_ecg(path)
    assert np.abs(read_ecg(path, file_unit="uV").signal - ecg.signal).max() < 1e-5


def test_dicom_counts_without_a_sensitivity_have_no_unit(tmp_path):
    def forget(dataset):
        del dataset.WaveformSequence[0].ChannelDefinitionSequence[3].ChannelSensitivity

    path = edit_dicom(tmp_path / "no_sensitivity.dcm", forget)
    with pytest.raises(ValueError, match="does not say its unit"):
        read_ecg(path)


def test_padding_of_dicom_is_no_signal(tmp_path):
    def pad(dataset):
        waveform = dataset.WaveformSequence[0]
        samples = np.frombuffer(waveform.WaveformData, "<i2").reshape(-1, 12).copy()
        samples[100:140, 7] = -32768
        waveform.WaveformData = samples.tobytes()
        waveform.add_new("WaveformPaddingValue", "OW", b"\x00\x80")

    path = edit_dicom(tmp_path / "padded.dcm", pad)
    with pytest.raises(ValueError, match=r"NaN or infinite in V2 \(40 of its samples\)"):
        read_ecg(path)


def test_of_dicom_nothing_but_the_waveforms_is_read(monkeypatch):
    read = []
    dcmread = pydicom.dcmread
    monkeypatch.setattr(
        pydicom, "dcmread", lambda *a, **k: read.append(dcmread(*a, **k)) or read[0]
    )
    read_ecg(pydicom.examples.get_path("waveform"))
    # The character set is that of lead names.
    assert {element.keyword for element in read[0]} == {"SpecificCharacterSet", "WaveformSequence"}


def forget_names_of_wfdb(folder, ecg):
    header = write_wfdb(folder, ecg.signal, list("abcdefghijkl"))
    lines = header.read_text().splitlines()
    header.write_text(
        "\n".join([lines[0], *(line.rpartition(" ")[0] for line in lines[1:])]) + "\n"
    )
    return header


def forget_names_of_dicom(folder, _):
    def forget(dataset):
        del dataset.WaveformSequence[0].ChannelDefinitionSequence[3].ChannelSourceSequence

    return edit_dicom(folder / "nameless.dcm", forget)


@pytest.mark.parametrize("make", [forget_names_of_wfdb, forget_names_of_dicom])
def test_names_that_a_file_lacks_have_to_be_given(tmp_path, ecg, make):
    path = make(tmp_path, ecg)
    with pytest.raises(ValueError, match="not name all of its 12 channels; give 12 names with"):
        read_ecg(path)
    with pytest.raises(ValueError, match="the file has 12 channels, but file_leads 8 names"):
        read_ecg(path, file_leads=EIGHT)
    assert np.abs(read_ecg(path, file_leads=UPPER).signal - ecg.signal).max() < 1e-3


def test_facts_that_are_given_may_repeat_those_of_the_file(ecg):
    path = pydicom.examples.get_path("waveform")
    facts = {"file_leads": UPPER, "file_unit": "uV", "file_sampling_rate": 1000}
    assert np.array_equal(read_ecg(path, **facts).signal, ecg.signal)


def test_leads_that_are_not_needed_may_be_of_any_quality(tmp_path, ecg):
    samples = ecg.signal.copy()
    samples[6] = np.nan
    path = save_array(tmp_path / "gaps.npy", samples)
    assert np.array_equal(read_ecg(path, leads=["II"], **STACK).signal, ecg.signal[[1]])
    samples[:2] = np.nan
    path = save_array(tmp_path / "chest.npy", samples)
    assert np.array_equal(read_ecg(path, leads=["V5"], **STACK).signal, ecg.signal[[10]])
    samples[:2] = ecg.signal[:2]
    path = save_array(tmp_path / "eleven.npy", np.delete(samples, 5, axis=0))
    how = STACK | {"file_leads": (*STANDARD_LEADS[:5], *STANDARD_LEADS[6:])}
    assert np.abs(read_ecg(path, leads=["aVF"], **how).signal - ecg.signal[5]).max() < 1e-3


def test_an_unneeded_lead_tells_what_is_padding_all_the_same(tmp_path, ecg):
    samples = ecg.signal.copy()
    samples[6, :100] = 0
    path = save_array(tmp_path / "late.npy", samples)
    assert np.array_equal(read_ecg(path, leads=["V1"], **STACK).signal, samples[[6]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_stack_is_read_one_record_at_a_time(tmp_path, ecg, dtype, transposed):
    stack = np.stack([ecg.signal, 0.5 * ecg.signal, -ecg.signal]).astype(dtype)
    path = save_array(tmp_path / "stack.npy", stack.transpose(0, 2, 1) if transposed else stack)
    for index, record in enumerate(stack):
        read = read_ecg(path, index=index, **STACK)
        assert np.array_equal(read.signal, record.astype(np.float32))


@pytest.mark.parametrize("unit", ["uV", "\N{MICRO SIGN}V", "\N{GREEK SMALL LETTER MU}V", "UV"])
def test_integers_are_scaled_by_the_unit_that_is_given(tmp_path, ecg, unit):
    path = save_array(tmp_path / "one.npy", (ecg.signal * 1000).round().astype(np.int16))
    read = read_ecg(path, **STACK | {"file_unit": unit})
    assert np.abs(read.signal - ecg.signal).max() < 1e-3


def test_arrays_of_an_archive_are_read_by_their_key(tmp_path, ecg):
    np.savez(tmp_path / "two.npz", a=ecg.signal, b=2 * ecg.signal)
    read = read_ecg(tmp_path / "two.npz", key="b", **STACK)
    assert np.array_equal(read.signal, 2 * ecg.signal)
    np.savez_compressed(tmp_path / "one.npz", only=ecg.signal)
    assert np.array_equal(read_ecg(tmp_path / "one.npz", **STACK).signal, ecg.signal)


def write_code_15(path, ecg):
    """Write ECGs of 10 s and 7 s at 400 Hz, padded with zeros on both sides to 4096 samples."""
    tracings = np.zeros((2, 4096, 12), dtype=np.float32)
    at_400 = ecg.resample(400).signal.T
    tracings[0, 48:4048] = at_400
    tracings[1, 648:3448] = at_400[:2800]
    with h5py.File(path, "w") as file:
        file["tracings"] = tracings
        file["exam_id"] = [11, 12]
    return path


def test_code_15_is_read_without_its_padding(tmp_path, ecg):
    path = write_code_15(tmp_path / "exams.hdf5", ecg)
    names = ["DI", "DII", "DIII", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    how = {"file_leads": names, "file_sampling_rate": 400, "file_unit": "mV"}
    whole, short = (read_ecg(path, index=index, **how) for index in (0, 1))
    assert whole.signal.shape == (12, 5000)
    assert np.abs(whole.signal - ecg.signal)[:, 100:-100].max() < 0.05
    assert short.duration == pytest.approx(7)
    assert short.fit(5000).signal.shape == (12, 5000)
    at_400 = read_ecg(path, index=1, sampling_rate=None, **how)
    assert np.array_equal(at_400.signal, ecg.resample(400).signal[:, :2800])


@pytest.mark.parametrize(
    ("rate", "zeros", "left"),
    [(500, 24, 5000), (500, 25, 4975), (250, 12, 5000), (250, 13, 4987), (1000, 49, 5000)],
)
@pytest.mark.parametrize("end", [slice(None), slice(None, None, -1)])
def test_zeros_at_an_end_are_padding_from_50_ms_on(tmp_path, ecg, rate, zeros, left, end):
    samples = ecg.signal.copy()
    samples[:, end][:, :zeros] = 0
    path = save_array(tmp_path / "one.npy", samples)
    how = STACK | {"file_sampling_rate": rate}
    signal = read_ecg(path, sampling_rate=None, **how).signal
    assert np.array_equal(signal[:, end], samples[:, end][:, -left:])


@pytest.mark.parametrize("flat", ["I", "II"])
def test_leads_that_follow_from_a_flat_one_are_refused(tmp_path, ecg, flat):
    samples = ecg.signal[rows_of(EIGHT)]
    samples[EIGHT.index(flat)] = 0
    header = write_wfdb(tmp_path, samples, EIGHT)
    with pytest.raises(ValueError, match=f"record.hea: {flat} is flat"):
        read_ecg(header, leads=["III", "V1"])
    assert read_ecg(header, leads=["V1"]).leads == ("V1",)


def test_zeros_that_pad_a_wfdb_record_are_left_out(tmp_path, ecg):
    samples = ecg.signal.copy()
    samples[:, 4000:] = 0
    assert read_ecg(write_wfdb(tmp_path, samples, UPPER)).signal.shape == (12, 4000)


def test_another_array_of_hdf5_is_read_by_its_key(tmp_path, ecg):
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = ecg.signal, 2 * ecg.signal
    read = read_ecg(tmp_path / "two.h5", key="b", **STACK)
    assert np.array_equal(read.signal, 2 * ecg.signal)
    with pytest.raises(ValueError, match=r"shapes \(12, 5000\), \(12, 5000\); say .* key="):
        read_ecg(tmp_path / "two.h5", **STACK)


def test_an_array_in_a_group_of_hdf5_is_found(tmp_path, ecg):
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["a/b/ecg"] = ecg.signal
        file["a/ids"] = [7]
    assert np.array_equal(read_ecg(tmp_path / "one.h5", **STACK).signal, ecg.signal)
    with h5py.File(tmp_path / "one.h5", "a") as file:
        file["a/other"] = 2 * ecg.signal
    read = read_ecg(tmp_path / "one.h5", key="a/other", **STACK)
    assert np.array_equal(read.signal, 2 * ecg.signal)


def test_the_rate_and_the_leads_are_those_asked_for(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal, UPPER)
    read = read_ecg(header, sampling_rate=100, leads=["v5", "II"])
    assert read.leads == ("V5", "II")
    assert read.signal.shape == (2, 1000)


def test_a_file_may_be_read_unchecked(tmp_path):
    path = save_array(tmp_path / "flat.npy", np.ones((12, 5000)))
    assert read_ecg(path, check=False, **STACK).signal.max() == 1


class Executed:
    """What a pickle can do to those who load it."""

    def __reduce__(self):
        return (builtins.print, ("this should never have run",))


def test_pickled_objects_are_never_loaded(tmp_path, capsys):
    path = save_array(tmp_path / "objects.npy", np.array([Executed()] * 12, dtype=object))
    np.savez(tmp_path / "objects.npz", only=np.array([Executed()], dtype=object))
    for name in (path, tmp_path / "objects.npz"):
        with pytest.raises(ValueError, match=r"objects\.np.: .*[oO]bject"):
            read_ecg(name, **STACK)
    assert not capsys.readouterr().out


@pytest.mark.parametrize(("library", "extra"), [("wfdb", "wfdb"), ("h5py", "hdf5")])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path, monkeypatch, ecg, library, extra
):
    if library == "wfdb":
        path = write_wfdb(tmp_path, ecg.signal, UPPER)
    else:
        path = write_code_15(tmp_path / "exams.hdf5", ecg)
    monkeypatch.setitem(sys.modules, library, None)
    command = rf'this needs {library}; .*: python -m pip install "ecgmask\[{extra}\]"'
    with pytest.raises(ImportError, match=command):
        read_ecg(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.npy does not exist"):
        read_ecg(tmp_path / "gone.npy")


def test_a_folder_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(ValueError, match="is a folder; name one file, or use WFDBDataset"):
        read_ecg(tmp_path)


def wfdb_with(suffix, content):
    """Return a maker of a record, one of whose files is replaced or gone."""

    def write(folder, ecg):
        header = write_wfdb(folder, ecg.signal, UPPER)
        file = header.with_suffix(suffix)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content(file.read_bytes()))
        return header

    return write


def whole_wfdb(folder, ecg):
    return write_wfdb(folder, ecg.signal, UPPER)


def broken_dicom(edit):
    return lambda folder, _: edit_dicom(folder / "broken.dcm", edit)


def npy(change):
    return lambda folder, ecg: save_array(folder / "broken.npy", change(ecg.signal.copy()))


def set_to(value, *where):
    def change(samples):
        samples[where] = value
        return samples

    return change


def cut(name, keep, make):
    def write(folder, ecg):
        path = make(folder, ecg)
        (folder / name).write_bytes(path.read_bytes()[:keep])
        return folder / name

    return write


def as_text(folder, _):
    (folder / "ecg.txt").write_text("0.1 0.2 0.3")
    return folder / "ecg.txt"


def code_15(folder, ecg):
    return write_code_15(folder / "exams.hdf5", ecg)


def no_arrays(folder, _):
    h5py.File(folder / "empty.h5", "w").close()
    return folder / "empty.h5"


def whole_npz(folder, ecg):
    np.savez(folder / "whole.npz", ecg=ecg.signal)
    return folder / "whole.npz"


def zipped_text(folder, _):
    with ZipFile(folder / "notes.zip", "w") as archive:
        archive.writestr("notes.txt", "0.1 0.2 0.3")
    return folder / "notes.zip"


def original_dicom(folder, _):
    return edit_dicom(folder / "ecg.dcm", str)


@pytest.mark.parametrize(
    ("make", "how", "message"),
    [
        # Files that are broken.
        (
            wfdb_with(".dat", lambda data: data[:60_000]),
            {},
            "header says 5000 samples .* a file has 2500; is it truncated",
        ),
        (
            wfdb_with(".dat", lambda data: data[:1001]),
            {},
            "header says 5000 samples .* a file has 41; is it truncated",
        ),
        (wfdb_with(".dat", None), {}, "a file that the header names is missing"),
        (wfdb_with(".hea", lambda data: data[100:]), {}, r"record\.hea: "),
        (wfdb_with(".hea", lambda data: data[:0]), {}, r"record\.hea: "),
        (cut("half.dcm", 150_000, original_dicom), {}, r"half\.dcm: .* truncated or corrupt"),
        (cut("half.npy", 100_000, npy(lambda x: x)), STACK, r"half\.npy: .* truncated or corrupt"),
        (cut("head.npy", 20, npy(lambda x: x)), STACK, r"head\.npy: .* truncated or corrupt"),
        (cut("half.npz", 100_000, whole_npz), STACK, r"half\.npz: .* truncated or corrupt"),
        (cut("half.hdf5", 100_000, code_15), STACK, r"half\.hdf5: .* truncated or corrupt"),
        (zipped_text, STACK, r"NumPy cannot read it \(ValueError\)"),
        (as_text, {}, "neither WFDB, DICOM, NumPy nor HDF5"),
        (no_arrays, STACK, "the file holds no arrays"),
        (broken_dicom(lambda d: d.__delattr__("WaveformSequence")), {}, "holds no waveform"),
        # Samples that are no ECG.
        (npy(set_to(np.nan)), STACK, r"NaN or infinite in I \(all of its samples\)"),
        (npy(set_to(np.nan, 6)), STACK, r"NaN or infinite in V1 \(all of its samples\)"),
        (npy(set_to(np.nan, 6, slice(3))), STACK, r"NaN or infinite in V1 \(3 of its samples\)"),
        (npy(set_to(0)), STACK, "V6 are flat"),
        (npy(set_to(0, 6)), STACK, "V1 is flat"),
        (npy(lambda x: x[rows_of(MIMIC)]), STACK, "aVL and aVF look exchanged"),
        (npy(lambda x: 1000 * x), STACK, "a heart makes 0.05 to 20 mV; is the unit right"),
        (npy(lambda x: x), STACK | {"file_unit": "V"}, "is the unit right"),
        (npy(lambda x: x.reshape(5000, 12)), STACK, r"broken\.npy: "),
        # Shapes and types that are no ECG.
        (npy(lambda x: x[:, :12]), STACK, "both fit: transpose it yourself and make an ECG"),
        (npy(lambda x: x[:8]), STACK, "12 lead names do not tell which axis of .8, 5000."),
        (npy(lambda x: x[0]), STACK, r"must have the shape \(n_leads, n_samples\), not \(5000,\)"),
        (npy(lambda x: x), STACK | {"index": 0}, r"must have the shape \(n, n_leads, n_samples\)"),
        (npy(lambda x: x[None]), STACK, "holds 1 records; say which with index="),
        (npy(lambda x: x[None]), STACK | {"index": 1}, "below the 1 records, not 1"),
        (npy(lambda x: x[None]), STACK | {"index": -1}, "index must be at least 0, not -1"),
        (npy(lambda x: x.astype(str)), STACK, "samples must be integers or floats"),
        (npy(lambda x: x + 1j), STACK, "samples must be integers or floats"),
        # Facts that are missing or wrong.
        (npy(lambda x: x), STACK | {"file_leads": None}, "no lead names; give those of its array"),
        (npy(lambda x: x), STACK | {"file_unit": None}, "does not say its unit"),
        (npy(lambda x: x), STACK | {"file_sampling_rate": None}, "does not say its sampling rate"),
        (npy(lambda x: x), STACK | {"key": "a"}, r"key='a' means nothing for \.npy files"),
        (code_15, STACK | {"key": "exam"}, "no array of the name that key= or a link says"),
        (original_dicom, {"file_unit": "mV"}, "'mV' contradicts the file, which says uV"),
        (original_dicom, {"file_sampling_rate": 500}, "contradicts the file, which says 1000 Hz"),
        (original_dicom, {"file_sampling_rate": 1000.1}, "1000.1 contradicts the file, which says"),
        (original_dicom, {"file_leads": EIGHT}, "has 12 channels, but file_leads 8 names"),
        (original_dicom, {"index": 2}, "has 2 multiplex groups, so index must be below that"),
        (
            original_dicom,
            {"leads": ["V7"]},
            "V7 is missing and cannot .*, so ask for some of these",
        ),
        (npy(lambda x: x[1:]), STACK | {"file_leads": STANDARD_LEADS[1:]}, "I is missing and"),
        (whole_wfdb, {"index": 1}, "means nothing for WFDB records"),
        (
            npy(lambda x: x),
            STACK | {"file_leads": [f"x{i}" for i in range(12)]},
            "there are channel 1, channel 2, .*, so ask for some of these",
        ),
    ],
)
def test_wrong_data_is_refused_with_the_file_and_the_reason(tmp_path, ecg, make, how, message):
    path = make(tmp_path, ecg)
    with pytest.raises(ValueError, match=message) as error:
        read_ecg(path, **how)
    assert path.name in str(error.value) or "must be at least" in str(error.value)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"leads": "II"}, TypeError, r'leads must be a list of names, such as \["II"\]'),
        ({"leads": []}, ValueError, "leads must name at least one lead"),
        ({"file_leads": "II"}, TypeError, "file_leads must be a list of names"),
        ({"sampling_rate": "500"}, TypeError, "sampling_rate must be a number in Hz, not '500'"),
        ({"sampling_rate": 0}, ValueError, "^sampling_rate must be positive"),
        ({"file_sampling_rate": 0}, ValueError, "^file_sampling_rate must be positive"),
        ({"file_sampling_rate": "500"}, TypeError, "^file_sampling_rate must be a number in Hz"),
        ({"file_unit": "volt"}, ValueError, "^the unit must be V, mV, uV or nV, not 'volt'"),
        ({"file_unit": 0}, ValueError, "^a unit of 0 mV must be positive"),
        ({"index": 1.0}, TypeError, "index must be a whole number"),
        ({"invalid": "x"}, TypeError, "^invalid must be a number, not 'x'"),
    ],
)
def test_a_wrong_parameter_is_not_blamed_on_the_file(how, error, message):
    with pytest.raises(error, match=message) as caught:
        read_ecg(pydicom.examples.get_path("waveform"), **how)
    assert ".dcm" not in str(caught.value)


@pytest.mark.parametrize("unit", [None, True, [1.0]])
def test_a_unit_is_a_string_or_a_number(unit):
    with pytest.raises(
        TypeError, match='a unit must be a string, such as "mV", or a number of mil'
    ):
        millivolts(unit)


@pytest.mark.parametrize("unit", [0, -1.0, np.nan, np.inf])
def test_a_unit_is_positive_and_finite(unit):
    with pytest.raises(ValueError, match="mV must be positive and finite"):
        millivolts(unit)


@pytest.mark.parametrize("unit", [0.5, 1e-4, np.float32(2)])
def test_a_unit_may_be_a_number_of_millivolts(tmp_path, ecg, unit):
    path = save_array(tmp_path / "scaled.npy", ecg.signal.astype(np.float64) / float(unit))
    read = read_ecg(path, **STACK | {"file_unit": unit})
    assert np.abs(read.signal - ecg.signal).max() < 1e-6


def test_a_wfdb_record_of_signals_with_gaps_is_refused(tmp_path, ecg):
    samples = ecg.signal.copy()
    samples[2, 100:112] = np.nan
    header = write_wfdb(tmp_path, samples, UPPER)
    with pytest.raises(ValueError, match=r"record\.hea: .* in III \(12 of its samples\)"):
        read_ecg(header)


def test_nothing_is_printed_while_reading(tmp_path, ecg, capsys):
    read_ecg(write_wfdb(tmp_path, ecg.signal, UPPER))
    assert capsys.readouterr() == ("", "")


def test_the_content_tells_the_format_where_the_name_does_not(tmp_path, ecg):
    buffer = io.BytesIO()
    np.save(buffer, ecg.signal)
    path = Path(tmp_path, "without_an_ending")
    path.write_bytes(buffer.getvalue())
    assert np.array_equal(read_ecg(path, **STACK).signal, ecg.signal)
