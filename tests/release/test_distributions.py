"""The wheel and the source distribution, as `nox -s build` leaves them in `dist`."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
(WHEEL,) = (ROOT / "dist").glob("*.whl")
(SDIST,) = (ROOT / "dist").glob("*.tar.gz")
NOT_SHIPPED = {".gitignore", ".pre-commit-config.yaml", ".readthedocs.yaml"}


def tracked(folder="."):
    """Return the files that git knows, or has yet to be told of."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def files_of_wheel(path):
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def test_the_wheel_holds_the_package_and_nothing_else():
    files = files_of_wheel(WHEEL)
    package = {name for name in files if not name.split("/")[0].endswith(".dist-info")}
    assert package == tracked("ecgmask")
    assert "ecgmask/py.typed" in package
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_the_source_distribution_holds_what_git_knows():
    with tarfile.open(SDIST) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames()}
    shipped = {name for name in tracked() if not name.startswith(".github/")} - NOT_SHIPPED
    # Hatchling adds what it builds from.
    assert names - {"PKG-INFO", ".gitignore"} == shipped


@pytest.mark.parametrize("path", [WHEEL, SDIST], ids=["wheel", "sdist"])
def test_what_was_built_installs_and_imports(path, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", tmp_path, path], check=True)
    code = (
        "import ecgmask, ecgmask.plotting; print(ecgmask.__file__); "
        "print(ecgmask.sample_ecg().signal.shape)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert shown == [str(tmp_path / "ecgmask" / "__init__.py"), "(12, 5000)"]


def test_the_source_distribution_builds_the_same_wheel(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, SDIST], check=True)
    (again,) = tmp_path.glob("*.whl")
    assert files_of_wheel(again) == files_of_wheel(WHEEL)
