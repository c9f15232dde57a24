"""What a reader does: with the keyboard, in the dark, on paper, without scripts, from a folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import PHONE, SITE

EXAMPLE = "gallery/strategies/context_to_target.html"
CLIPBOARD = ["clipboard-read", "clipboard-write"]
SHOWN = """() => [...document.querySelectorAll("figure.themed-figure img")]
    .filter((image) => image.checkVisibility()).map((image) => image.currentSrc)"""
FOCUS_IS_VISIBLE = """() => {
    const near = (each) => [
        each, each.parentElement, each.firstElementChild, each.closest(".example-card"),
    ].filter(Boolean);
    const style = (each) => near(each).map((one) => {
            const s = getComputedStyle(one), after = getComputedStyle(one, "::after");
            return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderBottom,
                s.color, s.backgroundColor, s.textDecoration, after.outline, after.boxShadow,
            ].join();
        }).join();
    const focused = document.activeElement;
    const with_focus = style(focused);
    focused.blur();
    const without = style(focused);
    focused.focus({focusVisible: true});
    return with_focus !== without;
}"""


def tab_to(tab, selector, limit=120):
    """Press Tab until an element that fits the selector has the focus."""
    for _ in range(limit):
        tab.keyboard.press("Tab")
        if tab.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"the Tab key does not reach {selector}")


def test_the_switch_swaps_the_figures_by_keyboard(new_reader, address):
    reader = new_reader("light")
    reader.open(address + EXAMPLE)
    reader.scroll_through()
    assert all("_light_" in name for name in reader.tab.evaluate(SHOWN))
    reader.requests.clear()
    tab_to(reader.tab, ".theme-switch-button")
    reader.tab.keyboard.press("Enter")
    for _ in range(3):
        reader.tab.keyboard.press("ArrowDown")
    with reader.tab.expect_response(re.compile("_dark_")):
        reader.tab.keyboard.press("Enter")
    assert reader.tab.evaluate("document.documentElement.dataset.theme") == "dark"
    reader.scroll_through()
    shown = reader.tab.evaluate(SHOWN)
    assert shown
    assert all("_dark_" in name for name in shown)
    assert not [url for url in reader.requests if "_light" in url]
    reader.open(address + "index.html")
    assert reader.tab.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_without_scripts_a_page_is_light_and_whole(new_reader, address, theme):
    reader = new_reader(theme, java_script_enabled=False)
    reader.open(address + EXAMPLE)
    tab = reader.tab
    assert tab.locator("figure.themed-figure img:visible").count() == tab.locator("figure").count()
    shown = tab.locator("article img:visible")
    names = [each.get_attribute("src") for each in shown.all()]
    assert names
    assert all("_light_" in name for name in names)
    # Without scripts nothing is lazy, so all that is ever loaded is loaded by now.
    images = [url for url in reader.requests if url.endswith(".webp")]
    assert len(images) == len(names)
    assert not [url for url in images if "_dark" in url]
    assert not tab.locator(".pst-js-only:visible").count()


def test_print_is_light(new_reader, address):
    reader = new_reader("dark")
    reader.open(address + EXAMPLE)
    reader.tab.emulate_media(media="print")
    shown = reader.tab.locator("figure.themed-figure a:visible")
    assert shown.count() == reader.tab.locator("figure.themed-figure").count()
    assert {each.get_attribute("class") for each in shown.all()} == {"only-light"}
    # Colours change by a transition, which takes a frame for this reader too.
    reader.tab.wait_for_function(
        """() => getComputedStyle(document.querySelector("article p")).color
            .match(/[\\d.]+/g).slice(0, 3).every((channel) => channel < 100)"""
    )
    reader.tab.emulate_media(media="screen")
    reader.tab.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")


def test_the_search_opens_finds_and_leads_on_by_keyboard(new_reader, address):
    reader = new_reader()
    reader.open(address + "index.html")
    tab = reader.tab
    tab.keyboard.press("Control+k")
    tab.keyboard.type("overlap")
    result = tab.locator("#pst-search-dialog #search-results li a").first
    result.wait_for()
    assert tab.locator("#pst-search-dialog").evaluate("dialog => dialog.open")
    tab_to(tab, "#search-results a", limit=10)
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert tab.url.startswith(address)
    assert not [url for url in reader.requests if not url.startswith(address)]


def test_a_result_of_the_search_shows_the_words_around_what_was_found(new_reader, address):
    reader = new_reader()
    reader.open(address + "search.html?q=dropout")
    summary = reader.tab.locator("#search-results li p.context").first
    summary.wait_for()
    assert "dropout" in summary.inner_text().lower()
    assert not reader.messages


def test_the_search_finds_an_api_name(new_reader, address):
    reader = new_reader()
    reader.open(address + "search.html?q=MaskAndComplement")
    reader.tab.locator(
        "#search-results li a[href*='api/ecgmask.MaskAndComplement']"
    ).first.wait_for()


def test_tags_filter_by_keyboard_and_stay_in_the_address(new_reader, address):
    reader = new_reader()
    reader.open(address + "gallery/index.html")
    tab = reader.tab
    cards = tab.locator(".example-card")
    total = cards.count()
    tab_to(tab, ".tag-filter button")
    tag = tab.evaluate("document.activeElement.value")
    tab.keyboard.press("Space")
    tagged = tab.locator(".example-card:visible")
    assert 0 < tagged.count() < total
    assert tab.evaluate("document.activeElement.ariaPressed") == "true"
    assert (
        tab.locator(".tag-filter [role=status]").inner_text()
        == f"{tagged.count()} of {total} examples"
    )
    count = tagged.count()
    tab.reload()
    assert tab.locator(".example-card:visible").count() == count
    tab_to(tab, f".tag-filter button[value='{tag}']")
    tab.keyboard.press("Enter")
    assert tab.locator(".example-card:visible").count() == total
    assert "tag=" not in tab.url


def test_a_tag_of_an_example_leads_to_its_like(new_reader, address):
    reader = new_reader()
    reader.open(address + EXAMPLE)
    link = reader.tab.locator("nav.tags a").first
    tag = link.inner_text()
    link.click()
    shown = reader.tab.locator(".example-card:visible")
    assert shown.count() < reader.tab.locator(".example-card").count()
    assert all(f'"{tag}"' in card.get_attribute("data-tags") for card in shown.all())


def test_a_card_is_one_named_link_over_all_of_it(new_reader, address):
    reader = new_reader()
    reader.open(address + "gallery/index.html")
    tab = reader.tab
    tab_to(tab, ".example-card a")
    name = tab.evaluate("document.activeElement.innerText.trim()")
    assert name == tab.locator(".example-card .example-card__title").first.inner_text()
    card = tab.locator(".example-card").first
    with tab.expect_navigation():
        card.click(position={"x": 30, "y": 30})
    assert name in tab.title()


@pytest.mark.parametrize("page", ["index.html", "gallery/index.html", EXAMPLE, "strategies.html"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_focus_is_visible_wherever_it_goes(new_reader, address, page, theme):
    reader = new_reader(theme)
    reader.open(address + page)
    tab, unseen = reader.tab, []
    # What focus changes is there at once, not a frame later.
    tab.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync("*, ::before, ::after { transition: none !important; }");
            document.adoptedStyleSheets.push(sheet);
        }"""
    )
    for _ in range(60):
        tab.keyboard.press("Tab")
        here = tab.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        if here.startswith("<body"):  # after the last one
            break
        if not tab.evaluate(FOCUS_IS_VISIBLE):
            unseen.append(here)
    assert not unseen


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["wide", "phone"])
def test_every_block_of_code_and_nothing_else_has_a_copy_button(new_reader, address, size):
    reader = new_reader(size=size)
    reader.open(address + EXAMPLE)
    buttons = "article button.copybtn"
    reader.tab.locator(buttons).first.wait_for(state="attached")
    n_code = reader.tab.locator("article div.highlight-Python").count()
    assert reader.tab.locator(buttons).count() == n_code
    assert reader.tab.locator("div.highlight-Python button.copybtn").count() == n_code


