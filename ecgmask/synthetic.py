"""ECGs that a model makes, whose truth is known: for tests, and for what masks teach."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_rng
from ecgmask.ecg import ECG
from ecgmask.leads import STANDARD_LEADS

Array = NDArray[np.float64]
Vector = tuple[float, float, float] | Array
Rhythm = Literal["sinus", "atrial fibrillation"]

# What a dipole of one millivolt along X (to the left), Y (to the feet) and Z (to the back) gives in
# each lead: Dower's matrix. The other four leads follow from I and II.
DOWER = {
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
}
REACH = 6  # widths from its centre, where a Gaussian is below float32 rounding
BORDER = 2  # widths from its centre, where the steepest tangents of a Gaussian meet the baseline


class Wave(NamedTuple):
    """A Gaussian in time along one direction of the dipole."""

    centre: float  # s after the R peak
    width: float  # s, one standard deviation
    dipole: Vector  # mV along X, Y and Z

    @property
    def reach(self) -> tuple[float, float]:
        """From when to when it can be seen, in s after the R peak."""
        return self.centre - REACH * self.width, self.centre + REACH * self.width

    def shape(self, times: Array) -> Array:
        """Return how much of it there is at each time."""
        shape: Array = np.exp(-(((times - self.centre) / self.width) ** 2) / 2)
        return shape


class Segment(NamedTuple):
    """A level between two slopes, along one direction of the dipole."""

    rise: tuple[float, float]  # s after the R peak
    fall: tuple[float, float]  # s after the R peak
    dipole: Vector  # mV along X, Y and Z

    @property
    def reach(self) -> tuple[float, float]:
        """From when to when it can be seen, in s after the R peak."""
        return self.rise[0], self.fall[1]

    def shape(self, times: Array) -> Array:
        """Return how much of it there is at each time."""
        up, down = (
            np.clip((times - start) / (end - start), 0, 1) for start, end in (self.rise, self.fall)
        )
        # A cubic without corners.
        shape: Array = up**2 * (3 - 2 * up) - down**2 * (3 - 2 * down)
        return shape


# The right and the left atrium; the septum, the apex, the left wall and the base of the ventricles.
ATRIA = (
    Wave(-0.170, 0.018, (0.04, 0.07, -0.06)),
    Wave(-0.140, 0.018, (0.10, 0.05, 0.04)),
)
VENTRICLES = (
    Wave(-0.024, 0.008, (-0.14, -0.08, -0.22)),
    Wave(0.000, 0.011, (1.05, 0.72, 0.00)),
    Wave(0.018, 0.011, (0.26, 0.12, 0.90)),
    Wave(0.038, 0.009, (-0.10, -0.14, 0.20)),
)
# At 60 beats per minute. Two Gaussians, because the T wave rises more slowly than it falls.
REPOLARISATION = (
    Wave(0.250, 0.045, (0.17, 0.09, -0.10)),
    Wave(0.300, 0.030, (0.24, 0.13, -0.12)),
)
# A beat that begins in the ventricles: slow, wide, and followed by a T wave that points away.
ECTOPIC = (
    Wave(-0.020, 0.026, (0.60, 0.80, 0.20)),
    Wave(0.040, 0.026, (0.60, 0.40, 0.70)),
)
ECTOPIC_T = (Wave(0.300, 0.045, (-0.35, -0.35, -0.25)),)

P_ONSET = ATRIA[0].centre - BORDER * ATRIA[0].width
QRS_ONSET = VENTRICLES[0].centre - BORDER * VENTRICLES[0].width
QRS_END = VENTRICLES[-1].centre + BORDER * VENTRICLES[-1].width
T_ONSET = REPOLARISATION[0].centre - BORDER * REPOLARISATION[0].width
T_END = REPOLARISATION[-1].centre + BORDER * REPOLARISATION[-1].width
J_RISE = 0.010  # s before the end of QRS, in which the ST segment reaches its level

FIBRILLATION = (-0.01, 0.03, -0.05)  # mV along X, Y and Z
F_WAVE_RATES = (4.5, 8.0)  # Hz
F_WAVE_CHANGES = (0.2, 1.5)  # Hz
F_WAVE_JITTER = 0.3  # Hz, standard deviation of their rate within a record
EXTRASYSTOLES = (0.25, 0.4)  # of the RR interval before it, by how much an ectopic beat is early
SHORTEST_JT = 0.08  # s

WANDER_BAND = (0.05, 0.5)  # Hz
MUSCLE_BAND = (20, 150)  # Hz
BAND_MARGIN = 20  # s, so that slow noise has a spectrum in a short record too

RR_VARIATIONS = {"sinus": (0, 0.2), "atrial fibrillation": (0.1, 0.3)}
USUAL_RR_VARIATION = {"sinus": 0.03, "atrial fibrillation": 0.2}
# The least, the most, the unit and the way out.
RANGES = {
    "sampling_rate": (100, 10_000, "Hz", "resample the ECG for any other"),
    "heart_rate": (30, 200, "beats per minute", "sinus rhythm is neither slower nor faster"),
    "pr_interval": (110, 400, "ms", "a fifth of a second is 200"),
    "qrs_duration": (60, 200, "ms", "a tenth of a second is 100"),
    "qtc": (300, 600, "ms", "0.4 s are 400"),
    "frontal_axis": (-180, 180, "degrees", "0 points to the left arm and 90 to the feet"),
    "t_amplitude": (-1.5, 1.5, "mV", "300 µV are 0.3, and an inverted T wave is negative"),
    "st_level": (-1, 1, "mV", "a depression of 100 µV is -0.1"),
    "noise": (0, 1, "mV", "10 µV are 0.01"),
    "baseline_wander": (0, 2, "mV", "100 µV are 0.1"),
    "muscle_noise": (0, 1, "mV", "10 µV are 0.01"),
    "mains_noise": (0, 1, "mV", "10 µV are 0.01"),
    "mains_frequency": (50, 60, "Hz", "mains have 50 or 60"),
    "shape_variation": (0, 1, "of the variation from person to person", "pass 1 for all of it"),
}
SHORTEST_RECORD = 10  # s, as long as a resting ECG
# What a population is drawn from, uniformly, in the units of RANGES.
POPULATION = {
    "heart_rate": (50, 100),
    "pr_interval": (120, 240),
    "qrs_duration": (80, 140),
    "qtc": (370, 470),
    "frontal_axis": (-60, 120),
    "t_amplitude": (-0.3, 0.5),
    "st_level": (-0.2, 0.3),
    "noise": (0.002, 0.02),
    "baseline_wander": (0, 0.2),
    "muscle_noise": (0, 0.04),
    "mains_noise": (0, 0.02),
}
# Of these, the logarithm is uniform.
POPULATION_RR_VARIATIONS = {"sinus": (0.01, 0.1), "atrial fibrillation": (0.15, 0.3)}


def synthetic_ecg(
    *,
    rng: Generator,
    n_samples: int = 5000,
    sampling_rate: float = 500,
    heart_rate: float = 60,
    rr_variation: float | None = None,
    noise: float = 0.0,
    rhythm: Rhythm = "sinus",
    ectopic_beats: int = 0,
    pr_interval: float = 166,
    qrs_duration: float = 96,
    qtc: float = 400,
    frontal_axis: float = 46.4,
    t_amplitude: float = 0.3,
    st_level: float = 0.0,
    baseline_wander: float = 0.0,
    muscle_noise: float = 0.0,
    mains_noise: float = 0.0,
    mains_frequency: float = 50,
    shape_variation: float = 0.0,
) -> ECG:
    """Return an ECG that a model made: 12 leads of a heart of which everything is known.

    It is for tests and benchmarks that need an ECG of a certain length, sampling rate or heart
    rate, with the redundancy between leads that real ones have, and for asking whether a model can
    tell what was put in. What a mask hides is better seen on :func:`~ecgmask.sample_ecg`, and what
    a model learns here says nothing about patients. :func:`synthetic_population` draws many.

    Parameters
    ----------
    rng
        Generator of all that is random: where in the heartbeat the record starts, the RR
        intervals, which beats are ectopic, f waves, noise and, if asked for, the person.
    n_samples
        Number of samples, at least 1.
    sampling_rate
        Samples per second, in Hz, in [100, 10000].
    heart_rate
        Heartbeats per minute on average, ectopic ones included, in [30, 200].
    rr_variation
        Standard deviation of the RR intervals as a fraction of their mean, in [0, 0.2] in sinus
        rhythm and in [0.1, 0.3] in atrial fibrillation. None stands for 0.03 and for 0.2.
    noise
        Standard deviation of white noise in each of I, II and V1 to V6, in mV, in [0, 1].
    rhythm
        ``"sinus"``, or ``"atrial fibrillation"``: no P waves, irregular RR intervals and f waves.
    ectopic_beats
        Number of premature ventricular beats in the record, no two in a row: at least 0 and at
        most a quarter of its beats.
    pr_interval
        From the onset of P to that of QRS, in ms, in [110, 400] and, in sinus rhythm, below the
        shortest RR interval. There is no P wave in atrial fibrillation.
    qrs_duration
        From the onset of QRS to its end, in ms, in [60, 200].
    qtc
        QT interval at 60 beats per minute, in ms, in [300, 600]. At others QT is `qtc` times the
        square root of the mean RR interval in seconds: the correction is Bazett's [3]_.
    frontal_axis
        Direction of the area under QRS in leads I and II, in degrees, in [-180, 180]: 0 is that of
        lead I, and 90 that of aVF.
    t_amplitude
        Peak of the T wave in lead II, in mV, in [-1.5, 1.5]: negative if it is inverted there.
    st_level
        Level of the ST segment in lead II, in mV, in [-1, 1]: negative if it is depressed there.
    baseline_wander
        Standard deviation of noise of 0.05 to 0.5 Hz in I, II and V1 to V6, in mV, in [0, 2].
    muscle_noise
        Standard deviation of noise of 20 to 150 Hz in the same leads, in mV, in [0, 1]. What the
        sampling rate cannot represent of it is left out, and the rest is as large.
    mains_noise
        Amplitude of the hum of mains in the same leads, each with its own phase, in mV, in [0, 1].
    mains_frequency
        Frequency of that hum, in Hz, in [50, 60] and below half the sampling rate.
    shape_variation
        How much the person differs from others in the size and direction of waves and in what
        leads see of them, in [0, 1]. All that is asked above stays true.

    Returns
    -------
    ECG
        The signal ``(12, n_samples)``, in mV, marked as synthetic. III, aVR, aVL and aVF are
        computed from I and II, noise included, so that limb leads never contradict each other.

    Raises
    ------
    TypeError
        If a parameter is not a number, or `rng` is no generator.
    ValueError
        If a parameter is out of range, or two of them contradict each other.

    Notes
    -----
    The heart is a dipole that changes its size and direction, after Sameni et al. [1]_: each part
    of the heart adds a Gaussian in time along one direction. Dower's matrix [2]_ says what leads I,
    II and V1 to V6 see of it. Without noise, all 12 leads therefore have rank three; those of a
    real ECG have eight.

    The Gaussians are our own, chosen by eye so that the leads look like a normal ECG, and they
    follow time where those of the paper follow the phase of the heartbeat. A wave begins and ends
    two standard deviations from the centres of its outermost Gaussians, where the steepest tangents
    meet the baseline. So PR and QRS last as long at every heart rate, and the T wave is
    stretched with what QRS leaves of QT. `qrs_duration` stretches QRS as a whole, and
    `frontal_axis` turns it alone. The ST segment has the direction of the T wave; from the onset of
    that wave on it falls, to nothing at its peak. What is normal of these is in [4]_ and [5]_.

    RR intervals are independent, in sinus rhythm uniformly distributed. In atrial
    fibrillation [6]_ they follow a beta distribution from half the mean to twice the mean, and
    f waves are a sawtooth of three harmonics whose rate and size change [7]_. An ectopic
    beat comes early by a quarter to two fifths of the RR interval, has no P wave, a wide QRS
    and a T wave that points away, and a full pause follows. Baseline wander, muscle and mains
    noise are three kinds of noise of [8]_; their spectra are our own.

    Apart from ectopic ones, the beats of a record have one shape. Nothing breathes, no electrode
    moves, and a wide QRS is no bundle branch block: whatever is not a parameter does not happen.

    References
    ----------
    .. [1] R. Sameni, G. D. Clifford, C. Jutten and M. B. Shamsollahi, "Multichannel ECG and Noise
       Modeling: Application to Maternal and Fetal ECG Signals", EURASIP Journal on Advances in
       Signal Processing, 2007, doi:10.1155/2007/43407.
    .. [2] G. E. Dower, H. B. Machado and J. A. Osborne, "On deriving the electrocardiogram from
       vectorcardiographic leads", Clinical Cardiology 3, 1980, doi:10.1002/clc.1980.3.2.87.
    .. [3] H. C. Bazett, "An analysis of the time-relations of electrocardiograms", Heart 7, 1920,
       reprinted 1997, doi:10.1111/j.1542-474X.1997.tb00325.x.
    .. [4] P. R. Rijnbeek et al., "Normal values of the electrocardiogram for ages 16-90 years",
       Journal of Electrocardiology 47, 2014, doi:10.1016/j.jelectrocard.2014.07.022.
    .. [5] P. M. Rautaharju, B. Surawicz and L. S. Gettes, "AHA/ACCF/HRS Recommendations for the
       Standardization and Interpretation of the Electrocardiogram: Part IV", Circulation 119,
       2009, doi:10.1161/CIRCULATIONAHA.108.191096.
    .. [6] G. Hindricks et al., "2020 ESC Guidelines for the diagnosis and management of atrial
       fibrillation", European Heart Journal 42, 2021, doi:10.1093/eurheartj/ehaa612.
    .. [7] M. Stridh and L. Sörnmo, "Spatiotemporal QRST cancellation techniques for analysis of
       atrial fibrillation", IEEE Transactions on Biomedical Engineering 48, 2001,
       doi:10.1109/10.900266.
    .. [8] G. M. Friesen et al., "A comparison of the noise sensitivity of nine QRS detection
       algorithms", IEEE Transactions on Biomedical Engineering 37, 1990, doi:10.1109/10.43620.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import synthetic_ecg
    >>> ecg = synthetic_ecg(rng=np.random.default_rng(0), n_samples=2500, heart_rate=90)
    >>> ecg
    <synthetic ECG: 12 leads x 2500 samples, 500 Hz, 5.0 s, III, aVR, aVL, aVF derived>
    """
    check_rng(rng)
    n_samples = check_count("n_samples", n_samples)
    n_ectopic = check_count("ectopic_beats", ectopic_beats, least=0)
    if not isinstance(rhythm, str) or rhythm not in get_args(Rhythm):
        raise ValueError(f"rhythm must be one of {', '.join(get_args(Rhythm))}, not {rhythm!r}")
    value = {
        name: _check_range(name, given, *RANGES[name])
        for name, given in {
            "sampling_rate": sampling_rate,
            "heart_rate": heart_rate,
            "noise": noise,
            "pr_interval": pr_interval,
            "qrs_duration": qrs_duration,
            "qtc": qtc,
            "frontal_axis": frontal_axis,
            "t_amplitude": t_amplitude,
            "st_level": st_level,
            "baseline_wander": baseline_wander,
            "muscle_noise": muscle_noise,
            "mains_noise": mains_noise,
            "mains_frequency": mains_frequency,
            "shape_variation": shape_variation,
        }.items()
    }
    value["rr_variation"] = _check_range(
        "rr_variation",
        USUAL_RR_VARIATION[rhythm] if rr_variation is None else rr_variation,
        *RR_VARIATIONS[rhythm],
        f"of the mean RR interval in {rhythm}{' rhythm' if rhythm == 'sinus' else ''}",
        "5% of it are 0.05",
    )
    _check_together(rhythm, value, n_samples, n_ectopic)
    return _make(rng, n_samples, rhythm, n_ectopic, value).ecg


class SyntheticPopulation(NamedTuple):
    """Records of made-up people, with what is true of each.

    It unpacks as ``signals, factors, r_peaks``.
    """

    signals: NDArray[np.float32]
    """Leads in standard order, ``(n_records, 12, n_samples)``, in mV."""
    factors: dict[str, NDArray[Any]]
    """A column ``(n_records,)`` for each factor, by the name of its parameter."""
    r_peaks: tuple[Array, ...]
    """Times of the R peaks of each record, in s, those of ectopic beats included."""


def synthetic_population(
    n_records: int, rng: Generator, *, n_samples: int = 5000, sampling_rate: float = 500
) -> SyntheticPopulation:
    """Draw synthetic ECGs of many made-up people, with what is true of each as a table.

    It is a world whose truth is known, to ask what a model has learnt: every factor is drawn
    independently of the others and of the person, which no factor of patients is. Nobody's heart is
    in it, and what a model learns here says nothing about patients.

    Parameters
    ----------
    n_records
        Number of records, each of a person of its own, at least 1.
    rng
        Generator of all that is random.
    n_samples
        Number of samples of a record, which lasts at least 10 s.
    sampling_rate
        Samples per second, in Hz, in [100, 10000].

    Returns
    -------
    SyntheticPopulation
        The signals, the factors and the R peaks. The columns of the factors have the names, units
        and meanings of the parameters of :func:`synthetic_ecg`. `heart_rate` and `rr_variation`
        are those of the intervals between the R peaks of the record, the latter without those
        before and after an ectopic beat. `qtc` belongs to the heart rate that was drawn, from which
        that of the R peaks differs where they are irregular. `pr_interval` is NaN where there is no
        P wave, which :func:`synthetic_ecg` does not take.

    Raises
    ------
    TypeError
        If a parameter is not a number, or `rng` is no generator.
    ValueError
        If a parameter is out of range, or the records are shorter than 10 s.

    Notes
    -----
    The factors are drawn uniformly, with normal and abnormal values: `heart_rate` in
    [50, 100], `pr_interval` in [120, 240], `qrs_duration` in [80, 140], `qtc` in
    [370, 470], `frontal_axis` in [-60, 120], `t_amplitude` in [-0.3, 0.5], `st_level` in
    [-0.2, 0.3], `noise` in [0.002, 0.02], `baseline_wander` in [0, 0.2], `muscle_noise` in
    [0, 0.04] and `mains_noise`, of 50 Hz, in [0, 0.02], but 0 where `sampling_rate` is below 150.
    The logarithm of `rr_variation` is uniform: in [0.01, 0.1] in sinus rhythm and in [0.15, 0.3]
    in atrial fibrillation, which a quarter of the records are in. What a record of a few beats has
    of these two scatters around what was drawn. Half of them have one
    or two ectopic beats, and `shape_variation` is 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import synthetic_population
    >>> rng = np.random.default_rng(0)
    >>> people = synthetic_population(3, rng, n_samples=1000, sampling_rate=100)
    >>> people.signals.shape
    (3, 12, 1000)
    >>> people.factors["heart_rate"].round()
    array([82., 65., 50.])

    ``pandas.DataFrame(people.factors)`` is the table.
    """
    n_records = check_count("n_records", n_records)
    check_rng(rng)
    n_samples = check_count("n_samples", n_samples)
    sampling_rate = _check_range("sampling_rate", sampling_rate, *RANGES["sampling_rate"])
    if n_samples < SHORTEST_RECORD * sampling_rate:
        raise ValueError(
            f"records of a population last at least {SHORTEST_RECORD} s, but {n_samples} samples "
            f"at {sampling_rate:g} Hz last {n_samples / sampling_rate:.4g} s; raise n_samples"
        )
    factors = {name: rng.uniform(low, high, n_records) for name, (low, high) in POPULATION.items()}
    if sampling_rate < 150:
        factors["mains_noise"] = np.zeros(n_records)
    rhythms = rng.choice(get_args(Rhythm), n_records, p=(0.75, 0.25))
    ectopic_beats = rng.choice(3, n_records, p=(0.5, 0.25, 0.25))
    lowest, highest = np.log([POPULATION_RR_VARIATIONS[rhythm] for rhythm in rhythms]).T
    factors["rr_variation"] = np.exp(rng.uniform(lowest, highest))

    signals = np.empty((n_records, len(STANDARD_LEADS), n_samples), np.float32)
    r_peaks = []
    for number in range(n_records):
        values = {name: float(column[number]) for name, column in factors.items()}
        values |= {"sampling_rate": sampling_rate, "mains_frequency": 50, "shape_variation": 1}
        made = _make(rng, n_samples, rhythms[number], int(ectopic_beats[number]), values)
        signals[number] = made.ecg.signal
        r_peaks.append(made.r_peaks)
        intervals = np.diff(made.r_peaks)
        regular = intervals[~(made.ectopic[1:] | made.ectopic[:-1])]
        factors["heart_rate"][number] = 60 / intervals.mean()
        factors["rr_variation"][number] = regular.std(ddof=1) / regular.mean()
    factors["pr_interval"][rhythms == "atrial fibrillation"] = np.nan
    columns = {"rhythm": rhythms, "ectopic_beats": ectopic_beats, **factors}
    return SyntheticPopulation(signals, columns, tuple(r_peaks))


class _Made(NamedTuple):
    ecg: ECG
    r_peaks: Array  # s, of those in the record
    ectopic: NDArray[np.bool_]  # which of them are of ectopic beats


def _make(
    rng: Generator, n_samples: int, rhythm: str, n_ectopic: int, value: dict[str, float]
) -> _Made:
    """Make an ECG of values that are in range, each by itself and together."""
    rate = value["sampling_rate"]
    duration = n_samples / rate
    rr = 60 / value["heart_rate"]
    heart = _heart(rng, value)
    beat = [*(heart.atria if rhythm == "sinus" else ()), *heart.ventricles]

    # Beats from one that is over before the record starts to one that begins after its end. How far
    # usual waves reach decides, so that where R peaks are does not depend on other factors.
    first_peak = -float(np.sqrt(rr)) * REPOLARISATION[0].reach[1] - rr * rng.random()
    shortest = _shortest_interval(rhythm, value["rr_variation"])
    n_intervals = int(np.ceil((duration - ATRIA[0].reach[0] - first_peak) / (rr * shortest)))
    intervals = rr * _draw_intervals(rng, rhythm, value["rr_variation"], n_intervals)
    r_peaks = first_peak + np.append(0, np.cumsum(intervals))
    white = rng.standard_normal((len(DOWER), n_samples))
    ectopic = np.zeros(len(r_peaks), bool)
    if n_ectopic:
        r_peaks, ectopic = _bring_forward(rng, r_peaks, n_ectopic, duration)

    dipole = _sum_of_beats(beat, r_peaks[~ectopic], n_samples, rate)
    if n_ectopic:
        dipole += _sum_of_beats(heart.ectopic, r_peaks[ectopic], n_samples, rate)
    if rhythm == "atrial fibrillation":
        dipole += np.outer(heart.fibrillation, _f_waves(rng, n_samples, rate))
    eight = heart.leads @ dipole
    eight += value["noise"] * white
    for name, band in (("baseline_wander", WANDER_BAND), ("muscle_noise", MUSCLE_BAND)):
        if value[name]:
            eight += value[name] * _band_noise(rng, n_samples, rate, band)
    if value["mains_noise"]:
        phases = rng.uniform(0, 2 * np.pi, (len(DOWER), 1))
        turns = value["mains_frequency"] * np.arange(n_samples) / rate
        eight += value["mains_noise"] * np.sin(2 * np.pi * turns + phases)
    seen = ECG(eight.astype(np.float32), rate, tuple(DOWER), synthetic=True)
    inside = (r_peaks >= 0) & (r_peaks < duration)
    return _Made(seen.select(STANDARD_LEADS), r_peaks[inside], ectopic[inside])


class _Heart(NamedTuple):
    leads: Array  # (8, 3): what I, II and V1 to V6 see of a dipole
    atria: Sequence[Wave | Segment]
    ventricles: Sequence[Wave | Segment]
    ectopic: Sequence[Wave | Segment]
    fibrillation: Array  # mV along X, Y and Z


def _heart(rng: Generator, value: dict[str, float]) -> _Heart:
    """Return the beats of a person, in which all that is asked is true, however they vary."""
    leads = np.array(list(DOWER.values()))
    atria, ventricles, t_waves = list(ATRIA), list(VENTRICLES), list(REPOLARISATION)
    ectopic, ectopic_t = list(ECTOPIC), list(ECTOPIC_T)
    fibrillation = np.array(FIBRILLATION)
    if variation := value["shape_variation"]:
        leads *= np.exp(0.3 * variation * rng.uniform(-1, 1, (len(leads), 1)))
        leads += 0.1 * variation * rng.uniform(-1, 1, leads.shape)
        atria = _vary(rng, atria, 0.4 * variation, 0.3 * variation)
        ventricles = _vary(rng, ventricles, 0.5 * variation, 0.25 * variation)
        t_waves = _vary(rng, t_waves, 0, 0.2 * variation)
        ectopic = _vary(rng, ectopic, 0.4 * variation, 0.4 * variation)
        ectopic_t = _vary(rng, ectopic_t, 0.4 * variation, 0.4 * variation)
        fibrillation *= np.exp(0.5 * variation * rng.uniform(-1, 1))
        p_width, t_width = np.exp(0.2 * variation * rng.uniform(-1, 1, 2))
        atria = [wave._replace(width=p_width * wave.width) for wave in atria]
        t_waves[0] = t_waves[0]._replace(width=t_width * t_waves[0].width)

    qrs = value["qrs_duration"] / 1000
    stretch = qrs / (QRS_END - QRS_ONSET)
    onset = stretch * QRS_ONSET
    j_point = onset + qrs
    frontal = np.array([leads[0], (2 * leads[1] - leads[0]) / np.sqrt(3)])
    area = np.sum([wave.width * np.array(wave.dipole) for wave in ventricles], axis=0)
    turn = _turn_to(np.radians(value["frontal_axis"]), frontal, area)
    ventricles = [
        Wave(stretch * wave.centre, stretch * wave.width, turn @ wave.dipole) for wave in ventricles
    ]
    later = onset - value["pr_interval"] / 1000 - (atria[0].centre - BORDER * atria[0].width)
    atria = [wave._replace(centre=wave.centre + later) for wave in atria]

    # The T wave has its share of the time from the J point to the end of QT, by Bazett.
    qt = value["qtc"] / 1000 * np.sqrt(60 / value["heart_rate"])
    shrink = (qt - qrs) / (T_END - QRS_END)

    def move(wave: Wave) -> Wave:
        centre = onset + qt + shrink * (wave.centre - T_END)
        return wave._replace(centre=centre, width=shrink * wave.width)

    t_waves = [move(wave) for wave in t_waves]
    times = np.linspace(t_waves[0].centre, t_waves[-1].centre, 101)
    in_ii = sum(leads[1] @ np.array(wave.dipole) * wave.shape(times) for wave in t_waves)
    peak = np.abs(in_ii).argmax()
    direction = sum(np.array(wave.dipole) for wave in t_waves)
    direction = direction / (leads[1] @ direction)
    t_waves = [
        wave._replace(dipole=value["t_amplitude"] / in_ii[peak] * np.array(wave.dipole))
        for wave in t_waves
    ]
    level = Segment(
        (j_point - stretch * J_RISE, j_point),
        (t_waves[0].centre - BORDER * t_waves[0].width, times[peak]),
        value["st_level"] * direction,
    )
    return _Heart(
        leads,
        atria,
        [*ventricles, *t_waves, level],
        [*ectopic, *map(move, ectopic_t)],
        fibrillation,
    )


def _vary(rng: Generator, waves: list[Wave], size: float, direction: float) -> list[Wave]:
    """Scale dipoles by up to ``exp(size)``, and add up to this part of each to its directions."""
    gain = np.exp(size * rng.uniform(-1, 1))
    varied = []
    for wave in waves:
        dipole = np.array(wave.dipole)
        added = direction * np.linalg.norm(dipole) * rng.uniform(-1, 1, 3)
        varied.append(wave._replace(dipole=gain * (dipole + added)))
    return varied


def _turn_to(angle: float, frontal: Array, dipole: Array) -> Array:
    """Return the rotation about Z after which the frontal leads see a dipole at an angle."""
    x, y, z = dipole
    cosine, sine, rest = (frontal @ part for part in ([x, y, 0], [-y, x, 0], [0, 0, z]))
    across = np.array([-np.sin(angle), np.cos(angle)])
    along = np.array([np.cos(angle), np.sin(angle)])
    # Nothing of the dipole is left across the angle at two rotations; it points back at one.
    middle = np.arctan2(across @ sine, across @ cosine)
    half = np.arccos(-(across @ rest) / np.hypot(across @ cosine, across @ sine))
    turns = [middle - half, middle + half]
    turn = max(turns, key=lambda t: along @ (np.cos(t) * cosine + np.sin(t) * sine + rest))
    return np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])


def _shortest_interval(rhythm: str, variation: float) -> float:
    """Return what no RR interval is shorter than, as a fraction of their mean."""
    return 1 - np.sqrt(3) * variation if rhythm == "sinus" else 0.5


def _draw_intervals(rng: Generator, rhythm: str, variation: float, n_intervals: int) -> Array:
    """Draw RR intervals of mean 1 and this standard deviation."""
    if rhythm == "sinus":
        spread = np.sqrt(3) * variation  # half the range of a uniform distribution, in deviations
        return rng.uniform(1 - spread, 1 + spread, n_intervals)
    # A beta distribution from half the mean to twice the mean, with the longer tail to the right.
    narrowness = 0.5 / variation**2 - 1
    return 0.5 + 1.5 * rng.beta(narrowness / 3, 2 * narrowness / 3, n_intervals)


def _bring_forward(
    rng: Generator, r_peaks: Array, n_ectopic: int, duration: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Make some beats early, no two in a row; the pause after each makes up for it."""
    early = r_peaks[1:] - rng.uniform(*EXTRASYSTOLES, len(r_peaks) - 1) * np.diff(r_peaks)
    whole = 1 + np.flatnonzero((early > 0.1) & (early < duration - 0.1))
    gaps = np.sort(rng.choice(len(whole) - n_ectopic + 1, n_ectopic, replace=False))
    chosen = whole[gaps + np.arange(n_ectopic)]
    ectopic = np.zeros(len(r_peaks), bool)
    ectopic[chosen] = True
    return np.where(ectopic, np.append(0, early), r_peaks), ectopic


