"""The files of the page *Add a strategy* are all that a new strategy needs."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ecgmask

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(
    r"^\.\. code-block:: (python|diff)\n   :caption: (\S+)\n\n((?:(?: {3}.*)?\n)+)", re.MULTILINE
)


@pytest.fixture
def checkout(tmp_path):
    """A copy of the project with what the page adds to it."""
    folder = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "_build", "api", "gallery")
    shutil.copytree(Path(ecgmask.__file__).parent, folder / "ecgmask", ignore=ignored)
    for name in ("docs", "examples", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    page = (ROOT / "docs" / "add_a_strategy.rst").read_text(encoding="utf-8")
    for kind, caption, block in BLOCK.findall(page):
        path, text = folder / caption, textwrap.dedent(block).strip("\n") + "\n"
        if kind == "python":
            path.write_text(text, encoding="utf-8")
            continue
        old = "".join(line[1:] for line in text.splitlines(True) if not line.startswith("+"))
        new = "".join(line[1:] for line in text.splitlines(True))
        before = path.read_text(encoding="utf-8")
        assert before.count(old) == 1
        path.write_text(before.replace(old, new), encoding="utf-8")
    return folder


def test_what_the_page_adds_passes_all_tests(checkout):
    files = ("comb", "docstrings", "every_strategy", "examples", "package", "papers")
    tests = [f"test_{name}.py" for name in files]
    chosen = ("-k", "comb or exported or every_setting")
    result = subprocess.run(
        [sys.executable, *("-m", "pytest", "-q", "-p", "no:cacheprovider"), *tests, *chosen],
        cwd=checkout / "tests",
        env={**os.environ, "PYTHONPATH": str(checkout), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) > 40
