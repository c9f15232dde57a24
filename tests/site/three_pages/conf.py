"""The settings of the real site, for a gallery of one example and an address to link to."""

import runpy
from pathlib import Path

HERE = Path(__file__).parent
REAL = HERE.parent.parent.parent / "docs"
globals().update(runpy.run_path(str(REAL / "conf.py")))

html_baseurl = ogp_site_url = "https://ecg.example/docs/"
notfound_urls_prefix = "/docs/"
extensions = [*extensions, "sphinx_sitemap"]  # noqa: F821
extensions.remove("explorer")
extensions.remove("strategy_table")
exclude_patterns = [*exclude_patterns, "examples"]  # noqa: F821
intersphinx_mapping = {}
html_sidebars = {}
nitpicky = False
html_static_path = [str(REAL / "_static")]
html_favicon = str(REAL / "_static" / "icon.svg")
templates_path = [str(REAL / "_templates")]
sphinx_gallery_conf |= {  # noqa: F821
    "examples_dirs": "examples",
    "subsection_order": None,
    "within_subsection_order": "FileNameSortKey",
}
