"""Figures in a light and a dark version that follow the theme switch.

The scraper saves every figure of a gallery example twice, and the directive shows whichever fits
the page. The hidden version is lazy and never displayed, so browsers do not download it. The
alternative text is the figure's label; a figure without one stops the build.
"""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import ListedColormap, to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx_gallery import backreferences
from sphinx_gallery.utils import scale_image

from ecgmask.plotting import DARK, LIGHT

CSS_PIXELS = 96  # to an inch, as in CSS
DENSITIES = (1, 2)
THUMBNAIL = ".. themed-thumbnail:: /{thumbnail}"

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
    for artist in fig.findobj():
        _darken_artist(artist)


def _darken_artist(artist: Artist) -> None:
    if isinstance(artist, Line2D):
        artist.set_color(dark(artist.get_color()))
        artist.set_markerfacecolor(dark(artist.get_markerfacecolor()))
        artist.set_markeredgecolor(dark(artist.get_markeredgecolor()))
    elif isinstance(artist, Text):
        artist.set_color(dark(artist.get_color()))
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


def _save(fig: Figure, path: Path) -> None:
    for density in DENSITIES:
        fig.savefig(
            path.with_name(f"{path.stem}_{density}x.webp"),
            dpi=CSS_PIXELS * density,
            pil_kwargs={"lossless": True, "method": 6},
        )


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures in both themes and return the directives that show them."""
    rst = []
    for fig in map(plt.figure, plt.get_fignums()):
        alt = " ".join(str(fig.get_label()).split())
        if not alt:
            raise ExtensionError(
                f"{block_vars['src_file']}, block at line {block[2]}: a figure has no alternative "
                "text; draw it with ecgmask.plotting or call fig.set_label(sentence)"
            )
        # Sphinx-Gallery makes the thumbnail from this file.
        iterator = block_vars["image_path_iterator"]
        light = Path(next(iterator)).with_suffix(".webp")
        _save(fig, light)
        light.with_name(f"{light.stem}_2x.webp").replace(light)
        darken(fig)
        _save(fig, light.with_name(f"{light.stem}_dark.webp"))
        if len(iterator) == block_vars["file_conf"].get("thumbnail_number", 1):
            thumbs = light.parent / "thumb"
            thumbs.mkdir(exist_ok=True)
            scale_image(
                light.with_name(f"{light.stem}_dark_2x.webp"),
                thumbs / f"sphx_glr_{Path(block_vars['src_file']).stem}_thumb_dark.webp",
                *gallery_conf["thumbnail_size"],
            )
        source = light.relative_to(gallery_conf["src_dir"]).as_posix()
        rst.append(f"\n.. themed-figure:: /{source}\n   :alt: {alt}\n")
    plt.close("all")
    return "".join(rst)


class ThemedThumbnail(SphinxDirective):
    """Show a thumbnail of the gallery in both themes; the card says what it shows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        _, path = self.env.relfn2path(self.arguments[0])
        return [themed_thumbnail(uri=Path(path).relative_to(self.env.srcdir).as_posix())]


class themed_thumbnail(nodes.General, nodes.Element):
    """A thumbnail with a light and a dark image."""


class themed_figure(nodes.General, nodes.Element):
    """A figure with a light and a dark image."""


class ThemedFigure(SphinxDirective):
    """Show the light and the dark version of a figure that the scraper saved."""

    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        if "alt" not in self.options:
            raise self.error("a themed-figure needs an :alt: text")
        uri, path = self.env.relfn2path(self.arguments[0])
        light = Path(path)
        if not light.is_file():
            raise self.error(f"no such image: {uri}")
        with Image.open(light) as image:
            width, height = (side // 2 for side in image.size)
        return [themed_figure(uri=uri, alt=self.options["alt"], width=width, height=height)]


def _url(builder: Any, path: Path) -> str:
    # Sphinx copies what is listed here into the image folder of the site.
    builder.images[path.as_posix()] = path.name
    return f"{builder.imgpath}/{path.name}"


def visit_thumbnail(self: Any, node: themed_thumbnail) -> None:
    light = Path(node["uri"])
    for theme, path in (
        ("light", light),
        ("dark", light.with_name(f"{light.stem}_dark{light.suffix}")),
    ):
        width, height = self.settings.env.app.config.sphinx_gallery_conf["thumbnail_size"]
        self.body.append(
            f'<img class="only-{theme} dark-light" src="{_url(self.builder, path)}" alt="" '
            f'width="{width}" height="{height}" loading="lazy">'
        )
    raise nodes.SkipNode


def visit_html(self: Any, node: themed_figure) -> None:
    light = Path(node["uri"])

    def url(path: Path) -> str:
        return _url(self.builder, path)

    self.body.append('<figure class="themed-figure">')
    for theme, stem in (("light", light.stem), ("dark", f"{light.stem}_dark")):
        double = light if theme == "light" else light.with_name(f"{stem}_2x.webp")
        small, large = url(light.with_name(f"{stem}_1x.webp")), url(double)
        self.body.append(
            f'<a class="only-{theme}" href="{large}"><img class="dark-light" src="{small}" '
            f'srcset="{small} 1x, {large} 2x" width="{node["width"]}" height="{node["height"]}" '
            f'loading="lazy" decoding="async" alt="{escape(node["alt"])}"></a>'
        )
    self.body.append("</figure>\n")
    raise nodes.SkipNode


def visit_other(self: Any, node: themed_figure) -> None:
    """Say the alternative text where there are no themes."""
    self.add_text(node["alt"])
    raise nodes.SkipNode


def skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(
        themed_figure, html=(visit_html, None), text=(visit_other, None), man=(visit_other, None)
    )
    app.add_node(
        themed_thumbnail, html=(visit_thumbnail, None), text=(skip, None), man=(skip, None)
    )
    app.add_directive("themed-figure", ThemedFigure)
    app.add_directive("themed-thumbnail", ThemedThumbnail)
    # The cards of galleries and mini-galleries, which have no setting for this.
    for name in ("THUMBNAIL_TEMPLATE", "BACKREF_THUMBNAIL_TEMPLATE"):
        template = getattr(backreferences, name)
        themed = template.replace(".. image:: /{thumbnail}\n    :alt:", THUMBNAIL)
        if THUMBNAIL not in themed:
            raise ExtensionError(f"sphinx_gallery's {name} has changed; mend themed_figures")
        setattr(backreferences, name, themed)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
