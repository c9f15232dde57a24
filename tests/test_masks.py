"""Masks: the boolean arrays that every strategy returns."""

import numpy as np
import pytest
import torch

from ecgmask import (
    ContextToTarget,
    MaskAndComplement,
    Masks,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    Strategy,
)
from ecgmask.strategies.masks import as_masks


def marked(*shape):
    return np.zeros(shape, dtype=bool)


def indices(rows):
    """Return the positions of ``True`` in every row, in ascending order; rows count alike."""
    flat = rows.reshape(len(rows), -1)
    return np.stack([np.flatnonzero(row) for row in flat])


@pytest.fixture
def masks():
    """Two records, two overlapping targets, four leads, six patches."""
    context, targets = marked(2, 4, 6), marked(2, 2, 4, 6)
    context[:, :, 0] = True
    targets[:, 0, :, 2:4] = True
    targets[:, 1, :, 3:5] = True
    return Masks(context, targets)


def test_sizes_are_those_of_the_arrays(masks):
    assert (masks.n_records, masks.n_targets, masks.n_leads, masks.n_patches) == (2, 2, 4, 6)


def test_union_holds_what_any_target_holds(masks):
    assert masks.target_union[1, 2].tolist() == [False, False, True, True, True, False]


@pytest.mark.parametrize("n_targets", [0, 1, 2])
def test_the_union_of_any_number_of_targets_is_where_one_of_them_is(masks, n_targets):
    some = Masks(masks.context, masks.targets[:, :n_targets])
    assert np.array_equal(some.target_union, some.targets.any(axis=1))


def test_ignored_is_what_is_neither_context_nor_target(masks):
    assert masks.ignored[1, 2].tolist() == [False, True, False, False, False, True]


def test_indexing_gives_the_masks_of_one_record(rng):
    masks = ContextToTarget().draw(5, 200, rng)
    for record in (0, 3, 4, -1, -5):
        one = masks[record]
        assert one.n_records == 1
        assert np.array_equal(one.context[0], masks.context[record])
        assert np.array_equal(one.targets[0], masks.targets[record])


@pytest.mark.parametrize("record", [2, -3, 100])
def test_a_record_that_is_not_there_is_an_index_error(masks, record):
    with pytest.raises(IndexError, match=rf"record {record} is not among the 2 record\(s\)"):
        masks[record]


def test_a_loop_over_masks_visits_each_record_once(masks):
    assert [one.n_records for one in masks] == [1, 1]