def test_a_block_is_copied_by_keyboard(new_reader, address):
    reader = new_reader(permissions=CLIPBOARD)
    reader.open(address + EXAMPLE)
    tab_to(reader.tab, "button.copybtn", limit=80)
    reader.tab.wait_for_function(
        """() => {
            const button = document.querySelector("button.copybtn:focus-visible");
            return getComputedStyle(button).opacity === "1";
        }"""
    )
    reader.tab.keyboard.press("Enter")
    copied = reader.tab.evaluate("navigator.clipboard.readText()")
    block = reader.tab.locator("div.highlight-Python pre").first.inner_text()
    assert copied.strip() == block.strip()


def test_a_command_of_several_lines_is_copied_whole_and_without_its_prompt(new_reader, address):
    reader = new_reader(permissions=CLIPBOARD)
    reader.open(address + "what_masks_teach.html")
    block = reader.tab.locator(".highlight-console", has_text="ecgmask.convert")
    block.hover()
    block.locator("button.copybtn").click()
    block.locator("button.copybtn.success").wait_for()
    copied = reader.tab.evaluate("navigator.clipboard.readText()")
    commands = " ".join(copied.replace("\\\n", " ").split())
    assert "--column filename_lr --sampling-rate 100 --out ptb-xl.npy" in commands
    assert "--patients patient_id --table ptb-xl.csv" in commands
    assert "$" not in commands


