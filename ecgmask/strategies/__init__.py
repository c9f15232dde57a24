"""Masking strategies: numbers in, boolean arrays out."""

from ecgmask.strategies.beats import Beats
from ecgmask.strategies.context_to_target import ContextToTarget
from ecgmask.strategies.forecast import Forecast
from ecgmask.strategies.inverse_blocks import InverseBlocks
from ecgmask.strategies.leads import Leads
from ecgmask.strategies.mask_and_complement import MaskAndComplement
from ecgmask.strategies.masks import Masks, Strategy
from ecgmask.strategies.per_lead import PerLead
from ecgmask.strategies.random_patches import RandomPatches
from ecgmask.strategies.spans import Spans
from ecgmask.strategies.union_of_blocks import UnionOfBlocks

__all__ = [
    "Beats",
    "ContextToTarget",
    "Forecast",
    "InverseBlocks",
    "Leads",
    "MaskAndComplement",
    "Masks",
    "PerLead",
    "RandomPatches",
    "Spans",
    "Strategy",
    "UnionOfBlocks",
]
