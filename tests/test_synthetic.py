"""ECGs that a model makes."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from ecgmask import STANDARD_LEADS, synthetic_ecg

INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")


def make(seed=0, **options):
    return synthetic_ecg(rng=np.random.default_rng(seed), **options)


def lead(ecg, name):
    return ecg.signal[ecg.lead_index(name)].astype(np.float64)


def r_peaks(ecg):
    """Return where lead II has an R peak, in s; none is taken at the very ends."""
    return find_peaks(lead(ecg, "II"), height=0.6)[0] / ecg.sampling_rate


def around_r_peaks(ecg, start, end):
    """Return what all leads show from `start` to `end` after each R peak, ``(beat, lead, sample)``.

    Times are in seconds, and beats that the record cuts are left out.
    """
    centres = np.rint(r_peaks(ecg) * ecg.sampling_rate).astype(int)
    offsets = np.arange(round(start * ecg.sampling_rate), round(end * ecg.sampling_rate))
    samples = centres[:, None] + offsets
    whole = (samples >= 0).all(axis=1) & (samples < ecg.signal.shape[1]).all(axis=1)
    return ecg.signal[:, samples[whole]].swapaxes(0, 1)


# What is returned


def test_a_synthetic_ecg_says_so():
    ecg = make()
    assert ecg.synthetic
    assert repr(ecg).startswith("<synthetic ECG: 12 leads x 5000 samples, 500 Hz, 10.0 s")


@pytest.mark.parametrize(("n_samples", "rate"), [(5000, 500), (1000, 100), (4096, 400.5), (1, 500)])
def test_length_and_sampling_rate_are_as_asked_and_leads_in_standard_order(n_samples, rate):
    ecg = make(n_samples=n_samples, sampling_rate=rate)
    assert ecg.signal.shape == (12, n_samples)
    assert ecg.sampling_rate == rate
    assert ecg.leads == STANDARD_LEADS


def test_leads_that_follow_from_i_and_ii_are_named_as_derived():
    assert make().derived == ("III", "aVR", "aVL", "aVF")


# Leads


@pytest.mark.parametrize("noise", [0, 0.5])
def test_limb_leads_follow_from_each_other_to_rounding(noise):
    ecg = make(noise=noise)
    i, ii, iii, avr, avl, avf = (lead(ecg, name) for name in STANDARD_LEADS[:6])
    for error in (i + iii - ii, avr + (i + ii) / 2, avl - (i - iii) / 2, avf - (ii + iii) / 2):
        # Two roundings, each of half a unit in the last place of the largest value.
        assert np.abs(error).max() <= np.spacing(np.abs(ecg.signal).max())


def test_a_synthetic_ecg_has_no_problems():
    assert make(noise=0.01).problems() == ()


@pytest.mark.parametrize(("noise", "rank"), [(0, 3), (0.01, 8)])
def test_leads_have_rank_three_and_with_noise_that_of_real_ones(noise, rank):
    singular = np.linalg.svd(make(noise=noise).signal.astype(np.float64), compute_uv=False)
    assert (singular > 1e-5 * singular[0]).sum() == rank


@pytest.mark.parametrize("heart_rate", [50, 75, 120])
def test_r_waves_are_positive_and_plausible_where_they_are_in_a_normal_ecg(heart_rate):
    ecg = make(heart_rate=heart_rate)
    beats = around_r_peaks(ecg, -0.05, 0.06)
    tallest = dict(zip(ecg.leads, beats.max(axis=2).mean(axis=0), strict=True))
    deepest = dict(zip(ecg.leads, beats.min(axis=2).mean(axis=0), strict=True))
    assert tallest["II"] == pytest.approx(1, abs=0.1)
    for name in ("I", "II", "V4", "V5", "V6"):
        assert 0.4 < tallest[name] < 2
        assert tallest[name] > 3 * -deepest[name]
    assert -deepest["aVR"] > 3 * tallest["aVR"]


def test_v1_begins_with_a_small_r_and_goes_on_with_a_deep_s():
    ecg = make()
    complexes = around_r_peaks(ecg, -0.05, 0.06)[:, ecg.lead_index("V1")]
    assert ((0.1 < complexes.max(axis=1)) & (complexes.max(axis=1) < 0.5)).all()
    assert (complexes.min(axis=1) < -0.8).all()
    assert (complexes.argmax(axis=1) < complexes.argmin(axis=1)).all()


def test_r_grows_from_v1_to_v5_and_s_shrinks_from_v2_to_v6():
    ecg = make()
    chest = [ecg.lead_index(name) for name in CHEST]
    r = around_r_peaks(ecg, -0.05, 0.06)[:, chest].max(axis=2).mean(axis=0)
    s = -around_r_peaks(ecg, 0, 0.06)[:, chest].min(axis=2).mean(axis=0)
    assert (np.diff(r[:5]) > 0).all()
    assert (np.diff(s[1:]) < 0).all()
    # R outgrows S between V2 and V4, the transition zone of a normal ECG.
    assert r[1] < s[1]
    assert r[3] > s[3]


def test_p_waves_are_upright_in_i_and_ii_and_inverted_in_avr():
    ecg = make()
    mean = around_r_peaks(ecg, -0.25, -0.06).mean(axis=0)
    extremes = {name: one[np.abs(one).argmax()] for name, one in zip(ecg.leads, mean, strict=True)}
    assert 0.03 < extremes["I"] < extremes["II"] < 0.25
    assert -0.2 < extremes["aVR"] < -0.03


@pytest.mark.parametrize("heart_rate", [50, 75, 100])
def test_t_waves_are_upright_in_ii_and_v2_to_v6_and_inverted_in_avr(heart_rate):
    ecg = make(heart_rate=heart_rate)
    mean = around_r_peaks(ecg, 0.12, 0.36).mean(axis=0)
    extremes = {name: one[np.abs(one).argmax()] for name, one in zip(ecg.leads, mean, strict=True)}
    for name in ("II", *CHEST[1:]):
        assert 0.2 < extremes[name] < 0.8
    assert -0.5 < extremes["aVR"] < -0.1


# Intervals and amplitudes


def change_of(name, to, since, **options):
    """Return by how much lead II changes with a parameter, and when its beats are, in s."""
    options = {"rr_variation": 0, "n_samples": 10_000, "sampling_rate": 1000, **options}
    before, after = (make(**options, **{name: value}) for value in (since, to))
    return lead(after, "II") - lead(before, "II"), r_peaks(make(**options))


def end_of_wave(wave):
    """Return the sample at which the steepest tangent of the end of a wave meets zero."""
    slope = np.gradient(wave)
    peak = np.abs(wave).argmax()
    steepest = peak + (slope[peak:] * np.sign(wave[peak])).argmin()
    return steepest - wave[steepest] / slope[steepest]


@pytest.mark.parametrize(("heart_rate", "qtc"), [(40, 400), (60, 350), (60, 480), (100, 420)])
def test_qt_is_that_of_bazett_at_any_heart_rate(heart_rate, qtc):
    options = {"heart_rate": heart_rate, "qtc": qtc, "qrs_duration": 96}
    t_waves, peaks = change_of("t_amplitude", 0.5, 0.0, **options)
    first = round(1000 * peaks[1])
    wave = t_waves[first : first + round(1000 * (60 / heart_rate - 0.1))]
    # QRS begins 40 ms before the R peak.
    assert end_of_wave(wave) + 40 == pytest.approx(qtc * np.sqrt(60 / heart_rate), abs=6)


@pytest.mark.parametrize("qrs_duration", [70, 96, 150])
def test_all_of_qrs_is_stretched_and_nothing_else(qrs_duration):
    usual = make(n_samples=20_000, sampling_rate=1000, rr_variation=0)
    ecg = make(n_samples=20_000, sampling_rate=1000, rr_variation=0, qrs_duration=qrs_duration)
    widths = [
        (around_r_peaks(one, -0.1, 0.1)[:, 1] > 0.5).sum(axis=1).mean() for one in (usual, ecg)
    ]
    assert widths[1] / widths[0] == pytest.approx(qrs_duration / 96, abs=0.05)
    # P and QRS begin later in a shorter one, as far from each other as before.
    later = round(40 * (1 - qrs_duration / 96))
    first = round(1000 * r_peaks(usual)[1])
    window = np.arange(first - 260, first - 75)
    np.testing.assert_allclose(ecg.signal[:, window + later], usual.signal[:, window], atol=0.005)


@pytest.mark.parametrize("pr_interval", [120, 166, 300])
def test_the_p_wave_stands_pr_before_qrs(pr_interval):
    usual = make(n_samples=20_000, sampling_rate=1000, rr_variation=0)
    ecg = make(n_samples=20_000, sampling_rate=1000, rr_variation=0, pr_interval=pr_interval)
    tallest = [around_r_peaks(one, -0.4, -0.06)[:, 1].argmax(axis=1).mean() for one in (usual, ecg)]
    assert tallest[0] - tallest[1] == pytest.approx(pr_interval - 166, abs=1)
    after = [around_r_peaks(one, -0.03, 0.45) for one in (usual, ecg)]
    np.testing.assert_allclose(after[0], after[1], atol=0.0005)


@pytest.mark.parametrize("shape_variation", [0, 1])
@pytest.mark.parametrize("amplitude", [-0.3, 0.05, 0.8])
def test_t_has_its_amplitude_in_lead_ii(amplitude, shape_variation):
    t_waves, _ = change_of("t_amplitude", amplitude, 0.0, shape_variation=shape_variation)
    assert t_waves[np.abs(t_waves).argmax()] == pytest.approx(amplitude, rel=0.005)


@pytest.mark.parametrize("shape_variation", [0, 1])
@pytest.mark.parametrize("level", [-0.2, 0.3])
def test_st_has_its_level_in_lead_ii_from_the_j_point_on(level, shape_variation):
    segments, peaks = change_of("st_level", level, 0.0, shape_variation=shape_variation)
    assert segments[np.abs(segments).argmax()] == pytest.approx(level, rel=1e-4)
    first = round(1000 * peaks[1])
    assert segments[first + 57 : first + 100] == pytest.approx(level, rel=1e-4)
    # Nothing of it comes before QRS, or with the end of the T wave.
    assert np.abs(segments[first - 400 : first + 40]).max() < 1e-6
    assert np.abs(segments[first + 310 : first + 600]).max() < 1e-6


@pytest.mark.parametrize(
    ("options", "negative"), [({"t_amplitude": -0.3}, True), ({"st_level": -0.2}, False)]
)
def test_an_inverted_t_wave_and_a_depressed_st_segment_are_seen_in_v3_to_v6_too(options, negative):
    mean = around_r_peaks(make(**options), 0.1, 0.36).mean(axis=0)
    for name in ("II", "V3", "V4", "V5", "V6"):
        assert mean[STANDARD_LEADS.index(name)].min() < -0.1
        assert (mean[STANDARD_LEADS.index(name)].max() < 0.05) == negative


# The heart of a person


def test_other_people_have_other_hearts_and_one_person_has_one():
    ecgs = [make(seed, shape_variation=1, rr_variation=0, n_samples=20_000) for seed in (0, 0, 1)]
    beats = [np.median(around_r_peaks(ecg, -0.25, 0.4), axis=0) for ecg in ecgs]
    assert np.array_equal(beats[0], beats[1])
    assert (np.abs(beats[0] - beats[2]).max(axis=1) > 0.05).all()  # in each lead


def test_people_differ_more_with_more_variation():
    usual, little, much = (make(shape_variation=v, rr_variation=0) for v in (0, 0.1, 1))
    spans = [np.ptp(ecg.signal, axis=1) for ecg in (usual, little, much)]
    assert np.abs(spans[1] / spans[0] - 1).max() < 0.15
    assert np.abs(spans[2] / spans[0] - 1).max() > 0.3


# Rhythm


@pytest.mark.parametrize("heart_rate", [30, 60, 97.5, 150, 200])
def test_the_heart_rate_is_as_asked(heart_rate):
    ecg = make(heart_rate=heart_rate, n_samples=30_000, rr_variation=0)
    assert abs(len(r_peaks(ecg)) - heart_rate) <= 1
    # Peaks are found to the sample, 0.002 s.
    assert np.diff(r_peaks(ecg)) == pytest.approx(60 / heart_rate, abs=0.0021)


@pytest.mark.parametrize("variation", [0.02, 0.1, 0.2])
def test_rr_intervals_have_the_mean_and_deviation_that_are_asked(variation):
    intervals = np.diff(r_peaks(make(rr_variation=variation, n_samples=1_000_000)))
    assert 1900 < len(intervals) < 2100
    # Five standard errors; 0.0006 s is what the sampling of the peaks adds.
    assert intervals.mean() == pytest.approx(1, abs=5 * variation / np.sqrt(len(intervals)))
    assert intervals.std() == pytest.approx(variation, abs=0.06 * variation + 0.0006)


def test_rr_intervals_are_independent():
    intervals = np.diff(r_peaks(make(rr_variation=0.1, n_samples=1_000_000)))
    correlation = np.corrcoef(intervals[:-1], intervals[1:])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(len(intervals))


def test_records_start_anywhere_in_the_heartbeat():
    firsts = np.array([r_peaks(make(seed, rr_variation=0))[0] for seed in range(400)])
    # Kolmogorov and Smirnov: a false alarm once in a million.
    distance = np.abs(np.sort(firsts) - np.arange(1, 401) / 400).max()
    assert distance < 2.7 / np.sqrt(400)


@pytest.mark.parametrize("heart_rate", [30, 200])
def test_beats_at_the_ends_of_a_record_are_drawn_like_those_inside(heart_rate):
    # What a record shows is also what a longer one shows at its beginning.
    options = {"heart_rate": heart_rate, "rr_variation": 0}
    short = make(n_samples=500, **options)
    long = make(n_samples=15_000, **options)
    np.testing.assert_allclose(short.signal, long.signal[:, :500], atol=1e-6)
    # 15 000 samples are a whole number of heartbeats at both rates.
    period = round(500 * 60 / heart_rate)
    np.testing.assert_allclose(long.signal[:, :period], long.signal[:, -period:], atol=1e-5)


@pytest.mark.parametrize("variation", [0, 0.2])
@pytest.mark.parametrize("heart_rate", [30, 200])
def test_the_signal_has_no_jumps(heart_rate, variation):
    # At ten times the rate, steps are a tenth; a wave that is cut off would not shrink.
    options = {"heart_rate": heart_rate, "rr_variation": variation}
    coarse = make(n_samples=10_000, sampling_rate=1000, **options)
    fine = make(n_samples=100_000, sampling_rate=10_000, **options)
    steps = [np.abs(np.diff(e.signal.astype(np.float64))).max() for e in (coarse, fine)]
    assert steps[1] < 0.11 * steps[0]


@pytest.mark.parametrize("name", ["qtc", "pr_interval"])
def test_long_waves_at_the_ends_of_a_record_are_drawn_like_those_inside(name):
    # All starts in the heartbeat, among them those that cut the longest wave in two.
    longest = {"qtc": 600, "pr_interval": 400}[name]
    for seed in range(12):
        # Half a second is a whole heartbeat.
        ecg = make(seed, heart_rate=120, rr_variation=0, n_samples=1500, **{name: longest})
        np.testing.assert_allclose(ecg.signal[:, :250], ecg.signal[:, 500:750], atol=1e-5)
        np.testing.assert_allclose(ecg.signal[:, -250:], ecg.signal[:, 500:750], atol=1e-5)


def test_how_long_waves_are_changes_no_r_peak():
    usual, long = make(), make(qtc=550, pr_interval=300)
    assert np.abs(r_peaks(usual) - r_peaks(long)).max() < 0.003


# Atrial fibrillation


def fibrillate(seed=0, **options):
    return make(seed, rhythm="atrial fibrillation", **options)


@pytest.mark.parametrize("variation", [None, 0.1, 0.3])
def test_rr_intervals_in_fibrillation_are_irregular_and_skewed(variation):
    # With nothing between the beats that could be taken for one.
    options = {"rr_variation": variation, "t_amplitude": 0.0, "n_samples": 1_000_000}
    intervals = np.diff(r_peaks(fibrillate(**options)))
    expected = 0.2 if variation is None else variation
    assert intervals.mean() == pytest.approx(1, abs=5 * expected / np.sqrt(len(intervals)))
    assert intervals.std() == pytest.approx(expected, rel=0.1)
    assert 0.49 < intervals.min() < 1 - 1.2 * expected
    assert 1 + 2 * expected < intervals.max() < 2.01
    assert ((intervals - intervals.mean()) ** 3).mean() > 0.1 * expected**3
    assert abs(np.corrcoef(intervals[:-1], intervals[1:])[0, 1]) < 5 / np.sqrt(len(intervals))


def test_there_is_no_p_wave_in_fibrillation():
    before_qrs = [
        np.ptp(around_r_peaks(ecg, -0.22, -0.06).mean(axis=0)[1])
        for ecg in (make(n_samples=150_000), fibrillate(n_samples=150_000, heart_rate=50))
    ]
    assert before_qrs[0] > 0.08
    assert before_qrs[1] < 0.03


@pytest.mark.parametrize("seed", range(5))
def test_f_waves_are_largest_in_v1_or_v2_and_come_four_to_nine_times_a_second(seed):
    # Slow beats, so that there is time between T and QRS.
    ecg = fibrillate(seed, heart_rate=30, n_samples=20_000, rr_variation=0.1)
    between = np.concatenate([beat.T for beat in around_r_peaks(ecg, 0.7, 1.3)]).T
    assert STANDARD_LEADS[between.std(axis=1).argmax()] in ("V1", "V2")
    assert 0.03 < between[STANDARD_LEADS.index("V1")].std() < 0.15
    beats = around_r_peaks(ecg, 0.7, 1.3)[:, STANDARD_LEADS.index("V1")]
    power = (np.abs(np.fft.rfft(beats - beats.mean(axis=1, keepdims=True), 4096)) ** 2).mean(0)
    assert 4 < np.fft.rfftfreq(4096, 1 / 500)[power.argmax()] < 9


# Ectopic beats


@pytest.mark.parametrize("n_ectopic", [1, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_so_many_beats_are_early_and_each_is_made_up_for(n_ectopic, seed):
    options = {"rr_variation": 0, "n_samples": 15_000}
    regular = r_peaks(make(seed, **options))
    ecg = make(seed, ectopic_beats=n_ectopic, **options)
    kept = np.array([np.abs(r_peaks(ecg) - peak).min() < 0.003 for peak in regular])
    assert (~kept).sum() == n_ectopic
    gone = np.flatnonzero(~kept)
    assert (np.diff(gone) > 1).all()
    # Where an early beat stands is seen by what it adds, since its R wave may be small in II.
    changed = np.abs(ecg.signal - make(seed, **options).signal).max(axis=0) > 0.2
    for peak in regular[gone]:
        around = changed[max(0, round(500 * (peak - 0.45))) : round(500 * (peak - 0.2))]
        assert around.mean() > 0.3


def test_an_ectopic_beat_is_wide_has_no_p_wave_and_a_t_wave_that_points_away():
    options = {"rr_variation": 0, "n_samples": 5000, "heart_rate": 50}
    usual, ecg = make(3, **options), make(3, ectopic_beats=1, **options)
    early = lead(ecg, "II") - lead(usual, "II")
    (gone,) = np.flatnonzero(early == early.min())
    begins = gone - round(0.4 * 1.2 * 500) - 50
    beat = lead(ecg, "II")[begins : gone + 100]
    peak = beat[:250].argmax()
    width = (beat[peak - 60 : peak + 60] > 0.5 * beat[peak]).sum() / 500
    assert 0.06 < width < 0.15
    assert beat[peak + 80 : peak + 200].min() < -0.2
    narrow = around_r_peaks(usual, -0.06, 0.06)[0, 1]
    assert (narrow > 0.5 * narrow.max()).sum() / 500 < 0.05


def test_ectopic_beats_can_be_any_beat_of_the_record():
    usual = {"rr_variation": 0, "n_samples": 4000, "heart_rate": 60}
    changed = set()
    for seed in range(60):
        ecg, regular = make(seed, ectopic_beats=1, **usual), make(seed, **usual)
        early = (lead(ecg, "II") - lead(regular, "II")).argmin()
        changed.add(round(early / 500))
    assert changed >= set(range(1, 8))


# Sampling


@pytest.mark.parametrize("rate", [100, 250, 400, 1000])
def test_the_sampling_rate_changes_the_samples_and_not_the_ecg(rate):
    ecg = make(n_samples=10 * rate, sampling_rate=rate)
    reference = make(n_samples=10_000, sampling_rate=1000)
    every = np.arange(0, 10_000, 20)  # the instants that all these rates have
    at = every * rate // 1000
    np.testing.assert_allclose(ecg.signal[:, at], reference.signal[:, every], atol=1e-5)


def test_resampling_gives_what_the_other_sampling_rate_gives():
    fast, slow = make(n_samples=10_000, sampling_rate=1000), make(n_samples=5000)
    inside = slice(50, -50)  # filters err at the ends
    np.testing.assert_allclose(
        fast.resample(500).signal[:, inside], slow.signal[:, inside], atol=5e-3
    )


# Noise


@pytest.mark.parametrize("noise", [0.01, 0.2])
def test_noise_has_the_deviation_that_is_asked_in_each_independent_lead(noise):
    clean, noisy = make(), make(noise=noise)
    added = noisy.signal - clean.signal
    expected = dict.fromkeys(INDEPENDENT, noise)
    expected |= {"III": np.sqrt(2) * noise, "aVR": np.sqrt(0.5) * noise}
    for name, deviation in expected.items():
        measured = added[noisy.lead_index(name)].std()
        # Six standard errors of a standard deviation of 5000 samples.
        assert measured == pytest.approx(deviation, rel=6 / np.sqrt(2 * 5000))


def test_noise_is_white_and_independent_in_the_independent_leads():
    added = make(noise=0.1).signal - make().signal
    rows = added[[STANDARD_LEADS.index(name) for name in INDEPENDENT]]
    pairs = np.corrcoef(rows)[np.triu_indices(8, 1)]
    neighbours = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in rows]
    assert np.abs([*pairs, *neighbours]).max() < 6 / np.sqrt(5000)


def test_noise_of_other_seeds_is_independent():
    one, other = ((make(s, noise=0.1).signal - make(s).signal)[0] for s in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 6 / np.sqrt(5000)


BANDS = {"baseline_wander": (0.05, 0.5), "muscle_noise": (20, 150)}


@pytest.mark.parametrize("name", BANDS)
def test_wander_and_muscle_noise_have_their_deviation_and_their_band(name):
    low, high = BANDS[name]
    rows = []
    for seed in range(10):
        added = (
            make(seed, **{name: 0.1}, n_samples=10_000).signal - make(seed, n_samples=10_000).signal
        )
        rows.append(added[[STANDARD_LEADS.index(each) for each in INDEPENDENT]])
    rows = np.concatenate(rows).astype(np.float64)
    # 80 rows of 20 s each hold some 18 half-waves of wander.
    assert np.sqrt((rows**2).mean()) == pytest.approx(0.1, rel=0.1)
    tapered = np.hanning(10_000) * rows
    power = (np.abs(np.fft.rfft(tapered)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(10_000, 1 / 500)
    inside = (frequency > low - 0.15) & (frequency < high + 0.15)
    assert power[inside].sum() > 0.99 * power.sum()


@pytest.mark.parametrize("name", BANDS)
def test_bands_of_noise_are_independent_in_the_independent_leads(name):
    added = make(**{name: 0.1}, n_samples=100_000).signal - make(n_samples=100_000).signal
    rows = added[[STANDARD_LEADS.index(each) for each in INDEPENDENT]]
    pairs = np.corrcoef(rows)[np.triu_indices(8, 1)]
    low, high = BANDS[name]
    assert np.abs(pairs).max() < 6 / np.sqrt(2 * (high - low) * 200)


@pytest.mark.parametrize("frequency", [50, 60])
def test_mains_hum_at_their_frequency_with_the_amplitude_that_is_asked(frequency):
    hum = make(mains_noise=0.1, mains_frequency=frequency).signal - make().signal
    for name in INDEPENDENT:
        spectrum = 2 * np.abs(np.fft.rfft(hum[STANDARD_LEADS.index(name)])) / 5000
        assert spectrum[10 * frequency] == pytest.approx(0.1, rel=1e-4)
        assert np.delete(spectrum, 10 * frequency).max() < 1e-5


@pytest.mark.parametrize("rate", [100, 250])
def test_what_the_sampling_rate_cannot_represent_of_muscle_noise_is_left_out(rate):
    made = (make(muscle_noise=m, sampling_rate=rate, n_samples=100 * rate) for m in (0.1, 0))
    added = np.subtract(*(ecg.signal for ecg in made))
    assert added[1].std() == pytest.approx(0.1, rel=0.05)


# Whatever is asked

NUMBERS = {
    "heart_rate": (30, 200),
    "pr_interval": (110, 280),
    "qrs_duration": (60, 120),
    "qtc": (400, 600),
    "frontal_axis": (-180, 180),
    "t_amplitude": (-1.5, 1.5),
    "st_level": (-1, 1),
    "baseline_wander": (0, 2),
    "muscle_noise": (0, 1),
    "mains_noise": (0, 1),
    "shape_variation": (0, 1),
}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rhythm=st.sampled_from(["sinus", "atrial fibrillation"]),
    numbers=st.fixed_dictionaries({k: st.floats(*ends) for k, ends in NUMBERS.items()}),
)
def test_any_heart_makes_an_ecg_whose_limb_leads_fit_together(seed, rhythm, numbers):
    # At 200 a minute QT is 219 ms at least, which leaves 99 of it to the longest QRS.
    ecg = make(seed, rhythm=rhythm, n_samples=1000, **numbers)
    i, ii, iii = (lead(ecg, name) for name in ("I", "II", "III"))
    assert np.abs(i + iii - ii).max() <= np.spacing(np.abs(ecg.signal).max())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), angle=st.floats(-180, 180), variation=st.floats(0, 1))
def test_the_area_under_qrs_has_the_axis_that_is_asked(seed, angle, variation):
    options = {"t_amplitude": 0.0, "heart_rate": 40, "shape_variation": variation}
    ecg = make(seed, rr_variation=0, frontal_axis=angle, **options)
    beats = np.linalg.norm(ecg.signal[[0, 1]], axis=0)
    peak = 800 + beats[800:1550].argmax()
    i, ii = ecg.signal[:2, peak - 35 : peak + 40].astype(np.float64).sum(axis=1)
    seen = np.degrees(np.arctan2(2 * ii - i, np.sqrt(3) * i))
    assert abs((seen - angle + 180) % 360 - 180) < 4


# Randomness


def test_the_same_seed_gives_the_same_ecg():
    assert np.array_equal(make(7, noise=0.1).signal, make(7, noise=0.1).signal)


def test_other_seeds_and_later_draws_give_other_ecgs():
    rng = np.random.default_rng(0)
    ecgs = [synthetic_ecg(rng=rng), synthetic_ecg(rng=rng), make(1), make(2)]
    for number, one in enumerate(ecgs):
        assert not any(np.allclose(one.signal, other.signal) for other in ecgs[:number])


def test_a_generator_must_be_given():
    with pytest.raises(TypeError, match="required keyword-only argument: 'rng'"):
        synthetic_ecg()


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(TypeError, match=r"rng must be .*; pass np\.random\.default_rng\(seed\)"):
        synthetic_ecg(rng=rng)


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "n_samples must be at least 1, not 0"),
        ({"sampling_rate": 99}, r"sampling_rate must be in \[100, 10000\] Hz, not 99; resample"),
        ({"sampling_rate": 20_000}, r"sampling_rate must be in \[100, 10000\] Hz, not 20000"),
        ({"sampling_rate": np.nan}, "sampling_rate must be in .* not nan"),
        ({"heart_rate": 29}, r"heart_rate must be in \[30, 200\] beats per minute, not 29;"),
        ({"heart_rate": 201}, "heart_rate must be in .* not 201; sinus rhythm is neither"),
        ({"heart_rate": np.inf}, "heart_rate must be in .* not inf"),
        ({"heart_rate": np.nan}, "heart_rate must be in .* not nan"),
        ({"rr_variation": -0.01}, r"rr_variation must be in \[0, 0\.2\] of the mean .* not -0\.01"),
        ({"rr_variation": 5}, r"rr_variation must be in .* not 5; 5% of it are 0\.05"),
        ({"rr_variation": np.nan}, "rr_variation must be in .* not nan"),
        ({"noise": -0.01}, r"noise must be in \[0, 1\] mV, not -0\.01"),
        ({"noise": 10}, r"noise must be in \[0, 1\] mV, not 10; 10 µV are 0\.01"),
        ({"noise": np.nan}, "noise must be in .* not nan"),
        ({"pr_interval": 0.16}, r"pr_interval must be in \[110, 400\] ms, not 0\.16; a fifth"),
        ({"pr_interval": np.nan}, "pr_interval must be in .* not nan"),
        ({"qrs_duration": 201}, r"qrs_duration must be in \[60, 200\] ms, not 201; a tenth"),
        ({"qrs_duration": np.nan}, "qrs_duration must be in .* not nan"),
        ({"qtc": 0.4}, r"qtc must be in \[300, 600\] ms, not 0\.4; 0\.4 s are 400"),
        ({"qtc": np.nan}, "qtc must be in .* not nan"),
        (
            {"frontal_axis": 270},
            r"frontal_axis must be in \[-180, 180\] degrees, not 270; 0 points",
        ),
        ({"frontal_axis": np.nan}, "frontal_axis must be in .* not nan"),
        (
            {"t_amplitude": 300},
            r"t_amplitude must be in \[-1\.5, 1\.5\] mV, not 300; 300 µV are 0\.3",
        ),
        ({"t_amplitude": np.nan}, "t_amplitude must be in .* not nan"),
        ({"st_level": -1.01}, r"st_level must be in \[-1, 1\] mV, not -1\.01; a depression"),
        ({"st_level": np.nan}, "st_level must be in .* not nan"),
        ({"baseline_wander": -1}, r"baseline_wander must be in \[0, 2\] mV, not -1; 100 µV"),
        ({"baseline_wander": np.nan}, "baseline_wander must be in .* not nan"),
        ({"muscle_noise": 2}, r"muscle_noise must be in \[0, 1\] mV, not 2; 10 µV are 0\.01"),
        ({"muscle_noise": np.nan}, "muscle_noise must be in .* not nan"),
        ({"mains_noise": 2}, r"mains_noise must be in \[0, 1\] mV, not 2; 10 µV are 0\.01"),
        ({"mains_noise": np.nan}, "mains_noise must be in .* not nan"),
        ({"mains_frequency": 16.7}, r"mains_frequency must be in \[50, 60\] Hz, not 16\.7; mains"),
        ({"mains_frequency": np.nan}, "mains_frequency must be in .* not nan"),
        ({"shape_variation": 2}, r"shape_variation must be in \[0, 1\] of the .* not 2; pass 1"),
        ({"shape_variation": np.nan}, "shape_variation must be in .* not nan"),
        ({"ectopic_beats": -1}, "ectopic_beats must be at least 0, not -1"),
        (
            {"rhythm": "atrial fibrillation", "rr_variation": 0.03},
            r"rr_variation must be in \[0\.1, 0\.3\] .* in atrial fibrillation, not 0\.03",
        ),
        ({"rhythm": "flutter"}, "rhythm must be one of sinus, atrial fibrillation, not 'flutter'"),
        ({"rhythm": ["sinus"]}, r"rhythm must be one of .*, not \['sinus'\]"),
        ({"rhythm": np.array(["sinus", "sinus"])}, "rhythm must be one of sinus, atrial"),
        ({"rhythm": None}, "rhythm must be one of sinus, atrial fibrillation, not None"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize(
    "name", ["sampling_rate", "rr_variation", "noise", "mains_frequency", *NUMBERS]
)
@pytest.mark.parametrize("value", ["60", True, [60], 60j])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(TypeError, match=f"{name} must be a number in "):
        make(**{name: value})


@pytest.mark.parametrize("name", ["heart_rate", "noise", "qtc", "frontal_axis"])
def test_none_is_no_number(name):
    with pytest.raises(TypeError, match=f"{name} must be a number in .* not None"):
        make(**{name: None})


@pytest.mark.parametrize("name", ["n_samples", "ectopic_beats"])
@pytest.mark.parametrize("value", [5000.0, "5000", True])
def test_what_is_no_whole_number_is_refused(name, value):
    with pytest.raises(TypeError, match=f"{name} must be a whole number"):
        make(**{name: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"heart_rate": 160, "pr_interval": 380},
            "pr_interval must be below the shortest RR interval, 356 ms at 160 beats per minute "
            "and an rr_variation of 0.03, not 380; lower any of them",
        ),
        (
            {"heart_rate": 150, "pr_interval": 390, "rr_variation": 0.2},
            "pr_interval must be below the shortest RR interval, 261 ms at 150 beats per minute "
            "and an rr_variation of 0.2, not 390; lower any of them",
        ),
        (
            {"heart_rate": 150, "qrs_duration": 180},
            "a QT interval of 253 ms leaves less than 80 ms of repolarisation after a QRS of 180 "
            "ms; raise qtc, or lower qrs_duration or heart_rate",
        ),
        (
            {"mains_noise": 0.1, "sampling_rate": 100},
            "mains noise of 50 Hz cannot be sampled at 100 Hz; raise sampling_rate above 100, or "
            "leave mains_noise out",
        ),
        (
            {"ectopic_beats": 3},
            "ectopic_beats must be at most a quarter of the 10 beats of the record, not 3; raise "
            "n_samples for more",
        ),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**options)


def test_without_p_waves_any_pr_interval_fits():
    options = {"rhythm": "atrial fibrillation", "heart_rate": 180}
    long, short = (make(0, pr_interval=ms, **options) for ms in (400, 110))
    np.testing.assert_array_equal(long.signal, short.signal)
