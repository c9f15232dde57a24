"""The ECG record and the sample ECG."""

import pickle
import subprocess
import sys
from copy import deepcopy
from dataclasses import FrozenInstanceError, fields
from itertools import combinations

import numpy as np
import pydicom
import pydicom.examples
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from ecgmask import ECG, LIMB_LEADS, STANDARD_LEADS
from ecgmask.leads import standard_name

SIGN = st.sampled_from([-1, 1])


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


def test_an_ecg_holds_nothing_but_its_samples_and_what_they_are(ecg):
    names = ["signal", "sampling_rate", "leads", "derived", "synthetic"]
    assert [field.name for field in fields(ECG)] == names
    assert set(vars(ecg)) == set(names)


@pytest.mark.parametrize("copy", [lambda e: e, deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_samples_cannot_be_changed(ecg, copy):
    with pytest.raises(ValueError, match="read-only"):
        copy(ecg).signal[0, 0] = 1


def test_an_ecg_does_not_change_with_the_array_that_it_was_made_of():
    samples = np.ones((12, 50), dtype=np.float32)
    ecg = ECG(samples, sampling_rate=500)
    samples[:] = 7
    assert (ecg.signal == 1).all()


def test_an_ecg_is_an_array(ecg):
    assert np.array_equal(np.asarray(ecg), ecg.signal)
    assert np.asarray(ecg, dtype=np.float64).dtype == np.float64


def test_an_array_of_an_ecg_is_a_copy_on_request_only(ecg):
    assert np.shares_memory(np.asarray(ecg), ecg.signal)
    assert not np.shares_memory(np.array(ecg), ecg.signal)


@pytest.mark.filterwarnings("error")
def test_a_tensor_of_the_signal_is_writable_and_made_without_a_warning(ecg):
    tensor = torch.tensor(ecg.signal)
    tensor += 1
    assert tensor.shape == (12, 5000)
    assert tensor.dtype == torch.float32


def test_a_batch_of_signals_is_made_without_a_warning():
    # In a process of its own, for torch warns of read-only arrays once only.
    code = "from ecgmask import *; MaskCollator()([sample_ecg().signal] * 2)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


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
        (
            (np.full((12, 50), np.nan), 500),
            r"NaN or infinite in I \(all of its samples\), .* repair or crop it",
        ),
        ((np.full((12, 50), np.inf), 500), "signal is NaN or infinite in I"),
        ((np.zeros((2, 50)), 500, ("II", "II")), "lead names must differ, but are II, II"),
        ((np.zeros((2, 50)), 500, ("II", "DII")), "lead names must differ, but are II, DII"),
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


EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def changed(ecg, samples):
    return ECG(samples, ecg.sampling_rate, ecg.leads)


def test_few_samples_that_are_not_finite_are_counted_lead_by_lead(ecg):
    samples = ecg.signal.copy()
    samples[1, :3] = np.nan
    samples[7, 9] = np.inf
    with pytest.raises(ValueError, match=r"in II \(3 of its samples\), V2 \(1 of its samples\)"):
        changed(ecg, samples)


@pytest.mark.parametrize(
    ("ecg", "shown"),
    [
        (ECG(np.ones((12, 50)), 500), "<ECG: 12 leads x 50 samples, 500 Hz, 0.1 s>"),
        (ECG(np.ones((1, 50)), 100, ["V1"]), "<ECG: 1 lead (V1) x 50 samples, 100 Hz, 0.5 s>"),
        (
            ECG(np.ones((2, 50)), 100, ["I", "III"], derived=["III"], synthetic=True),
            "<synthetic ECG: 2 leads (I, III) x 50 samples, 100 Hz, 0.5 s, III derived>",
        ),
    ],
)
def test_an_ecg_says_what_it_is(ecg, shown):
    assert repr(ecg) == shown


def test_only_leads_that_are_there_can_be_derived():
    with pytest.raises(ValueError, match="derived must name leads of this ECG, I, II, not III"):
        ECG(np.zeros((2, 50)), 500, ["I", "II"], derived=["III"])


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.crop(0, 500),
        lambda e: e.pad(6000),
        lambda e: e.fit(300),
        lambda e: e.resample(250),
        lambda e: e.select(["III", "V1"]),
    ],
)
def test_what_an_ecg_is_stays_with_it(ecg, change):
    marked = ECG(ecg.signal, 500, derived=["III"], synthetic=True)
    assert change(marked).derived == ("III",)
    assert change(marked).synthetic


