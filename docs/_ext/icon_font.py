"""Only the icons that the site shows.

The theme's font holds thousands, which would be a quarter of a page's weight.
"""

from __future__ import annotations

import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

FONT = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
NAMES = re.compile(r"\bfa-([a-z0-9-]+)")
VARIABLES = re.compile(r'--pst-icon-[a-z-]+:\s*"([\ue000-\uf8ff])"')
RULES = re.compile(r'([^{}]*)\{--fa:"\\([0-9a-f]+)"')


def keep_used_icons(app: Sphinx, exception: Exception | None) -> None:
    """Take the glyphs that no page, script or style sheet names out of the font."""
    static = Path(app.outdir, "_static")
    if exception or app.builder.name != "html" or not (static / FONT).is_file():
        return
    scripts = [static / "scripts" / "pydata-sphinx-theme.js"]
    texts = [path.read_text("utf-8") for path in [*Path(app.outdir).rglob("*.html"), *scripts]]
    used = {name for text in texts for name in NAMES.findall(text)}
    style = (static / "styles" / "pydata-sphinx-theme.css").read_text("utf-8")
    rules = RULES.findall(style)
    codes = {int(code, 16) for names, code in rules if used & set(NAMES.findall(names))}
    codes |= {ord(icon) for icon in VARIABLES.findall(style)}
    font = TTFont(static / FONT, recalcTimestamp=False)
    options = subset.Options(flavor="woff2", layout_features=[])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, static / FONT, options)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", keep_used_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
