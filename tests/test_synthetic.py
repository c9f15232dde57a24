"""ECGs that a model makes."""

import numpy as np
import pytest
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


def test_the_t_wave_is_later_by_the_square_root_of_the_rr_interval_but_not_the_qrs():
    slow, fast = make(heart_rate=40, rr_variation=0), make(heart_rate=90, rr_variation=0)
    peaks = [0.1 + around_r_peaks(e, 0.1, 0.5)[0, 1].argmax() / 500 for e in (slow, fast)]
    assert peaks[0] / peaks[1] == pytest.approx(1.5, abs=0.02)
    qrs = [around_r_peaks(e, -0.05, 0.06)[:, 1] for e in (slow, fast)]
    widths = [(one > 0.5 * one.max()).sum(axis=1).mean() for one in qrs]
    assert widths[0] == pytest.approx(widths[1], abs=1)


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
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize("name", ["sampling_rate", "heart_rate", "rr_variation", "noise"])
@pytest.mark.parametrize("value", ["60", None, True, [60]])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(TypeError, match=f"{name} must be a number in "):
        make(**{name: value})


@pytest.mark.parametrize("value", [5000.0, "5000", True])
def test_what_is_no_whole_number_of_samples_is_refused(value):
    with pytest.raises(TypeError, match="n_samples must be a whole number"):
        make(n_samples=value)
