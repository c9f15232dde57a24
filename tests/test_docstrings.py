"""The examples in the docstrings run as printed."""

import doctest
import importlib
import io
import pkgutil

import pytest

import ecgmask


def find_examples():
    """Return the docstrings with examples of every module, found wherever it is installed."""
    names = [m.name for m in pkgutil.walk_packages(ecgmask.__path__, "ecgmask.")]
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = []
    for name in ["ecgmask", *names]:
        # No globals: readers have what the example imports, and nothing of its module.
        found += finder.find(importlib.import_module(name), name, globs={})
    return [docstring for docstring in found if docstring.examples]


@pytest.mark.parametrize("docstring", find_examples(), ids=lambda docstring: docstring.name)
def test_an_example_prints_what_it_says(docstring):
    report = io.StringIO()
    results = doctest.DocTestRunner(verbose=False).run(docstring, out=report.write)
    assert results.attempted > 0
    assert results.failed == 0, report.getvalue()


@pytest.mark.parametrize("docstring", find_examples(), ids=lambda docstring: docstring.name)
def test_no_example_is_skipped(docstring):
    assert not [e for e in docstring.examples if doctest.SKIP in e.options]
