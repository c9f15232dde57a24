"""Beats: whole beats or windows around R peaks, against their exact laws and bad R peaks."""

from itertools import combinations

import laws
import numpy as np
import pytest
import torch
from goodness import assert_follows, assert_uniform

from ecgmask import Beats, Masks, PatchMaskCollator, PerLead

NAN = float("nan")
PEAKS = (2.0, 6.5, 10.25, 14.0)


def draw(strategy, r_peaks, n_patches, n_records, rng):
    """Return the masked patches ``(n_records, n_patches)`` of records with the same R peaks."""
    masks = strategy.draw(n_records, n_patches, rng, r_peaks=[r_peaks] * n_records)
    assert np.array_equal(masks.context, ~masks.targets[:, 0])
    return masks.targets[:, 0, 0]


def as_strips(marked):
    return ["".join(row) for row in np.where(marked, "#", ".")]


def test_shapes_are_those_of_shared_masks(rng):
    masks = Beats().draw(5, 20, rng, r_peaks=[PEAKS] * 5)
    assert masks.context.shape == (5, 1, 20)
    assert masks.targets.shape == (5, 1, 1, 20)


@pytest.mark.parametrize(
    ("r_peaks", "n_patches", "ratio", "n_masked"),
    [
        (PEAKS, 18, 0.5, 2),
        (PEAKS, 18, 0.25, 1),
        (PEAKS, 15, 0.8, 3),
        ((0.0, 3.0, 4.0, 11.0, 11.5), 12, 0.4, 2),
        ((1.0, 4.0), 6, 0.5, 1),
    ],
)
def test_every_set_of_beats_is_equally_likely(rng, r_peaks, n_patches, ratio, n_masked):
    strips = as_strips(draw(Beats(ratio), r_peaks, n_patches, 10_000, rng))
    assert_follows(strips, laws.beats(n_patches, r_peaks, n_masked))


@pytest.mark.parametrize(
    ("ratio", "n_beats", "n_masked"),
    [(0.5, 5, 2), (0.3, 10, 3), (0.29, 100, 29), (0.57, 100, 57), (0.07, 100, 7), (0.1, 3, 1),
     (0.99, 3, 2), (1e-12, 5, 1), (1 - 1e-12, 5, 4), (0.5, 2, 1)],
)  # fmt: skip
def test_the_floor_of_the_ratio_is_masked_but_at_least_one_beat_and_never_all(
    rng, ratio, n_beats, n_masked
):
    r_peaks = 1.5 + 3 * np.arange(n_beats)  # beats of three patches each
    masked = draw(Beats(ratio), r_peaks, 3 * n_beats, 50, rng)
    assert (masked.sum(axis=1) == 3 * n_masked).all()
    assert (masked[:, 1::3].sum(axis=1) == n_masked).all()


@pytest.mark.parametrize(
    ("r_peaks", "strip"),
    [
        ((2.0, 6.0), "####...."),  # half way is 4, the border of two patches
        ((2.0, 5.2), "####...."),  # half way is 3.6, behind the centre of patch 3
        ((2.0, 4.8), "###....."),  # half way is 3.4, before the centre of patch 3
        ((2.0, 5.0), "###....."),  # half way is the centre of patch 3, which goes to the next beat
        ((0.0, 1.5), "#......."),
        ((6.5, 7.9), "#######."),
        ((0.25, 7.75), "####...."),
    ],
)
def test_a_beat_ends_half_way_between_its_r_peak_and_the_next(rng, r_peaks, strip):
    other = strip.translate(str.maketrans("#.", ".#"))
    assert set(as_strips(draw(Beats(), r_peaks, 8, 100, rng))) == {strip, other}


def test_the_first_beat_begins_and_the_last_beat_ends_with_the_record(rng):
    masked = draw(Beats(), (5.0, 10.0, 15.0), 20, 300, rng)
    assert (masked[:, :5] == masked[:, 5:6]).all()
    assert (masked[:, 15:] == masked[:, 15:16]).all()
    assert masked.any(axis=0).all()
    assert not masked.all(axis=0).any()


@pytest.mark.parametrize(
    ("window", "r_peaks", "strips"),
    [
        ((0, 0), (2.0, 6.9), ["..#.......", "......#..."]),
        ((1, 2), (2.0, 6.9), [".####.....", ".....####."]),
        ((2, 0), (2.99, 6.0), ["###.......", "....###..."]),
        ((3, 3), (1.0, 9.9), ["#####.....", "......####"]),  # cut off by the ends
    ],
)
def test_a_window_holds_the_patches_around_the_r_peak(rng, window, r_peaks, strips):
    assert_uniform(as_strips(draw(Beats(0.5, window), r_peaks, 10, 2000, rng)), strips)


