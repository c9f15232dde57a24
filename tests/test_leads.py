"""Leads: whole leads are the target, never all of them and never none."""

from fractions import Fraction
from itertools import combinations
from math import comb

import laws
import numpy as np
import pytest
from goodness import assert_follows, assert_uniform

from ecgmask import LIMB_LEADS, STANDARD_LEADS, Leads

CHEST_LEADS = STANDARD_LEADS[6:]
FOUR = ("I", "II", "V1", "V5")


def masked_leads(masks, leads=STANDARD_LEADS):
    """Return the set of masked leads of every record."""
    rows = masks.targets[:, 0, :, 0]
    return [frozenset(np.array(leads)[row].tolist()) for row in rows]


def sets_of(units, count):
    """Return the sets of leads of all choices of so many units."""
    return [frozenset(sum(chosen, ())) for chosen in combinations(units, count)]


@pytest.mark.parametrize(
    "strategy",
    [Leads(3), Leads.oh(), Leads(2, groups=(LIMB_LEADS,)), Leads(probability=0.2, keep=("II",))],
    ids=repr,
)
@pytest.mark.parametrize("n_patches", [1, 2, 200])
def test_a_lead_is_context_or_target_for_the_whole_record(rng, strategy, n_patches):
    masks = strategy.draw(50, n_patches, rng)
    assert masks.context.shape == (50, 12, n_patches)
    assert masks.targets.shape == (50, 1, 12, n_patches)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    assert (masks.targets == masks.targets[..., :1]).all()


def test_masks_have_a_row_for_each_named_lead(rng):
    assert Leads(1, leads=FOUR).draw(3, 10, rng).context.shape == (3, 4, 10)


@pytest.mark.parametrize("n_masked", [1, 2, 3])
def test_every_set_of_leads_is_equally_likely(rng, n_masked):
    drawn = masked_leads(Leads(n_masked, leads=FOUR).draw(20_000, 2, rng), FOUR)
    assert_uniform(drawn, sets_of([(lead,) for lead in FOUR], n_masked))


def test_every_set_of_three_of_twelve_leads_is_equally_likely(rng):
    drawn = masked_leads(Leads(n_masked=3).draw(20_000, 1, rng))
    assert_uniform(drawn, sets_of([(lead,) for lead in STANDARD_LEADS], 3))


@pytest.mark.parametrize("probability", ["0.3", "0.5", "0.9"])
def test_leads_are_masked_independently_given_some_masked_and_some_visible(rng, probability):
    strategy = Leads(probability=float(probability), leads=FOUR)
    law = {
        frozenset(FOUR[unit] for unit in units): p
        for units, p in laws.masked_units(4, 3, Fraction(probability)).items()
    }
    assert_follows(masked_leads(strategy.draw(30_000, 2, rng), FOUR), law)


def test_all_other_leads_may_be_masked_where_some_are_kept(rng):
    strategy = Leads(probability=0.6, keep=("II",), leads=FOUR)
    free = ("I", "V1", "V5")
    law = {
        frozenset(free[unit] for unit in units): p
        for units, p in laws.masked_units(3, 3, Fraction("0.6")).items()
    }
    assert_follows(masked_leads(strategy.draw(30_000, 2, rng), FOUR), law)


def test_the_number_of_masked_leads_is_binomial_without_none_and_all(rng):
    drawn = masked_leads(Leads.oh().draw(30_000, 1, rng))
    law = {count: Fraction(comb(12, count), 2**12 - 2) for count in range(1, 12)}
    assert_follows(map(len, drawn), law)