def test_a_crop_is_the_samples_asked_for(ecg):
    cropped = ecg.crop(1000, 2500)
    assert np.array_equal(cropped.signal, ecg.signal[:, 1000:3500])
    assert cropped.duration == 5


def test_padding_is_zeros_at_the_end(ecg):
    padded = ecg.crop(0, 300).pad(500)
    assert np.array_equal(padded.signal[:, :300], ecg.signal[:, :300])
    assert not padded.signal[:, 300:].any()
    assert padded.signal.shape == (12, 500)


@pytest.mark.parametrize("n_samples", [1, 4999, 5000, 5001, 7000])
def test_a_fitted_ecg_has_the_length_asked_for_and_starts_as_before(ecg, n_samples):
    fitted = ecg.fit(n_samples)
    assert fitted.signal.shape == (12, n_samples)
    common = min(n_samples, 5000)
    assert np.array_equal(fitted.signal[:, :common], ecg.signal[:, :common])
    assert not fitted.signal[:, common:].any()


@pytest.mark.parametrize("rate", [100, 250, 257, 360, 400, 499.5, 1000])
def test_a_resampled_ecg_keeps_its_waves(ecg, rate):
    resampled = ecg.resample(rate)
    assert resampled.sampling_rate == rate
    assert resampled.duration == pytest.approx(10, abs=2 / rate)
    # A slow wave comes through at every rate; compare away from the ends.
    time = np.arange(5000) / 500
    slow = ECG(np.sin(2 * np.pi * time)[None], 500, ["II"]).resample(rate).signal[0]
    expected = np.sin(2 * np.pi * np.arange(slow.size) / rate)
    inside = slice(int(rate / 2), -int(rate / 2))
    assert np.abs(slow - expected)[inside].max() < 0.01


ANY_RATE = st.one_of(
    st.floats(60, 1500),
    # Rates that are hard to tell from that of the ECG.
    st.builds(lambda digits, sign: 500 * (1 + sign * 10**-digits), st.floats(2, 8), SIGN),
    # Rates that are hard to tell from a simple ratio of it.
    st.builds(lambda rate, sign: rate * (1 + sign * 1e-6), st.sampled_from([100, 250, 360]), SIGN),
)


@given(rate=ANY_RATE, n_samples=st.integers(1000, 8000))
@example(rate=499.99, n_samples=8000)
@example(rate=360.0001, n_samples=8000)
@example(rate=257, n_samples=8000)
@example(rate=500.00500000000005, n_samples=5001)
def test_samples_have_the_rate_that_they_are_said_to_have(rate, n_samples):
    frequency = min(rate, 500) / 8
    wave = np.sin(2 * np.pi * frequency / 500 * np.arange(n_samples))
    resampled = ECG(wave[None], 500, ["II"]).resample(rate)
    length = resampled.signal.shape[1]
    assert resampled.sampling_rate == rate
    # The last sample is the last one before the end, to within the drift.
    assert -0.05 / 500 < resampled.duration - n_samples / 500 < 1 / rate + 0.05 / 500
    # The last waves, but for what the end bends, are where the rate says.
    last = slice(-int(0.3 * rate), -int(0.1 * rate))
    phase = 2 * np.pi * frequency / rate * np.arange(length)[last]
    (sine, cosine), *_ = np.linalg.lstsq(
        np.transpose([np.sin(phase), np.cos(phase)]), resampled.signal[0, last], rcond=None
    )
    delay = np.arctan2(-cosine, sine) / (2 * np.pi * frequency)
    assert abs(delay) < 0.06 / 500
    assert np.hypot(sine, cosine) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("rate", "seconds"), [(499.9995, 200), (1e-3, 10), (1e9, 10)])
def test_a_rate_is_refused_if_it_can_be_met_by_no_ratio(rate, seconds):
    ecg = ECG(np.zeros((1, 500 * seconds)), 500, ["II"])
    with pytest.raises(ValueError, match=r"choose a rounder sampling_rate, .* or crop the record"):
        ecg.resample(rate)
    assert ecg.crop(0, 500).resample(499.9995).sampling_rate == 499.9995


