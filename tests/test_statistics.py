"""What masks consist of, in numbers."""

import numpy as np
import pytest
import torch

from ecgmask import ContextToTarget, IJEPAMaskCollator, MaskCollator, Masks, PerLead, describe
from ecgmask.statistics import BlockSummary, find_runs, percent, sentence


def masks_of(context, *targets):
    """Return masks of one record from strings, ``#`` where a patch is marked."""
    rows = [np.array([[c == "#" for c in row]]) for row in (context, *targets)]
    return Masks(rows[0][None], np.stack(rows[1:])[None])


@pytest.fixture
def overlapping():
    """Ten patches: three context, two targets with two patches in common, two ignored."""
    return masks_of("##.......#", "..####....", "....###...")


def test_the_counts_are_worked_out_by_hand(overlapping):
    summary = describe(overlapping)
    assert summary.n_patches == 10
    assert summary.n_context == 3
    assert summary.n_target == 5
    assert summary.n_overlapping == 2
    assert summary.n_ignored == 2


def test_each_target_has_its_count_and_range(overlapping):
    assert describe(overlapping).targets == (
        BlockSummary(n_patches=4, first=2, last=5, n_runs=1),
        BlockSummary(n_patches=3, first=4, last=6, n_runs=1),
    )


def test_a_scattered_target_counts_its_runs():
    summary = describe(masks_of("..#....#", "##.#.##."))
    assert summary.targets == (BlockSummary(n_patches=5, first=0, last=6, n_runs=3),)


def test_target_counts_less_overlaps_are_the_union(rng):
    masks = ContextToTarget(num_pred_blocks=2).draw(50, 200, rng)
    for record in range(50):
        summary = describe(masks, record=record)
        total = sum(block.n_patches for block in summary.targets)
        assert total - summary.n_overlapping == summary.n_target


def test_one_record_of_a_batch_is_described(rng):
    masks = ContextToTarget().draw(9, 200, rng)
    for record in (0, 8, -1):
        summary = describe(masks, record=record)
        assert summary.n_context == masks.context[record].sum()
        assert [t.first for t in summary.targets] == masks.targets[record, :, 0].argmax(-1).tolist()


@pytest.mark.parametrize("collate", [MaskCollator(25), IJEPAMaskCollator(25)])
def test_what_a_collator_returns_is_described_like_its_masks(collate):
    masked = collate([torch.zeros(12, 5000)] * 3)
    masks = Masks.from_indices(*masked[1:], n_patches=200)
    for record in range(3):
        expected = describe(masks, record=record)
        assert describe(masked, record=record, n_patches=200) == expected
        assert describe(masked[1:], record=record, n_patches=200) == expected


def test_per_lead_masks_count_every_lead(rng):
    masks = PerLead(ContextToTarget(), n_leads=3).draw(1, 200, rng)
    summary = describe(masks)
    assert summary.n_context == masks.context.sum()
    assert summary.targets[0].n_patches == masks.targets[0, 0].sum()
    assert summary.targets[0].n_runs == 3
    assert summary.targets[0].first == masks.targets[0, 0].argmax(-1).min()


def test_a_target_without_patches_is_counted_as_none():
    summary = describe(masks_of("##...", "...##", "....."))
    assert summary.n_target == 2
    assert summary.targets[1].n_patches == 0


def test_the_table_shows_all_counts(overlapping):
    assert str(describe(overlapping)) == (
        "context       3 of 10 patches (30.0%)\n"
        "target        5 of 10 patches (50.0%), 2 of them in two or more\n"
        "  target 1: 4 patches, 2 to 5\n"
        "  target 2: 3 patches, 4 to 6\n"
        "ignored       2 of 10 patches (20.0%)"
    )


def test_the_table_of_one_target_says_nothing_of_overlaps():
    assert str(describe(masks_of("..#....#", "##.#.##."))) == (
        "context       2 of 8 patches (25.0%)\n"
        "target        5 of 8 patches (62.5%)\n"
        "  target 1: 5 patches, 0 to 6, in 3 runs\n"
        "ignored       1 of 8 patches (12.5%)"
    )


@pytest.mark.parametrize("n_patches", [10, 200, 2400])
def test_only_none_and_all_are_written_as_0_and_100_percent(n_patches):
    shares = np.arange(n_patches + 1) / n_patches
    written = [percent(share) for share in shares]
    assert [share for share, text in zip(shares, written, strict=True) if text == "0%"] == [0]
    assert [share for share, text in zip(shares, written, strict=True) if text == "100%"] == [1]
    np.testing.assert_allclose([float(text[:-1]) for text in written], 100 * shares, atol=0.5)


def test_a_sentence_says_when_up_to_eight_runs_are_and_then_how_many_they_are():
    def told(n_runs):
        return sentence(masks_of("#." * n_runs, ".#" * n_runs), 2 * n_runs, ["II"], synthetic=False)

    assert "14.00 to 15.00 s; it must predict 8 patches (50%), at 1.00 to 2.00, 3.00" in told(8)
    assert "sees 9 patches (50%) in 9 runs; it must predict 9 patches (50%) in 9 runs" in told(9)


def test_a_sentence_starts_with_what_is_masked(overlapping):
    def opening(leads, synthetic, masks=overlapping):
        return sentence(masks, 2.5, leads, synthetic=synthetic).split("; ")[0]

    own = Masks(np.ones((1, 2, 10), bool), np.zeros((1, 1, 2, 10), bool))
    assert opening(["V5"], False) == "Lead V5, 2.5 s in 10 patches of 250 ms"
    assert opening(["V5"], True) == "Lead V5 of a synthetic ECG, 2.5 s in 10 patches of 250 ms"
    assert opening(["I", "II"], True) == (
        "Synthetic ECG with 2 leads, 2.5 s in 10 patches of 250 ms, one mask for all leads"
    )
    assert opening(["I", "II"], False, own).endswith(" ms, each lead with a mask of its own")


@pytest.mark.parametrize(
    ("row", "runs"),
    [
        ("", []),
        ("....", []),
        ("####", [(0, 4)]),
        ("#..#", [(0, 1), (3, 1)]),
        (".##.###", [(1, 2), (4, 3)]),
    ],
)
def test_runs_are_start_and_length(row, runs):
    assert find_runs(np.array([c == "#" for c in row], dtype=bool)) == runs


@pytest.mark.parametrize(
    ("masks", "options", "error", "message"),
    [
        (([[0]], [[1]]), {}, ValueError, "index tensors do not say how many patches"),
        (([[0]], [[9]]), {"n_patches": 5}, ValueError, "targets holds index 9"),
        (([[0]], [[1]]), {"n_patches": 5, "record": 1}, IndexError, "record 1 is not among the 1"),
        ([[0]], {"n_patches": 5}, TypeError, "masks must be what a strategy draws, .* not list"),
        (np.ones((1, 1, 5), bool), {}, TypeError, "masks must be what a strategy .* not ndarray"),
        (([[0]],), {"n_patches": 5}, TypeError, "masks must be what a strategy draws"),
    ],
)
def test_what_are_no_masks_is_refused(masks, options, error, message):
    with pytest.raises(error, match=message):
        describe(masks, **options)


def test_another_number_of_patches_than_the_masks_have_is_refused(overlapping):
    with pytest.raises(ValueError, match=r"10 patches.* n_patches=12|n_patches=12.* 10 patches"):
        describe(overlapping, n_patches=12)
