"""Guesses that need no learning: what a mask leaves to a model is what they miss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgmask.ecg import ECG
from ecgmask.strategies.masks import BoolArray, Masks

FloatArray = NDArray[np.float64]

# Expectation and maximisation gain little after this many rounds.
ROUNDS = 30
# Leads that follow from each other exactly would have no unique coefficients: a millionth of
# each lead's variance is added to it.
RIDGE = 1e-6
LEAST_VARIANCE = 1e-9  # mV², so that a flat lead has coefficients too


def interpolate(ecg: ECG, masks: Masks) -> FloatArray:
    """Draw a straight line through what is hidden, lead by lead.

    It does well where gaps are shorter than the waves of the ECG: a model can do as well without
    knowing what a heartbeat is.

    Parameters
    ----------
    ecg
        The ECG, of which only visible samples are used.
    masks
        Masks of this ECG; each record of them is a draw of its own.

    Returns
    -------
    numpy.ndarray
        ``(n_records, n_leads, n_samples)``, in mV: the ECG where it is context, the guess
        everywhere else. Lines join the nearest visible samples of the same lead; before the first
        and after the last they are level. A lead that is hidden throughout is NaN.

    Raises
    ------
    ValueError
        If the masks do not fit the ECG.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ECG, Masks
    >>> from ecgmask.baselines import interpolate
    >>> ecg = ECG([[1, 7, 7, 4]], sampling_rate=500, leads=["II"])
    >>> context = np.array([[[True, False, False, True]]])
    >>> interpolate(ecg, Masks(context, ~context[:, None]))
    array([[[1., 2., 3., 4.]]])
    """
    visible = _see(ecg, masks)
    n_samples = visible.shape[-1]
    now = np.arange(n_samples)
    before = np.maximum.accumulate(np.where(visible, now, -1), axis=-1)
    after = np.minimum.accumulate(np.where(visible, now, n_samples)[..., ::-1], axis=-1)[..., ::-1]
    left, right = _take(ecg, before), _take(ecg, after)
    with np.errstate(invalid="ignore"):
        share = (now - before) / np.maximum(1, after - before)
        line = left + (right - left) * share
    level: FloatArray = np.where(before < 0, right, np.where(after == n_samples, left, line))
    return level


def regress_on_visible_leads(
    ecg: ECG, masks: Masks, *, learnt_from: ECG | None = None
) -> FloatArray:
    """Guess a hidden lead from the leads that are visible at the same instant, linearly.

    It does well where masks differ between leads, because leads are views of one heart; limb
    leads even follow from each other exactly.

    Parameters
    ----------
    ecg
        The ECG, of which only visible samples are used.
    masks
        Masks of this ECG; each record of them is a draw of its own.
    learnt_from
        Another ECG with the same leads, all of it visible, to take the coefficients from. By
        default they come from the visible samples of each draw, which say nothing of a lead that
        is hidden throughout.

    Returns
    -------
    numpy.ndarray
        ``(n_records, n_leads, n_samples)``, in mV: the ECG where it is context, the guess
        everywhere else. It is NaN where no lead is visible, so at all hidden instants of a shared
        mask, and in leads of which nothing is known.

    Raises
    ------
    ValueError
        If the masks do not fit the ECG, or `learnt_from` has other leads.

    Notes
    -----
    The regression is that of a normal distribution on its visible leads. Instants that show a
    hidden lead with all its predictors are rare, so mean and covariance are fitted to samples
    with gaps, by 30 rounds of expectation-maximisation. From `learnt_from`, which has no
    gaps, this is least squares.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ECG, Leads, sample_ecg
    >>> from ecgmask.baselines import explained_variance, regress_on_visible_leads
    >>> ecg = sample_ecg()
    >>> earlier, later = ECG(ecg.signal[:, :2500], 500), ECG(ecg.signal[:, 2500:], 500)
    >>> one_hidden = Leads(n_masked=1).draw(40, 100, np.random.default_rng(0))
    >>> guesses = regress_on_visible_leads(later, one_hidden, learnt_from=earlier)
    >>> r2 = explained_variance(later, one_hidden, guesses)
    >>> print(f"III: {np.nanmean(r2[:, 2]):.2f}")
    III: 1.00
    """
    _see(ecg, masks)
    known = None
    if learnt_from is not None:
        if learnt_from.leads != ecg.leads:
            raise ValueError(
                f"learnt_from must have the leads {', '.join(ecg.leads)} in this order, not "
                f"{', '.join(learnt_from.leads)}"
            )
        samples = learnt_from.signal.astype(np.float64)
        known = samples.mean(axis=1), np.atleast_2d(np.cov(samples, bias=True))
    by_patch = ecg.signal.astype(np.float64).reshape(len(ecg.leads), masks.n_patches, -1)
    by_patch = by_patch.transpose(1, 2, 0)
    shape = (masks.n_records, len(ecg.leads), masks.n_patches)
    seen = np.broadcast_to(masks.context, shape).swapaxes(1, 2)
    guesses = np.stack([_regress(by_patch, one, known) for one in seen])
    return guesses.transpose(0, 3, 1, 2).reshape(masks.n_records, *ecg.signal.shape)


def copy_neighbouring_beat(ecg: ECG, masks: Masks, r_peaks: ArrayLike) -> FloatArray:
    """Copy what is hidden from the nearest beat that shows it, lead by lead.

    It does well wherever one beat looks like the next. All beats are laid on each other by their R
    peaks; every hidden sample is then copied from the nearest beat in which the same instant is
    visible, the earlier one of two that are equally near.

    Parameters
    ----------
    ecg
        The ECG, of which only visible samples are used.
    masks
        Masks of this ECG; each record of them is a draw of its own.
    r_peaks
        ``(n_beats,)``, ascending positions of the R peaks in samples, at least two. The guess is
        told of hidden ones too, which a model is not.

    Returns
    -------
    numpy.ndarray
        ``(n_records, n_leads, n_samples)``, in mV: the ECG where it is context, the guess
        everywhere else. It is NaN where no other beat shows the sample.

    Raises
    ------
    TypeError
        If the positions are not whole numbers.
    ValueError
        If the masks do not fit the ECG, or the R peaks are too few, out of order or outside.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ECG, Masks
    >>> from ecgmask.baselines import copy_neighbouring_beat
    >>> ecg = ECG([[0, 5, 1, 9, 9, 9]], sampling_rate=500, leads=["II"])
    >>> context = np.array([[[True, False]]])
    >>> copy_neighbouring_beat(ecg, Masks(context, ~context[:, None]), r_peaks=[1, 4])
    array([[[0., 5., 1., 0., 5., 1.]]])
    """
    visible = _see(ecg, masks)
    n_samples = visible.shape[-1]
    peaks = _check_peaks(r_peaks, n_samples)
    now = np.arange(n_samples)
    # A sample belongs to the R peak that it is nearest to.
    beat = np.abs(now[:, None] - peaks).argmin(axis=1)
    source = np.where(visible, now, -1)
    for step in range(1, len(peaks)):
        for other in (beat - step, beat + step):
            there = now + peaks[np.clip(other, 0, len(peaks) - 1)] - peaks[beat]
            inside = (other >= 0) & (other < len(peaks)) & (there >= 0) & (there < n_samples)
            there = np.where(inside, there, 0)
            source = np.where((source < 0) & inside & visible[..., there], there, source)
    return _take(ecg, source)


def explained_variance(ecg: ECG, masks: Masks, guesses: ArrayLike) -> FloatArray:
    """Say how much better than a constant the guesses are, for each draw and lead.

    This is R², one minus a quotient: the squared error of the guess on the targets, divided by the
    squared error there of the mean of what is visible of the lead. 1 is perfect, 0 is no better
    than the mean, and there is no limit below.

    Parameters
    ----------
    ecg
        The ECG that was guessed.
    masks
        The masks that the guesses were made for.
    guesses
        ``(n_records, n_leads, n_samples)``, in mV. NaN stands for no guess, and counts as the mean.

    Returns
    -------
    numpy.ndarray
        ``(n_records, n_leads)``. It is NaN where a lead has no target, is flat there, or has no
        guess at all.

    Raises
    ------
    ValueError
        If the masks or the guesses do not fit the ECG.

    Notes
    -----
    A lead that is hidden throughout has no visible mean. It is measured against its own mean,
    which no other constant beats.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import RandomPatches, sample_ecg
    >>> from ecgmask.baselines import explained_variance, interpolate
    >>> ecg = sample_ecg()
    >>> masks = RandomPatches(0.5).draw(20, 200, np.random.default_rng(0))
    >>> r2 = explained_variance(ecg, masks, interpolate(ecg, masks))
    >>> r2.shape
    (20, 12)
    """
    visible = _see(ecg, masks)
    target = _by_sample(masks.target_union, ecg)
    guessed = np.asarray(guesses, dtype=np.float64)
    expected = (masks.n_records, *ecg.signal.shape)
    if guessed.shape != expected:
        raise ValueError(f"guesses must have the shape {expected}, not {guessed.shape}")
    signal = np.broadcast_to(ecg.signal.astype(np.float64), expected)
    target = np.broadcast_to(target, expected)
    basis = np.where(visible.any(axis=-1, keepdims=True), visible, target)
    no_guess = np.isnan(guessed)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (signal * basis).sum(axis=-1, keepdims=True) / basis.sum(axis=-1, keepdims=True)
        error = np.where(no_guess, mean, guessed) - signal
        missed = np.square(error, where=target, out=np.zeros(expected)).sum(axis=-1)
        spread = np.square(signal - mean, where=target, out=np.zeros(expected)).sum(axis=-1)
        explained = 1 - missed / spread
    nothing = (no_guess | ~target).all(axis=-1) | (spread == 0)
    return np.where(nothing, np.nan, explained)


def _see(ecg: ECG, masks: Masks) -> BoolArray:
    """Return ``(n_records, n_rows, n_samples)``, ``True`` where a sample is visible."""
    for name, given, kind in (("ecg", ecg, ECG), ("masks", masks, Masks)):
        if not isinstance(given, kind):
            raise TypeError(
                f"{name} must be of the type {kind.__name__}, not {type(given).__name__}"
                + ("; make them with Masks.from_indices" if kind is Masks else "")
            )
    n_leads, n_samples = ecg.signal.shape
    if n_samples % masks.n_patches:
        raise ValueError(
            f"masks of {masks.n_patches} patches do not fit an ECG of {n_samples} samples; draw "
            "them for this ECG"
        )
    if masks.n_leads not in (1, n_leads):
        raise ValueError(
            f"per-lead masks for {masks.n_leads} leads do not fit an ECG with {n_leads}"
        )
    return _by_sample(masks.context, ecg)


def _by_sample(marked: BoolArray, ecg: ECG) -> BoolArray:
    return np.repeat(marked, ecg.signal.shape[1] // marked.shape[-1], axis=-1)


def _take(ecg: ECG, positions: NDArray[np.intp]) -> FloatArray:
    """Return the samples at `positions`, ``(n_records, n_rows, n_samples)``; NaN if outside."""
    n_leads, n_samples = ecg.signal.shape
    inside = (positions >= 0) & (positions < n_samples)
    leads = np.arange(n_leads)[:, None]
    samples = ecg.signal[leads, np.where(inside, positions, 0)].astype(np.float64)
    return np.where(inside, samples, np.nan)


def _regress(
    by_patch: FloatArray, seen: BoolArray, known: tuple[FloatArray, FloatArray] | None
) -> FloatArray:
    """Return the guess ``(n_patches, patch_size, n_leads)`` for one draw.

    `by_patch` is the signal in that form, `seen` ``(n_patches, n_leads)``, and `known` the mean
    and the covariance of the leads if they need not be fitted.
    """
    some = seen.any(axis=1)
    guess = np.where(seen[:, None], by_patch, np.nan)
    if seen[some].all():
        return guess  # where a lead is hidden, all are
    mean, covariance = known or _fit(by_patch[some], seen[some])
    filled, _ = _fill(by_patch[some], seen[some], mean, covariance)
    learnable = np.ones(len(mean), dtype=np.bool_) if known else seen.any(axis=0)
    guess[some] = np.where(learnable, filled, guess[some])
    return guess


def _fit(by_patch: FloatArray, seen: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the covariance of leads of which every patch shows only some."""
    n_samples = by_patch.shape[0] * by_patch.shape[1]
    counts = np.maximum(1, seen.sum(axis=0) * by_patch.shape[1])
    mean = np.where(seen[:, None], by_patch, 0).sum(axis=(0, 1)) / counts
    deviation = np.where(seen[:, None], by_patch - mean, 0)
    covariance = np.diag((deviation**2).sum(axis=(0, 1)) / counts)
    for _ in range(ROUNDS):
        filled, left_over = _fill(by_patch, seen, mean, covariance)
        mean = filled.mean(axis=(0, 1))
        flat = (filled - mean).reshape(n_samples, -1)
        covariance = flat.T @ flat / n_samples + left_over
    return mean, covariance