def _sum_of_beats(
    parts: Sequence[Wave | Segment], r_peaks: Array, n_samples: int, rate: float
) -> Array:
    """Return the dipole at each sample, ``(3, n_samples)``, in mV."""
    # The samples that each beat reaches, which are summed because fast beats overlap.
    earliest = min(part.reach[0] for part in parts)
    latest = max(part.reach[1] for part in parts)
    first = np.floor((r_peaks + earliest) * rate).astype(int)
    samples = first[:, None] + np.arange(int((latest - earliest) * rate) + 2)
    times = samples / rate - r_peaks[:, None]
    inside = (samples >= 0) & (samples < n_samples)
    times, samples = times[inside], samples[inside]
    dipoles = np.transpose([part.dipole for part in parts])
    along = dipoles @ np.array([part.shape(times) for part in parts])
    return np.array([np.bincount(samples, part, minlength=n_samples) for part in along])


def _f_waves(rng: Generator, n_samples: int, rate: float) -> Array:
    """Draw a sawtooth of three harmonics, whose rate and size change without a rule."""
    faster, larger, *_ = _band_noise(rng, n_samples, rate, F_WAVE_CHANGES)
    turns = rng.random() + np.cumsum(rng.uniform(*F_WAVE_RATES) + F_WAVE_JITTER * faster) / rate
    harmonics = np.array([1, 2, 3])
    sawtooth = np.sin(2 * np.pi * np.outer(turns, harmonics)) / harmonics
    waves: Array = np.exp(0.3 * larger) * sawtooth.sum(axis=1)
    return waves