@pytest.mark.parametrize("rate", [100, 250, 333, 1000])
def test_a_gap_is_a_gap_at_any_rate(ecg, rate):
    signal = ecg.signal.copy()
    signal[:, 1000:2000] = signal[:, [1000]]
    [problem] = ECG(signal, 500).resample(rate).problems()
    assert problem.startswith("no lead changes from 2.0 to 4.0 s")


def test_resampling_there_and_back_changes_the_sample_by_few_microvolts(ecg):
    assert np.abs(ecg.resample(1000).resample(500).signal - ecg.signal).max() < 0.01


def test_resampling_to_its_own_rate_returns_the_ecg_itself(ecg):
    assert ecg.resample(500) is ecg


def test_selected_leads_come_in_the_order_asked_for(ecg):
    some = ecg.select(["V2", "aVR", "I"])
    assert some.leads == ("V2", "aVR", "I")
    assert np.array_equal(some.signal, ecg.signal[[7, 3, 0]])
    assert some.derived == ()


@pytest.mark.parametrize("spelling", ["AVR", "Lead aVR", "avr"])
def test_a_derived_lead_stays_derived_in_whatever_spelling(ecg, spelling):
    marked = ECG(ecg.signal[:4], 500, ["I", "II", "III", spelling], derived=[spelling])
    assert marked.select(["II", "aVR"]).derived == ("aVR",)
    assert marked.select(["avr"]).select(["AVR"]).derived == ("aVR",)
    assert marked.select(["III", "aVL", "aVR"]).derived == ("aVL", "aVR")


def test_eight_leads_give_twelve(ecg):
    twelve = ecg.select(EIGHT).select(STANDARD_LEADS)
    assert twelve.leads == STANDARD_LEADS
    assert twelve.derived == ("III", "aVR", "aVL", "aVF")
    assert np.abs(twelve.signal - ecg.signal).max() < 1e-3
    assert "III, aVR, aVL, aVF derived" in repr(twelve)
    assert twelve.problems() == ()


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *((name, name) for name in STANDARD_LEADS),
        *((name.upper(), name) for name in STANDARD_LEADS),
        *((name.lower(), name) for name in STANDARD_LEADS),
        ("Lead I (Einthoven)", "I"),
        ("Lead aVR", "aVR"),
        ("aVL, augmented voltage, left", "aVL"),
        ("MDC_ECG_LEAD_AVF", "aVF"),
        ("DI", "I"),
        ("DII", "II"),
        ("DIII", "III"),
        (" v3 ", "V3"),
        ("lead-v6", "V6"),
        ("vx", "vx"),
        ("RESP", "RESP"),
        ("D", "D"),
        ("-aVR", "-aVR"),
        ("Lead -aVR", "Lead -aVR"),
        ("V3R", "V3R"),
    ],
)
def test_leads_are_known_in_any_usual_spelling(spelling, name):
    assert standard_name(spelling) == name


def test_the_sample_has_no_problems(ecg):
    assert ecg.problems() == ()
    assert ecg.check() is None


@pytest.mark.parametrize(("a", "b"), list(combinations(LIMB_LEADS, 2)))
def test_an_exchange_of_two_limb_leads_is_found_and_named(ecg, a, b):
    samples = ecg.signal.copy()
    rows = [ecg.lead_index(a), ecg.lead_index(b)]
    samples[rows] = samples[rows[::-1]]
    (problem,) = changed(ecg, samples).problems()
    assert problem.endswith(f"; {a} and {b} look exchanged")


@pytest.mark.parametrize("name", LIMB_LEADS)
def test_an_inverted_limb_lead_is_found_and_named(ecg, name):
    samples = ecg.signal.copy()
    samples[ecg.lead_index(name)] *= -1
    (problem,) = changed(ecg, samples).problems()
    assert problem.endswith(f"; {name} looks inverted")


def test_limb_leads_that_no_single_exchange_explains_are_a_problem_all_the_same(ecg):
    samples = ecg.signal.copy()
    samples[:6] = samples[[1, 2, 0, 4, 5, 3]]
    (problem,) = changed(ecg, samples).problems()
    assert problem.endswith("is the order of the leads right?")


@pytest.mark.parametrize("rounding", [0.001, 0.005])
def test_rounding_of_the_samples_is_no_problem(ecg, rounding):
    assert changed(ecg, (ecg.signal / rounding).round() * rounding).problems() == ()
    assert changed(ecg, ecg.signal.astype(np.float16)).problems() == ()


