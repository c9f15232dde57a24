"""The settings of pytest, in a checkout as earlier runs leave it."""

import subprocess
import sys
from pathlib import Path

SETTINGS = Path(__file__).parent.parent / "pyproject.toml"


def test_pytest_does_not_look_into_what_earlier_runs_leave_behind(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(SETTINGS.read_bytes())
    (tmp_path / "test_new.py").write_text("def test_nothing(): pass")
    for folder in (".hypothesis", ".nox", "build", "dist"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test_old.py").write_text("raise RuntimeError")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in run.stdout, run.stdout
    assert run.returncode == 0
