"""What runs with the rights of a release is pinned to a commit, whose tag a comment names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path):
    used = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_an_action_has_one_commit_in_all_workflows():
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: *(\S+)@(\w+)", text))
    assert len(pins) == len({action for action, _ in pins})


def test_hooks_are_pinned_to_a_commit():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    fetched = re.findall(r"repo: https://.*\n +rev: (.*)", text)
    assert fetched
    for rev in fetched:
        assert re.fullmatch(r"[0-9a-f]{40} # frozen: v\d+\.\d+\.\d+", rev)


@pytest.mark.parametrize(("workflow", "job"), [("release.yml", "publish"), ("pages.yml", "deploy")])
def test_only_the_job_that_publishes_may_ask_for_an_identity(workflow, job):
    text = (ROOT / ".github" / "workflows" / workflow).read_text(encoding="utf-8")
    before, publish = text.split(f"\n  {job}:\n")
    assert "write" not in before
    assert "id-token: write" in publish
    assert "run:" not in publish
