"""Masking 12-lead ECGs in self-supervised learning."""

from importlib.metadata import version

from ecgmask.collate import IJEPAMaskCollator, MaskCollator, MaskedBatch, PatchMaskCollator
from ecgmask.ecg import ECG, STANDARD_LEADS, sample_ecg
from ecgmask.statistics import BlockSummary, MaskSummary, describe
from ecgmask.strategies import ContextToTarget, MaskAndComplement, Masks, PerLead, Strategy

__version__ = version("ecgmask")

__all__ = [
    "ECG",
    "STANDARD_LEADS",
    "BlockSummary",
    "ContextToTarget",
    "IJEPAMaskCollator",
    "MaskAndComplement",
    "MaskCollator",
    "MaskSummary",
    "MaskedBatch",
    "Masks",
    "PatchMaskCollator",
    "PerLead",
    "Strategy",
    "describe",
    "sample_ecg",
]
