"""Masking strategies: numbers in, boolean arrays out."""

from ecgmask.strategies.beats import Beats
from ecgmask.strategies.both import Both
from ecgmask.strategies.context_to_target import ContextToTarget
from ecgmask.strategies.forecast import Forecast
from ecgmask.strategies.geometric_runs import GeometricRuns
from ecgmask.strategies.inverse_blocks import InverseBlocks
from ecgmask.strategies.lead_blocks import LeadBlocks
from ecgmask.strategies.leads import Leads
from ecgmask.strategies.mask_and_complement import MaskAndComplement
from ecgmask.strategies.masks import Masks, Strategy
from ecgmask.strategies.per_batch import PerBatch
from ecgmask.strategies.per_lead import PerLead
from ecgmask.strategies.random_patches import RandomPatches
from ecgmask.strategies.random_tokens import RandomTokens
from ecgmask.strategies.spans import Spans
from ecgmask.strategies.union_of_blocks import UnionOfBlocks

# In the order of the site, which lists what is here, and so do the package and the tests.
__all__ = [  # noqa: RUF022
    "Masks",
    "Strategy",
    "MaskAndComplement",
    "ContextToTarget",
    "RandomPatches",
    "UnionOfBlocks",
    "Spans",
    "InverseBlocks",
    "Forecast",
    "PerLead",
    "Leads",
    "Beats",
    "GeometricRuns",
    "RandomTokens",
    "LeadBlocks",
    "Both",
    "PerBatch",
]
