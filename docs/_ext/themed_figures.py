"""Figures in a light and a dark version that follow the theme switch, and a portrait for phones.

The scraper saves every figure of a gallery example in each theme and width, and the directive shows
whichever fits the page. The hidden theme is lazy and never displayed, so browsers do not download
it. The alternative text is the figure's label; a figure without one stops the build.

A card shows the masks that the example draws first as rows, one for each record, if it draws
several: a strategy is known by them. Otherwise it shows the example's first figure, or that of its
``thumbnail_number``, without its labels.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.colors import ListedColormap, to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from ecgmask import ECG, Masks
from ecgmask.plotting import DARK, LIGHT, plot_draws

CSS_PIXELS = 96  # to an inch, as in CSS
DENSITIES = (1, 2)
THEMES = ("light", "dark")
PHONE = 358  # CSS pixels, what a page leaves for a figure on a phone 390 wide
CARD = (240, 150)  # CSS pixels
RECORDS_OF_CARD = {False: 24, True: 6}  # leads with masks of their own have a row each

PHONE_PAGE = "(max-width: 600px)"
# Without scripts a page is light, and browsers load hidden images then, lazy or not.
NOTHING = "data:image/svg+xml,%3Csvg/%3E"
FIRST = {"light": "", "dark": f'<source media="(scripting: none)" srcset="{NOTHING}">'}

_LIGHT, _DARK = asdict(LIGHT), asdict(DARK)
# Matplotlib's own black on white counts as text on the page.
TO_DARK = {to_hex(_LIGHT[role]): to_hex(_DARK[role]) for role in _LIGHT if role != "tint"} | {
    "#000000": to_hex(DARK.text),
    "#ffffff": to_hex(DARK.background),
}


def dark(colour: Any) -> tuple[float, float, float, float]:
    """Return the dark counterpart of a colour, its opacity unchanged."""
    red, green, blue, opacity = to_rgba(colour)
    return to_rgba(TO_DARK.get(to_hex((red, green, blue)), colour), opacity)


def darken(fig: Figure) -> None:
    """Recolour a figure in place for a dark page."""
    # An axis keeps ticks that it needs at another width only, but does not count them as its own.
    axes = fig.findobj(Axis)
    ticks = [tick for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks)]
    for artist in {*fig.findobj(), *(part for tick in ticks for part in tick.findobj())}:
        _darken_artist(artist)


def _darken_artist(artist: Artist) -> None:
    if isinstance(artist, Line2D):
        artist.set_color(dark(artist.get_color()))
        artist.set_markerfacecolor(dark(artist.get_markerfacecolor()))
        artist.set_markeredgecolor(dark(artist.get_markeredgecolor()))
    elif isinstance(artist, Text):
        artist.set_color(dark(artist.get_color()))
        # A text does not count the box behind it as its own.
        if box := artist.get_bbox_patch():
            _darken_artist(box)
    elif isinstance(artist, Patch):
        face, edge = artist.get_facecolor(), artist.get_edgecolor()
        artist.set_facecolor(dark(face))
        artist.set_edgecolor(dark(edge))
    elif isinstance(artist, Collection):
        faces, edges = artist.get_facecolor(), artist.get_edgecolor()
        artist.set_alpha(None)  # the colours carry it already
        artist.set_facecolor([dark(face) for face in faces])
        artist.set_edgecolor([dark(edge) for edge in edges])
    elif isinstance(artist, AxesImage) and isinstance(artist.cmap, ListedColormap):
        artist.set_cmap(ListedColormap([dark(colour) for colour in artist.cmap.colors]))


@contextmanager
def narrow(fig: Figure) -> Iterator[None]:
    """Lay a figure out for a phone: as wide as the page, axes below each other, text as it is."""
    size = fig.get_size_inches()
    titles = {text: text.get_text() for text in fig.findobj(Text)}
    places = {ax: ax.get_subplotspec() for ax in fig.axes if ax.get_subplotspec()}
    columns = max((place.get_gridspec().ncols for place in places.values()), default=1)
    if columns > 1:
        for ax, row in zip(places, GridSpec(len(places), 1, figure=fig), strict=True):
            ax.set_subplotspec(row)
    # Titles that break take lines, which should not come off the traces.
    fig.set_size_inches(PHONE / CSS_PIXELS, columns * size[1] + 0.4)
    for text, words in titles.items():
        text.set_text(_broken(text, words, fig))
    yield
    fig.set_size_inches(size)
    for ax, place in places.items():
        ax.set_subplotspec(place)
    for text, words in titles.items():
        text.set_text(words)


def _broken(text: Text, words: str, fig: Figure) -> str:
    """Return the words of a text in lines that fit the figure."""
    # A text remembers the renderer that drew it last, at another density perhaps.
    renderer = fig.canvas.get_renderer()
    long = len(words) > 20 and not text.get_rotation()
    width = text.get_window_extent(renderer).width if long else 0
    # Titles of axes begin where the axes do.
    room = fig.bbox.width * (0.95 if text.axes is None else 0.8)
    if width <= room:
        return words
    whole = words.replace(" ms", "\N{NO-BREAK SPACE}ms")
    return textwrap.fill(whole, int(len(words) * room / width))


@contextmanager
def small(fig: Figure) -> Iterator[None]:
    """Lay a figure out for a card: without any words or numbers."""
    size = fig.get_size_inches()
    texts_and_legends = fig.findobj(Text) + fig.findobj(Legend)
    words = [each for each in texts_and_legends if each.get_visible()]
    formatters = {axis: axis.get_major_formatter() for axis in fig.findobj(Axis)}
    for each in words:
        each.set_visible(False)
    for axis in formatters:
        axis.set_major_formatter(NullFormatter())
    fig.set_size_inches([side / CSS_PIXELS for side in CARD])
    yield
    fig.set_size_inches(size)
    for axis, formatter in formatters.items():
        axis.set_major_formatter(formatter)
    for each in words:
        each.set_visible(True)


def card_of(ecg: Any, masks: Any) -> Figure | None:
    """Draw a batch of masks as rows at the size of a card, if it is one and fits the ECG."""
    if not isinstance(ecg, ECG) or not isinstance(masks, Masks) or masks.n_records == 1:
        return None
    if ecg.signal.shape[1] % masks.n_patches:
        return None
    rows = RECORDS_OF_CARD[masks.n_leads > 1]
    first = Masks(masks.context[:rows], masks.targets[:rows])
    fig = plt.figure(figsize=[side / CSS_PIXELS for side in CARD])
    (ax,) = plot_draws(ecg, first, fig=fig).axes
    ax.set(position=(0, 0, 1, 1), xlabel="", xticks=[])
    ax.set_title("", loc="left")
    return fig


def drawings(
    fig: Figure, stem: Path | str, themes: Iterable[str] = THEMES, suffix: str = ""
) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """Yield the pixels of a figure in each theme and density, and the name of a file for them.

    The figure may be dark already, and stays dark after that theme.
    """
    dpi, layout = fig.dpi, fig.get_layout_engine()
    for theme in themes:
        if theme == "dark":
            darken(fig)
        for density in DENSITIES:
            fig.set_dpi(CSS_PIXELS * density)
            fig.canvas.draw()
            # To lay it out takes as long as to draw it; theme and density change nothing.
            fig.set_layout_engine("none")
            yield np.array(fig.canvas.buffer_rgba()), f"{stem}_{theme}{suffix}_{density}x.webp"
    fig.set_layout_engine(layout)
    fig.set_dpi(dpi)


def drawings_of_widths(
    fig: Figure, stem: Path | str, card: Path | str | None = None
) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """Yield a figure for every theme and width, and as a card if there is a name for it."""
    yield from drawings(fig, stem, ["light"])
    if card:
        with small(fig):
            yield from drawings(fig, card, ["light"])
    with narrow(fig):
        yield from drawings(fig, stem, suffix="_phone")
    yield from drawings(fig, stem, ["dark"])
    if card:
        with small(fig):
            yield from drawings(fig, card, ["dark"])


def encode(pixels: NDArray[np.uint8], path: str) -> None:
    """Write pixels to a small file."""
    # Lines and flat colours: 256 of them look the same, and take three quarters of the bytes.
    few = Image.fromarray(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.convert("RGB").save(path, lossless=True, method=4)


def save(some: Iterable[tuple[NDArray[np.uint8], str]]) -> None:
    """Write drawings to files."""
    for pixels, path in some:
        encode(pixels, path)


def alternative_text(fig: Figure, where: str) -> str:
    """Return the label of a figure, which must have one."""
    alt = " ".join(str(fig.get_label()).split())
    if not alt:
        raise ExtensionError(
            f"{where}: a figure has no alternative text; draw it with ecgmask.plotting or call "
            "fig.set_label(sentence)"
        )
    return alt


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures in both themes and return the directives that show them."""
    rst = []
    config, source = block_vars["file_conf"], Path(block_vars["src_file"])
    for fig in map(plt.figure, plt.get_fignums()):
        alt = alternative_text(fig, f"{source}, block at line {block[2]}")
        stem = Path(next(block_vars["image_path_iterator"])).with_suffix("")
        card = stem.parent / "thumb" / f"sphx_glr_{source.stem}_thumb"
        card.parent.mkdir(exist_ok=True)
        chosen = len(block_vars["image_path_iterator"]) == config.get("thumbnail_number", 1)
        variables = block_vars["example_globals"]
        rows = card_of(variables.get("ecg"), variables.get("masks")) if chosen else None
        save(drawings_of_widths(fig, stem, card if chosen and not rows else None))
        if rows:
            save(drawings(rows, card))
        # Sphinx-Gallery looks for this name, and makes a thumbnail of it that nothing shows.
        Image.new("L", (1, 1)).save(f"{stem}.webp")
        name = stem.relative_to(gallery_conf["src_dir"]).as_posix()
        rst.append(f"\n.. themed-figure:: /{name}\n   :alt: {alt}\n")
    plt.close("all")
    return "".join(rst)