def _band_noise(rng: Generator, n_samples: int, rate: float, band: tuple[float, float]) -> Array:
    """Draw noise of variance one in a band of frequencies, independent in each of eight leads."""
    n_drawn = n_samples + int(BAND_MARGIN * rate)
    frequencies = np.fft.rfftfreq(n_drawn, 1 / rate)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    spectrum = np.zeros((len(DOWER), len(frequencies)), complex)
    spectrum[:, inside] = rng.standard_normal((len(DOWER), inside.sum(), 2)) @ [1, 1j]
    noise: Array = np.fft.irfft(spectrum, n_drawn)[:, :n_samples]
    return noise * float(n_drawn / np.sqrt(4 * inside.sum()))


def _check_together(rhythm: str, value: dict[str, float], n_samples: int, n_ectopic: int) -> None:
    """Raise an error if values that are in range contradict each other."""
    rr = 60 / value["heart_rate"]
    shortest = 1000 * rr * _shortest_interval(rhythm, value["rr_variation"])
    if rhythm == "sinus" and value["pr_interval"] >= shortest:
        raise ValueError(
            f"pr_interval must be below the shortest RR interval, {shortest:.0f} ms at "
            f"{value['heart_rate']:g} beats per minute and an rr_variation of "
            f"{value['rr_variation']:g}, not {value['pr_interval']:g}; lower any of them"
        )
    qt = value["qtc"] * np.sqrt(rr)
    if qt - value["qrs_duration"] < 1000 * SHORTEST_JT:
        raise ValueError(
            f"a QT interval of {qt:.0f} ms leaves less than {1000 * SHORTEST_JT:.0f} ms of "
            f"repolarisation after a QRS of {value['qrs_duration']:g} ms; raise qtc, or lower "
            "qrs_duration or heart_rate"
        )
    if value["mains_noise"] and 2 * value["mains_frequency"] >= value["sampling_rate"]:
        raise ValueError(
            f"mains noise of {value['mains_frequency']:g} Hz cannot be sampled at "
            f"{value['sampling_rate']:g} Hz; raise sampling_rate above "
            f"{2 * value['mains_frequency']:g}, or leave mains_noise out"
        )
    n_beats = n_samples / value["sampling_rate"] / rr
    if 4 * n_ectopic > n_beats:
        raise ValueError(
            f"ectopic_beats must be at most a quarter of the {n_beats:.3g} beats of the record, "
            f"not {n_ectopic}; raise n_samples for more"
        )


def _check_range(
    name: str, value: Any, least: float, most: float, unit: str, way_out: str
) -> float:
    """Return `value` as a ``float`` if it is a number in ``[least, most]``."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(
            f"{name} must be a number in [{least:g}, {most:g}] {unit}, not {value!r} of type "
            f"{type(value).__name__}"
        )
    if not least <= float(value) <= most:  # refuses NaN too
        raise ValueError(f"{name} must be in [{least:g}, {most:g}] {unit}, not {value}; {way_out}")
    return float(value)
