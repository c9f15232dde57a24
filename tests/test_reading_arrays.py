"""Arrays, names and gaps: what NumPy and HDF5 files leave to the user, and what is found out."""

import pickle

import h5py
import numpy as np
import pytest
import torch
from ecg_files import STACK, UPPER, save_array, write_wfdb

from ecgmask import ECG, STANDARD_LEADS, read_ecg
from ecgmask.leads import standard_name, standard_names

COUNTS = STACK | {"file_unit": "uV"}


def counts(ecg, dtype=np.int16):
    return (ecg.signal * 1000).round().astype(dtype)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
@pytest.mark.parametrize("ending", ["npy", "npz", "h5"])
def test_the_least_integer_is_no_sample(tmp_path, ecg, dtype, ending):
    samples = counts(ecg, dtype)
    samples[7, 1000:1003] = np.iinfo(dtype).min
    path = tmp_path / f"gaps.{ending}"
    if ending == "npy":
        np.save(path, samples)
    elif ending == "npz":
        np.savez_compressed(path, samples)
    else:
        with h5py.File(path, "w") as file:
            file["x"] = samples
    with pytest.raises(ValueError, match=r"NaN or infinite in V2 \(3 of its samples\)"):
        read_ecg(path, check=False, **COUNTS)
    assert np.abs(read_ecg(path, leads=["V1"], **COUNTS).signal - ecg.signal[6]).max() < 1e-3


@pytest.mark.parametrize(
    ("dtype", "invalid"), [(np.int16, -9999), (np.float32, -1.0), (np.uint16, 0)]
)
def test_the_number_that_is_no_sample_can_be_said(tmp_path, ecg, dtype, invalid):
    offset = 20_000 if dtype == np.uint16 else 0
    samples = (counts(ecg) + np.int32(offset)).astype(dtype)
    samples[samples == invalid] += 1
    samples[0, :2] = invalid
    path = save_array(tmp_path / "gaps.npy", samples)
    with pytest.raises(ValueError, match=r"NaN or infinite in I \(2 of its samples\)"):
        read_ecg(path, invalid=invalid, **COUNTS)
    assert read_ecg(path, check=False, **COUNTS).signal.shape == (12, 5000)


@pytest.mark.parametrize("invalid", [40_000, 0.5, float("nan")])
def test_a_number_that_the_array_cannot_hold_is_refused(tmp_path, ecg, invalid):
    path = save_array(tmp_path / "gaps.npy", counts(ecg).astype(np.int16))
    with pytest.raises(ValueError, match=f"invalid={invalid} is no number of type int16; leave"):
        read_ecg(path, invalid=invalid, **COUNTS)


def test_files_that_say_themselves_what_is_no_sample_take_no_number(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal, UPPER)
    with pytest.raises(ValueError, match="invalid=-1 means nothing for WFDB records; leave it out"):
        read_ecg(header, invalid=-1)


@pytest.mark.parametrize("value", [0.0, -0.3])
@pytest.mark.parametrize("rate", [500, 250])
def test_a_second_in_which_no_lead_changes_is_a_problem(tmp_path, ecg, value, rate):
    samples = ecg.resample(rate).signal.copy()
    samples[:, 2 * rate : 4 * rate] = value
    expected = "no lead changes from 2.0 to 4.0 s; is it a gap, or padding? Crop it"
    assert ECG(samples, rate).problems()[0] == expected
    path = save_array(tmp_path / "gap.npy", samples)
    facts = STACK | {"file_sampling_rate": rate}
    for wanted in (None, 500, 100):
        with pytest.raises(ValueError, match=r"no lead changes from [12]\.\d to [34]\.\d s"):
            read_ecg(path, sampling_rate=wanted, **facts)
    assert read_ecg(path, check=False, **facts).sampling_rate == 500


@pytest.mark.parametrize(("gap", "found"), [(499, False), (501, True)])
def test_a_gap_is_a_second_or_more(ecg, gap, found):
    samples = ecg.signal.copy()
    samples[:, 1000 : 1000 + gap] = 0
    assert bool(ECG(samples, 500).problems()) == found


def test_one_lead_at_rest_is_no_gap(ecg):
    samples = ecg.signal.copy()
    samples[8, 1000:2000] = 0
    assert ECG(samples, 500).problems() == ()


@pytest.mark.parametrize(
    ("spelling", "lead"),
    [
        ("ECG I", "I"), ("ecg_II", "II"), ("EKG V3", "V3"), ("ECG lead aVF", "aVF"), ("D1", "I"),
        ("D2", "II"), ("d3", "III"), ("DI", "I"), ("dII", "II"), ("V 1", "V1"), ("V-2", "V2"),
        ("v_6", "V6"), ("Lead V 4", "V4"), ("LEAD_II", "II"), ("Ableitung III", "III"),
        ("D\xe9rivation V2", "V2"), ("\u5bfc\u8054", "\u5bfc\u8054"), ("II\u5bfc\u8054", "II"),
        ("aVR\u8a98\u5c0e", "aVR"), ("MDC_ECG_LEAD_AVL", "aVL"),
        # What these are is another question.
        ("-aVR", "-aVR"), ("ECG", "ECG"), ("ECG1", "ECG1"), ("MLII", "MLII"), ("D4", "D4"),
        ("V7", "V7"), ("V1R", "V1R"), ("C1", "C1"), ("lead -aVR", "lead -aVR"), ("", ""),
        ("V", "V"), ("ECG -aVR", "ECG -aVR"), ("aVR+", "aVR+"), ("II III", "II III"),
    ],
)  # fmt: skip
def test_spellings_that_people_use_are_leads(spelling, lead):
    assert standard_name(spelling) == lead


