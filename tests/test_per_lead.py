"""PerLead: the inner strategy, drawn for every lead on its own."""

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_means

from ecgmask import ContextToTarget, MaskAndComplement, Masks, PerLead
from ecgmask.statistics import find_runs


class OneRun:
    """A user's strategy: one target block, a fifth of the record."""

    def draw(self, n_records, n_patches, rng, **_):
        start = rng.integers(n_patches - n_patches // 5 + 1, size=(n_records, 1, 1))
        offset = np.arange(n_patches) - start
        target = (0 <= offset) & (offset < n_patches // 5)
        return Masks(~target, target[:, None])


def test_masks_have_a_row_for_each_lead(rng):
    masks = PerLead(ContextToTarget(num_pred_blocks=3), n_leads=5).draw(4, 200, rng)
    assert masks.context.shape == (4, 5, 200)
    assert masks.targets.shape == (4, 3, 5, 200)


def test_twelve_leads_unless_told_otherwise(rng):
    assert PerLead(MaskAndComplement()).draw(2, 200, rng).n_leads == 12


def test_every_lead_keeps_as_many_patches_as_every_other(rng):
    context = PerLead(MaskAndComplement()).draw(16, 200, rng).context
    assert np.ptp(context.sum(axis=-1)) == 0


def test_every_lead_follows_the_law_of_the_inner_strategy(rng):
    strategy = PerLead(MaskAndComplement(3, 0.4, 0.4), n_leads=3)
    context = strategy.draw(20_000, 10, rng).context
    law = laws.mask_and_complement(10, 4, 3)
    for lead in range(3):
        rows = np.where(context[:, lead], ".", "#")
        assert_follows(["".join(row) for row in rows], law)


def test_leads_of_a_record_are_independent(rng):
    context = PerLead(MaskAndComplement(2, 0.5, 0.5), n_leads=3).draw(30_000, 6, rng).context
    deviation = context - context.mean(axis=0)
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert_means(deviation[:, one] * deviation[:, other], np.zeros(6))


def test_leads_of_a_record_differ(rng):
    context = PerLead(MaskAndComplement()).draw(20, 200, rng).context
    assert all(len(np.unique(record, axis=0)) > 6 for record in context)


def test_targets_stay_with_the_lead_whose_context_was_cut(rng):
    masks = PerLead(ContextToTarget()).draw(50, 200, rng)
    assert not (masks.context & masks.target_union).any()
    runs = [find_runs(row) for row in masks.targets.reshape(-1, 200)]
    assert {len(run) for run in runs} == {1}


def test_any_strategy_of_shared_masks_can_be_drawn_per_lead(rng):
    masks = PerLead(OneRun(), n_leads=4).draw(50, 40, rng)
    assert (masks.targets.sum(axis=-1) == 8).all()
    assert (masks.context == ~masks.target_union).all()
    assert len(np.unique(masks.context.reshape(-1, 40), axis=0)) > 20


@pytest.mark.parametrize(
    ("strategy", "n_leads", "error", "message"),
    [
        (MaskAndComplement, 12, TypeError, "strategy must be an object with a draw method"),
        ("MaskAndComplement", 12, TypeError, "strategy must be an object with a draw method"),
        (PerLead(MaskAndComplement()), 12, TypeError, "strategy is PerLead already"),
        (MaskAndComplement(), 0, ValueError, "n_leads must be at least 1, not 0"),
        (MaskAndComplement(), 12.0, TypeError, r"n_leads must be a whole number, not 12\.0"),
    ],
)
def test_bad_parameters_are_refused_at_construction(strategy, n_leads, error, message):
    with pytest.raises(error, match=message):
        PerLead(strategy, n_leads)


def test_a_strategy_that_draws_leads_itself_is_refused(rng):
    class TwoLeads:
        def draw(self, n_records, n_patches, rng, **_):  # noqa: ARG002
            context = np.zeros((n_records, 2, n_patches), dtype=bool)
            return Masks(context, ~context[:, None])

    with pytest.raises(ValueError, match=r"strategy must draw shared masks, but .* draws 2 lead"):
        PerLead(TwoLeads()).draw(2, 20, rng)


def test_what_the_inner_strategy_refuses_is_refused(rng):
    with pytest.raises(ValueError, match="min_keep=10 context patches cannot be kept"):
        PerLead(ContextToTarget()).draw(2, 8, rng)
