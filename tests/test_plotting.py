"""Figures of masked ECGs: what is drawn, in data coordinates."""

from dataclasses import replace
from itertools import combinations, pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from prescribed import Prescribed

from ecgmask import (
    ECG,
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    MaskedBatch,
    Masks,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    StrategyComparison,
    UnionOfBlocks,
    compare_strategies,
    describe,
    mask_statistics,
)
from ecgmask.baselines import interpolate
from ecgmask.plotting import (
    DARK,
    LIGHT,
    plot_12_leads,
    plot_comparison,
    plot_draws,
    plot_guesses,
    plot_lead,
    plot_shares,
    plot_statistics,
    plot_visibility,
)
from ecgmask.statistics import find_runs

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
ROLES = ("context", "target", "ignored")


def masks_of(context, *targets):
    """Return masks of one record from strings, ``#`` where a patch is marked."""
    rows = [np.array([[c == "#" for c in row]]) for row in (context, *targets)]
    return Masks(rows[0][None], np.stack(rows[1:])[None])


@pytest.fixture
def overlapping():
    """Ten patches: three context, two targets with two patches in common, two ignored."""
    return masks_of("##.......#", "..####....", "....###...")


@pytest.fixture
def jepa():
    return MaskAndComplement().draw(3, 200, np.random.default_rng(1))


@pytest.fixture
def ijepa():
    return ContextToTarget().draw(3, 200, np.random.default_rng(2))


@pytest.fixture
def per_lead():
    return PerLead(ContextToTarget()).draw(2, 200, np.random.default_rng(3))


def chart_of(fig):
    return fig.axes[0]


def traces_of(fig):
    return fig.axes[1]


def role_of(masks, role, record=0):
    """Return the patches of a role, one row for each lead of a record."""
    arrays = {"context": masks.context, "target": masks.target_union, "ignored": masks.ignored}
    return arrays[role][record]


def lines_of(ax, role):
    return [line for line in ax.lines if line.get_gid() == role]


def drawn(ax, role):
    """Return where the lines of a role are drawn, ``(row, sample)``."""
    return np.isfinite([line.get_ydata() for line in lines_of(ax, role)])


def with_next_sample(patches, patch_size):
    """Return the samples of some patches and the sample after each."""
    samples = np.zeros(len(patches) * patch_size, dtype=bool)
    for patch in np.flatnonzero(patches):
        samples[patch * patch_size : (patch + 1) * patch_size + 1] = True
    return samples


def bars(ax):
    """Return ``(y, [(start, length), ...])`` of every lane that has a bar."""
    lanes = {}
    for collection in ax.collections:
        for path in collection.get_paths():
            (x0, y0), (x1, y1) = path.get_extents().get_points()
            lanes.setdefault(round((y0 + y1) / 2, 6), []).append((x0, x1 - x0))
    return lanes


def tints(ax):
    """Return ``(start, end, bottom, top)`` of every tint, target by target."""
    boxes = []
    for collection in ax.collections:
        if collection.get_gid() == "target tint":
            extents = [path.get_extents() for path in collection.get_paths()]
            boxes.append([(box.x0, box.x1, box.y0, box.y1) for box in extents])
    return boxes


def artists(ax):
    """Return what an Axes shows, as values that compare; NaN samples equal each other."""
    return (
        [(x.get_gid(), to_hex(x.get_color()), x.get_xydata().tobytes()) for x in ax.lines],
        [[p.vertices.tolist() for p in c.get_paths()] for c in ax.collections],
        [(t.get_text(), t.get_position()) for t in ax.texts],
        ax.get_title(loc="left"),
        [image.get_array().tolist() for image in ax.images],
    )


