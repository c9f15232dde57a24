"""The ECG record, and the real ECG that the documentation shows."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ecgmask.strategies import STANDARD_LEADS

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class ECG:
    """One ECG record: its samples, lead names and sampling rate, and nothing about the patient.

    Parameters
    ----------
    signal
        ``(n_leads, n_samples)``, in mV. Kept as float32.
    sampling_rate
        Samples per second, in Hz, above 0.
    leads
        Names of the leads, as many as the signal has, none twice.

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
    >>> np.asarray(ecg).shape
    (12, 5000)
    """

    signal: FloatArray
    sampling_rate: float
    leads: tuple[str, ...] = STANDARD_LEADS

    def __post_init__(self) -> None:
        signal = np.asarray(self.signal, dtype=np.float32)
        if signal.ndim != 2 or not signal.size:
            raise ValueError(f"signal must have the shape (n_leads, n_samples), not {signal.shape}")
        if not np.isfinite(signal).all():
            raise ValueError("signal has samples that are NaN or infinite; repair or crop it")
        leads = tuple(self.leads)
        if len(leads) != len(signal):
            raise ValueError(
                f"signal has {len(signal)} leads but {len(leads)} lead names; "
                "is it (n_leads, n_samples)? Transpose it, or pass leads="
            )
        if len(set(leads)) != len(leads):
            raise ValueError(f"lead names must differ, but are {', '.join(leads)}")
        if isinstance(self.sampling_rate, bool) or not isinstance(self.sampling_rate, Real):
            raise TypeError(f"sampling_rate must be a number in Hz, not {self.sampling_rate!r}")
        if not 0 < self.sampling_rate < np.inf:
            raise ValueError(f"sampling_rate must be positive, in Hz, not {self.sampling_rate}")
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "leads", leads)

    def __repr__(self) -> str:
        n_leads, n_samples = self.signal.shape
        return (
            f"<ECG: {n_leads} leads x {n_samples} samples, {self.sampling_rate:g} Hz, "
            f"{self.duration:.1f} s>"
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


def sample_ecg() -> ECG:
    """Return the real ECG that this documentation shows: 12 leads, 10 s, 500 Hz, in mV.

    A resting ECG in sinus rhythm at 61 beats per minute, recorded at 1000 Hz and anonymised,
    which ships with pydicom: nothing is downloaded. It is a recording, flaws included: two
    electrode artefacts of the left leg, at 3.5 to 3.8 s and 9.4 to 9.8 s, show in II, III and
    aVF. Only samples, lead names and the sampling rate are read.

    Returns
    -------
    ECG
        The signal ``(12, 5000)``, float32, in mV: 200 patches of 25 samples.

    Examples
    --------
    >>> from ecgmask import sample_ecg
    >>> ecg = sample_ecg()
    >>> ecg.signal.shape, ecg.leads[:3]
    ((12, 5000), ('I', 'II', 'III'))
    """
    # Imported here because they take longer to import than all else, and training needs neither.
    import pydicom
    import pydicom.examples
    from scipy.signal import resample_poly

    dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
    rhythm = dataset.WaveformSequence[0]
    microvolt = dataset.waveform_array(0)
    names = [
        channel.ChannelSourceSequence[0].CodeMeaning.removeprefix("Lead ").split(" ")[0]
        for channel in rhythm.ChannelDefinitionSequence
    ]
    rate = float(rhythm.SamplingFrequency)
    # "line" keeps the two ends level: the edge error is 6 microvolt, against 29 by default.
    resampled = resample_poly(microvolt, 500, round(rate), axis=0, padtype="line")
    rows = [names.index(lead) for lead in STANDARD_LEADS]
    return ECG((resampled.T[rows] / 1000).astype(np.float32), sampling_rate=500)