@pytest.mark.parametrize("place", ["server", "folder"])
def test_the_whole_script_is_copied_by_keyboard(new_reader, address, place):
    root = address if place == "server" else SITE.as_uri() + "/"
    reader = new_reader(permissions=CLIPBOARD)
    reader.open(root + EXAMPLE)
    tab_to(reader.tab, "button.copy-script")
    reader.tab.keyboard.press("Enter")
    reader.tab.locator("button.copy-script", has_text="Copied").wait_for()
    copied = reader.tab.evaluate("navigator.clipboard.readText()")
    (script,) = SITE.glob(f"_downloads/*/{Path(EXAMPLE).stem}.py")
    assert copied == script.read_text(encoding="utf-8")


def test_a_second_copy_of_the_script_is_told_as_long_as_the_first(new_reader, address):
    reader = new_reader(permissions=CLIPBOARD)
    reader.tab.clock.install(time=0)
    reader.open(address + EXAMPLE)
    reader.tab.clock.pause_at(3600)  # an hour on, later than any page loads
    button = reader.tab.locator("button.copy-script")
    for _ in range(2):
        button.click()
        reader.tab.locator("button.copy-script", has_text="Copied").wait_for()
        reader.tab.clock.run_for(1500)
    assert button.inner_text() == "Copied"
    reader.tab.clock.run_for(600)
    assert button.inner_text() == "Copy the whole script"


def test_downloads_are_at_the_top(new_reader, address):
    reader = new_reader(size=PHONE)
    reader.open(address + EXAMPLE)
    links = reader.tab.locator("a[download]:visible")
    assert links.count() == 2
    title = reader.tab.locator("h1").bounding_box()
    assert all(link.bounding_box()["y"] < title["y"] for link in links.all())


@pytest.mark.parametrize("page", ["index.html", "gallery/index.html", EXAMPLE, "api.html"])
def test_a_folder_reads_like_the_server(new_reader, page):
    reader = new_reader()
    reader.open(f"{SITE.as_uri()}/{page}")
    reader.scroll_through()
    images = reader.tab.evaluate(
        "[...document.images].filter((i) => i.checkVisibility()).map((i) => i.naturalWidth)"
    )
    assert all(images)
    assert all(url.startswith(SITE.as_uri()) for url in reader.requests), reader.requests
    assert not reader.messages
    assert reader.tab.locator("article").inner_text()


def test_motion_is_still_for_those_who_ask_for_it(new_reader, address):
    reader = new_reader(reduced_motion="reduce")
    reader.open(address + EXAMPLE)
    moving = reader.tab.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((each) => [null, "::before", "::after"]
            .map((part) => getComputedStyle(each, part))
            .filter((s) => parseFloat(s.transitionDuration) > .01
                || parseFloat(s.animationDuration) > .01 || s.scrollBehavior === "smooth")
            .map(() => each.outerHTML.slice(0, 80)))"""
    )
    assert not moving


def test_a_wrong_address_shows_a_page_that_leads_on(new_reader, address):
    reader = new_reader()
    reader.open(address + "gallery/no/such/page.html")
    assert reader.tab.locator("h1").inner_text().startswith("Page not found")
    assert reader.tab.locator("header a[href]").count() > 3
    assert reader.tab.evaluate("[...document.styleSheets].some((s) => s.href.includes('site.css'))")
