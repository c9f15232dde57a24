"""The training pages: models learn whatever the seed, errors name both sides.

The site's tests run the scripts as pasted, and look at what their pages show.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

from ecgmask import IJEPAMaskCollator, MaskCollator, gather_tokens

ROOT = Path(__file__).parent.parent


def run(script, folder, *options):
    """Run a script on its own, where only the installed package is at hand."""
    result = subprocess.run(
        [sys.executable, *options, str(script)],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def source(name):
    return (ROOT / "examples" / "training" / f"{name}.py").read_text(encoding="utf-8")


def changed(text, *changes):
    """Return a script with some of its code replaced, all of which must be there."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def execute(text):
    """Run the code of a page in this process and return its variables."""
    variables = {"__name__": "__main__"}
    threads = torch.get_num_threads()
    try:
        exec(compile(text, "page", "exec"), variables)
    finally:
        torch.set_num_threads(threads)
        plt.close("all")
    return variables


def before(heading, name):
    """Return a script up to a heading."""
    text, found, _ = source(name).partition(f"# %%\n# {heading}\n")
    assert found, heading
    return text


# Scripts on their own


def test_the_state_of_another_epoch_gives_other_records_and_masks(tmp_path):
    script = tmp_path / "pasted.py"
    other = 'load_state_dict({"epoch": 2, "batch": 5})'
    text = changed(source("stop_and_resume"), ("load_state_dict(state)", other))
    script.write_text(text, encoding="utf-8")
    (equal,) = re.findall(r"(\d+) of 36 tensors", run(script, tmp_path))
    # Five batches from before the stop.
    assert int(equal) == 5 * 3


FILLER = {
    "the encoder": ("encoded = encoder(", "seen = seen + 99 * context_filler[..., None]\n"),
    "the predictor": ("predicted, _ = ", "encoded = encoded + 99 * context_filler[..., None]\n"),
    "the loss": ("loss = ", "error = error + 99 * target_filler[..., None]\n"),
}


def loss_and_gradient(*changes):
    """Return the loss of the page that fills batches up, and its gradient of the embedding."""
    text = source("dataloader")
    records, _, _ = text.partition("# %%\n# See the masks of a batch\n")
    _, found, filled = text.partition("# %%\n# Lose no token\n")
    filled, end, _ = filled.partition("# %%\n# Replace what is hidden\n")
    assert found
    assert end
    page = execute(records + changed(found + filled, *changes))
    page["loss"].backward()
    return page["loss"].detach(), page["embed"].weight.grad


@pytest.mark.parametrize("where", FILLER)
def test_what_a_filler_holds_changes_neither_the_loss_nor_its_gradient(where):
    line, noise = FILLER[where]
    for one, other in zip(
        loss_and_gradient(), loss_and_gradient((line, noise + line)), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("where", "careful", "careless"),
    [
        ("the encoder", "encoder(seen, src_key_padding_mask=context_filler)", "encoder(seen)"),
        ("the predictor", ", key_padding_mask=context_filler)", ")"),
        ("the loss", "loss = error[~target_filler].square()", "loss = error.square()"),
    ],
)
def test_whoever_forgets_the_filler_gets_another_loss(where, careful, careless):
    line, noise = FILLER[where]
    loss, _ = loss_and_gradient((careful, careless), (line, noise + line))
    assert not torch.isclose(loss, loss_and_gradient()[0])


# Models that learn


@pytest.mark.slow
def test_with_other_seeds_too_the_jepa_predicts_unseen_beats_and_the_broken_one_collapses():
    text = before("Which of them learns?", "jepa_step")
    for seed in (1, 2):
        page = execute(changed(text, ("seed = 0", f"seed = {seed}")))
        learnt = page["history"]["JEPA"][-1]
        assert learnt["skill"] > 0.1
        assert learnt["skill"] == pytest.approx(1 - learnt["loss"] / learnt["reference"])
        assert learnt["std"] > 0.3
        assert learnt["cosine"] < 0.9
        collapsed = page["history"]["Collapse"][-1]
        assert collapsed["loss"] < learnt["loss"] / 10
        assert collapsed["skill"] < 0
        assert collapsed["std"] < 0.05
        assert collapsed["cosine"] > 0.99


@pytest.mark.slow
def test_on_noise_the_loss_falls_as_well_but_there_is_no_skill():
    noise = changed(
        before("Which of them learns?", "jepa_step"),
        ("torch.as_tensor(millivolts / millivolts.std())", "torch.randn(12, 5000)"),
        ('"Collapse": 1}', '"Collapse": 0}'),
    )
    page = execute(noise)
    first, *_, last = page["history"]["JEPA"]
    assert last["loss"] < first["loss"] / 4
    assert abs(last["skill"]) < 0.05


# Errors that name both sides


@pytest.fixture(scope="module")
def jepa():
    """The variables of the page of the JEPA, before it trains."""
    return execute(before("Train", "jepa_step"))


def test_a_model_with_fewer_positions_than_patches_names_both(jepa):
    signal = torch.zeros(2, 12, 1500)
    with pytest.raises(RuntimeError, match=r"tensor a \(60\) must match .* tensor b \(50\)"):
        jepa["Encoder"](n_patches=50)(signal)


def test_a_model_takes_records_with_fewer_patches_than_positions(jepa):
    assert jepa["Encoder"]()(torch.zeros(2, 12, 1000)).shape == (2, 40, 64)


@pytest.mark.parametrize("part", ["context", "target"])
def test_masks_of_longer_records_than_the_batch_name_both(jepa, part):
    signal, indices = torch.zeros(2, 12, 1500), torch.arange(10).expand(2, -1)
    masks = {"context": indices, "target": indices} | {part: indices + 190}
    with pytest.raises(ValueError, match="indices go from 190 to 199, but there are 60 tokens"):
        jepa["models"]["JEPA"](signal, **masks)


def test_masks_of_another_batch_name_both_shapes():
    with pytest.raises(ValueError, match=r"tokens \(8, 200, 4\) and indices \(4, 50\) must have"):
        gather_tokens(torch.zeros(8, 200, 4), torch.zeros(4, 50, dtype=torch.int64))


@pytest.mark.parametrize("collate", [MaskCollator(), IJEPAMaskCollator()], ids=repr)
def test_records_of_mixed_lengths_name_both(collate):
    with pytest.raises(ValueError, match=r"not \(12, 4000\) and \(12, 5000\); crop or pad"):
        collate([torch.zeros(12, 5000), torch.zeros(12, 4000)])