@pytest.mark.parametrize("probability", [1e-9, 0.001, 0.5, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("groups", [(), (LIMB_LEADS,), (LIMB_LEADS, CHEST_LEADS)])
def test_never_are_all_leads_masked_nor_none(rng, probability, groups):
    masked = Leads(probability=probability, groups=groups).draw(2000, 1, rng).targets[:, 0, :, 0]
    assert masked.any(axis=1).all()
    assert not masked.all(axis=1).any()


def test_leads_of_a_group_are_masked_together_and_count_as_one(rng):
    strategy = Leads(1, groups=(LIMB_LEADS,))
    assert_uniform(
        masked_leads(strategy.draw(10_000, 1, rng)),
        [frozenset(LIMB_LEADS), *sets_of([(lead,) for lead in CHEST_LEADS], 1)],
    )


def test_every_set_of_groups_and_leads_is_equally_likely(rng):
    groups = (("V6", "V1"), ("I", "V3"))  # in no order, and not side by side
    alone = [(lead,) for lead in STANDARD_LEADS if lead not in sum(groups, ())]
    drawn = masked_leads(Leads(2, groups=groups).draw(20_000, 1, rng))
    assert_uniform(drawn, sets_of([*groups, *alone], 2))


def test_groups_are_masked_independently_given_some_masked_and_some_visible(rng):
    groups = (("I", "V1"),)
    strategy = Leads(probability=0.7, groups=groups, keep=("V5",), leads=FOUR)
    units = [("I", "V1"), ("II",)]
    law = {
        frozenset(sum((units[unit] for unit in chosen), ())): p
        for chosen, p in laws.masked_units(2, 2, Fraction("0.7")).items()
    }
    assert_follows(masked_leads(strategy.draw(20_000, 1, rng), FOUR), law)


def test_masked_limb_leads_do_not_follow_from_visible_ones(rng):
    masked = Leads(probability=0.5, groups=(LIMB_LEADS,)).draw(2000, 1, rng).targets[:, 0, :, 0]
    limb = masked[:, :6]
    assert (limb.all(axis=1) | ~limb.any(axis=1)).all()
    assert limb.any()
    assert not limb.all()


@pytest.mark.parametrize(
    "strategy",
    [
        Leads(10, keep=("II", "V5")),
        Leads(probability=0.99, keep=("II", "V5")),
        Leads(1, groups=(("I", "III"),), keep=("II", "V5")),
    ],
    ids=repr,
)
def test_a_lead_that_is_kept_is_never_masked(rng, strategy):
    masked = strategy.draw(3000, 1, rng).targets[:, 0, :, 0].any(axis=0)
    kept = np.isin(STANDARD_LEADS, ("II", "V5"))
    assert not masked[kept].any()
    assert masked[~kept].all()


def test_all_leads_that_are_not_kept_can_be_masked(rng):
    drawn = masked_leads(Leads(10, keep=("II", "V5")).draw(20, 1, rng))
    assert set(drawn) == {frozenset(STANDARD_LEADS) - {"II", "V5"}}


def test_only_a_fixed_number_of_single_leads_keeps_equal_counts():
    assert Leads(3).equal_counts
    assert Leads(3, keep=("II",)).equal_counts
    assert not Leads(3, groups=(LIMB_LEADS,)).equal_counts
    assert not Leads.oh().equal_counts


def test_a_preset_has_the_published_probability_or_number():
    assert Leads.oh() == Leads(probability=0.5)
    assert Leads.mlae() == Leads(n_masked=12 - 3)


def test_names_may_be_lists_as_configuration_files_give_them():
    lists = Leads(1, keep=["V1"], groups=[["I", "II"]], leads=list(STANDARD_LEADS))
    tuples = Leads(1, keep=("V1",), groups=(("I", "II"),))
    assert lists == tuples
    assert hash(lists) == hash(tuples)


def test_repr_leaves_out_what_is_not_given():
    assert repr(Leads(2)) == "Leads(n_masked=2)"
    assert repr(Leads(probability=0.5, keep=("II",))) == "Leads(probability=0.5, keep=('II',))"


def test_names_of_leads_are_those_of_an_ecg(ecg):
    assert tuple(ecg.leads) == STANDARD_LEADS


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({}, ValueError, "give either n_masked or probability, not both or neither"),
        ({"n_masked": 1, "probability": 0.5}, ValueError, "give either n_masked or probability"),
        ({"n_masked": 0}, ValueError, "n_masked must be at least 1, not 0"),
        ({"n_masked": 1.0}, TypeError, r"n_masked must be a whole number, not 1\.0"),
        ({"n_masked": 12}, ValueError, "n_masked=12 of 12 leads and groups .* no lead visible"),
        ({"n_masked": 12, "keep": ("I",)}, ValueError, "n_masked=12 of 11 leads and groups"),
        ({"n_masked": 7, "groups": (LIMB_LEADS,)}, ValueError, "n_masked=7 of 7 leads and groups"),
        ({"n_masked": 1, "groups": (STANDARD_LEADS,)}, ValueError, "n_masked=1 of 1 leads and"),
        ({"n_masked": 1, "keep": STANDARD_LEADS}, ValueError, "n_masked=1 of 0 leads and groups"),
        ({"probability": 0.5, "keep": STANDARD_LEADS}, ValueError, "some leads have to be free"),
        ({"probability": 0.5, "groups": (STANDARD_LEADS,)}, ValueError, "some to stay visible"),
        ({"probability": 0}, ValueError, "probability must be above 0 and below 1, not 0"),
        ({"probability": 1.0}, ValueError, r"probability must be above 0 and below 1, not 1\.0"),
        ({"probability": -0.5}, ValueError, r"probability must be in \[0, 1\], not -0.5"),
        ({"probability": float("nan")}, ValueError, r"probability must be in .* not nan"),
        ({"probability": "0.5"}, TypeError, "probability must be a number"),
        ({"n_masked": 1, "keep": ("V7",)}, ValueError, "lead 'V7' is not among I, II, III"),
        ({"n_masked": 1, "groups": (("I", "x"),)}, ValueError, "lead 'x' is not among I, II"),
        ({"n_masked": 1, "keep": "II"}, TypeError, "keep must be .* not the string 'II'"),
        ({"n_masked": 1, "groups": LIMB_LEADS}, TypeError, "groups must be .* not the string 'I'"),
        ({"n_masked": 1, "leads": "I"}, TypeError, "leads must be .* not the string 'I'"),
        ({"n_masked": 1, "groups": (("I", "II"), ("II", "V1"))}, ValueError, "one group only"),
        ({"n_masked": 1, "groups": (("I", "I"),)}, ValueError, "a lead may be in one group only"),
        ({"n_masked": 1, "groups": (("I", "II"),), "keep": ("I",)}, ValueError, "not in keep as"),
        # Two leads of one name would be masked together, though they are two units.
        ({"n_masked": 1, "leads": ("I", "I")}, ValueError, "leads|twice"),
        # A group of no leads is a unit that masks nothing.
        ({"n_masked": 1, "groups": ((),)}, ValueError, "group"),
        ({"n_masked": 1, "leads": ()}, ValueError, "lead"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        Leads(**parameters)
