"""The ECG record."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ecgmask._checks import check_count, check_sampling_rate
from ecgmask.leads import (
    LIMB_LEADS,
    OF_I_AND_II,
    STANDARD_LEADS,
    find_leads,
    standard_name,
    standard_names,
)

FloatArray = NDArray[np.float32]

FLAT = 1e-3  # of what the tallest lead spans
UNEXPLAINED = 0.02  # mV; rounding of each lead by itself stays below it
GAP = 1.0  # s; no heart keeps every lead at one value for so long
CONSTANT = 1e-6  # mV; what rounding leaves of a constant after resampling
# Between a record of very low voltage and one with a wandering baseline, in mV.
PLAUSIBLE_SPAN = (0.05, 20.0)

MOST_DRIFT = 0.05  # samples; how far off the last one may be after resampling
MOST_SAMPLES = 2**26  # of all leads: three hours of twelve at 500 Hz
LONGEST_RATIO = 100_000  # the filter of a ratio has twenty times as many taps


@dataclass(frozen=True, eq=False, repr=False)
class ECG:
    """One ECG record: its samples, lead names and sampling rate, and nothing about the patient.

    It cannot be changed: every method returns another ECG, and the samples are read-only. Use
    ``ecg.signal.copy()`` or ``torch.tensor(ecg.signal)`` for samples of your own.

    Parameters
    ----------
    signal
        ``(n_leads, n_samples)``, in mV. Kept as a float32 copy.
    sampling_rate
        Samples per second, in Hz, above 0.
    leads
        Names of the leads, as many as the signal has, none twice in any spelling.
    derived
        Names of those leads that were computed from others, not recorded.
    synthetic
        Whether a model made the signal, so that nobody's heart did.

    Raises
    ------
    ValueError
        If the signal is not two-dimensional or not finite, if the names do not fit it, or if
        the sampling rate is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import sample_ecg
    >>> ecg = sample_ecg()
    >>> ecg
    <ECG: 12 leads x 5000 samples, 500 Hz, 10.0 s>
    >>> ecg.crop(0, 2500).select(["V1", "V2"]).resample(250)
    <ECG: 2 leads (V1, V2) x 1250 samples, 250 Hz, 5.0 s>
    >>> np.asarray(ecg).shape
    (12, 5000)
    """

    signal: FloatArray
    sampling_rate: float
    leads: tuple[str, ...] = STANDARD_LEADS
    _: KW_ONLY
    derived: tuple[str, ...] = ()
    synthetic: bool = False

    def __post_init__(self) -> None:
        # A copy: a view would change with the array that it was made of.
        signal = np.array(self.signal, dtype=np.float32, order="C")
        signal.flags.writeable = False
        if signal.ndim != 2 or not signal.size:
            raise ValueError(f"signal must have the shape (n_leads, n_samples), not {signal.shape}")
        leads = tuple(self.leads)
        if len(leads) != len(signal):
            raise ValueError(
                f"signal has {len(signal)} leads but {len(leads)} lead names; "
                "is it (n_leads, n_samples)? Transpose it, or pass leads="
            )
        if len({standard_name(lead) for lead in leads}) != len(leads):
            raise ValueError(f"lead names must differ, but are {', '.join(leads)}")
        not_finite = (~np.isfinite(signal)).sum(axis=1)
        if not_finite.any():
            where = [
                f"{lead} ({'all' if count == signal.shape[1] else count} of its samples)"
                for lead, count in zip(leads, not_finite, strict=True)
                if count
            ]
            raise ValueError(
                f"signal is NaN or infinite in {', '.join(where)}; repair or crop it, or leave "
                "the lead out"
            )
        check_sampling_rate(self.sampling_rate)
        derived = tuple(self.derived)
        if not set(derived) <= set(leads):
            raise ValueError(
                f"derived must name leads of this ECG, {', '.join(leads)}, not {', '.join(derived)}"
            )
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "leads", leads)
        object.__setattr__(self, "derived", derived)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.signal.flags.writeable = False  # NumPy forgets it on the way

    def __repr__(self) -> str:
        n_leads, n_samples = self.signal.shape
        kind = "synthetic ECG" if self.synthetic else "ECG"
        names = "" if self.leads == STANDARD_LEADS else f" ({', '.join(self.leads)})"
        derived = f", {', '.join(self.derived)} derived" if self.derived else ""
        return (
            f"<{kind}: {n_leads} lead{'s' if n_leads > 1 else ''}{names} x {n_samples} samples, "
            f"{self.sampling_rate:.10g} Hz, {self.duration:.1f} s{derived}>"
        )

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        # NumPy 1 passes no copy, and np.array refuses copy=None there.
        return np.array(self.signal, dtype=dtype) if copy else np.asarray(self.signal, dtype)

    @property
    def duration(self) -> float:
        """Length of the record in seconds."""
        return float(self.signal.shape[1] / self.sampling_rate)

    def lead_index(self, lead: str) -> int:
        """Return the row of a lead.

        Parameters
        ----------
        lead
            Name of the lead, as in `leads`.

        Raises
        ------
        ValueError
            If the record has no such lead.
        """
        if lead not in self.leads:
            raise ValueError(f"lead {lead!r} is not in this ECG; it has {', '.join(self.leads)}")
        return self.leads.index(lead)

    def resample(self, sampling_rate: float) -> ECG:
        """Return the ECG at another sampling rate.

        A polyphase filter keeps what both rates can represent. The ends are continued by the line
        between them, which keeps them within a few microvolts. Where no lead changes for a second
        or more, none does afterwards, so that gaps are found at any rate. The filter takes a ratio
        of whole numbers. That of a rate such as 499.99 Hz may be rounded, by so little that even
        the last sample is off by at most a twentieth of the time between two samples of this ECG.

        Parameters
        ----------
        sampling_rate
            Samples per second, in Hz, above 0.

        Raises
        ------
        ValueError
            If the rate is not positive, if its ratio takes whole numbers above 100 000, or if the
            result had more than ``2**26`` samples, of all leads together.
        """
        from scipy.signal import resample_poly

        check_sampling_rate(sampling_rate)
        if sampling_rate == self.sampling_rate:
            return self
        ratio = resampling_ratio(self.signal.shape[1], self.sampling_rate, sampling_rate)
        n_samples = math.ceil(self.signal.size * ratio)
        if n_samples > MOST_SAMPLES:
            raise ValueError(
                f"at {sampling_rate:.10g} Hz, the ECG would have {n_samples} samples, but at most "
                f"{MOST_SAMPLES} are made; crop it, or choose a lower sampling_rate"
            )
        samples = self.signal.astype(np.float64)
        resampled = resample_poly(
            samples, ratio.numerator, ratio.denominator, axis=1, padtype="line"
        )
        for start, stop in self._gaps():  # where the filter leaves ripples
            first, last = math.ceil(start * ratio), math.floor((stop - 1) * ratio)
            resampled[:, first : last + 1] = samples[:, [start]]
        return replace(self, signal=resampled, sampling_rate=sampling_rate)

    def crop(self, start: int, n_samples: int) -> ECG:
        """Return `n_samples` samples of the ECG, from `start` on.

        Parameters
        ----------
        start
            First sample, from 0.
        n_samples
            Number of samples, at least 1.

        Raises
        ------
        ValueError
            If the ECG ends before.
        """
        check_count("start", start, least=0)
        check_count("n_samples", n_samples)
        available = self.signal.shape[1]
        if start + n_samples > available:
            raise ValueError(
                f"samples {start} to {start + n_samples - 1} are not all in an ECG of {available} "
                "samples; crop less, or pad it first"
            )
        return replace(self, signal=self.signal[:, start : start + n_samples])

    def pad(self, n_samples: int) -> ECG:
        """Return the ECG with zeros at its end, `n_samples` samples long.

        The zeros are no signal. Tell a collator how long the record really is, with `lengths_key`
        of :class:`~ecgmask.PatchMaskCollator`, so that it masks nothing else.

        Parameters
        ----------
        n_samples
            Number of samples afterwards, no fewer than before.

        Raises
        ------
        ValueError
            If the ECG is longer already.
        """
        check_count("n_samples", n_samples)
        available = self.signal.shape[1]
        if n_samples < available:
            raise ValueError(
                f"an ECG of {available} samples cannot be padded to {n_samples}; crop it instead"
            )
        return replace(self, signal=np.pad(self.signal, ((0, 0), (0, n_samples - available))))

    def fit(self, n_samples: int) -> ECG:
        """Return the first `n_samples` samples of the ECG, padded with zeros if it is shorter.

        Parameters
        ----------
        n_samples
            Number of samples afterwards, at least 1.

        Raises
        ------
        ValueError
            If the number is below 1.
        """
        check_count("n_samples", n_samples)
        if n_samples <= self.signal.shape[1]:
            return self.crop(0, n_samples)
        return self.pad(n_samples)

    def select(self, leads: Iterable[str]) -> ECG:
        """Return some leads, in the order asked for.

        Limb leads that the record lacks are computed from I and II and named in `derived`.

        Parameters
        ----------
        leads
            Names of the leads, in any usual spelling: ``"aVR"``, ``"AVR"`` or ``"Lead aVR"``.

        Raises
        ------
        ValueError
            If a lead is neither there nor follows from I and II.
        """
        names = standard_names("leads", leads)
        if names == self.leads:
            return self
        found = find_leads(self.leads, names)
        signal = np.stack(found.of(self.signal[row] for row in found.rows.values()))
        before = {standard_name(lead) for lead in self.derived}
        derived = tuple(name for name in names if name in found.derived or name in before)
        return replace(self, signal=signal, leads=names, derived=derived)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the record, a sentence for each problem.

        Looks for flat leads, for a second or more in which no lead changes, for amplitudes that no
        heart makes, which are a sign of a wrong unit, and for limb leads that contradict each
        other: III is II minus I, and the augmented leads follow from I and II. If one exchange or
        inversion of leads explains that, it is named.
        Electrodes that were exchanged on the body cannot be found like this: their leads still fit
        together.

        Returns
        -------
        tuple of str
            The problems; empty if none was found.

        Examples
        --------
        >>> from ecgmask import ECG, sample_ecg
        >>> ecg = sample_ecg()
        >>> ecg.problems()
        ()
        >>> ECG(1000 * ecg.signal, 500).problems()
        ('leads span up to 1886 mV, but a heart makes 0.05 to 20 mV; is the unit right?',)
        """
        found = []
        spans = np.ptp(self.signal, axis=1)
        flat = [
            lead for lead, span in zip(self.leads, spans, strict=True) if span <= FLAT * spans.max()
        ]
        if flat:
            found.append(
                f"{', '.join(flat)} {'are' if len(flat) > 1 else 'is'} flat; was an electrode off, "
                "or is it padding?"
            )
        if len(flat) < len(self.leads) and (gap := self._gap()):
            found.append(gap)
        least, most = PLAUSIBLE_SPAN
        span = _span_of_most(self.signal[[spans.argmax()]])
        if span < least or spans.max() > most:  # another lead may be the widest then
            span = _span_of_most(self.signal)
        if len(flat) < len(self.leads) and not least <= span <= most:
            found.append(
                f"leads span up to {span:.4g} mV, but a heart makes {least:g} to {most:g} mV; is "
                "the unit right?"
            )
        elif contradiction := self._contradiction(flat):
            found.append(contradiction)
        return tuple(found)

    def check(self) -> None:
        """Raise an error if anything is wrong with the record; see :meth:`problems`.

        Raises
        ------
        ValueError
            If there are problems, naming all of them.
        """
        problems = self.problems()
        if problems:
            raise ValueError("; ".join(problems))

    def _gap(self) -> str | None:
        """Say where no lead changes for longer than a heart can do."""
        gaps = self._gaps()
        if not gaps:
            return None
        longest = max(gaps, key=lambda gap: gap[1] - gap[0])
        start, stop = (sample / self.sampling_rate for sample in longest)
        return f"no lead changes from {start:.1f} to {stop:.1f} s; is it a gap, or padding? Crop it"

    def _gaps(self) -> list[tuple[int, int]]:
        """Return where each stretch in which no lead changes starts and stops, if it is a gap."""
        changes = np.abs(np.diff(self.signal, axis=1)).max(axis=0, initial=0) > CONSTANT
        edges = np.flatnonzero(np.concatenate([[True], changes, [True]]))
        long = np.flatnonzero(np.diff(edges) >= GAP * self.sampling_rate)
        return [(int(edges[at]), int(edges[at + 1])) for at in long]

    def _contradiction(self, flat: list[str]) -> str | None:
        """Say how limb leads contradict each other, and which exchange explains it."""
        recorded = {
            standard_name(lead): samples.astype(np.float64)
            for lead, samples in zip(self.leads, self.signal, strict=True)
            if lead not in flat
        }
        limb = {name: recorded[name] for name in LIMB_LEADS if name in recorded}
        if not {"I", "II"} < limb.keys():
            return None
        errors = _unexplained(limb)
        wrong = {name: error for name, error in errors.items() if error > UNEXPLAINED}
        if not wrong:
            return None
        exchanged = [
            f"{a} and {b} look exchanged"
            for a, b in combinations(limb, 2)
            if max(_unexplained({**limb, a: limb[b], b: limb[a]}).values()) <= UNEXPLAINED
        ]
        inverted = [
            f"{name} looks inverted"
            for name in limb
            if max(_unexplained({**limb, name: -limb[name]}).values()) <= UNEXPLAINED
        ]
        listed = ", ".join(f"{name} by {error:.2f} mV" for name, error in wrong.items())
        return f"limb leads contradict I and II: {listed} (rms); " + (
            " or ".join(exchanged + inverted) or "is the order of the leads right?"
        )


