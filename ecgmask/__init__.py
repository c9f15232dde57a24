"""Masking 12-lead ECGs in self-supervised learning."""

from importlib.metadata import version

from ecgmask import strategies
from ecgmask.batches import NumberedBatches, NumberedRecords
from ecgmask.collate import (
    FilledBatch,
    IJEPAMaskCollator,
    MaskCollator,
    MaskedBatch,
    PaddedBatch,
    PatchMaskCollator,
    gather_tokens,
    mark_tokens,
)
from ecgmask.datasets import ECGArrayDataset, WFDBDataset
from ecgmask.ecg import ECG
from ecgmask.leads import LIMB_LEADS, STANDARD_LEADS
from ecgmask.readers import read_ecg, sample_ecg
from ecgmask.stacks import write_stack
from ecgmask.statistics import (
    BlockSummary,
    MaskStatistics,
    MaskSummary,
    StrategyComparison,
    compare_strategies,
    describe,
    mask_statistics,
)
from ecgmask.strategies import *  # noqa: F403
from ecgmask.synthetic import SyntheticPopulation, synthetic_ecg, synthetic_population

__version__ = version("ecgmask")

__all__ = [
    "ECG",
    "LIMB_LEADS",
    "STANDARD_LEADS",
    "BlockSummary",
    "ECGArrayDataset",
    "FilledBatch",
    "IJEPAMaskCollator",
    "MaskCollator",
    "MaskStatistics",
    "MaskSummary",
    "MaskedBatch",
    "NumberedBatches",
    "NumberedRecords",
    "PaddedBatch",
    "PatchMaskCollator",
    "StrategyComparison",
    "SyntheticPopulation",
    "WFDBDataset",
    "compare_strategies",
    "describe",
    "gather_tokens",
    "mark_tokens",
    "mask_statistics",
    "read_ecg",
    "sample_ecg",
    "synthetic_ecg",
    "synthetic_population",
    "write_stack",
]
__all__ += strategies.__all__
