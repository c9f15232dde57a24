"""ECGs that a model makes, for tests that need one of any length and heart rate."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_count, check_rng
from ecgmask.ecg import ECG
from ecgmask.leads import STANDARD_LEADS

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


class Wave(NamedTuple):
    """A Gaussian in time along one direction of the dipole."""

    centre: float  # s after the R peak
    width: float  # s, one standard deviation
    dipole: tuple[float, float, float]  # mV along X, Y and Z


# The right and the left atrium; the septum, the apex, the left wall and the base of the ventricles.
DEPOLARISATION = (
    Wave(-0.170, 0.018, (0.04, 0.07, -0.06)),
    Wave(-0.140, 0.018, (0.10, 0.05, 0.04)),
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
REACH = 6  # widths from its centre, where a Gaussian is below float32 rounding


def synthetic_ecg(
    *,
    rng: Generator,
    n_samples: int = 5000,
    sampling_rate: float = 500,
    heart_rate: float = 60,
    rr_variation: float = 0.03,
    noise: float = 0.0,
) -> ECG:
    """Return an ECG that a model made: 12 leads of a normal heart in sinus rhythm.

    It is for tests and benchmarks that need an ECG of a certain length, sampling rate or heart
    rate, with the redundancy between leads that real ones have. What a mask hides is better seen on
    :func:`~ecgmask.sample_ecg`, and what a model learns here says nothing about patients.

    Parameters
    ----------
    rng
        Generator of all that is random: where in the heartbeat the record starts, the RR
        intervals and the noise.
    n_samples
        Number of samples, at least 1.
    sampling_rate
        Samples per second, in Hz, in [100, 10000].
    heart_rate
        Heartbeats per minute on average, in [30, 200].
    rr_variation
        Standard deviation of the RR intervals as a fraction of their mean, in [0, 0.2].
    noise
        Standard deviation of white noise in each of I, II and V1 to V6, in mV, in [0, 1].

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
        If a parameter is out of range.

    Notes
    -----
    The heart is a dipole that changes its size and direction, after Sameni et al. [1]_: each part
    of the heart adds a Gaussian in time along one direction. Dower's matrix [2]_ says what leads I,
    II and V1 to V6 see of it. Without noise, all 12 leads therefore have rank three; those of a
    real ECG have eight.

    The Gaussians are our own, chosen by eye so that the leads look like a normal ECG, and they
    follow time where those of the paper follow the phase of the heartbeat. So PR and QRS last as
    long at every heart rate, while the T wave moves and stretches with the square root of the mean
    RR interval. RR intervals are independent and uniformly distributed.

    Every beat of a record has the same shape. There is no disease, no wandering baseline, no
    muscle or mains noise, no breathing and no artefact.

    References
    ----------
    .. [1] R. Sameni, G. D. Clifford, C. Jutten and M. B. Shamsollahi, "Multichannel ECG and Noise
       Modeling: Application to Maternal and Fetal ECG Signals", EURASIP Journal on Advances in
       Signal Processing, 2007, doi:10.1155/2007/43407.
    .. [2] G. E. Dower, H. B. Machado and J. A. Osborne, "On deriving the electrocardiogram from
       vectorcardiographic leads", Clinical Cardiology 3, 1980, doi:10.1002/clc.1980.3.2.87.

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
    rate = _check_range(
        "sampling_rate", sampling_rate, 100, 10_000, "Hz", "resample the ECG for any other"
    )
    rr = 60 / _check_range(
        "heart_rate",
        heart_rate,
        30,
        200,
        "beats per minute",
        "sinus rhythm is neither slower nor faster",
    )
    variation = _check_range(
        "rr_variation", rr_variation, 0, 0.2, "of the mean RR interval", "5% of it are 0.05"
    )
    noise = _check_range("noise", noise, 0, 1, "mV", "10 µV are 0.01")

    stretch = float(np.sqrt(rr))
    waves = DEPOLARISATION + tuple(
        Wave(stretch * wave.centre, stretch * wave.width, wave.dipole) for wave in REPOLARISATION
    )
    earliest = min(wave.centre - REACH * wave.width for wave in waves)
    latest = max(wave.centre + REACH * wave.width for wave in waves)
    # Beats from the one that is over before the record starts to one that begins after its end.
    spread = np.sqrt(3) * variation  # half the range of a uniform distribution, in deviations
    first_peak = -latest - rr * rng.random()
    n_intervals = np.ceil((n_samples / rate - earliest - first_peak) / (rr * (1 - spread)))
    intervals = rr * rng.uniform(1 - spread, 1 + spread, int(n_intervals))
    r_peaks = first_peak + np.append(0, np.cumsum(intervals))

    # The samples that each beat reaches, which are summed because fast beats overlap.
    first = np.floor((r_peaks + earliest) * rate).astype(int)
    samples = first[:, None] + np.arange(int((latest - earliest) * rate) + 2)
    times = samples / rate - r_peaks[:, None]
    inside = (samples >= 0) & (samples < n_samples)
    times, samples = times[inside], samples[inside]
    shapes = np.exp([-(((times - wave.centre) / wave.width) ** 2) / 2 for wave in waves])
    parts = np.transpose([wave.dipole for wave in waves]) @ shapes
    dipole = np.array([np.bincount(samples, part, minlength=n_samples) for part in parts])

    eight = np.array(list(DOWER.values())) @ dipole
    eight += noise * rng.standard_normal(eight.shape)
    seen = ECG(eight.astype(np.float32), sampling_rate, tuple(DOWER), synthetic=True)
    return seen.select(STANDARD_LEADS)


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