def luminance(colour):
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    """Return the contrast ratio of WCAG 2, from 1 to 21."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


# Traces


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["jepa", "ijepa", "per_lead"])
def test_lines_of_a_role_are_its_patches_and_the_next_sample(ecg, request, name, role):
    masks = request.getfixturevalue(name)
    ax = traces_of(plot_12_leads(ecg, masks))
    expected = [with_next_sample(row, 25) for row in role_of(masks, role)]
    assert np.array_equal(drawn(ax, role), np.broadcast_to(expected, (12, 5000)))


def test_lines_of_all_roles_leave_no_gap_and_meet_in_one_sample(ecg, ijepa):
    ax = traces_of(plot_12_leads(ecg, ijepa))
    depth = sum(drawn(ax, role).astype(int) for role in ROLES)
    assert depth.min() == 1
    role = np.select([role_of(ijepa, name)[0] for name in ROLES], range(3))
    borders = 25 * (np.flatnonzero(np.diff(role)) + 1)
    assert np.array_equal(np.flatnonzero(depth[0] == 2), borders)


def test_lines_hold_the_samples_in_millivolt_at_their_time(ecg, ijepa):
    ax = traces_of(plot_12_leads(ecg, ijepa))
    zeros = ax.get_yticks()
    for role in ROLES:
        for line, zero, signal in zip(lines_of(ax, role), zeros, ecg.signal, strict=True):
            shown = np.isfinite(line.get_ydata())
            np.testing.assert_allclose(line.get_ydata()[shown] - zero, signal[shown], atol=1e-5)
            np.testing.assert_allclose(line.get_xdata(), np.arange(5000) / 500)


def test_leads_are_named_from_top_to_bottom_and_do_not_touch(ecg, jepa):
    ax = traces_of(plot_12_leads(ecg, jepa))
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ecg.leads)
    zeros = ax.get_yticks()
    lowest, highest = zeros + ecg.signal.min(axis=1), zeros + ecg.signal.max(axis=1)
    assert (lowest[:-1] > highest[1:]).all()
    bottom, top = ax.get_ylim()
    assert bottom < lowest.min()
    assert highest.max() < top


def test_all_leads_have_one_gain(ecg, jepa):
    # Lead II is three times as tall in the data: so it must be in the figure.
    louder = ECG(ecg.signal * np.where(np.arange(12) == 1, 3, 1)[:, None], 500)
    ax = traces_of(plot_12_leads(louder, jepa))
    for row, signal in enumerate(louder.signal):
        heights = [lines_of(ax, role)[row].get_ydata() for role in ROLES]
        span = np.nanmax(heights) - np.nanmin(heights)
        assert span == pytest.approx(np.ptp(signal), abs=1e-5)


@pytest.mark.parametrize("gain", [0.3, 1, 4])
def test_the_amplitude_bar_is_one_millivolt_high(ecg, jepa, gain):
    ax = traces_of(plot_12_leads(ECG(gain * ecg.signal, 500), jepa))
    (bar,) = (line for line in ax.lines if line.get_gid() == "amplitude bar")
    assert np.ptp(bar.get_ydata()) == pytest.approx(1)
    assert "1 mV" in [text.get_text() for text in ax.texts]


def test_a_flat_lead_still_has_a_row(jepa):
    ax = traces_of(plot_12_leads(ECG(np.zeros((12, 5000)), 500), jepa))
    assert (np.diff(ax.get_yticks()) < -0.5).all()


def test_the_time_axis_is_in_seconds(ecg, jepa):
    ax = traces_of(plot_12_leads(ecg, jepa))
    assert ax.get_xlabel() == "Time (s)"
    assert ax.get_xlim() == (0, 10)


def test_a_grid_line_stands_each_200_milliseconds(ecg, jepa):
    ax = traces_of(plot_12_leads(ecg, jepa))
    (grid,) = (c for c in ax.collections if isinstance(c, LineCollection))
    times = [segment[0, 0] for segment in grid.get_segments()]
    assert times == pytest.approx(np.arange(0, 10, 0.2).tolist())


@PALETTES
def test_each_role_has_its_colour_and_ignored_is_dotted(ecg, ijepa, palette):
    ax = traces_of(plot_12_leads(ecg, ijepa, palette=palette))
    for role, colour, style in [
        ("context", palette.context_line, "-"),
        ("target", palette.target_line, "-"),
        ("ignored", palette.ignored_line, ":"),
    ]:
        assert {line.get_color() for line in lines_of(ax, role)} == {colour}
        assert {line.get_linestyle() for line in lines_of(ax, role)} == {style}


# Tints


def test_every_target_is_tinted_once_where_it_is(ecg, ijepa):
    ax = traces_of(plot_12_leads(ecg, ijepa))
    bottom, top = ax.get_ylim()
    expected = [find_runs(block[0]) for block in ijepa.targets[0]]
    for boxes, runs in zip(tints(ax), expected, strict=True):
        np.testing.assert_allclose(
            boxes, [(s * 0.05, (s + n) * 0.05, bottom, top) for s, n in runs]
        )


def test_patches_in_two_targets_are_tinted_twice(ecg, overlapping):
    ax = traces_of(plot_12_leads(ecg, overlapping))
    flat = [box for boxes in tints(ax) for box in boxes]
    depth = [sum(x0 <= p + 0.5 <= x1 for x0, x1, _, _ in flat) for p in range(10)]
    assert depth == [0, 0, 1, 1, 2, 2, 1, 0, 0, 0]


@PALETTES
def test_tints_are_of_one_colour_and_let_what_is_below_shine_through(ecg, ijepa, palette):
    ax = traces_of(plot_12_leads(ecg, ijepa, palette=palette))
    faces = {tuple(c.get_facecolor()[0]) for c in ax.collections if c.get_gid() == "target tint"}
    assert faces == {to_rgba(palette.target, palette.tint)}
    assert 0 < palette.tint < 0.5


def test_per_lead_targets_tint_the_row_of_their_lead_only(ecg, per_lead):
    ax = traces_of(plot_12_leads(ecg, per_lead))
    zeros = ax.get_yticks()
    for boxes, block in zip(tints(ax), per_lead.targets[0], strict=True):
        for (x0, x1, bottom, top), row, zero in zip(boxes, block, zeros, strict=True):
            ((start, length),) = find_runs(row)
            assert (x0, x1) == pytest.approx((start * 0.05, (start + length) * 0.05))
            assert bottom < zero < top
            assert ((zeros > bottom) & (zeros < top)).sum() == 1


# The chart on top


def test_bars_of_the_lanes_are_the_runs_of_the_roles(ecg, ijepa):
    chart = chart_of(plot_12_leads(ecg, ijepa))
    lanes = [ijepa.context[0, 0], *ijepa.targets[0, :, 0], ijepa.ignored[0, 0]]
    assert bars(chart) == {lane: find_runs(marked) for lane, marked in enumerate(lanes)}


def test_a_lane_is_named_and_counted(ecg, overlapping):
    chart = chart_of(plot_12_leads(ecg, overlapping))
    names = [label.get_text() for label in chart.get_yticklabels()]
    assert names == ["context", "target 1", "target 2", "ignored"]
    counts = [(text.get_text(), text.xy[1]) for text in chart.texts]
    assert counts == [("3 (30%)", 0), ("4 (40%)", 1), ("3 (30%)", 2), ("2 (20%)", 3)]
    assert chart.get_yticks().tolist() == [0, 1, 2, 3]
    assert chart.yaxis_inverted()


def test_an_only_target_has_no_number(ecg, jepa):
    chart = chart_of(plot_12_leads(ecg, jepa))
    names = [label.get_text() for label in chart.get_yticklabels()]
    assert names == ["context", "target", "ignored"]


def test_the_chart_counts_patches_from_0_to_their_number(ecg, jepa):
    chart = chart_of(plot_12_leads(ecg, jepa))
    assert chart.get_xlim() == (0, 200)
    assert chart.get_xlabel() == "Patch"


@PALETTES
def test_lanes_have_the_colour_of_their_role_and_targets_a_hatch_each(ecg, ijepa, palette):
    chart = chart_of(plot_12_leads(ecg, ijepa, palette=palette))
    faces = [to_hex(c.get_facecolor()[0]) for c in chart.collections]
    roles = [palette.context, *[palette.target] * 4, palette.ignored]
    assert faces == [to_hex(colour) for colour in roles]
    assert len({c.get_hatch() for c in chart.collections[1:-1]}) == 4


def test_neighbouring_targets_have_different_hatches_however_many_there_are(ecg, rng):
    masks = ContextToTarget(num_pred_blocks=6).draw(1, 200, rng)
    chart = chart_of(plot_12_leads(ecg, masks))
    hatches = [collection.get_hatch() for collection in chart.collections[1:-1]]
    assert len(hatches) == 6
    assert all(one != other for one, other in pairwise(hatches))


@PALETTES
def test_per_lead_masks_are_an_image_of_leads_and_patches(ecg, per_lead, palette):
    chart = chart_of(plot_12_leads(ecg, per_lead, record=1, palette=palette))
    (image,) = chart.images
    shown = image.to_rgba(image.get_array())[..., :3]
    for role in ROLES:
        marked = role_of(per_lead, role, record=1)
        expected = np.broadcast_to(to_rgb(getattr(palette, role)), (marked.sum(), 3))
        np.testing.assert_allclose(shown[marked], expected)
    assert image.get_extent() == [0, 200, 11.5, -0.5]
    assert [label.get_text() for label in chart.get_yticklabels()] == list(ecg.leads)
    assert chart.get_yticks().tolist() == list(range(12))


# Counts and words


@pytest.mark.parametrize("name", ["jepa", "ijepa", "per_lead"])
def test_the_title_of_the_chart_adds_up(ecg, request, name):
    masks = request.getfixturevalue(name)
    counts = describe(masks)
    title = chart_of(plot_12_leads(ecg, masks)).get_title(loc="left")
    assert f"{counts.n_context} context + {counts.n_target} target" in title
    assert f"+ {counts.n_ignored} ignored = " in title
    assert title.endswith("200 patches of 50 ms")
    assert counts.n_context + counts.n_target + counts.n_ignored == 200 * masks.n_leads
    assert ("= 12 leads" in title) == (masks.n_leads == 12)
    overlaps = f"({counts.n_overlapping} in two or more)"
    assert (overlaps in title) == (counts.n_overlapping > 0)


def test_the_label_says_in_words_what_the_mask_is(ecg, overlapping):
    fig = plot_12_leads(ecg, overlapping)
    assert fig.get_label() == (
        "ECG with 12 leads, 10 s in 10 patches of 1000 ms, one mask for all leads; "
        "the encoder sees 3 patches (30%), at 0.00 to 2.00, 9.00 to 10.00 s; "
        "target 1 is 4 patches (40%), at 2.00 to 6.00 s; "
        "target 2 is 3 patches (30%), at 4.00 to 7.00 s; "
        "patches in two or more targets: 2; "
        "ignored: 2 patches (20%), at 7.00 to 9.00 s."
    )


@pytest.mark.parametrize("name", ["jepa", "ijepa", "per_lead"])
@pytest.mark.parametrize("record", [0, 1])
def test_the_label_holds_the_counts_of_the_record(ecg, request, name, record):
    masks = request.getfixturevalue(name)
    counts = describe(masks, record=record)
    label = plot_12_leads(ecg, masks, record=record).get_label()
    assert f"the encoder sees {counts.n_context} patches" in label
    for number, block in enumerate(counts.targets, start=1):
        words = f"target {number} is" if len(counts.targets) > 1 else "it must predict"
        assert f"{words} {block.n_patches} patches" in label
    ignored = f"{counts.n_ignored} patches" if counts.n_ignored else "none"
    assert f"ignored: {ignored}" in label


def test_a_label_is_one_sentence(ecg, ijepa):
    label = plot_12_leads(ecg, ijepa).get_label()
    assert label.endswith(".")
    assert ". " not in label
    assert "\n" not in label


def test_the_title_is_that_of_the_caller(ecg, jepa):
    assert plot_12_leads(ecg, jepa, title="Mask and complement").get_suptitle() == (
        "Mask and complement"
    )
    assert plot_12_leads(ecg, jepa).get_suptitle() == ""


@PALETTES
def test_every_figure_of_a_synthetic_ecg_says_so(ecg, jepa, palette):
    made = replace(ecg, synthetic=True)
    for draw, label in [
        (draw_12_leads, "Synthetic ECG with 12 leads, 10 s in "),
        (draw_lead, "Lead II of a synthetic ECG, 10 s in "),
        (draw_comparison, "name: Lead II of a synthetic ECG, 10 s in "),
        (draw_guesses, "Lead II of a synthetic ECG, 10 s in "),
    ]:
        figure = draw(made, jepa[0], palette=palette)
        assert figure.get_label().startswith(label)
        notes = [t for t in figure.findobj(Text) if t.get_text() == "synthetic\nECG"]
        assert [note.get_color() for note in notes] == [palette.text]


def test_the_trace_above_draws_says_that_it_is_synthetic(ecg, jepa):
    for synthetic in (True, False):
        fig = plot_draws(replace(ecg, synthetic=synthetic), jepa, lead="II")
        notes = [t for t in fig.findobj(Text) if t.get_text() == "synthetic\nECG"]
        assert len(notes) == synthetic


def test_no_figure_of_a_recording_says_synthetic(ecg, jepa):
    for draw in (draw_12_leads, draw_lead, draw_comparison):
        figure = draw(ecg, jepa)
        assert "synthetic" not in figure.get_label()
        assert not [t for t in figure.findobj(Text) if "synthetic" in t.get_text()]


@pytest.mark.parametrize("lead", ["II", "aVR"])
def test_a_lead_that_was_derived_is_drawn_as_any_other(ecg, jepa, lead):
    told = replace(ecg, derived=("III", "aVR"))
    assert artists(plot_lead(told, jepa, lead=lead)) == artists(plot_lead(ecg, jepa, lead=lead))


# Masks and indices


@pytest.mark.parametrize("collate", [MaskCollator(25), IJEPAMaskCollator(25)], ids=["one", "four"])
@pytest.mark.parametrize("record", [0, 2])
def test_index_tensors_and_boolean_masks_give_the_same_figure(ecg, collate, record):
    torch.manual_seed(1)
    masked = collate([torch.tensor(ecg.signal)] * 3)
    assert isinstance(masked, MaskedBatch)
    masks = Masks.from_indices(*masked[1:], n_patches=200)
    expected = plot_12_leads(ecg, masks, record=record)
    for form in (masked, masked[1:], tuple(masked)):
        fig = plot_12_leads(ecg, form, patch_size=25, record=record)
        assert fig.get_label() == expected.get_label()
        for one, other in zip(fig.axes, expected.axes, strict=True):
            assert artists(one) == artists(other)


def test_per_lead_index_tensors_are_drawn_as_masks_rebuilt_from_them(ecg):
    strategy = PerLead(MaskAndComplement(min_keep_ratio=0.2, max_keep_ratio=0.2))
    masks = strategy.draw(1, 200, np.random.default_rng(0))
    context, target = (np.flatnonzero(roles)[None] for roles in (masks.context, masks.targets))
    rebuilt = Masks.from_indices(context, target, n_patches=200, n_leads=12)
    one, other = plot_12_leads(ecg, masks), plot_12_leads(ecg, rebuilt)
    assert artists(one.axes[0]) == artists(other.axes[0])
    assert artists(one.axes[1]) == artists(other.axes[1])


def test_one_record_of_a_batch_is_drawn(ecg, jepa):
    one, other = plot_12_leads(ecg, jepa, record=-1), plot_12_leads(ecg, jepa[2])
    assert artists(traces_of(one)) == artists(traces_of(other))


# One lead, and several strategies


@pytest.mark.parametrize("lead", ["I", "V5"])
@pytest.mark.parametrize("name", ["ijepa", "per_lead"])
def test_one_lead_is_drawn_with_its_own_roles(ecg, request, name, lead):
    masks = request.getfixturevalue(name)
    ax = plot_lead(ecg, masks, lead=lead)
    row = ecg.lead_index(lead)
    for role in ROLES:
        patches = role_of(masks, role)[row if masks.n_leads > 1 else 0]
        assert np.array_equal(drawn(ax, role), [with_next_sample(patches, 25)])
        shown = lines_of(ax, role)[0].get_ydata() - ax.get_yticks()[0]
        expected = np.where(np.isfinite(shown), ecg.signal[row], np.nan)
        np.testing.assert_allclose(shown, expected, atol=1e-5)
    assert [label.get_text() for label in ax.get_yticklabels()] == [lead]
    assert ax.get_xlabel() == "Time (s)"


def test_one_lead_is_tinted_once_per_target(ecg, ijepa):
    assert len(tints(plot_lead(ecg, ijepa))) == 4


def test_an_axes_of_the_caller_is_drawn_in_and_labelled(ecg, ijepa):
    fig, (left, right) = plt.subplots(1, 2)
    assert plot_lead(ecg, ijepa, ax=right) is right
    assert fig.axes == [left, right]
    assert not left.has_data()
    assert f"the encoder sees {describe(ijepa).n_context} patches" in right.get_label()
    assert plt.get_fignums() == [fig.number]


def test_a_new_figure_of_one_lead_is_labelled(ecg, ijepa):
    ax = plot_lead(ecg, ijepa)
    assert ax.figure.get_label() == ax.get_label()


def test_a_comparison_has_a_row_for_each_strategy_titled_with_its_counts(ecg, jepa, ijepa):
    fig = plot_comparison(ecg, {"ECG-JEPA": jepa, "I-JEPA": ijepa}, lead="V2")
    assert len(fig.axes) == 2
    for ax, name, masks in zip(fig.axes, ["ECG-JEPA", "I-JEPA"], [jepa, ijepa], strict=True):
        counts = describe(masks)
        title = ax.get_title(loc="left")
        assert title.startswith(f"{name}: {counts.n_context} context + {counts.n_target} target")
        assert f"{counts.n_ignored} ignored" in title
        assert [label.get_text() for label in ax.get_yticklabels()] == ["V2"]
        for role in ROLES:
            expected = [with_next_sample(role_of(masks, role)[0], 25)]
            assert np.array_equal(drawn(ax, role), expected)


@pytest.mark.parametrize("record", [0, 1])
def test_a_comparison_counts_the_lead_and_the_record_that_it_draws(ecg, per_lead, record):
    fig = plot_comparison(ecg, {"a": per_lead}, lead="V2", record=record)
    row = ecg.lead_index("V2")
    of_lead = Masks(per_lead.context[:, [row]], per_lead.targets[:, :, [row]])
    counts = describe(of_lead, record=record)
    (ax,) = fig.axes
    title = ax.get_title(loc="left")
    assert title.startswith(f"a: {counts.n_context} context + {counts.n_target} target")
    assert title.endswith("= 200 patches of 50 ms")
    assert f"the encoder sees {counts.n_context} patches" in fig.get_label()
    assert drawn(ax, "context").sum() == with_next_sample(of_lead.context[record, 0], 25).sum()


def test_rows_of_a_comparison_have_one_time_axis_below_them(ecg, jepa, ijepa):
    fig = plot_comparison(ecg, {"a": jepa, "b": ijepa})
    assert [ax.get_xlabel() for ax in fig.axes] == ["", "Time (s)"]
    assert {ax.get_xlim() for ax in fig.axes} == {(0, 10)}


def test_rows_of_a_comparison_have_one_gain(ecg, jepa, ijepa):
    fig = plot_comparison(ecg, {"a": jepa, "b": ijepa})
    assert np.ptp([np.ptp(ax.get_ylim()) for ax in fig.axes]) == pytest.approx(0)


def test_a_comparison_is_labelled_with_the_counts_of_all(ecg, jepa, ijepa):
    label = plot_comparison(ecg, {"ECG-JEPA": jepa, "I-JEPA": ijepa}).get_label()
    one, other = label.split("I-JEPA: ")
    assert one.startswith("ECG-JEPA: ")
    assert f"the encoder sees {describe(jepa).n_context} patches" in one
    assert f"the encoder sees {describe(ijepa).n_context} patches" in other


def test_a_comparison_takes_what_collators_return(ecg):
    records = [torch.tensor(ecg.signal)]
    batches = {"ECG-JEPA": MaskCollator(25)(records), "I-JEPA": IJEPAMaskCollator(25)(records)}
    fig = plot_comparison(ecg, batches, patch_size=25)
    for ax, masked in zip(fig.axes, batches.values(), strict=True):
        counts = describe(masked, n_patches=200)
        assert f"{counts.n_context} context" in ax.get_title(loc="left")


# Statistics


@pytest.fixture
def statistics(rng):
    """Statistics of two known records whose context and target have no number in common."""
    rows = [("#######.", ".......#"), ("##.#....", ".....#.#")]
    context, targets = (
        np.array([[[c == "#" for c in row[role]]] for row in rows]) for role in (0, 1)
    )
    strategy = Prescribed(Masks(context, targets[:, None]))
    return mask_statistics(strategy, 8, rng=rng, n_batches=2, batch_size=2, patch_duration=0.02)


def curve_of(ax, label):
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return line


def height(line, x):
    """Return how high a line of steps is at `x`, right of the point that it holds from."""
    assert line.get_drawstyle() == "steps-post"
    at = np.searchsorted(line.get_xdata(), x, side="right") - 1
    return line.get_ydata()[at]


@pytest.mark.parametrize("role", ["context", "target"])
def test_the_curve_of_a_role_holds_the_probability_of_each_patch(statistics, role):
    where, _ = plot_statistics(statistics).axes
    line = curve_of(where, role)
    probability = getattr(statistics, f"p_{role}")
    assert height(line, np.arange(8) + 0.5).tolist() == probability.tolist()
    # The last patch is as wide as the others, and the curve ends at its height.
    assert line.get_xydata()[-1].tolist() == [8, probability[-1]]
    assert where.get_xlim() == (0, 8)


@pytest.mark.parametrize(
    ("role", "shares"),
    [
        # Runs of 7, 2 and 1 patches, and three runs of one.
        ("context", [0, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 1, 1]),
        ("target", [0, 1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_runs_are_weighted_by_their_patches(statistics, role, shares):
    _, runs = plot_statistics(statistics).axes
    line = curve_of(runs, role)
    assert height(line, np.arange(9)).tolist() == pytest.approx(shares)
    assert runs.get_xlim()[1] > 8


def test_a_second_axis_shows_the_length_of_runs_in_seconds(statistics):
    fig = plot_statistics(statistics)
    fig.canvas.draw()
    _, runs = fig.axes
    (in_seconds,) = runs.child_axes
    assert in_seconds.get_xlabel() == "s"
    assert in_seconds.get_xlim() == pytest.approx(np.multiply(runs.get_xlim(), 0.02))


@PALETTES
def test_curves_have_the_colour_of_their_role_and_the_context_is_dashed(statistics, palette):
    fig = plot_statistics(statistics, palette=palette)
    for ax in fig.axes:
        for role, style in (("context", "--"), ("target", "-")):
            line = curve_of(ax, role)
            assert line.get_color() == getattr(palette, f"{role}_line")
            assert line.get_linestyle() == style
    legend = fig.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["target", "context"]


def test_statistics_are_labelled_with_the_numbers_of_each_role(statistics):
    label = plot_statistics(statistics).get_label()
    strategy = repr(statistics.strategy)
    assert label == (
        f"{strategy}: context 62% and target 19% of the patches on average; the first patch is "
        "context with probability 1.00, the middle one with 0.50; context runs have 3 patches on "
        "average, target runs 1."
    )


def test_a_role_without_any_run_is_drawn_at_zero(rng):
    nothing = Prescribed(masks_of("####", "...."))
    _, runs = plot_statistics(mask_statistics(nothing, 4, rng=rng, batch_size=1)).axes
    assert not curve_of(runs, "target").get_ydata().any()


def test_statistics_are_drawn_in_a_figure_of_the_caller(statistics):
    fig = Figure()
    assert plot_statistics(statistics, fig=fig) is fig
    assert len(fig.axes) == 2
    assert plt.get_fignums() == []


# Draws


def colours_of(ax):
    """Return the colour of each cell of the only image of a panel, as it looks on the page."""
    (image,) = ax.images
    rgba = image.to_rgba(image.get_array())
    background = np.array(to_rgb(ax.get_facecolor()))
    return rgba[..., :3] * rgba[..., 3:] + background * (1 - rgba[..., 3:])


@PALETTES
def test_a_row_of_draws_has_the_roles_of_its_record(ecg, ijepa, palette):
    (ax,) = plot_draws(ecg, ijepa, palette=palette).axes
    shown = colours_of(ax)
    assert shown.shape == (3, 200, 3)
    for role in ("context", "ignored"):
        marked = getattr(ijepa, role)[:, 0]
        expected = np.broadcast_to(to_rgb(getattr(palette, role)), (marked.sum(), 3))
        np.testing.assert_allclose(shown[marked], expected)


@PALETTES
def test_the_more_targets_a_patch_is_in_the_fuller_is_its_colour(ecg, palette):
    masks = masks_of("##...", "..###", "...##", "....#")
    assert ecg.signal.shape[1] % masks.n_patches == 0
    (ax,) = plot_draws(ecg, masks, palette=palette).axes
    shown = colours_of(ax)[0]
    to_target = np.linalg.norm(shown - to_rgb(palette.target), axis=1)
    assert to_target[1] > to_target[2] > to_target[3] > to_target[4] > 0


@PALETTES
def test_roles_of_draws_differ_in_lightness(ecg, palette):
    (ax,) = plot_draws(ecg, masks_of("##...", "..##."), palette=palette).axes
    shades = sorted(luminance(colour) for colour in colours_of(ax)[0][[0, 2, 4]])
    assert min(np.diff(shades)) > 0.05


def test_draws_lie_below_each_other_on_a_time_axis_in_seconds(ecg, ijepa):
    (ax,) = plot_draws(ecg, ijepa).axes
    assert ax.images[0].get_extent() == [0, 10, 3, 0]
    assert ax.get_xlim() == (0, 10)
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "Time (s)"


def test_per_lead_draws_are_bands_of_all_leads(ecg, per_lead):
    (ax,) = plot_draws(ecg, per_lead).axes
    shown = colours_of(ax).reshape(2, 12, 200, 3)
    assert np.array_equal(np.isclose(shown, to_rgb(LIGHT.context)).all(axis=-1), per_lead.context)
    (borders,) = (c for c in ax.collections if isinstance(c, LineCollection))
    assert [segment[0, 1] for segment in borders.get_segments()] == [1]
    assert ax.get_title(loc="left") == "2 draws, 12 leads each"


@pytest.mark.parametrize("lead", ["II", "V2"])
def test_draws_of_a_lead_lie_below_its_trace(ecg, per_lead, lead):
    trace, ax = plot_draws(ecg, per_lead, lead=lead).axes
    row = ecg.lead_index(lead)
    np.testing.assert_array_equal(trace.lines[0].get_ydata(), ecg.signal[row])
    assert [label.get_text() for label in trace.get_yticklabels()] == [lead]
    shown = np.isclose(colours_of(ax), to_rgb(LIGHT.context)).all(axis=-1)
    assert np.array_equal(shown, per_lead.context[:, row])
    assert trace.get_xlim() == ax.get_xlim()
    assert f"2 draws for lead {lead}, 10 s in 200 patches of 50 ms; " in ax.figure.get_label()


@pytest.mark.parametrize(("n_records", "lead"), [(2, None), (8, None), (24, None), (48, "II")])
def test_a_row_of_draws_is_at_least_two_pixels_high(ecg, rng, n_records, lead):
    """Pixels of a page, 96 to an inch; leads with masks of their own have a row each."""
    masks = PerLead(RandomPatches()).draw(n_records, 200, rng)
    fig = plot_draws(ecg, masks, lead=lead)
    fig.canvas.draw()
    ax = fig.axes[-1]
    inches = ax.get_window_extent().height / fig.dpi
    assert 96 * inches / len(colours_of(ax)) >= 2


def test_draws_of_several_strategies_have_a_panel_each(ecg, jepa, per_lead):
    fig = plot_draws(ecg, {"ECG-JEPA": jepa, "Per lead": per_lead})
    titles = [ax.get_title(loc="left") for ax in fig.axes]
    assert titles == ["ECG-JEPA: 3 draws", "Per lead: 2 draws, 12 leads each"]
    assert [ax.get_xlabel() for ax in fig.axes] == ["", "Time (s)"]
    assert "Per lead: 2 draws for each of 12 leads, " in fig.get_label()


def test_the_label_of_draws_says_what_is_in_them(ecg):
    context = np.array([[[c == "#" for c in row]] for row in ("##..#", "#....")])
    targets = np.array([[[[c == "#" for c in row]]] for row in ("..#..", ".###.")])
    assert plot_draws(ecg, Masks(context, targets)).get_label() == (
        "2 draws, 10 s in 5 patches of 2000 ms; context is 20% to 60% of a draw; target is 20% to "
        "60% of a draw; ignored is 20% of a draw; the first patch is seen in 100% of the rows, the "
        "middle one in 0%, the last in 50%; it must predict stretches of 2.00 to 6.00 s."
    )


@pytest.mark.parametrize("as_dict", [False, True])
@pytest.mark.parametrize("truncate", ["ends", "never"])
def test_draws_are_taken_from_what_collators_return(ecg, as_dict, truncate):
    collate = PatchMaskCollator(ContextToTarget(), 25, truncate=truncate, as_dict=as_dict)
    torch.manual_seed(0)
    batch = collate([ecg.signal] * 4)
    context, targets = (
        (batch["context"], batch["targets"]) if as_dict else (batch.context, batch.targets)
    )
    if truncate == "ends":
        expected = Masks.from_indices(context, targets, n_patches=200)
        (one,) = plot_draws(ecg, expected).axes
        (other,) = plot_draws(ecg, batch, patch_size=25).axes
        assert artists(one) == artists(other)
    assert plot_draws(ecg, batch, patch_size=25).axes[0].images[0].get_array().shape == (4, 200)


@pytest.mark.parametrize("lead", [None, "II"])
def test_draws_are_a_handful_of_artists(ecg, lead):
    counts = {
        count_artists(
            plot_draws(ecg, RandomPatches().draw(8, n, np.random.default_rng(0)), lead=lead)
        )
        for n in (20, 200, 1000)
    }
    ((drawn, words),) = counts
    assert drawn <= 3
    assert words == 0


def test_no_draws_are_refused(ecg):
    with pytest.raises(ValueError, match="at least one strategy to draw, but masks is empty"):
        plot_draws(ecg, {})


# Guesses


def guess_lines(ax):
    return [line for line in ax.lines if line.get_gid() == "guess"]


@pytest.mark.parametrize("name", ["ijepa", "per_lead"])
def test_guesses_are_drawn_where_the_lead_is_hidden_and_meet_what_is_seen(ecg, request, name):
    masks = request.getfixturevalue(name)
    guess = interpolate(ecg, masks)
    ax = plot_guesses(ecg, masks, {"line": guess, "same": guess + 0.1}, lead="V2", record=1)
    row = ecg.lead_index("V2")
    hidden = ~np.repeat(masks.context[1, row if masks.n_leads > 1 else 0], 25)
    near = np.convolve(hidden, [1, 1, 1], mode="same") > 0
    for line, offset in zip(guess_lines(ax), (0, 0.1), strict=True):
        shown = np.isfinite(line.get_ydata())
        assert np.array_equal(shown, near)
        joined = np.where(hidden, guess[1, row] + offset, ecg.signal[row])
        np.testing.assert_allclose(line.get_ydata()[shown] - ax.get_yticks()[0], joined[shown])


def test_below_guesses_is_the_lead_as_it_is_drawn_alone(ecg, ijepa):
    alone = plot_lead(ecg, ijepa, lead="II")
    ax = plot_guesses(ecg, ijepa, {"line": interpolate(ecg, ijepa)}, lead="II")
    for role in ROLES:
        assert np.array_equal(drawn(ax, role), drawn(alone, role))
    assert tints(ax) == tints(alone)


@PALETTES
def test_guesses_are_told_apart_by_their_lines_and_have_no_colour_of_a_role(ecg, ijepa, palette):
    guess = interpolate(ecg, ijepa)
    ax = plot_guesses(ecg, ijepa, {"one": guess, "other": guess}, palette=palette)
    assert {line.get_color() for line in guess_lines(ax)} == {palette.text}
    assert len({line.get_linestyle() for line in guess_lines(ax)}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "other"]


def test_a_guess_that_is_far_off_is_inside_the_figure(ecg, ijepa):
    ax = plot_guesses(ecg, ijepa, {"far": interpolate(ecg, ijepa) + 5})
    bottom, top = ax.get_ylim()
    (line,) = guess_lines(ax)
    assert bottom < np.nanmin(line.get_ydata())
    assert np.nanmax(line.get_ydata()) < top


def test_the_label_of_guesses_says_how_far_off_they_are(ecg, ijepa):
    signal = np.repeat(ecg.signal[None], 3, axis=0)
    guesses = {"Half a millivolt": signal - 0.5, "Nothing": np.full_like(signal, np.nan)}
    ax = plot_guesses(ecg, ijepa, guesses)
    assert ax.get_label() == (
        f"{plot_lead(ecg, ijepa).get_label()} Half a millivolt misses the targets by 0.50 mV, root "
        "mean square. Nothing guesses none of the targets."
    )
    assert ax.figure.get_label() == ax.get_label()


@pytest.mark.parametrize("guesses", [{}, np.zeros((3, 12, 5000))], ids=["none", "no names"])
def test_guesses_without_names_are_refused(ecg, ijepa, guesses):
    with pytest.raises(ValueError, match="guesses must be a dict of names and arrays, such as"):
        plot_guesses(ecg, ijepa, guesses)


@pytest.mark.parametrize("shape", [(12, 5000), (1, 12, 5000), (3, 12, 200)])
def test_guesses_of_another_shape_are_refused(ecg, ijepa, shape):
    with pytest.raises(ValueError, match=r"guess 'line' has the shape .*, not \(3, 12, 5000\) as"):
        plot_guesses(ecg, ijepa, {"line": np.zeros(shape)})
    assert plt.get_fignums() == []


# Several strategies


@pytest.fixture(scope="module")
def comparison():
    strategies = {
        "ECG-JEPA": MaskAndComplement(),
        "I-JEPA": ContextToTarget.ijepa(),
        "MAE": RandomPatches.mae(),
        "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    }
    return compare_strategies(strategies, 200, n_batches=8)


@PALETTES
def test_bars_of_shares_are_stacked_to_all_patches(comparison, palette):
    ax = plot_shares(comparison, palette=palette)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(comparison.statistics)
    ends = np.zeros(4)
    for role, container in zip(ROLES, ax.containers, strict=True):
        for row, bar in enumerate(container):
            share = getattr(list(comparison.statistics.values())[row], role)
            assert bar.get_x() == pytest.approx(ends[row])
            assert bar.get_width() == pytest.approx(100 * share)
            assert to_hex(bar.get_facecolor()) == getattr(palette, role).lower()
            ends[row] += bar.get_width()
    assert ends == pytest.approx([100] * 4)
    assert ax.yaxis_inverted()


def test_on_a_narrow_figure_the_shares_take_half_the_width_and_all_of_the_legend_is_seen(
    comparison,
):
    fig, ax = plt.subplots(figsize=(3.7, 2.2), layout="constrained")
    plot_shares(comparison, ax=ax)
    fig.canvas.draw()
    assert ax.get_window_extent().width > fig.bbox.width / 2
    legend = ax.get_legend().get_window_extent()
    assert fig.bbox.x0 <= legend.x0 < legend.x1 <= fig.bbox.x1


@PALETTES
def test_curves_of_being_seen_are_blue_and_told_apart_by_their_lines(rng, palette):
    statistics = mask_statistics(RandomPatches(), 200, rng=rng, n_batches=2)
    ax = plot_visibility(
        StrategyComparison({f"number {n}": statistics for n in range(16)}), palette=palette
    )
    assert {line.get_color() for line in ax.lines} == {palette.context_line}
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 16


def test_a_curve_of_being_seen_holds_the_probability_of_each_patch(comparison):
    ax = plot_visibility(comparison)
    for line, statistics in zip(ax.lines, comparison.statistics.values(), strict=True):
        assert np.array_equal(height(line, (np.arange(200) + 0.5) * 0.05), statistics.p_context)
    assert ax.get_xlim() == (0, 10)


def test_the_name_of_a_curve_stands_on_it_and_covers_no_other(comparison):
    ax = plot_visibility(comparison)
    ax.figure.canvas.draw()
    for text in ax.texts:
        x, y = text.get_position()
        assert y == height(curve_of(ax, text.get_text()), x)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_names_of_equal_curves_do_not_touch_on_a_phone(rng):
    statistics = mask_statistics(RandomPatches(), 200, rng=rng, n_batches=2)
    names = ("Whole beats", "Random leads", "I-JEPA")
    fig, ax = plt.subplots(figsize=(3.73, 4), layout="constrained")
    plot_visibility(StrategyComparison(dict.fromkeys(names, statistics)), ax=ax)
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_figures_of_several_strategies_are_labelled_with_their_numbers(comparison):
    mae = "MAE 25%, 75% and 0%"
    assert mae in plot_shares(comparison).figure.get_label()
    seen = comparison["MAE"].p_context
    words = f"MAE {seen[0]:.2f} and {seen[100]:.2f}"
    assert words in plot_visibility(comparison).figure.get_label()


@pytest.mark.parametrize("n_patches", [2, 3, 7])
def test_names_stand_on_curves_of_a_few_patches(n_patches):
    strategies = {name: RandomPatches(0.5) for name in ("first", "second", "third", "fourth")}
    comparison = compare_strategies(strategies, n_patches, n_batches=2)
    ax = plot_visibility(comparison)
    for text in ax.texts:
        statistics = comparison[text.get_text()]
        time, height = text.get_position()
        patch = round(time / statistics.patch_duration - 0.5)
        assert height == statistics.p_context[patch]


@pytest.mark.parametrize("draw", [plot_shares, plot_visibility])
def test_a_comparison_is_drawn_in_axes_of_the_caller(comparison, draw):
    fig, (left, right) = plt.subplots(1, 2)
    assert draw(comparison, ax=right) is right
    assert right.get_label().endswith(".")
    assert fig.axes == [left, right]
    assert not left.has_data()


# The caller's canvas


def test_a_figure_of_the_caller_is_drawn_in(ecg, jepa):
    for fig in (plt.figure(), Figure()):
        open_figures = plt.get_fignums()
        assert plot_12_leads(ecg, jepa, fig=fig) is fig
        assert len(fig.axes) == 2
        assert plt.get_fignums() == open_figures


def test_subfigures_of_the_caller_are_drawn_in_side_by_side(ecg, jepa, ijepa):
    left, right = plt.figure(layout="constrained").subfigures(1, 2)
    assert plot_12_leads(ecg, jepa, fig=left) is left
    assert plot_comparison(ecg, {"a": jepa, "b": ijepa}, fig=right) is right
    assert (len(left.axes), len(right.axes)) == (2, 2)
    assert "it must predict" in left.get_label()
    assert "target 4 is" in right.get_label()


def test_figures_can_be_rendered_without_a_warning(ecg, jepa, per_lead):
    for fig in (
        plot_12_leads(ecg, jepa, title="title"),
        plot_12_leads(ecg, per_lead),
        plot_comparison(ecg, {"a": jepa, "b": per_lead}),
        plot_lead(ecg, jepa).figure,
    ):
        fig.canvas.draw()
        assert np.ptp(np.asarray(fig.canvas.buffer_rgba())[..., :3]) > 0


def test_settings_of_matplotlib_are_left_alone(ecg, jepa, ijepa):
    with mpl.rc_context():
        # Back to the defaults: other tests have drawn in this process.
        mpl.rcdefaults()
        before = mpl.rcParams.copy()
        plot_12_leads(ecg, jepa, palette=DARK)
        plot_lead(ecg, jepa, palette=DARK)
        plot_comparison(ecg, {"a": jepa, "b": ijepa}, palette=DARK)
        assert mpl.rcParams == before


def count_artists(fig):
    kinds = (ax.lines + ax.collections + ax.images + ax.patches for ax in fig.axes)
    return sum(map(len, kinds)), sum(len(ax.texts) for ax in fig.axes)


@pytest.mark.parametrize("strategy", [MaskAndComplement(1), PerLead(MaskAndComplement(1))])
def test_the_number_of_artists_does_not_depend_on_the_number_of_patches(ecg, strategy):
    counts = {
        count_artists(plot_12_leads(ecg, strategy.draw(1, n, np.random.default_rng(0))))
        for n in (20, 200, 1000)
    }
    assert len(counts) == 1


# Colours


@PALETTES
@pytest.mark.parametrize("role", ROLES)
def test_lines_stand_out_from_the_background(palette, role):
    assert contrast(getattr(palette, f"{role}_line"), palette.background) >= 4.5


@PALETTES
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_target_lines_stand_out_from_the_tints_of_their_targets(palette, depth):
    # 3 : 1 is what WCAG 2 asks of graphics.
    shade = np.array(to_rgb(palette.background))
    for _ in range(depth):
        shade = (1 - palette.tint) * shade + palette.tint * np.array(to_rgb(palette.target))
    assert contrast(palette.target_line, shade) >= 3


@PALETTES
@pytest.mark.parametrize("name", ["ijepa", "per_lead"])
def test_all_text_stands_out_from_the_background(ecg, request, palette, name):
    masks = request.getfixturevalue(name)
    one = plot_12_leads(ecg, masks, title="Title", palette=palette)
    other = plot_comparison(ecg, {"a": masks, "b": masks}, palette=palette)
    for fig in (one, other):
        fig.canvas.draw()
        texts = [text for text in fig.findobj(Text) if text.get_text() and text.get_visible()]
        assert len(texts) > 10
        for text in texts:
            assert contrast(text.get_color(), palette.background) >= 4.5, text


def test_text_is_at_least_nine_points_high_and_grows_with_that_of_the_caller(
    ecg, jepa, per_lead, statistics, comparison
):
    """Nine points are twelve pixels of a page."""

    def least():
        plt.close("all")
        plot_12_leads(ecg, jepa, title="Title")
        plot_12_leads(ecg, per_lead)
        plot_draws(ecg, jepa, lead="II")
        plot_guesses(replace(ecg, synthetic=True), jepa, {"line": interpolate(ecg, jepa)})
        plot_statistics(statistics)
        plot_shares(comparison)
        plot_visibility(comparison)
        sizes = []
        for fig in map(plt.figure, plt.get_fignums()):
            fig.canvas.draw()
            sizes += [text.get_fontsize() for text in fig.findobj(Text) if text.get_text()]
        return min(sizes)

    with mpl.rc_context():
        mpl.rcdefaults()
        assert least() >= 9
        mpl.rcParams["font.size"] *= 2
        assert least() >= 18


@PALETTES
def test_figures_have_the_background_of_their_palette(ecg, jepa, palette):
    fig = plot_12_leads(ecg, jepa, palette=palette)
    surfaces = [fig.get_facecolor(), *(ax.get_facecolor() for ax in fig.axes)]
    assert {to_hex(colour) for colour in surfaces} == {palette.background.lower()}


@PALETTES
def test_roles_differ_in_lightness_too(palette):
    # The hatch and the lane say it as well; in grey the bars are still three.
    shades = sorted(luminance(getattr(palette, role)) for role in ROLES)
    assert min(np.diff(shades)) > 0.05


def test_light_is_the_default_palette(ecg, jepa):
    one, other = plot_12_leads(ecg, jepa), plot_12_leads(ecg, jepa, palette=LIGHT)
    assert artists(traces_of(one)) == artists(traces_of(other))


def test_a_palette_of_the_caller_is_used(ecg, jepa):
    palette = replace(LIGHT, context_line="#000000")
    ax = plot_lead(ecg, jepa, palette=palette)
    assert {line.get_color() for line in lines_of(ax, "context")} == {"#000000"}


# Bad input


def draw_12_leads(ecg, masks, **options):
    return plot_12_leads(ecg, masks, **options)


def draw_lead(ecg, masks, **options):
    return plot_lead(ecg, masks, **options)


def draw_comparison(ecg, masks, **options):
    return plot_comparison(ecg, {"name": masks}, **options)


def draw_draws(ecg, masks, **options):
    return plot_draws(ecg, masks, **options)


def draw_guesses(ecg, masks, **options):
    return plot_guesses(ecg, masks, {"flat": np.zeros((1, 12, 5000))}, **options)


EVERY_FIGURE = pytest.mark.parametrize(
    "draw", [draw_12_leads, draw_lead, draw_comparison, draw_draws, draw_guesses]
)
INDICES = (np.array([[0, 1]]), np.array([[2, 3]]))


@EVERY_FIGURE
@pytest.mark.parametrize(
    ("masks", "options", "error", "message"),
    [
        (masks_of("##.", "..#"), {}, ValueError, "3 patches do not fit an ECG of 5000 samples;"),
        (
            masks_of("##...", "...##"),
            {"patch_size": 25},
            ValueError,
            "5 patches do not fit an ECG of 5000 samples in patches of 25; draw them for this ECG",
        ),
        (INDICES, {}, ValueError, "index tensors do not say how long a patch is; pass patch_size="),
        (
            INDICES,
            {"patch_size": 33},
            ValueError,
            "5000 samples does not divide into patches of 33",
        ),
        (INDICES, {"patch_size": 0}, ValueError, "patch_size must be at least 1, not 0"),
        (INDICES, {"patch_size": 25.0}, TypeError, "patch_size must be a whole number"),
        (INDICES, {"patch_size": "25"}, TypeError, "patch_size must be a whole number"),
        (INDICES, {"patch_size": 2500}, ValueError, "targets holds index 3, but"),
        (np.array([[0, 1]]), {"patch_size": 25}, TypeError, "masks must be what a strategy draws"),
    ],
)
def test_masks_that_do_not_fit_are_refused(ecg, draw, masks, options, error, message):
    with pytest.raises(error, match=message):
        draw(ecg, masks, **options)


@pytest.mark.parametrize("draw", [draw_12_leads, draw_lead, draw_comparison, draw_guesses])
def test_a_record_that_is_not_there_is_refused(ecg, draw):
    with pytest.raises(IndexError, match="record 1 is not among the 1"):
        draw(ecg, INDICES, patch_size=25, record=1)


@EVERY_FIGURE
def test_masks_for_another_number_of_leads_are_refused(ecg, rng, draw):
    masks = PerLead(MaskAndComplement(), n_leads=8).draw(1, 200, rng)
    with pytest.raises(ValueError, match="per-lead masks for 8 leads do not fit an ECG with 12"):
        draw(ecg, masks)


@EVERY_FIGURE
@pytest.mark.parametrize("convert", [lambda e: torch.tensor(e.signal), lambda e: e.signal])
def test_a_bare_signal_is_refused_with_the_way_out(ecg, jepa, draw, convert):
    with pytest.raises(TypeError, match=r"ecg must be an ECG, not .*; make one with ECG\(signal"):
        draw(convert(ecg), jepa)


@pytest.mark.parametrize("draw", [draw_lead, draw_comparison, draw_draws, draw_guesses])
def test_an_unknown_lead_is_refused(ecg, jepa, draw):
    with pytest.raises(ValueError, match="lead 'V7' is not in this ECG; it has I, II"):
        draw(ecg, jepa, lead="V7")


@pytest.mark.parametrize("draw", [draw_lead, draw_comparison, draw_draws, draw_guesses])
def test_what_is_refused_leaves_no_figure_open(ecg, jepa, draw):
    with pytest.raises(ValueError, match="lead 'V7'"):
        draw(ecg, jepa, lead="V7")
    assert plt.get_fignums() == []


def test_an_empty_comparison_is_refused(ecg):
    with pytest.raises(ValueError, match="at least one strategy to draw, but masks is empty"):
        plot_comparison(ecg, {})


def test_a_comparison_of_masks_without_a_name_is_refused(ecg, jepa):
    with pytest.raises(TypeError, match=r"masks must be .* not Masks"):
        plot_comparison(ecg, jepa)


def test_tints_are_one_collection_for_each_target(ecg, ijepa):
    ax = traces_of(plot_12_leads(ecg, ijepa))
    polygons = [c for c in ax.collections if isinstance(c, PolyCollection)]
    assert len([c for c in polygons if c.get_gid() == "target tint"]) == 4


def test_of_a_batch_with_padding_no_patch_size_is_needed(ecg):
    collate = PatchMaskCollator(ContextToTarget(), 25, truncate="never")
    batch = collate([ecg.signal] * 2)
    assert plot_lead(ecg, batch).get_label() == plot_lead(ecg, batch, patch_size=25).get_label()
