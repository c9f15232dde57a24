"""
Masks for a convolutional stem or a ViT of timm
===============================================

A collator only has to know how many tokens your front end makes of a record. This guide masks the
output of a convolutional stem, and hands it to a transformer that knows nothing of masks.
"""

# %%
# Tell the number of tokens
# -------------------------
#
# The stem makes 200 tokens of ten seconds: two convolutions with a stride of five each. For
# records of several lengths, ``n_patches`` may be a function of the number of samples.

import matplotlib.pyplot as plt
import torch
from torch import nn

from ecgmask import Masks, PatchMaskCollator, RandomPatches, gather_tokens, sample_ecg
from ecgmask.plotting import plot_lead

torch.manual_seed(0)
stem = nn.Sequential(
    nn.Conv1d(12, 32, kernel_size=5, stride=5),
    nn.GELU(),
    nn.Conv1d(32, 64, kernel_size=5, stride=5),
)
ecg = sample_ecg()
collate = PatchMaskCollator(RandomPatches.mae(), n_patches=200, seed=0)
batch, context, targets = collate([ecg.signal] * 8)
masks = Masks.from_indices(context, targets, n_patches=200)
plot_lead(ecg, masks, lead="II")
plt.show()

# %%
# From the stem to tokens
# -----------------------
#
# Convolutions put channels second, transformers last. Only the tokens of the context go on.

tokens = stem(batch).transpose(1, 2)
seen = gather_tokens(tokens, context)
print(tuple(tokens.shape), "->", tuple(seen.shape))

# %%
# A transformer that knows nothing of masks
# -----------------------------------------
#
# It gets ``(batch, tokens, dim)`` and returns the same shape, for any number of tokens. Add the
# positions before tokens are dropped. A vision transformer of timm has the same part: with its
# ``embed_dim`` as the width of the stem, ``vit.norm(vit.blocks(seen))`` takes the place of
# ``encoder(seen)``, and its patch embedding for images is not used.

position = nn.Parameter(0.02 * torch.randn(200, 64))
layer = nn.TransformerEncoderLayer(64, nhead=4, batch_first=True, norm_first=True)
encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)

seen = gather_tokens(tokens + position, context)
encoded = encoder(seen)
print(tuple(encoded.shape))

# %%
# Does the stem look through the mask?
# ------------------------------------
#
# If kernels are wider than their stride, a token that is visible has seen samples of its hidden
# neighbours. Change what is hidden: the visible tokens of this stem stay as they are.

hidden_patches = torch.from_numpy(masks.target_union[:, 0])  # (8, 200)
hidden_samples = hidden_patches.repeat_interleave(25, dim=1)  # (8, 5000)
changed = torch.where(hidden_samples[:, None], torch.randn_like(batch), batch)


def visible_tokens(front_end, signals):
    return gather_tokens(front_end(signals).transpose(1, 2), context)


overlapping = nn.Conv1d(12, 64, kernel_size=75, stride=25, padding=25)
for name, front_end in {"stem": stem, "overlapping kernels": overlapping}.items():
    with torch.no_grad():
        before = visible_tokens(front_end, batch)
        after = visible_tokens(front_end, changed)
    print(f"{name}: visible tokens unchanged: {torch.equal(before, after)}")

# sphinx_gallery_tags = ["shared mask", "scattered", "training"]
