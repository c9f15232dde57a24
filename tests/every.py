"""Every strategy that the package exports, with all settings that have a name."""

import numpy as np

import ecgmask
from ecgmask import LIMB_LEADS, Leads, PerBatch, PerLead, strategies

FAMILIES = [vars(ecgmask)[name] for name in strategies.__all__ if name not in ("Masks", "Strategy")]
PRESETS = {
    family: [eval(code, vars(ecgmask).copy()) for code in family.presets.values()]
    for family in FAMILIES
}
R_PEAKS = np.arange(8.0, 200.0, 17.5)  # patches of 50 ms at 69 beats a minute


def draw(strategy, n_records, n_patches, rng, **options):
    """Draw masks, with R peaks where they are needed."""
    if strategy.needs_r_peaks:
        options["r_peaks"] = [R_PEAKS[R_PEAKS < n_patches]] * n_records
    return strategy.draw(n_records, n_patches, rng, **options)


def rows_of(strategy):
    """Return the number of lead rows that a strategy draws."""
    return draw(strategy, 1, 200, np.random.default_rng(0)).n_leads


def is_random(strategy):
    """Return whether two seeds draw different masks."""
    one, other = (draw(strategy, 6, 200, np.random.default_rng(seed)) for seed in (0, 1))
    return not np.array_equal(one.context, other.context)


def per_lead(strategy):
    """Return the strategy that draws the same for every lead on its own."""
    if isinstance(strategy, PerBatch):
        return PerBatch(PerLead(strategy.strategy))
    return PerLead(strategy)


FIRST = [presets[0] for presets in PRESETS.values()]
EVERY = list(
    dict.fromkeys(
        [
            *(strategy for presets in PRESETS.values() for strategy in presets),
            *(per_lead(strategy) for strategy in FIRST if rows_of(strategy) == 1),
            Leads(3),
            Leads(2, keep=("II",), groups=(LIMB_LEADS[::2],)),
        ]
    )
)
