"""The package as it is installed: its imports, its names and what they are documented with."""

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import ecgmask
from ecgmask import plotting

ROOT = Path(ecgmask.__file__).parent

GROUND = {"ecgmask._checks", "ecgmask.leads"}
ECGS = {"numpy", "ecgmask.ecg"} | GROUND
MASKS = {"numpy", "ecgmask.strategies"} | GROUND
ALLOWED = {
    # The ground floor.
    "_checks": {"numpy"},
    "leads": set(),
    # The wing of ECGs, which knows of no mask.
    "ecg": {"numpy", "scipy"} | GROUND,
    "readers": {"pydicom", "ecgmask.readers"} | ECGS,
    "synthetic": ECGS,
    "stacks": {"ecgmask.readers"} | ECGS,
    "datasets": {
        "scipy", "torch", "ecgmask.batches", "ecgmask.readers", "ecgmask.seeding", "ecgmask.stacks",
    } | ECGS,
    "convert": {"ecgmask.datasets", "ecgmask.stacks"} | GROUND,
    "batches": {"torch", "ecgmask._checks"},
    "records": {"numpy", "torch", "ecgmask.batches"} | GROUND,
    # The wing of masks, which knows of no ECG.
    "strategies": MASKS,
    "ranks": {"torch"},
    "seeding": {"numpy", "torch", "ecgmask._checks", "ecgmask.ranks"},
    "indices": {"torch", "ecgmask.records", "ecgmask.seeding"} | MASKS,
    "collate": {
        "torch", "typing_extensions", "ecgmask.batches", "ecgmask.indices", "ecgmask.ranks",
        "ecgmask.records", "ecgmask.seeding",
    } | MASKS,
    "statistics": MASKS,
    # On both stand these.
    "baselines": ECGS | MASKS,
    "plotting": {"matplotlib", "ecgmask.statistics"} | ECGS | MASKS,
    "__init__": {
        "ecgmask.batches", "ecgmask.collate", "ecgmask.datasets", "ecgmask.ecg", "ecgmask.leads",
        "ecgmask.readers", "ecgmask.stacks", "ecgmask.statistics", "ecgmask.strategies",
        "ecgmask.synthetic",
    },
}  # fmt: skip
"""What each part may import, beside the standard library."""


def modules():
    return sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def imports(path):
    """Return the full names that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_part_of(name, package):
    return name == package or name.startswith(package + ".")


def public_names():
    names = {name: getattr(ecgmask, name) for name in ecgmask.__all__}
    names |= {
        name: value
        for name, value in vars(plotting).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == plotting.__name__
    }
    return {name: value for name, value in names.items() if callable(value)}


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_module_imports_only_what_its_part_may(path):
    allowed = ALLOWED[path.parts[0].removesuffix(".py")]
    outside = {
        name
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(is_part_of(name, package) for package in allowed)
    }
    assert outside == set()


def test_the_rules_are_those_of_the_parts_that_are_there():
    assert {path.parts[0].removesuffix(".py") for path in modules()} == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_module_uses_neither_global_randomness_nor_the_random_module(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert not [name for name in imports(path) if is_part_of(name, "random")]
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) in ("np.random", "numpy.random")
    }
    assert used <= {"default_rng", "Generator"}


def run_fresh(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_importing_the_package_does_not_import_matplotlib():
    loaded = run_fresh("import sys, ecgmask; print(*sys.modules)").split()
    assert "ecgmask.collate" in loaded
    assert "matplotlib" not in loaded
    assert "ecgmask.plotting" not in loaded


def test_the_version_is_that_of_the_installed_distribution():
    assert ecgmask.__version__ == metadata.version("ecgmask")


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "py.typed").is_file()


def test_names_of_the_package_are_sorted_and_there():
    assert len(set(ecgmask.__all__)) == len(ecgmask.__all__)
    assert all(hasattr(ecgmask, name) for name in ecgmask.__all__)


def test_what_the_notebook_and_its_readers_need_is_importable_from_the_package():
    needed = {
        "ContextToTarget", "ECG", "IJEPAMaskCollator", "MaskAndComplement", "MaskCollator",
        "PatchMaskCollator", "PerLead", "describe", "sample_ecg",
    }  # fmt: skip
    assert needed <= set(ecgmask.__all__)


@pytest.mark.parametrize(
    "name",
    sorted(
        set(public_names())
        - {"BlockSummary", "MaskedBatch", "MaskSummary", "Palette", "SyntheticPopulation"}
    ),
)
def test_a_public_name_is_documented_with_an_example(name):
    # Left out are the forms that results and options take: they are shown where they arise.
    doc = public_names()[name].__doc__
    assert "\n    Examples\n    --------\n" in doc
    assert ">>> " in doc


@pytest.mark.parametrize("name", sorted(public_names()))
def test_a_public_name_begins_with_a_sentence(name):
    first_line = public_names()[name].__doc__.splitlines()[0]
    assert first_line[0].isupper()
    assert first_line.endswith(".")