def test_six_electrodes_of_the_chest_are_chest_leads():
    limb = ["I", "II", "III", "aVR", "aVL", "aVF"]
    assert standard_names("leads", [*limb, *(f"C{n}" for n in range(1, 7))]) == STANDARD_LEADS


@pytest.mark.parametrize("names", [["C3", "C4", "I"], ["C1", "C2", "C3", "C4", "C5", "C6", "V1"]])
def test_electrodes_of_an_eeg_are_no_chest_leads(names):
    assert standard_names("leads", names) == tuple(names)


@pytest.mark.parametrize("how", ["ECG {}", "lead {}"])
def test_a_file_with_such_names_is_read(tmp_path, ecg, how):
    header = write_wfdb(tmp_path, ecg.signal, [how.format(lead) for lead in STANDARD_LEADS])
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_names_of_a_kind_of_their_own_are_given_by_position(tmp_path, ecg):
    header = write_wfdb(tmp_path, ecg.signal, [f"channel_{n}" for n in range(11)] + ["V6"])
    with pytest.raises(ValueError, match=r"there are channel 1, .*, channel 11, V6, so ask"):
        read_ecg(header)
    read = read_ecg(header, file_leads=STANDARD_LEADS)
    assert np.abs(read.signal - ecg.signal).max() < 1e-3
    other = [*STANDARD_LEADS[:10], "V6", "V5"]
    with pytest.raises(ValueError, match=r"file_leads contradicts .* channel 12 is V6, not V5"):
        read_ecg(header, file_leads=other)


def test_a_rhythm_strip_that_repeats_a_lead_is_passed_over(tmp_path, ecg):
    samples = np.concatenate([ecg.signal, ecg.signal[[1]]])
    header = write_wfdb(tmp_path, samples, [*UPPER, "rhythm"])
    header.write_text(header.read_text().replace("rhythm", "II"))
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_a_rhythm_strip_of_other_samples_is_named_by_position(tmp_path, ecg):
    samples = np.concatenate([ecg.signal, 0.5 * ecg.signal[[1]]])
    header = write_wfdb(tmp_path, samples, [*UPPER, "rhythm"])
    header.write_text(header.read_text().replace("rhythm", "II"))
    with pytest.raises(ValueError, match="lead II is there more than once in I, II, III"):
        read_ecg(header)
    read = read_ecg(header, file_leads=[*STANDARD_LEADS, "rhythm"])
    assert np.abs(read.signal - ecg.signal).max() < 1e-3
    assert read_ecg(header, leads=["V1"]).leads == ("V1",)


def test_a_pickled_array_is_told_from_a_file_that_is_no_array(tmp_path, ecg):
    np.save(tmp_path / "objects.npy", np.array([ecg.signal, None], dtype=object))
    np.savez(tmp_path / "objects.npz", np.array([ecg.signal, None], dtype=object))
    for name in ("objects.npy", "objects.npz"):
        with pytest.raises(
            ValueError, match=r"holds Python objects, which may run code .* save num"
        ):
            read_ecg(tmp_path / name, **STACK)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(ecg.signal))
    with pytest.raises(ValueError, match="the file is a pickle, which may run code"):
        read_ecg(tmp_path / "pickle.npy", **STACK)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_torch_is_told_from_an_npz(tmp_path, ecg, zipped):
    torch.save(torch.tensor(ecg.signal), tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
    message = "written by torch.save, and may run code" if zipped else "the file is a pickle, which"
    with pytest.raises(ValueError, match=message):
        read_ecg(tmp_path / "x.pt", **STACK)


def test_a_key_that_an_archive_lacks_is_said_without_its_names(tmp_path, ecg):
    np.savez(tmp_path / "two.npz", secret_a=ecg.signal, secret_b=ecg.signal)
    for key in (None, "c"):
        with pytest.raises(
            ValueError, match=r"holds 2 arrays.* numpy\.load\(path\)\.files"
        ) as error:
            read_ecg(tmp_path / "two.npz", key=key, **STACK)
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("change", ["short", "long", "claim"])
def test_an_array_that_is_not_as_long_as_it_says_is_refused(tmp_path, ecg, change):
    path = save_array(tmp_path / "x.npy", ecg.signal)
    content = path.read_bytes()
    path.write_bytes({
        "short": content[:-4],
        "long": content + content,
        "claim": content.replace(b"(12, 5000)", b"(12, 4000)"),
    }[change])  # fmt: skip
    with pytest.raises(ValueError, match=r"takes \d+ bytes, but the file has \d+ for it"):
        read_ecg(path, **STACK)