class themed_figure(nodes.General, nodes.Element):
    """A figure with a light and a dark image for wide pages, and one of each for phones."""


class ThemedFigure(SphinxDirective):
    """Show a figure that the scraper saved, by its name without theme, density and suffix."""

    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        if "alt" not in self.options:
            raise self.error("a themed-figure needs an :alt: text")
        _, path = self.env.relfn2path(self.arguments[0])
        return [figure_node(Path(path), self.options["alt"], self)]


def figure_node(stem: Path, alt: str, directive: SphinxDirective, **options: Any) -> themed_figure:
    """Return the node that shows a saved figure."""
    sizes = {}
    for width in ("_phone", ""):
        path = Path(f"{stem}_light{width}_1x.webp")
        if not path.is_file():
            raise directive.error(f"no such image: {path}")
        directive.env.note_dependency(path)
        with Image.open(path) as image:
            sizes[width] = image.size
    return themed_figure(stem=str(stem), alt=alt, sizes=sizes, **options)


def copy_drawings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Have the drawings of a page copied to the site, whichever process writes the page."""
    for node in doctree.findall(lambda node: isinstance(node, nodes.Element) and "stem" in node):
        stem = Path(node["stem"])
        for path in stem.parent.glob(f"{stem.name}_*_?x.webp"):
            app.builder.images[str(path)] = path.name


def picture(builder: Any, stem: str, theme: str, sizes: Mapping[str, Any], alt: str) -> str:
    """Return the element that shows a saved drawing in a theme, in the width that fits the page."""

    def url(width: str, density: int) -> str:
        return f"{builder.imgpath}/{Path(stem).name}_{theme}{width}_{density}x.webp"

    def drawn(width: str) -> str:
        across, down = sizes[width]
        files = ", ".join(f"{url(width, density)} {density}x" for density in DENSITIES)
        return f'srcset="{files}" width="{across}" height="{down}"'

    phone = f'<source media="{PHONE_PAGE}" {drawn("_phone")}>' if "_phone" in sizes else ""
    return (
        f'<picture class="only-{theme}">{FIRST[theme]}{phone}'
        f'<img class="dark-light" src="{url("", 1)}" {drawn("")} loading="lazy" decoding="async" '
        f'alt="{escape(alt)}"></picture>'
    )


def visit_html(self: Any, node: themed_figure) -> None:
    self.body.append(f'<figure class="{" ".join(["themed-figure", *node["classes"]])}">')
    for theme in THEMES:
        whole = f"{self.builder.imgpath}/{Path(node['stem']).name}_{theme}_2x.webp"
        shown = picture(self.builder, node["stem"], theme, node["sizes"], node["alt"])
        self.body.append(f'<a class="only-{theme}" href="{whole}">{shown}</a>')
    self.body.append("</figure>\n")
    raise nodes.SkipNode


def visit_other(self: Any, node: themed_figure) -> None:
    """Say the alternative text where there are no themes."""
    self.add_text(node["alt"])
    raise nodes.SkipNode


def preview(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Let link previews show the first figure of the page."""
    figure = next(doctree.findall(themed_figure), None) if doctree else None
    if figure is not None:
        name = Path(f"{figure['stem']}_light_2x.webp").name
        context["meta"] = (context["meta"] or {}) | {
            "og:image": f"{app.builder.imagedir}/{name}",
            "og:image:alt": figure["alt"],
        }


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(
        themed_figure, html=(visit_html, None), text=(visit_other, None), man=(visit_other, None)
    )
    app.add_directive("themed-figure", ThemedFigure)
    # Before the extension that writes the tags of link previews.
    app.connect("html-page-context", preview, priority=400)
    app.connect("doctree-resolved", copy_drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