def test_every_set_of_windows_is_equally_likely_and_overlaps_merge(rng):
    r_peaks, window = (1, 4, 6, 10), (1, 1)
    law = {}
    for chosen in combinations(r_peaks, 2):
        inside = {at + offset for at in chosen for offset in (-1, 0, 1)}
        law["".join("#" if p in inside else "." for p in range(12))] = 1 / 6
    assert "...#####...." in law
    assert_follows(as_strips(draw(Beats(0.5, window), r_peaks, 12, 10_000, rng)), law)


def test_nan_fills_up_the_rows_of_records_with_fewer_beats(rng):
    rows = [[*PEAKS], [3.0, 12.0, NAN, NAN], [1.0, 7.0, 13.0, NAN]] * 5000
    masks = Beats(0.5).draw(15_000, 18, rng, r_peaks=rows)
    strips = np.array(as_strips(masks.targets[:, 0, 0]))
    for kind, (peaks, n_masked) in enumerate([(PEAKS, 2), ((3.0, 12.0), 1), ((1.0, 7.0, 13.0), 1)]):
        assert_follows(strips[kind::3].tolist(), laws.beats(18, peaks, n_masked))


def test_a_window_is_never_drawn_around_nan(rng):
    rows = [[3.0, 12.0, NAN, NAN]] * 200
    masked = Beats(0.9, (0, 0)).draw(200, 18, rng, r_peaks=rows).targets[:, 0, 0]
    assert set(map(tuple, np.argwhere(masked)[:, 1:].tolist())) == {(3,), (12,)}
    assert (masked.sum(axis=1) == 1).all()


def test_records_of_a_batch_differ(rng):
    r_peaks = 1.5 + 3 * np.arange(40)
    assert len(set(as_strips(draw(Beats(), r_peaks, 120, 64, rng)))) == 64


def test_r_peaks_of_the_caller_are_left_alone(rng):
    r_peaks = np.array([[2.0, 6.0, NAN]])
    before = r_peaks.copy()
    Beats().draw(1, 8, rng, r_peaks=r_peaks)
    assert np.array_equal(r_peaks, before, equal_nan=True)


@pytest.mark.parametrize(
    ("strategy", "r_peaks", "n_patches"),
    [
        (Beats(0.5, (9, 9)), (2.0, 6.0), 10),  # any window covers the record
        (Beats(0.5), (0.0, 0.1), 4),  # no centre of a patch is in the first beat
        (Beats(0.5), (3.8, 3.9), 4),  # nor in the last
        (Beats(0.34), (2.1, 2.2, 2.3), 4),  # nor in the middle
    ],
    ids=repr,
)
def test_each_record_has_context_and_target_patches_or_is_refused(
    rng, strategy, r_peaks, n_patches
):
    try:
        masked = draw(strategy, r_peaks, n_patches, 100, rng)
    except ValueError as error:
        refusal = str(error)
    else:
        assert masked.any(axis=1).all()
        assert not masked.all(axis=1).any()
        return
    assert "patch" in refusal


@pytest.mark.parametrize(
    ("r_peaks", "message"),
    [
        ((), "Beats needs the R peaks of each record; pass r_peaks=, or r_peaks_key= to a col"),
        ([[], []], "Beats needs the R peaks of each record"),
        ([2.0, 6.0], r"shape \(n_records, most_peaks\) with 2 records, not \(2,\)"),
        ([[2.0, 6.0]], r"with 2 records, not \(1, 2\)"),
        ([[2.0, 6.0]] * 3, r"with 2 records, not \(3, 2\)"),
        ([[[2.0, 6.0]]] * 2, r"with 2 records, not \(2, 1, 2\)"),
        ([[2.0, 6.0], [2.0, NAN]], "record 1 has fewer than two R peaks"),
        ([[NAN, NAN], [2.0, 4.0]], "record 0 has fewer than two R peaks"),
        ([[2.0], [2.0]], "record 0 has fewer than two R peaks"),
        ([[2.0, 6.0], [2.0, 10.0]], "in the record of 10 patches, not at 2 to 10; give them in"),
        ([[2.0, 6.0], [-0.5, 5.0]], "in the record of 10 patches, not at -0.5 to 6"),
        ([[2.0, 6.0], [2.0, float("inf")]], "in the record of 10 patches, not at 2 to inf"),
        ([[2.0, 6.0], [6.0, 2.0]], "R peaks must be in ascending order, none twice"),
        ([[2.0, 6.0], [2.0, 2.0]], "R peaks must be in ascending order, none twice"),
        ([[2.0, 6.0, 7.0], [2.0, NAN, 6.0]], "with NaN behind the last; sort them"),
        ([[NAN, 2.0, 6.0], [1.0, 2.0, 6.0]], "with NaN behind the last; sort them"),
    ],
)
@pytest.mark.parametrize("window", [None, (1, 1)])
def test_bad_r_peaks_are_refused(rng, r_peaks, message, window):
    with pytest.raises(ValueError, match=message):
        Beats(window=window).draw(2, 10, rng, r_peaks=r_peaks)


