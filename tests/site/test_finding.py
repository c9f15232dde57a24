"""Readers find what they look for: by a word in the search, or by links from the home page."""

from __future__ import annotations

import tomllib

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import PHONE, ROOT, SITE, WIDE

# Words that a reader may type, and the page that must be among the first three.
QUERIES = {
    "attention mask": "gallery/concepts/lengths_and_missing_leads",
    "beats": "gallery/strategies/beats",
    "BibTeX": "about",
    "boolean mask": "coming_from",
    "checkpoint": "gallery/training/stop_and_resume",
    "citation": "about",
    "cite": "about",
    "convolutional stem": "coming_from",
    "CODE-15": "your_data",
    "collate_fn": "gallery/training/dataloader",
    "custom": "add_a_strategy",
    "data2vec": "gallery/strategies/inverse_blocks",
    "DDP": "distributed",
    "GPU": "distributed",
    "help": "about",
    "Hugging Face": "distributed",
    "I-JEPA": "gallery/strategies/context_to_target",
    "install": "about",
    "interpolation": "gallery/concepts/what_lines_fill_in",
    "lead II": "gallery/data/mask_your_own_ecg",
    "licence": "about",
    "license": "about",
    "Lightning": "distributed",
    "MAE": "gallery/training/mae_step",
    "mask ratio": "gallery/strategies/random_patches",
    "MaskAndComplement": "api/ecgmask.MaskAndComplement",
    "masked autoencoder": "gallery/training/mae_step",
    "missing lead": "gallery/concepts/lengths_and_missing_leads",
    "multi-block": "gallery/strategies/context_to_target",
    "normalise": "gallery/data/normalise",
    "normalize": "gallery/data/normalise",
    "patch": "gallery/concepts/patch_length",
    "patch size": "gallery/concepts/patch_length",
    "per lead": "gallery/strategies/per_lead",
    "plot_statistics": "api/ecgmask.plotting.plot_statistics",
    "PTB-XL": "your_data",
    "random patches": "gallery/strategies/random_patches",
    "reproducible": "reproducible",
    "ST-MEM": "gallery/strategies/per_lead",
    "statistics": "gallery/comparisons/positional_visibility",
    "synthetic ECG": "gallery/data/synthetic_ecg",
    "token": "guide",
    "torchrun": "distributed",
    "tube mask": "gallery/concepts/shared_mask",
    "variable length": "gallery/concepts/lengths_and_missing_leads",
    "which strategy": "gallery/comparisons/which_to_start_with",
    "wav2vec": "gallery/strategies/spans",
}
# The search of Sphinx itself, whose results come at once and without the summaries of their pages.
FIND = """(queries) => {
    window.setTimeout = (next, ms) => (ms === 5 ? next() : undefined);
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    return Object.fromEntries(queries.map((query) => {
        document.getElementById("search-results").replaceChildren();
        Search.performSearch(query);
        const links = [...document.querySelectorAll("#search-results li a")];
        const pages = links.map((each) => each.getAttribute("href").split(".html")[0]);
        return [query, [...new Set(pages)].slice(0, 3)];
    }));
}"""


def test_the_search_finds_the_page_that_answers_among_the_first_three(new_reader, address):
    tab = new_reader().tab
    tab.goto(address + "search.html")
    tab.wait_for_function("() => Search.hasIndex()")
    found = tab.evaluate(FIND, list(QUERIES))
    missed = {query: found[query] for query, page in QUERIES.items() if page not in found[query]}
    assert not missed


# What a reader wants, where the links lead that they follow from the home page, and what they read.
TASKS = {
    "the masks of a paper": (["strategies.html", "#find-a-paper"], "RandomPatches.mae()"),
    "mask my PTB-XL": (["your_data.html"], 'WFDBDataset.from_csv("ptb-xl"'),
    "a shared mask or one per lead": (
        ["guide.html", "shared_mask.html"],
        "your tokens are windows of all leads: there is no other",
    ),
    "train on four GPUs": (["distributed.html"], "torchrun"),
    "cite the package": (["about.html"], "@misc"),
    "a parameter of a strategy": (["api.html", "ecgmask.Spans.html"], "Patches in a span"),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_at_most_three_clicks_from_the_home_page(new_reader, address, task):
    places, answer = TASKS[task]
    tab = new_reader().tab
    tab.goto(address + "index.html")
    clicks = 0
    for place in places:
        links = tab.locator(f"a[href$='{place}']")
        if not links.filter(visible=True).count():
            tab.locator("header").get_by_role("button", name="More").click()
            clicks += 1
        links.filter(visible=True).first.click()
        tab.wait_for_url(f"**{place}")
        clicks += 1
    assert clicks <= 3
    assert tab.locator("article").get_by_text(answer).first.is_visible()


def test_the_gallery_has_four_cards_a_row_and_on_phones_titles_beside_pictures(new_reader, address):
    tab = new_reader(size=WIDE).tab
    tab.goto(address + "gallery/index.html")
    tops = [card.bounding_box()["y"] for card in tab.locator(".example-card").all()[:5]]
    assert len(set(tops[:4])) == 1
    assert tops[4] > tops[3]
    tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    card = tab.locator(".example-card").first
    picture, title = (
        card.locator(part).bounding_box() for part in ("picture >> visible=true", "p >> nth=0")
    )
    assert picture["x"] + picture["width"] <= title["x"]


def test_a_phone_shows_the_line_of_a_paper_whole_and_below_the_name(new_reader, address):
    tab = new_reader(size=PHONE).tab
    tab.goto(address + "strategies.html")
    rows = tab.locator("#find-a-paper tbody tr").all()
    assert len(rows) > 20
    for row in rows:
        paper, line = (cell.bounding_box() for cell in row.locator("td").all())
        assert paper["y"] + paper["height"] <= line["y"] + 1
        code = row.locator("code").first.bounding_box()
        assert code["x"] + code["width"] <= PHONE[0]


def test_tags_that_would_leave_nothing_are_off_and_clear_shows_all_again(new_reader, address):
    tab = new_reader().tab
    tab.goto(address + "gallery/index.html?tag=whole+leads&tag=training")
    cards, clear = tab.locator(".example-card"), tab.locator(".tag-filter .clear")
    assert not cards.filter(visible=True).count()
    clear.click()
    assert cards.filter(visible=True).count() == cards.count()
    assert clear.is_hidden()
    assert "tag=" not in tab.url
    tab.locator(".tag-filter button[value='training']").click()
    off = tab.locator(".tag-filter button:disabled").all()
    assert "whole leads" in [each.get_attribute("value") for each in off]


def test_the_entry_to_cite_holds_what_the_citation_file_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    entry = BeautifulSoup((SITE / "about.html").read_text("utf-8"), "html.parser")
    text = entry.select_one(".highlight-bibtex").get_text()
    assert f"title = {{{{{citation['title']}}}}}" in text
    assert all(author["name"] in text for author in citation["authors"])
    assert citation["license"] in text


def test_the_site_says_that_there_is_no_public_address_while_the_package_names_none():
    says = "no public address" in (ROOT / "docs" / "about.rst").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert says is ("urls" not in project)
