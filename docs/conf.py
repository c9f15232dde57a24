"""Configuration of the documentation site."""

from __future__ import annotations

import os
import sys
from importlib.metadata import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import inventories
from themed_figures import scrape

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

# The gallery settings hold a function, which Sphinx cannot store between builds.
suppress_warnings = ["config.cache"]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "strategy_table",
    "themed_figures",
]

nitpicky = True
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/backreferences/*"]
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
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
        f"../examples/{section}" for section in ("strategies", "comparisons", "concepts", "data")
    ],
    "within_subsection_order": "ExampleTitleSortKey",
    "image_scrapers": (scrape,),
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
    "write_computation_times": False,
    "download_all_examples": False,
    "thumbnail_size": (480, 300),
}

html_theme = "pydata_sphinx_theme"
html_title = "ecgmask"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "ecgmask"},
    "github_url": repository.removesuffix(".git"),
    "navbar_align": "left",
    "show_prev_next": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc", "sg_download_links"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "search_as_you_type": False,
}
html_sidebars = {
    page: []
    for page in (
        "index",
        "get_started",
        "strategies",
        "guide",
        "your_data",
        "reproducible",
        "references",
        "decisions",
        "changelog",
    )
}

copybutton_selector = (
    "div.highlight-python pre, div.highlight-console pre, div.highlight-default pre"
)
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

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
