"""Masking 12-lead ECGs in self-supervised learning."""

from importlib.metadata import version

from ecgmask.collate import (
    FilledBatch,
    IJEPAMaskCollator,
    MaskCollator,
    MaskedBatch,
    PaddedBatch,
    PatchMaskCollator,
    gather_tokens,
)
from ecgmask.datasets import ECGArrayDataset, WFDBDataset
from ecgmask.ecg import ECG
from ecgmask.leads import LIMB_LEADS, STANDARD_LEADS
from ecgmask.readers import read_ecg, sample_ecg
from ecgmask.statistics import (
    BlockSummary,
    MaskStatistics,
    MaskSummary,
    describe,
    mask_statistics,
)
from ecgmask.strategies import (
    Beats,
    ContextToTarget,
    Forecast,
    InverseBlocks,
    Leads,
    MaskAndComplement,
    Masks,
    PerLead,
    RandomPatches,
    Spans,
    Strategy,
    UnionOfBlocks,
)
from ecgmask.synthetic import synthetic_ecg

__version__ = version("ecgmask")

__all__ = [
    "ECG",
    "LIMB_LEADS",
    "STANDARD_LEADS",
    "Beats",
    "BlockSummary",
    "ContextToTarget",
    "ECGArrayDataset",
    "FilledBatch",
    "Forecast",
    "IJEPAMaskCollator",
    "InverseBlocks",
    "Leads",
    "MaskAndComplement",
    "MaskCollator",
    "MaskStatistics",
    "MaskSummary",
    "MaskedBatch",
    "Masks",
    "PaddedBatch",
    "PatchMaskCollator",
    "PerLead",
    "RandomPatches",
    "Spans",
    "Strategy",
    "UnionOfBlocks",
    "WFDBDataset",
    "describe",
    "gather_tokens",
    "mask_statistics",
    "read_ecg",
    "sample_ecg",
    "synthetic_ecg",
]
