"""What the build ships for the mask explorer, and its directive on a small site of its own."""

import gzip
import html
import json
import re
import subprocess
import sys
from itertools import product
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT, SITE
from PIL import Image
from sphinx.errors import ExtensionError

import ecgmask
from ecgmask.plotting import DARK, LIGHT
from ecgmask.statistics import count_line, find_runs, percent, sentence

sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import explorer

DOCS = ROOT / "docs"
SHIPPED = SITE / "_static" / "explorer"

# In one process, so that the small site is built once.
on_a_small_site = pytest.mark.xdist_group("explorer")

SMALL = ["MaskAndComplement", "ContextToTarget", "Spans"]
BUDGET = 130_000  # bytes, gzip, of one strategy with the ECG: a page stays below 450 kB
SECTIONS = "First\n-----\n\nWords.\n\nSecond\n------\n\nWords.\n"
PAGES = {
    "index": "Index\n=====\n\n.. toctree::\n   :glob:\n\n   *\n   */index\n   */*/*\n",
    "explorer": "Explore\n=======\n\n.. mask-explorer::\n",
    "plain": "Plain\n=====\n\nNo explorer here.\n",
    "gallery/index": "Gallery\n=======\n\nAll of it.\n",
    # A comment and a label come first, as on the pages of the gallery.
    "gallery/strategies/spans": f".. Comment.\n\n.. _label:\n\nSpans\n=====\n\n{SECTIONS}",
}


