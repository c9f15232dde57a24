"""The exact laws are themselves right: sums, and cases small enough to work out by hand."""

from fractions import Fraction

import laws
import pytest
from goodness import assert_another_law, assert_follows, assert_same_law


@pytest.mark.parametrize(
    ("n_patches", "n_keep", "min_block_size"), [(7, 2, 1), (8, 3, 2), (9, 1, 4), (12, 6, 3)]
)
def test_the_mask_and_complement_law_sums_to_one_on_the_right_counts(
    n_patches, n_keep, min_block_size
):
    law = laws.mask_and_complement(n_patches, n_keep, min_block_size)
    assert sum(law.values()) == 1
    assert {strip.count(".") for strip in law} == {n_keep}


def test_two_single_blocks_of_four_patches_are_worked_out_by_hand():
    # A block of two (half of the time, three places), or two of one (all six pairs alike).
    neighbours, apart = Fraction(1, 2 * 3) + Fraction(1, 2 * 6), Fraction(1, 2 * 6)
    assert laws.mask_and_complement(4, n_keep=2, min_block_size=1) == {
        "##..": neighbours, ".##.": neighbours, "..##": neighbours,
        "#.#.": apart, "#..#": apart, ".#.#": apart,
    }  # fmt: skip


def test_a_remainder_attached_to_a_block_is_worked_out_by_hand():
    # Two of five stay visible, blocks of two: a block of three has three places (half of the
    # time); a block of two has four, and its neighbour takes the one that is left:
    # "##..." -> "###..", "...##" -> "..###", ".##.." -> "###.." (1/3) or ".###." (2/3),
    # "..##." -> "..###" (1/3) or ".###." (2/3).
    end = Fraction(1, 6) + Fraction(1, 8) * (1 + Fraction(1, 3))
    middle = Fraction(1, 6) + Fraction(1, 8) * 2 * Fraction(2, 3)
    assert laws.mask_and_complement(5, n_keep=2, min_block_size=2) == {
        "###..": end, ".###.": middle, "..###": end,
    }  # fmt: skip


@pytest.mark.parametrize("law", [laws.kept_counts, laws.block_lengths])
@pytest.mark.parametrize("n_patches", [1, 3, 7, 200, 333])
def test_size_laws_sum_to_one(law, n_patches):
    assert sum(law(n_patches, "0.15", "0.25").values()) == 1


def test_sizes_of_two_hundred_patches_are_worked_out_by_hand():
    assert laws.kept_counts(200, "0.15", "0.25") == dict.fromkeys(range(31, 51), Fraction(1, 20))
    assert laws.block_lengths(200, "0.15", "0.2") == dict.fromkeys(range(30, 40), Fraction(1, 10))
    assert laws.kept_counts(200, "0.15", "0.15") == {30: 1}


def test_sizes_between_whole_numbers_are_worked_out_by_hand():
    # 0.1 to 0.3 of 15 patches: 1.5 to 4.5.
    third, sixth = Fraction(1, 3), Fraction(1, 6)
    assert laws.kept_counts(15, "0.1", "0.3") == {2: sixth, 3: third, 4: third, 5: sixth}
    assert laws.block_lengths(15, "0.1", "0.3") == {1: sixth, 2: third, 3: third, 4: sixth}


def test_a_block_of_two_of_four_patches_covers_the_middle_twice_as_often_as_the_ends():
    assert laws.cover(4, 2) == [Fraction(1, 3), Fraction(2, 3), Fraction(2, 3), Fraction(1, 3)]


def test_cover_probabilities_sum_to_the_length_of_the_block():
    assert sum(laws.cover(200, 35)) == 35


def test_two_blocks_of_two_of_four_patches_miss_each_other_in_two_of_nine_layouts():
    assert laws.overlap(4, 2) == Fraction(7, 9)


def test_context_to_target_layouts_of_three_patches_are_worked_out_by_hand():
    # A context block of two and a target of one: the target misses the block, or takes one end.
    assert laws.context_to_target(3, 2, 1, n_targets=1, min_keep=2) == {
        ("##.", "..#"): Fraction(1, 2),
        (".##", "#.."): Fraction(1, 2),
    }
    assert len(laws.context_to_target(3, 2, 1, n_targets=1, min_keep=1)) == 6


def test_marginals_are_those_of_the_enumerated_layouts():
    law = laws.context_to_target(7, 5, 2, n_targets=2, min_keep=0)
    union, context = [0.0] * 7, [0.0] * 7
    for (visible, *targets), probability in law.items():
        for patch in range(7):
            union[patch] += float(probability) * any(t[patch] == "#" for t in targets)
            context[patch] += float(probability) * (visible[patch] == "#")
    one = Fraction(1)
    assert laws.union_marginal(7, 2, {2: one}) == pytest.approx(union)
    assert laws.context_marginal(7, 2, {2: one}, {5: one}) == pytest.approx(context)


def test_the_chi_squared_test_notices_a_loaded_coin():
    fair = {"heads": 0.5, "tails": 0.5}
    assert_follows(["heads"] * 1000 + ["tails"] * 1050, fair)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_follows(["heads"] * 1000 + ["tails"] * 1500, fair)


def test_the_chi_squared_test_notices_an_impossible_outcome():
    with pytest.raises(AssertionError, match="'edge' was drawn, but is impossible"):
        assert_follows(["heads"] * 1000 + ["edge"], {"heads": 1.0})


@pytest.mark.parametrize(("one", "other"), [(2000, 2280), (40, 120), (0, 40)])
def test_two_samples_of_two_laws_are_told_apart(one, other):
    samples = [["#"] * count + ["."] * (4000 - count) for count in (one, other)]
    assert_another_law(*samples)
    with pytest.raises(AssertionError, match="two laws: p = "):
        assert_same_law(*samples)


@pytest.mark.parametrize(("one", "other"), [(2000, 2100), (40, 60), (0, 10), (0, 0)])
def test_two_samples_of_one_law_are_not(one, other):
    samples = [["#"] * count + ["."] * (4000 - count) for count in (one, other)]
    assert_same_law(*samples)
    with pytest.raises(AssertionError, match="one law, or two that so few draws cannot tell"):
        assert_another_law(*samples)


def test_outcomes_that_are_all_rare_share_one_cell():
    assert_same_law(range(1000), range(500, 1500))
    assert_another_law([*range(1000)], [*range(500), *["common"] * 500])