@pytest.mark.parametrize(
    ("context", "targets", "error", "message"),
    [
        (
            np.zeros((1, 1, 5)),
            marked(1, 1, 1, 5),
            TypeError,
            "context must be a boolean .* float64",
        ),
        (
            marked(1, 1, 5),
            np.zeros((1, 1, 1, 5), int),
            TypeError,
            "targets must be a boolean .*int",
        ),
        ([[[True]]], marked(1, 1, 1, 1), TypeError, "context must be a boolean .* not list"),
        (torch.zeros(1, 1, 5), marked(1, 1, 1, 5), TypeError, "turn index tensors into masks with"),
        (marked(1, 5), marked(1, 1, 1, 5), ValueError, r"axes \(record, lead, patch\), not .*1, 5"),
        (marked(1, 1, 5), marked(1, 1, 5), ValueError, r"\(record, target, lead, patch\), not"),
        (marked(1, 1, 5), marked(2, 1, 1, 5), ValueError, "must agree in records, leads and patch"),
        (marked(1, 1, 5), marked(1, 1, 3, 5), ValueError, "must agree in records, leads and patch"),
        (marked(1, 1, 5), marked(1, 1, 1, 6), ValueError, "must agree in records, leads and patch"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(context, targets, error, message):
    with pytest.raises(error, match=message):
        Masks(context, targets)


def test_a_context_that_contains_a_target_is_refused_with_its_place():
    context, targets = marked(2, 3, 5), marked(2, 2, 3, 5)
    context[1, 2, 4] = targets[1, 1, 2, 4] = True
    with pytest.raises(ValueError, match="patch 4 of record 1, lead row 2, is context and target"):
        Masks(context, targets)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor, np.ndarray.tolist])
def test_indices_of_shared_masks_give_the_masks_back(rng, convert):
    masks = MaskAndComplement().draw(6, 200, rng)
    context, target = indices(masks.context), indices(masks.targets)
    for targets in (convert(target), [convert(target)]):
        back = Masks.from_indices(convert(context), targets, n_patches=200)
        assert np.array_equal(back.context, masks.context)
        assert np.array_equal(back.targets, masks.targets)


def test_indices_of_several_targets_give_the_masks_back(rng):
    masks = ContextToTarget(min_keep=1).draw(1, 200, rng)
    targets = [torch.as_tensor(indices(masks.targets[:, block])) for block in range(4)]
    back = Masks.from_indices([torch.as_tensor(indices(masks.context))], targets, n_patches=200)
    assert np.array_equal(back.context, masks.context)
    assert np.array_equal(back.targets, masks.targets)


def test_lead_major_indices_give_per_lead_masks_back(rng):
    masks = PerLead(MaskAndComplement(), n_leads=3).draw(4, 200, rng)
    back = Masks.from_indices(
        indices(masks.context), indices(masks.targets), n_patches=200, n_leads=3
    )
    assert np.array_equal(back.context, masks.context)
    assert np.array_equal(back.targets, masks.targets)


def test_the_order_of_indices_does_not_matter():
    back = Masks.from_indices([[3, 0, 1]], [[4, 2]], n_patches=5)
    assert back.context.tolist() == [[[True, True, False, True, False]]]


@pytest.mark.parametrize(
    ("context", "targets", "n_patches", "error", "message"),
    [
        ([[0, 5]], [[1]], 5, ValueError, "context holds index 5, but 1 lead row.* 0 to 4; give"),
        ([[-1]], [[1]], 5, ValueError, "context holds index -1, but"),
        ([[0]], [[1, 7]], 5, ValueError, "targets holds index 7, but"),
        ([[0.0]], [[1]], 5, TypeError, "context must hold whole-number indices, not float64"),
        ([0, 1], [[2]], 5, ValueError, r"context must hold indices of shape .* not \(2,\)"),
        ([[0], [1]], [[2]], 5, ValueError, r"same number of records, not \[2, 1\]"),
        ([[[0]], [[1]]], [[2]], 5, ValueError, "one context and at least one target block, not 2"),
        ([[0]], [[0]], 5, ValueError, "patch 0 of record 0, lead row 0, is context and target"),
        ([[True, False]], [[2]], 5, TypeError, "context must hold whole-number indices, not bool"),
    ],
)
def test_bad_indices_are_refused(context, targets, n_patches, error, message):
    with pytest.raises(error, match=message):
        Masks.from_indices(context, targets, n_patches=n_patches)


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ({"n_patches": 0}, ValueError, "n_patches must be at least 1, not 0"),
        ({"n_patches": 5.0}, TypeError, r"n_patches must be a whole number, not 5\.0"),
        ({"n_patches": 5, "n_leads": 0}, ValueError, "n_leads must be at least 1, not 0"),
    ],
)
def test_sizes_that_are_no_counts_are_refused(sizes, error, message):
    with pytest.raises(error, match=message):
        Masks.from_indices([[0]], [[1]], **sizes)


def test_repr_says_what_the_masks_are(rng):
    assert repr(ContextToTarget().draw(2, 200, rng)) == (
        "<Masks: 2 record(s), 4 target(s), shared by all leads, 200 patches>"
    )
    assert "12 leads" in repr(PerLead(MaskAndComplement()).draw(2, 200, rng))


def test_a_strategy_without_a_draw_cannot_be_made():
    class NoDraw(Strategy):
        pass

    with pytest.raises(TypeError, match="abstract"):
        NoDraw()


def test_strategies_with_other_parameters_are_not_equal():
    assert MaskAndComplement(8) != MaskAndComplement(9)
    assert PerLead(MaskAndComplement()) != MaskAndComplement()


# What a collator returned


def collated(strategy, **options):
    collate = PatchMaskCollator(strategy, 5, **options)
    return collate([(torch.zeros(12, 200), 200)] * 3)


def test_a_number_of_patches_that_contradicts_the_padding_is_refused():
    batch = collated(RandomPatches(0.5), lengths_key=1)
    assert as_masks(batch).n_patches == 40
    with pytest.raises(ValueError, match="has 40 patches, not n_patches=80; leave it out"):
        as_masks(batch, 80)


def test_shared_masks_that_are_said_to_be_of_twelve_leads_are_refused():
    shared, per_lead = collated(RandomPatches(0.5)), collated(PerLead(RandomPatches(0.5)))
    assert as_masks(per_lead, 40, 12).n_leads == 12
    with pytest.raises(ValueError, match="first of 12 leads only, as those of shared"):
        as_masks(shared, 40, 12)