def _span_of_most(signal: FloatArray) -> float:
    """Return what the widest lead spans without the 1 % of its samples that are farthest out."""
    # An artefact is no wrong unit.
    low, high = np.percentile(signal, [0.5, 99.5], axis=1)
    return float((high - low).max())


def resampling_ratio(n_samples: int, sampling_rate: float, wanted: float) -> Fraction:
    """Return how many samples each of `n_samples` becomes at the rate that is wanted."""
    exact = Fraction(float(wanted)) / Fraction(float(sampling_rate))
    most = max(1, int(LONGEST_RATIO / max(Fraction(1), exact)))  # so that the numerator fits too
    limits = (min(10**digit, most) for digit in range(len(str(LONGEST_RATIO))))
    for ratio in map(exact.limit_denominator, limits):
        drift = n_samples * abs(ratio / exact - 1)
        if drift <= MOST_DRIFT and max(ratio.as_integer_ratio()) <= LONGEST_RATIO:
            return ratio
    raise ValueError(
        f"{n_samples} samples at {sampling_rate:.10g} Hz cannot be resampled to {wanted:.10g} Hz, "
        f"whose ratio takes whole numbers above {LONGEST_RATIO}; choose a rounder sampling_rate, "
        "nearer to that of the record, or crop the record"
    )


def _unexplained(limb: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """Return by how much each limb lead differs from what I and II say, in mV, root mean square."""
    return {
        name: float(np.sqrt(np.mean((samples - (of_i * limb["I"] + of_ii * limb["II"])) ** 2)))
        for name, samples in limb.items()
        for of_i, of_ii in [OF_I_AND_II[name]]
    }