def _fill(
    by_patch: FloatArray, seen: BoolArray, mean: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the signal with its hidden leads filled in, and the mean covariance they keep."""
    variance = np.maximum(np.diag(covariance), LEAST_VARIANCE)
    # Rows and columns of hidden leads become those of the identity: one solve for all patches.
    among = covariance * (seen[:, :, None] & seen[:, None, :])
    among += np.eye(len(mean)) * np.where(seen, RIDGE * variance, 1)[:, None]
    with_all = covariance * seen[:, :, None]
    weights = np.linalg.solve(among, with_all)
    guess = mean + np.where(seen[:, None], by_patch - mean, 0) @ weights
    left_over = covariance - with_all.swapaxes(1, 2) @ weights
    both_hidden = ~(seen[:, :, None] | seen[:, None, :])
    return np.where(seen[:, None], by_patch, guess), (left_over * both_hidden).mean(axis=0)


def _check_peaks(r_peaks: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    peaks = np.asarray(r_peaks)
    if peaks.ndim != 1 or len(peaks) < 2:
        raise ValueError(
            f"r_peaks must be the positions of at least two R peaks, not of shape {peaks.shape}"
        )
    if not np.issubdtype(peaks.dtype, np.integer):
        raise TypeError(f"r_peaks must be whole numbers of samples, not {peaks.dtype}; round them")
    peaks = peaks.astype(np.intp)
    if (np.diff(peaks) <= 0).any():
        raise ValueError("r_peaks must be in ascending order, none twice; sort them")
    if peaks[0] < 0 or peaks[-1] >= n_samples:
        raise ValueError(
            f"r_peaks must lie in the {n_samples} samples of the ECG, not at {peaks[0]} to "
            f"{peaks[-1]}; give them in samples"
        )
    return peaks