@pytest.mark.parametrize("r_peaks", [[[0, 9]], [[0.0, 9.999]], np.array([[0, 9]])])
def test_an_r_peak_may_be_in_the_first_and_in_the_last_patch(rng, r_peaks):
    masks = Beats(window=(0, 0)).draw(1, 10, rng, r_peaks=r_peaks)
    assert np.flatnonzero(masks.targets).tolist() in ([0], [9])


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"ratio": 0}, ValueError, "ratio must be above 0 and below 1, not 0"),
        ({"ratio": 1.0}, ValueError, r"ratio must be above 0 and below 1, not 1\.0"),
        ({"ratio": 2}, ValueError, r"ratio must be in \[0, 1\], not 2"),
        ({"ratio": NAN}, ValueError, r"ratio must be in \[0, 1\], not nan"),
        ({"ratio": "all"}, TypeError, "ratio must be a number .* not 'all'"),
        ({"window": (-1, 0)}, ValueError, r"window\[0\] must be at least 0, not -1"),
        ({"window": (0, -1)}, ValueError, r"window\[1\] must be at least 0, not -1"),
        ({"window": (1.5, 0)}, TypeError, r"window\[0\] must be a whole number, not 1\.5"),
        ({"window": 3}, TypeError, "window must be"),
        ({"window": (1, 2, 3)}, (TypeError, ValueError), "window must be"),
    ],
)
def test_bad_parameters_are_refused_at_construction(parameters, error, message):
    with pytest.raises(error, match=message):
        Beats(**parameters)


def test_a_window_may_be_a_list_as_configuration_files_give_it():
    assert Beats(window=[2, 4]) == Beats(window=(2, 4))
    assert hash(Beats(window=[2, 4])) == hash(Beats(window=(2, 4)))


# In a collator


def record(r_peaks, n_samples=100):
    return {"ecg": torch.zeros(2, n_samples), "r_peaks": r_peaks}


@pytest.mark.parametrize("strategy", [Beats(), PerLead(Beats(), 2)], ids=repr)
def test_r_peaks_travel_with_the_record_in_samples(strategy):
    # In patches: 8 and 10, so beats of 9 and 11; 0 and 8, of 4 and 16; 2, 10 and 18, of 6, 8 and 6.
    records = [record([40, 50]), record(np.array([0.0, 40.0])), record(torch.tensor([10, 50, 90]))]
    lengths = [(9, 11, 0), (4, 16, 0), (6, 8, 6)]
    beat_of_patch = [np.repeat(np.arange(3), each) for each in lengths]
    collate = PatchMaskCollator(
        strategy, patch_size=5, signal_key="ecg", r_peaks_key="r_peaks", seed=1
    )
    n_leads = 1 if isinstance(strategy, Beats) else 2
    ends = [set() for _ in records]
    for _ in range(60):
        _, context, targets = collate(records)
        masks = Masks.from_indices(context, targets, n_patches=20, n_leads=n_leads)
        for one, beat, seen in zip(masks, beat_of_patch, ends, strict=True):
            for visible, hidden in zip(one.context[0], one.targets[0, 0], strict=True):
                assert not set(beat[visible]) & set(beat[hidden])
                seen.update(np.flatnonzero(visible | hidden).tolist())
    # Patches at both sides of every border were used, so the borders are where they should be.
    assert ends == [set(range(20))] * 3


def test_without_r_peaks_key_a_collator_says_what_to_pass():
    with pytest.raises(ValueError, match="say where they are with r_peaks_key="):
        PatchMaskCollator(Beats(), 5, signal_key="ecg")
