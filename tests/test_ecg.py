"""The ECG record and the sample ECG."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pydicom
import pydicom.examples
import pytest
import torch

from ecgmask import ECG, STANDARD_LEADS, sample_ecg


def lead(ecg, name):
    return ecg.signal[ecg.lead_index(name)]


def test_the_sample_has_twelve_leads_of_ten_seconds_in_float32(ecg):
    assert ecg.signal.shape == (12, 5000)
    assert ecg.signal.dtype == np.float32
    assert ecg.sampling_rate == 500
    assert ecg.duration == 10


def test_the_sample_has_the_standard_leads_in_order(ecg):
    assert ecg.leads == STANDARD_LEADS
    assert " ".join(STANDARD_LEADS) == "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6"


def test_the_sample_is_in_millivolt(ecg):
    # The heart makes some millivolt at the skin; a whole chest lead spans 0.2 to 5 mV.
    span = np.ptp(ecg.signal, axis=1)
    assert span.min() > 0.2
    assert span.max() < 5


def test_einthovens_law_holds_in_the_sample(ecg):
    residue = lead(ecg, "I") + lead(ecg, "III") - lead(ecg, "II")
    assert np.abs(residue).max() < 1e-3


@pytest.mark.parametrize(
    ("augmented", "plus", "minus"),
    [("aVR", (), ("I", "II")), ("aVL", ("I",), ("III",)), ("aVF", ("II", "III"), ())],
)
def test_augmented_leads_follow_from_the_limb_leads_in_the_sample(ecg, augmented, plus, minus):
    derived = sum(lead(ecg, name) for name in plus) - sum(lead(ecg, name) for name in minus)
    assert np.abs(lead(ecg, augmented) - derived / 2).max() < 1e-3


def test_limb_leads_differ_from_each_other_in_the_sample(ecg):
    assert len(np.unique(ecg.signal.round(3), axis=0)) == 12


def test_the_sample_beats_61_times_a_minute(ecg):
    slope = np.abs(np.diff(lead(ecg, "V4")))
    steep = np.flatnonzero(slope > 0.5 * slope.max())
    beats = steep[np.diff(steep, prepend=-500) > 150]
    assert 60 / (np.diff(beats).mean() / 500) == pytest.approx(61, abs=1)


def test_ends_of_the_sample_are_as_faithful_as_its_middle(ecg):
    # Resampling as if zeros came before the record would bend its first samples towards zero.
    recorded = pydicom.dcmread(pydicom.examples.get_path("waveform")).waveform_array(0).T / 1000
    error = np.abs(ecg.signal - recorded[:, ::2]).max(axis=0)
    assert error[50:-50].max() < 0.02
    assert max(error[:10].max(), error[-10:].max()) <= error[50:-50].max()


def test_an_ecg_holds_nothing_but_signal_rate_and_leads(ecg):
    assert [field.name for field in fields(ECG)] == ["signal", "sampling_rate", "leads"]
    assert set(vars(ecg)) == {"signal", "sampling_rate", "leads"}


def test_samples_do_not_share_memory():
    one, other = sample_ecg(), sample_ecg()
    one.signal[0, 0] += 1
    assert other.signal[0, 0] != one.signal[0, 0]


def test_an_ecg_is_an_array(ecg):
    assert np.array_equal(np.asarray(ecg), ecg.signal)
    assert np.asarray(ecg, dtype=np.float64).dtype == np.float64


def test_an_array_of_an_ecg_is_a_copy_on_request_only(ecg):
    assert np.shares_memory(np.asarray(ecg), ecg.signal)
    assert not np.shares_memory(np.array(ecg), ecg.signal)


@pytest.mark.filterwarnings("error")
def test_the_signal_is_a_writable_tensor_without_a_warning(ecg):
    tensor = torch.as_tensor(ecg.signal)
    assert tensor.shape == (12, 5000)
    assert tensor.dtype == torch.float32


def test_any_number_of_leads_can_be_named():
    ecg = ECG(np.zeros((2, 300)), sampling_rate=100, leads=["II", "V5"])
    assert ecg.leads == ("II", "V5")
    assert ecg.duration == 3
    assert ecg.lead_index("V5") == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int16])
def test_a_signal_is_kept_as_float32(dtype):
    assert ECG(np.ones((12, 50), dtype=dtype), sampling_rate=500).signal.dtype == np.float32


def test_repr_shows_sizes_and_no_samples(ecg):
    assert repr(ecg) == "<ECG: 12 leads x 5000 samples, 500 Hz, 10.0 s>"


def test_an_ecg_cannot_be_changed(ecg):
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'sampling_rate'"):
        ecg.sampling_rate = 250


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(5000), 500), r"shape \(n_leads, n_samples\), not \(5000,\)"),
        ((np.zeros((1, 12, 5000)), 500), r"shape \(n_leads, n_samples\), not \(1, 12, 5000\)"),
        ((np.zeros((12, 0)), 500), r"shape \(n_leads, n_samples\), not \(12, 0\)"),
        ((np.zeros((5000, 12)), 500), "5000 leads but 12 lead names; .* Transpose it"),
        ((np.zeros((8, 5000)), 500), "8 leads but 12 lead names"),
        ((np.full((12, 50), np.nan), 500), "samples that are NaN or infinite; repair or crop"),
        ((np.full((12, 50), np.inf), 500), "samples that are NaN or infinite"),
        ((np.zeros((2, 50)), 500, ("II", "II")), "lead names must differ, but are II, II"),
        ((np.zeros((12, 50)), 0), "sampling_rate must be positive, in Hz, not 0"),
        ((np.zeros((12, 50)), -500), "sampling_rate must be positive, in Hz, not -500"),
        ((np.zeros((12, 50)), float("nan")), "sampling_rate must be positive, in Hz, not nan"),
        ((np.zeros((12, 50)), float("inf")), "sampling_rate must be positive, in Hz, not inf"),
    ],
)
def test_what_is_no_ecg_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ECG(*arguments)


def test_an_unknown_lead_is_refused_with_the_leads_there_are(ecg):
    with pytest.raises(ValueError, match="lead 'V7' is not in this ECG; it has I, II, III, aVR"):
        ecg.lead_index("V7")
