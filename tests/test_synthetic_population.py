"""Synthetic ECGs of many people: what is put in is in the table, and can be read in the leads."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import binary_closing, gaussian_filter1d
from scipy.signal import find_peaks
from scipy.stats import kstest

from ecgmask import ECG, synthetic_ecg, synthetic_population

NOISES = ["noise", "baseline_wander", "muscle_noise", "mains_noise"]
RATE = 500


@pytest.fixture(scope="module")
def people():
    return synthetic_population(400, np.random.default_rng(0), n_samples=2000, sampling_rate=200)


@pytest.fixture(scope="module")
def table(people):
    return pd.DataFrame(people.factors)


# An ECG reader of its own, which knows of the leads alone. NeuroKit2, which was tried, marks the
# waves of one lead at a time: where Q is flat there or ST is raised, by tens of milliseconds off.


def find_beats(signal, rate):
    """Return the samples where all leads together bend most: one for each narrow QRS."""
    bends = gaussian_filter1d(signal, 0.01 * rate, order=2)
    activity = gaussian_filter1d(np.linalg.norm(bends, axis=0), 0.02 * rate)
    tall = 0.45 * np.percentile(activity, 99)
    beats = find_peaks(activity, height=tall, distance=int(0.28 * rate))[0]
    return beats[(beats > 0.1 * rate) & (beats < signal.shape[1] - 0.1 * rate)]


def read(ecg):
    """Return PR and QRS, in ms, and the axis, in degrees, of the median beat of all leads."""
    window = np.arange(-RATE // 2, 2 * RATE // 5)
    beats = find_beats(ecg.signal, RATE)
    whole = beats[(beats + window[0] >= 0) & (beats + window[-1] < ecg.signal.shape[1])]
    beat = np.median(ecg.signal[:, whole[:, None] + window], axis=1)
    speed = np.linalg.norm(np.gradient(beat, axis=1), axis=0)

    # QRS is fast from end to end: gaps of 20 ms are where it turns.
    fastest = 200 + speed[200:310].argmax()
    slow = np.flatnonzero(~binary_closing(speed > 0.09 * speed[fastest], np.ones(10)))
    onset, end = slow[slow < fastest][-1] + 1, slow[slow > fastest][0] - 1
    level = beat[:2, onset - 4 : onset - 1].mean(axis=1, keepdims=True)
    i, ii = (beat[:2, onset : end + 1] - level).sum(axis=1)
    axis = np.degrees(np.arctan2(2 * ii - i, np.sqrt(3) * i))

    before = speed[onset - 130 : onset - 8]
    p_onset = onset - 130 + np.flatnonzero(before > 0.3 * before.max())[0]
    return np.array([onset - p_onset, end - onset]) * 1000 / RATE, axis


def test_rate_is_read_within_one_a_minute_in_all_noise_and_in_fibrillation(people, table):
    # Wide beats are not found; test_synthetic.py has those.
    for number in np.flatnonzero(table.ectopic_beats == 0):
        beats = find_beats(people.signals[number], 200) / 200
        peaks = people.r_peaks[number]
        between = peaks[(peaks > beats[0] - 0.1) & (peaks < beats[-1] + 0.1)]
        assert abs(60 / np.diff(beats).mean() - 60 / np.diff(between).mean()) < 1
        assert np.abs(beats - between).max() < 0.04


@pytest.fixture(scope="module")
def readings(table):
    """Return factors of records in sinus rhythm, and what is read in half a minute of them."""
    sinus = table[table.rhythm == "sinus"].drop(columns=NOISES)[:150]
    rng = np.random.default_rng(1)
    read_back = []
    for row in sinus.to_dict("records"):
        ecg = synthetic_ecg(rng=rng, n_samples=30 * RATE, shape_variation=1, **row)
        (pr_interval, qrs_duration), axis = read(ecg)
        read_back.append((pr_interval, qrs_duration, axis))
    columns = ["pr_interval", "qrs_duration", "frontal_axis"]
    return sinus.reset_index(drop=True), pd.DataFrame(read_back, columns=columns)


def test_qrs_is_read_within_15_ms(readings):
    sinus, read_back = readings
    np.testing.assert_allclose(read_back.qrs_duration, sinus.qrs_duration, atol=15)


def test_pr_is_read_within_15_ms_wherever_p_does_not_stand_on_t(readings):
    sinus, read_back = readings
    rr = 60_000 / sinus.heart_rate
    qt = sinus.qtc * np.sqrt(rr / 1000)
    apart = rr * (1 - 2 * sinus.rr_variation) - qt > 270
    assert apart.mean() > 0.5
    np.testing.assert_allclose(read_back.pr_interval[apart], sinus.pr_interval[apart], atol=15)


def test_the_axis_is_read_within_10_degrees(readings):
    sinus, read_back = readings
    off = (read_back.frontal_axis - sinus.frontal_axis + 180) % 360 - 180
    assert np.abs(off).max() < 10


# Records


def test_records_are_stacked_in_float32_and_no_two_are_alike(people):
    assert people.signals.shape == (400, 12, 2000)
    assert people.signals.dtype == np.float32
    firsts = people.signals[:, :, :200].reshape(400, -1)
    assert np.abs(np.corrcoef(firsts)[np.triu_indices(400, 1)]).max() < 0.999


def test_no_record_has_a_problem(people):
    assert {ECG(one, 200).problems() for one in people.signals} == {()}


def test_the_same_generator_draws_the_same_people():
    one, same, other = (
        synthetic_population(3, np.random.default_rng(seed), n_samples=1000, sampling_rate=100)
        for seed in (5, 5, 6)
    )
    assert np.array_equal(one.signals, same.signals)
    assert all(
        np.array_equal(one.factors[k], same.factors[k], equal_nan=k == "pr_interval")
        for k in one.factors
    )
    assert not np.allclose(one.signals, other.signals)


# Factors


def test_columns_are_parameters_of_a_synthetic_ecg(people):
    parameters = set(inspect.signature(synthetic_ecg).parameters)
    constant = {"rng", "n_samples", "sampling_rate", "mains_frequency", "shape_variation"}
    assert set(people.factors) == parameters - constant
    assert {len(column) for column in people.factors.values()} == {400}


def documented_ranges():
    """Return the range of each factor that the docstring of a population gives."""
    found = re.findall(r"`(\w+)`(?:,[\w ]+,)? in\s+\[(\S+), (\S+)\]", synthetic_population.__doc__)
    return {name: (float(low), float(high)) for name, low, high in found}


@pytest.mark.parametrize("name", sorted(set(documented_ranges()) - {"heart_rate"}))
def test_a_factor_is_uniform_in_the_range_that_is_documented(table, name):
    low, high = documented_ranges()[name]
    column = table[name].dropna()
    # A false alarm once in a million.
    assert kstest(column, "uniform", (low, high - low)).pvalue > 1e-6


def test_all_ranges_are_documented(people):
    others = {"rhythm", "ectopic_beats", "rr_variation"}
    assert set(documented_ranges()) == set(people.factors) - others


def test_rhythm_and_ectopic_beats_have_the_shares_that_are_documented(table):
    # Six standard errors of a share of 400.
    assert (table.rhythm == "atrial fibrillation").mean() == pytest.approx(0.25, abs=0.13)
    assert (table.ectopic_beats == 0).mean() == pytest.approx(0.5, abs=0.15)
    assert set(table.ectopic_beats) == {0, 1, 2}


def test_factors_are_independent(table):
    table = table[table.rhythm == "sinus"].drop(columns="rhythm")
    pairs = table.corr().to_numpy()[np.triu_indices(table.shape[1], 1)]
    assert np.abs(pairs).max() < 5 / np.sqrt(len(table))


def test_there_is_no_pr_interval_where_there_is_no_p_wave(table):
    assert (table.pr_interval.isna() == (table.rhythm == "atrial fibrillation")).all()


def test_rate_and_variation_are_those_of_the_r_peaks(people, table):
    rates = [60 / np.diff(peaks).mean() for peaks in people.r_peaks]
    np.testing.assert_allclose(table.heart_rate, rates, rtol=1e-12)
    regular = (table.ectopic_beats == 0).to_numpy()
    variations = [np.diff(peaks).std(ddof=1) / np.diff(peaks).mean() for peaks in people.r_peaks]
    np.testing.assert_allclose(table.rr_variation[regular], np.array(variations)[regular])
    assert (table.rr_variation[~regular] < np.array(variations)[~regular]).mean() > 0.8


def test_r_peaks_are_those_inside_the_record(people):
    assert all(0 <= peaks[0] and peaks[-1] < 10 for peaks in people.r_peaks)
    assert all((np.diff(peaks) > 0.2).all() for peaks in people.r_peaks)
    # Records start and end anywhere in the heartbeat.
    assert min(peaks[0] for peaks in people.r_peaks) < 0.01
    assert max(peaks[-1] for peaks in people.r_peaks) > 9.99


def test_at_low_sampling_rates_there_are_no_mains():
    slow = synthetic_population(3, np.random.default_rng(0), n_samples=1000, sampling_rate=100)
    assert (slow.factors["mains_noise"] == 0).all()


# Bad input


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_records": 0}, ValueError, "n_records must be at least 1, not 0"),
        ({"n_records": 2.0}, TypeError, "n_records must be a whole number"),
        ({"rng": 0}, TypeError, r"rng must be .*; pass np\.random\.default_rng\(seed\)"),
        ({"n_samples": "5000"}, TypeError, "n_samples must be a whole number"),
        (
            {"n_samples": 4999},
            ValueError,
            "records of a population last at least 10 s, but 4999 samples at 500 Hz last 9.998 s; "
            "raise n_samples",
        ),
        ({"sampling_rate": 50}, ValueError, r"sampling_rate must be in \[100, 10000\] Hz, not 50"),
        ({"sampling_rate": np.nan}, ValueError, "sampling_rate must be in .* not nan"),
        ({"sampling_rate": "500"}, TypeError, "sampling_rate must be a number in "),
    ],
)
def test_bad_input_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        synthetic_population(**{"n_records": 1, "rng": np.random.default_rng(0), **options})