def test_a_flat_lead_is_found_and_named(ecg):
    samples = ecg.signal.copy()
    samples[[7, 9]] = 0.3
    (problem,) = changed(ecg, samples).problems()
    assert problem.startswith("V2, V4 are flat")


def test_contradictions_are_found_whatever_the_spelling(ecg):
    spelled = ECG(ecg.signal[[0, 1, 3]], 500, ["DI", "Lead II", "AVL"])
    (problem,) = spelled.problems()
    assert problem.startswith("limb leads contradict I and II: aVL by")


def test_a_flat_limb_lead_contradicts_no_other(ecg):
    samples = ecg.signal.copy()
    samples[2] = 0
    (problem,) = changed(ecg, samples).problems()
    assert problem.startswith("III is flat")


@pytest.mark.parametrize(("part", "flat"), [(5e-4, True), (5e-3, False)])
def test_a_lead_is_flat_beside_what_the_tallest_spans(ecg, part, flat):
    samples = ecg.signal.copy()
    samples[7] *= part * np.ptp(samples, axis=1).max() / np.ptp(samples[7])
    assert any("V2 is flat" in problem for problem in changed(ecg, samples).problems()) == flat


def test_a_flat_record_is_found():
    (problem,) = ECG(np.zeros((12, 50)), 500).problems()
    assert problem.startswith(", ".join(STANDARD_LEADS) + " are flat")


@pytest.mark.parametrize(("factor", "span"), [(1000, "1886"), (1e-3, "0.001886"), (200, "377.3")])
def test_a_wrong_unit_is_found_by_its_amplitude(ecg, factor, span):
    (problem,) = changed(ecg, factor * ecg.signal).problems()
    assert problem.startswith(f"leads span up to {span} mV, but a heart makes 0.05 to 20 mV")


def test_an_artefact_is_no_wrong_unit(ecg):
    samples = ecg.select(["V1"]).signal.copy()
    samples[0, :20] = 30
    assert ECG(samples, 500, ["V1"]).problems() == ()


def test_leads_without_i_and_ii_cannot_contradict_them(ecg):
    assert ecg.select(["II", "aVL", "aVF", "V1"]).problems() == ()


def test_all_problems_are_raised_at_once(ecg):
    samples = 1000 * ecg.signal
    samples[7] = 0
    with pytest.raises(ValueError, match=r"V2 is flat; .*; leads span up to 1886 mV"):
        changed(ecg, samples).check()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: e.crop(4000, 1001), ValueError, "4000 to 5000 are not all in an ECG of 5000"),
        (lambda e: e.crop(-1, 10), ValueError, "start must be at least 0, not -1"),
        (lambda e: e.crop(0, 0), ValueError, "n_samples must be at least 1, not 0"),
        (lambda e: e.crop(0, 2.5), TypeError, "n_samples must be a whole number"),
        (lambda e: e.pad(4999), ValueError, "5000 samples cannot be padded to 4999; crop"),
        (lambda e: e.fit(0), ValueError, "n_samples must be at least 1, not 0"),
        (lambda e: e.resample(0), ValueError, "sampling_rate must be positive, in Hz, not 0"),
        (lambda e: e.resample("500"), TypeError, "sampling_rate must be a number in Hz"),
        (
            lambda e: e.resample(1e-3),
            ValueError,
            "5000 samples at 500 Hz cannot be resampled to 0.001 Hz, .* choose a rounder",
        ),
        (lambda e: e.select([]), ValueError, "leads must name at least one lead"),
        (lambda e: e.select("II"), TypeError, r'such as \["II"\], not'),
        (
            lambda e: e.select(["V7"]),
            ValueError,
            "V7 is missing and cannot be derived from I and II; there are I, II",
        ),
        (
            lambda e: e.select(["II"]).select(["III"]),
            ValueError,
            "III is missing and cannot be derived",
        ),
        (lambda e: e.select([1]), TypeError, "a lead name must be a string, not 1"),
        (lambda e: e.select(["II", "DII"]), ValueError, "lead names must differ, but are II, II"),
    ],
)
def test_what_cannot_be_done_is_refused(ecg, call, error, message):
    with pytest.raises(error, match=message):
        call(ecg)
