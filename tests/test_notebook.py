"""The cells of the notebook that this package grew from, with another import line."""

import torch

from ecgmask import IJEPAMaskCollator, MaskCollator

PATCH_SIZE = 25
NUM_PATCHES = 200


def test_cells_run_with_only_the_import_line_changed(ecg):
    ecg = torch.tensor(ecg.signal)
    assert ecg.shape == (12, PATCH_SIZE * NUM_PATCHES)

    original_collator = MaskCollator(
        patch_size=PATCH_SIZE,
        min_block_size=10,
        min_keep_ratio=0.15,
        max_keep_ratio=0.25,
    )
    ijepa_collator = IJEPAMaskCollator(
        patch_size=PATCH_SIZE,
        context_scale=(0.85, 0.95),
        pred_scale=(0.15, 0.20),
        num_pred_blocks=4,
        min_keep=10,
    )

    _, orig_context, orig_targets = original_collator([ecg])
    _, ijepa_context_list, ijepa_targets_list = ijepa_collator([ecg])

    # The cell that prints the counts.
    assert orig_context.shape[1] + orig_targets.shape[1] == NUM_PATCHES
    assert 31 <= orig_context.shape[1] <= 50
    assert 10 <= ijepa_context_list[0].shape[1] < 190
    assert [30 <= t.shape[1] <= 39 for t in ijepa_targets_list] == [True] * 4

    # The cells that draw.
    ctx = orig_context[0].numpy().tolist()
    tgt = orig_targets[0].numpy().tolist()
    assert sorted(ctx + tgt) == list(range(NUM_PATCHES))

    ctx = list(set(ijepa_context_list[0][0].numpy().tolist()))
    target_blocks = []
    for t in ijepa_targets_list:
        block = list(set(t[0].numpy().tolist()))
        target_blocks.append(block)
    assert not set(ctx) & set().union(*target_blocks)
    for block in target_blocks:
        assert sorted(block) == list(range(min(block), max(block) + 1))
    assert ecg[1].numpy().shape == (5000,)