def build(folder, pages, builder="html"):
    """Build a site of some pages, and return where it is and what Sphinx complained of."""
    source, site = folder / "source", folder / "site"
    for name, text in pages.items():
        page = source / f"{name}.rst"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    # What the build ships is read off the real site: the small one draws three strategies only.
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(DOCS / '_ext')!r})\n"
        "import explorer\n"
        f"explorer.GRIDS = {{name: explorer.GRIDS[name] for name in {SMALL}}}\n"
        "extensions = ['explorer']\n"
        f"html_theme = 'basic'\nhtml_static_path = [{str(DOCS / '_static')!r}]\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-b", builder]
    result = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), str(source), str(site)],
        capture_output=True,
        text=True,
        check=False,
    )
    return SimpleNamespace(folder=site, stderr=result.stderr)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with the explorer, a page without and a page of the gallery."""
    built = build(tmp_path_factory.mktemp("explorer"), PAGES)
    assert built.stderr == ""
    return built.folder


def shipped(name):
    """Return what a script of the built site hands to the page."""
    text = (SHIPPED / f"{name}.js").read_text(encoding="utf-8")
    start = f"(window.maskExplorer ??= {{}}).{name.removesuffix('-small')} = "
    assert text.startswith(start)
    data = json.loads(text.removeprefix(start).rstrip(";\n"))
    if "drawn" in data:
        data["laws"] = [data["laws"][number] for number in data["masks"]]
        data["masks"] = [data["drawn"][number] for number in data["masks"]]
    return data


def numbers(text):
    """Return the whole numbers of base-64 digits, five bits each, the lowest first."""
    values, value, scale = [], 0, 1
    for character in text:
        digit = explorer.DIGITS.index(character)
        value += digit % 32 * scale
        scale *= 32
        if digit < 32:
            values.append(value)
            value, scale = 0, 1
    return values


def decoded(data, masks):
    """Yield seed, record, context ``(lead, patch)``, targets ``(target, lead, patch)``, words."""
    n_targets, n_words, *values = numbers(masks)
    values = iter(values)

    def row():
        marked = np.zeros(200, dtype=bool)
        patch, inside = 0, False
        while patch < 200:
            length = next(values)
            marked[patch : patch + length] = inside
            patch, inside = patch + length, not inside
        return marked

    for seed, record in product(range(explorer.N_SEEDS), range(24)):
        rows = [[row() for _ in range(1 + n_targets)] for _ in range(data["leads"])]
        context = np.array([each[0] for each in rows])
        targets = np.array([each[1:] for each in rows]).swapaxes(0, 1) if n_targets else [~context]
        words = [data["phrases"][next(values)] for _ in range(n_words)]
        yield seed, record, context, np.array(targets), words
    assert next(values, None) is None


def copied(data, setting, seed):
    """Return the code that a page writes for a setting, with nothing drawn on a canvas."""
    return (
        data["code"]
        .replace("{names}", ", ".join(data["names"]))
        .replace("{strategy}", setting)
        .replace("{seed}", str(seed))
        .replace("{record}", "0")
        .replace("{plot}", "plot_12_leads")
        .replace("{lead}", "")
    )


@pytest.mark.parametrize("name", explorer.GRIDS)
def test_every_mask_that_is_shipped_is_the_one_that_the_package_draws(name):
    data = shipped(name)
    settings = list(explorer.settings(name))
    assert len(settings) == len(data["masks"])
    for setting, masks in zip(settings, data["masks"], strict=True):
        if masks.startswith("!"):
            continue
        batches = [explorer.draw(setting, seed) for seed in range(explorer.N_SEEDS)]
        for seed, record, context, targets, _ in decoded(data, masks):
            drawn, which = batches[seed], f"{setting}, seed {seed}, record {record}"
            np.testing.assert_array_equal(context, drawn.context[record], which)
            np.testing.assert_array_equal(targets, drawn.targets[record], which)


def with_times(roles, masks, times):
    """Return what is told of the roles of some masks, with the times of their runs filled in."""
    rows = [masks.context[0, 0], *masks.targets[0, :, 0]]
    for number, role in enumerate(roles):
        row = rows[number] if number < len(rows) else masks.ignored[0, 0]
        spans = [f"{times[first]} to {times[first + n]}" for first, n in find_runs(row)]
        yield role.replace("@", ", ".join(spans))


@pytest.mark.parametrize("name", explorer.GRIDS)
def test_every_word_that_is_shipped_is_the_one_that_the_package_says(name):
    data, times = shipped(name), shipped("record")["times"]
    ecg = ecgmask.sample_ecg()
    for setting, masks in zip(explorer.settings(name), data["masks"], strict=True):
        if masks.startswith("!"):
            continue
        batches = [explorer.draw(setting, seed) for seed in range(explorer.N_SEEDS)]
        for seed, record, *_, (counts, *roles) in decoded(data, masks):
            drawn = batches[seed][record]
            assert counts == count_line(drawn, ecg.duration)
            views = {"all": drawn}
            if drawn.n_leads > 1:
                for row, lead in enumerate(ecg.leads):
                    views[lead] = ecgmask.Masks(drawn.context[:, [row]], drawn.targets[:, :, [row]])
            told = np.reshape(roles, (len(views), -1))
            for (lead, view), words in zip(views.items(), told, strict=True):
                leads = ecg.leads if lead == "all" else (lead,)
                words = [data["openings"][lead], *with_times(words, view, times)]
                assert f"{'; '.join(words)}." == sentence(
                    view, ecg.duration, leads, synthetic=False
                )


@pytest.mark.parametrize("name", explorer.GRIDS)
def test_every_count_has_the_percentage_that_the_package_writes(name):
    data = shipped(name)
    total = 200 * data["leads"]
    assert data["percents"] == [percent(count / total) for count in range(total + 1)]


def test_masks_that_settings_have_in_common_are_shipped_once():
    text = (SHIPPED / "Spans.js").read_text(encoding="utf-8")
    drawn = shipped("Spans")["drawn"]
    assert len(drawn) < len(list(explorer.settings("Spans")))
    assert {text.count(json.dumps(masks)) for masks in drawn} == {1}


def test_a_setting_without_masks_is_one_that_the_package_refuses_for_every_seed():
    refused = {
        setting: masks.removeprefix("!")
        for name in explorer.GRIDS
        for setting, masks in zip(explorer.settings(name), shipped(name)["masks"], strict=True)
        if masks.startswith("!")
    }
    assert "Leads(n_masked=11, groups=(LIMB_LEADS,), keep=())" in refused
    for setting, error in refused.items():
        for seed in range(explorer.N_SEEDS):
            with pytest.raises(ValueError, match="lower") as refusal:
                explorer.draw(setting, seed)
            assert error == f"ValueError: {refusal.value}"


@pytest.mark.parametrize("name", explorer.GRIDS)
def test_the_code_of_a_page_draws_the_masks_that_the_page_shows(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    data = shipped(name)
    place = np.ravel_multi_index(
        data["presets"][-1], [len(control["options"]) for control in data["controls"]]
    )
    setting = list(explorer.settings(name))[place]
    script = {}
    exec(copied(data, setting, 1), script)
    plt.close("all")
    for seed, record, context, targets, _ in decoded(data, data["masks"][place]):
        if seed == 1:
            np.testing.assert_array_equal(script["masks"].context[record], context)
            np.testing.assert_array_equal(script["masks"].targets[record], targets)


@pytest.mark.parametrize("name", ["Spans", "Beats", "LeadBlocks", "ContextToTarget", "PerBatch"])
def test_the_law_that_is_shipped_is_what_the_package_measures(name):
    data = shipped(name)
    for setting, text in list(zip(explorer.settings(name), data["laws"], strict=True))[::20]:
        strategy = explorer.make(setting)
        peaks = explorer.r_peaks() / 25 if strategy.needs_r_peaks else ()
        n_batches, batch_size = explorer.long_run(strategy)
        law = ecgmask.mask_statistics(
            strategy,
            200,
            rng=np.random.default_rng(0),
            n_batches=n_batches,
            batch_size=batch_size,
            r_peaks=peaks,
        )
        steps = [-(n - 1) // 2 if n % 2 else n // 2 for n in numbers(text)]
        wanted = np.concatenate([law.p_context, law.p_target])
        np.testing.assert_allclose(np.cumsum(steps) / 100, wanted, atol=0.00501)


def test_a_long_run_that_is_too_short_stops_the_build(monkeypatch):
    monkeypatch.setattr(explorer, "BATCH_SIZES", {})
    with pytest.raises(ExtensionError, match=r"long run of ContextToTarget.* error of 0.02"):
        explorer.law("ContextToTarget(context_scale=(0.85, 1.0), min_keep=50)")


def test_a_seeded_collator_cuts_the_end_that_is_shipped():
    shared = shipped("record")["losesStart"]
    for seed, size in ((0, 24), (1, 9), (2, 2)):
        context = np.random.default_rng(seed).random((size, 1, 200)) < 0.5
        masks = ecgmask.Masks(context, ~context[:, None])
        cut = explorer.collate(masks, seed, "ends").context.numpy()
        for row, left, loses_start in zip(context[:, 0], cut, shared[seed], strict=False):
            tokens = np.flatnonzero(row)
            surplus = len(tokens) - len(left)
            wanted = tokens[surplus:] if loses_start else tokens[: len(left)]
            np.testing.assert_array_equal(left, wanted)


def test_every_name_in_an_address_means_one_setting():
    settings = explorer.named_settings(explorer.GRIDS)
    for each in settings:
        for text in (each["slug"], each["name"]):
            wanted = explorer.key(text)
            found = next(
                other for other in settings if any(key.startswith(wanted) for key in other["keys"])
            )
            assert found["name"] == each["name"]
            assert found == each or text == each["name"]


def test_a_strategy_without_controls_has_a_menu_of_its_presets(monkeypatch):
    monkeypatch.delitem(explorer.CONTROLS, "Leads")
    monkeypatch.setitem(explorer.GRIDS, "Leads", explorer.grid_of("Leads"))
    (menu,) = explorer.GRIDS["Leads"].controls
    assert [option.text for option in menu.options] == list(explorer.GRIDS["Leads"].presets)
    presets = explorer.GRIDS["Leads"].presets.values()
    assert [explorer.preset_place("Leads", code) for code in presets] == [
        [n] for n in range(len(presets))
    ]


def test_no_control_takes_a_name_that_the_page_has_in_its_address():
    names = {control.name for grid in explorer.GRIDS.values() for control in grid.controls}
    assert names.isdisjoint({"strategy", "seed", "record", "lead", "mode", "size"})


def test_a_preset_stands_where_its_parameters_are():
    for name, grid in explorer.GRIDS.items():
        settings = list(explorer.settings(name))
        places = shipped(name)["presets"]
        sizes = [len(control.options) for control in grid.controls]
        for place, code in zip(places, grid.presets.values(), strict=True):
            setting = settings[np.ravel_multi_index(place, sizes)]
            assert explorer.make(setting) == explorer.make(code)


def test_a_preset_that_no_setting_reaches_is_an_error(monkeypatch):
    grid = explorer.Grid(explorer.GRIDS["Spans"].controls, {"Odd": "Spans(ratio=0.123)"})
    monkeypatch.setitem(explorer.GRIDS, "Spans", grid)
    with pytest.raises(ValueError, match=r"does not hold Spans\(ratio=0.123\); add its values"):
        explorer.mask_data("Spans")


def test_the_ecg_that_is_shipped_is_the_sample_ecg():
    record = shipped("record")
    ecg = ecgmask.sample_ecg()
    assert tuple(record["leads"]) == tuple(record["signal"]) == ecg.leads
    for row, text in zip(ecg.signal, record["signal"].values(), strict=True):
        deltas = [-(n - 1) // 2 if n % 2 else n // 2 for n in numbers(text)]
        trace = np.cumsum(deltas) * record["step"]
        np.testing.assert_allclose(trace, row[::2], atol=0.003)  # mV


def test_a_small_explorer_has_one_lead_of_the_same_ecg():
    whole, small = shipped("record"), shipped("record-small")
    assert small.pop("signal") == {"II": whole.pop("signal")["II"]}
    assert small.pop("stacks") == {"II": whole.pop("stacks")["II"]}
    assert small == whole


def test_a_beat_is_as_long_as_those_of_the_sample_ecg():
    assert shipped("record")["beat"] == pytest.approx(60 / 61, rel=0.01)


def test_all_that_a_page_loads_of_the_explorer_stays_within_the_budget():
    files = [*SHIPPED.iterdir(), *(SITE / "_static").glob("explorer.*")]
    assert {file.suffix for file in files} == {".js", ".css"}
    sizes = {file.stem: len(gzip.compress(file.read_bytes())) for file in files}
    largest = max(sizes[name] for name in explorer.GRIDS)
    others = sum(size for name, size in sizes.items() if name not in explorer.GRIDS)
    assert largest + others < BUDGET + sizes["record"]


def test_the_explorer_has_a_picture_for_those_who_link_to_it():
    with Image.open(SITE / "_static" / "explorer-preview.png") as picture:
        assert picture.width > 600


def test_the_colours_are_those_of_the_figures():
    light, dark = (SHIPPED / "palette.css").read_text().splitlines()
    for rule, palette in ((light, LIGHT), (dark, DARK)):
        for role in ("background", "text", "context", "target_line", "ignored"):
            assert f"--ecg-{role.replace('_', '-')}: {getattr(palette, role)};" in rule
    assert 'data-theme="dark"' in dark


def scripts(site, page):
    """Return the names of the scripts of the explorer that a page loads."""
    return re.findall(
        r'src="[./]*_static/([^"?]*explorer[^"?]*)\?v=\w+"', (site / page).read_text()
    )


@on_a_small_site
def test_the_explorer_loads_the_first_strategy_and_knows_where_the_others_are(site):
    first, *others = SMALL
    assert scripts(site, "explorer.html") == [
        "explorer/record.js",
        f"explorer/{first}.js",
        "explorer.js",
    ]
    text = html.unescape((site / "explorer.html").read_text())
    for name in others:
        assert f'"{name}": "_static/explorer/{name}.js?v=' in text


@on_a_small_site
def test_a_page_of_the_gallery_explores_its_own_strategy_after_its_first_section(site):
    page = "gallery/strategies/spans.html"
    assert scripts(site, page) == ["explorer/record-small.js", "explorer/Spans.js", "explorer.js"]
    text = (site / page).read_text()
    headings = re.findall(r"<h2>([^<]+)<", text)
    assert headings == ["First", "Try other settings", "Second"]
    assert '"explorer": "../../explorer.html"' in html.unescape(text)


@on_a_small_site
def test_a_page_without_an_explorer_loads_nothing_of_it(site):
    assert "explorer/" not in (site / "plain.html").read_text()
    assert "explorer.css" not in (site / "plain.html").read_text()
    assert "explorer.css" in (site / "explorer.html").read_text()


@on_a_small_site
@pytest.mark.parametrize(
    ("page", "gallery"),
    [("explorer", "gallery/index.html"), ("gallery/strategies/spans", "../index.html")],
)
def test_without_javascript_a_sentence_leads_to_the_gallery(site, page, gallery):
    text = (site / f"{page}.html").read_text()
    assert (
        f'<noscript><p>The explorer needs JavaScript. The <a href="{gallery}">gallery</a> shows '
        "every strategy without it.</p></noscript>"
    ) in text


def test_mistakes_in_a_directive_are_named(tmp_path):
    built = build(
        tmp_path,
        {
            "index": "A\n=\n\n.. mask-explorer:: Spam\n",
            "twice": ":orphan:\n\nB\n=\n\n.. mask-explorer::\n\n.. mask-explorer:: Spans\n",
        },
        builder="dummy",
    )
    assert "no strategy 'Spam' to explore; there are MaskAndComplement, ContextToTarget" in (
        built.stderr
    )
    assert "a page has room for one mask-explorer; remove this one" in built.stderr
    assert built.stderr.count("ERROR") == 2
