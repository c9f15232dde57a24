"""Configuration of the documentation site."""

from __future__ import annotations

import os
import sys
from importlib.metadata import metadata
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
sys.path.insert(0, str(Path(__file__).parent / "study"))

import inventories

package = metadata("ecgmask")

project = "ecgmask"
author = "The ecgmask developers"
project_copyright = "2026, the ecgmask developers"
release = package["Version"]
version = release

# The addresses of the repository and the site: the package's own, else what the host says.
urls = dict(line.split(", ", 1) for line in package.get_all("Project-URL") or [])
repository = urls.get("Repository") or os.environ.get("READTHEDOCS_GIT_CLONE_URL", "")
html_baseurl = urls.get("Documentation") or os.environ.get("READTHEDOCS_CANONICAL_URL", "")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxext.opengraph",
    "notfound.extension",
    "citation",
    "drawn_figures",
    "explorer",
    "gallery_cards",
    "icon_font",
    "keywords",
    "reference_pages",
    "served_files",
    "strategy_table",
    "study_page",
    "themed_figures",
    "type_variables",
]

# A sitemap and link previews need the address that the site has.
if html_baseurl:
    extensions.append("sphinx_sitemap")
sitemap_url_scheme = "{link}"
sitemap_excludes = ["404.html", "search.html", "genindex.html"]
ogp_site_url = html_baseurl
ogp_image = "_static/masked-ecg.webp"
ogp_social_cards = {"enable": False}
ogp_enable_meta_description = True
notfound_urls_prefix = urlsplit(html_baseurl).path or "/"
notfound_context = {
    "title": "Page not found",
    "body": "<h1>Page not found</h1>\n<p>There is no page at this address. The menu above leads to "
    "all pages, and the search finds them by a word.</p>",
}

nitpicky = True
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/backreferences/*"]
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 1
toc_object_entries_show_parents = "hide"
autodoc_type_aliases = {
    "ArrayLike": "numpy.typing.ArrayLike",
    "BoolArray": "numpy.ndarray",
    "CountArray": "numpy.ndarray",
    "FloatArray": "numpy.ndarray",
    "DTypeLike": "numpy.typing.DTypeLike",
}
napoleon_google_docstring = False

# The inventories are committed: the site builds without network.
intersphinx_mapping = {
    name: (url, f"_inventories/{name}.inv") for name, url in inventories.SITES.items()
}
intersphinx_disabled_reftypes = ["std:*"]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "subsection_order": [
        *(f"../examples/{section}" for section in ("strategies", "comparisons", "concepts")),
        "*",
    ],
    "within_subsection_order": "gallery_order.ListedOrder",
    "image_scrapers": ("themed_figures.scrape",),
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "remove_config_comments": True,
    "capture_repr": ("_repr_html_",),
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("ecgmask",),
    "inspect_global_variables": True,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 10_000,
    "recommender": {"enable": True, "n_examples": 3, "min_df": 1, "max_df": 1.0},
    "write_computation_times": False,
    "download_all_examples": False,
    # As many as Sphinx has jobs. Examples that start workers of their own, or measure time, say no.
    "parallel": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "ecgmask"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("theme.js", {"priority": 100}), ("site.js", {"defer": "defer"})]
html_favicon = "_static/icon.svg"
html_search_scorer = str(Path(__file__).parent / "_ext" / "scorer.js")
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "ecgmask"},
    "github_url": repository.removesuffix(".git"),
    "navbar_align": "left",
    "show_prev_next": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "navbar_persistent": ["search-button"],
    "article_header_end": ["example-actions"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {
    page.stem: [] for page in Path(__file__).parent.glob("*.rst") if page.stem != "api"
}
html_sidebars["_modules/**"] = []
# Leads from a page of the site to another one, with a question.
linkcheck_ignore = [r"\.\./explorer\.html"]

# Sphinx-Gallery spells the language with a capital.
copybutton_selector = ", ".join(
    f"div.highlight-{language} pre"
    for language in ("Python", "python", "console", "default", "bibtex")
)
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

# Short names, and classes whose module is private, by the name that readers import.
public_names = {
    "ArrayLike": "numpy.typing.ArrayLike",
    "Axes": "matplotlib.axes.Axes",
    "BoolArray": "numpy.ndarray",
    "CountArray": "numpy.ndarray",
    "Figure": "matplotlib.figure.Figure",
    "FloatArray": "numpy.ndarray",
    "NDArray": "numpy.ndarray",
    "PathLike": "os.PathLike",
    "Tensor": "torch.Tensor",
    "SubFigure": "matplotlib.figure.SubFigure",
    "matplotlib.axes._axes.Axes": "matplotlib.axes.Axes",
    "numpy.random._generator.Generator": "numpy.random.Generator",
    "ecgmask.strategies.masks.Masks": "ecgmask.Masks",
    "ecgmask.strategies.masks.Strategy": "ecgmask.Strategy",
}


def use_public_name(app, env, node, contnode):
    node["reftarget"] = public_names.get(node.get("reftarget"), node.get("reftarget"))


def setup(app):
    # Before intersphinx, which answers the same event.
    app.connect("missing-reference", use_public_name, priority=400)
