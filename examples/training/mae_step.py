"""
Train a tiny masked autoencoder, and see what it fills in
=========================================================

A masked autoencoder sees a quarter of the patches and reconstructs the samples of the rest. This
tutorial trains one on seven seconds of an ECG and draws its guess over the two that follow.
"""

# %%
# One ECG, two parts
# ------------------
#
# Crops of two seconds from the first seven are for training, the next two seconds are held out. One
# gain for all leads brings the signal to unit variance.

import torch

from ecgmask import ECG, Masks, PatchMaskCollator, RandomPatches, gather_tokens, sample_ecg
from ecgmask.plotting import plot_guesses, plot_lead

torch.set_num_threads(1)  # so small a model is faster on one
torch.manual_seed(0)
millivolts = sample_ecg().signal
gain = 1 / millivolts.std()
signal = torch.as_tensor(millivolts * gain)
crops = signal[:, :3500].unfold(1, 1000, 1).transpose(0, 1)  # (2501, 12, 1000), without a copy
ecg = ECG(millivolts[:, 3500:4500], sampling_rate=500)

# %%
# Hide three patches of four
# --------------------------
#
# :meth:`RandomPatches.mae <ecgmask.RandomPatches.mae>` draws three quarters of the patches, the
# same in all leads. The held-out part is judged under 32 such masks; this is one of them.

collate = PatchMaskCollator(RandomPatches.mae(), patch_size=25, seed=0)
held_out, context, (target,) = collate([signal[:, 3500:4500]] * 32)
masks = Masks.from_indices(context, target, n_patches=40)
plot_lead(ecg, masks).set_xlabel("Time (s), from 7 s on")

# %%
# The model
# ---------
#
# The encoder sees the visible patches only. Encoded, they go back to their places among copies of a
# learnt mask token, and a small decoder turns every place into 12 x 25 samples.

from torch import nn


class MaskedAutoencoder(nn.Module):
    def __init__(self, n_patches=40, dim=64):
        super().__init__()
        angle = torch.arange(n_patches)[:, None] / 10_000 ** torch.linspace(0, 1, dim // 2)
        self.register_buffer("position", torch.cat([angle.sin(), angle.cos()], dim=1))
        self.mask_token = nn.Parameter(torch.zeros(dim))
        self.embed = nn.Linear(12 * 25, dim)
        self.samples = nn.Linear(dim, 12 * 25)
        layer = nn.TransformerEncoderLayer(
            dim, nhead=4, dim_feedforward=2 * dim, dropout=0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.decoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, patches, context):
        seen = gather_tokens(self.embed(patches) + self.position, context)
        places = self.mask_token.expand(len(patches), len(self.position), -1)
        index = context[..., None].expand_as(seen)
        tokens = places.scatter(1, index, self.encoder(seen))
        return self.samples(self.decoder(tokens + self.position))


# %%
# The step
# --------
#
# The loss is the squared error of the hidden samples alone.

n_epochs = 2
model = MaskedAutoencoder()
loader = torch.utils.data.DataLoader(crops, batch_size=8, shuffle=True, collate_fn=collate)
optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_epochs * len(loader))
for epoch in range(n_epochs):
    collate.set_epoch(epoch)
    for batch, seen, (hidden,) in loader:
        patches = batch.unfold(2, 25, 25).transpose(1, 2).flatten(2)
        rebuilt = model(patches, seen)
        error = gather_tokens(rebuilt, hidden) - gather_tokens(patches, hidden)
        loss = error.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()

# %%
# Reconstruct what was never trained on
# -------------------------------------
#
# Blue is what was visible, orange what was hidden, and black the reconstruction. It puts T
# waves where they belong, but misses the P waves and smears the QRS complexes: where a thin spike
# may stand a little earlier or later, squared error is least for the average of both.

import matplotlib.pyplot as plt

with torch.no_grad():
    patches = held_out.unfold(2, 25, 25).transpose(1, 2).flatten(2)
    rebuilt = model(patches, context)  # (32, 40, 12 * 25)
signals = rebuilt.unflatten(2, (12, 25)).transpose(1, 2).flatten(2)  # (32, 12, 1000)
guess = signals.numpy() / gain  # in mV

fig, (above, below) = plt.subplots(2, 1, figsize=(8.4, 5), layout="constrained")
plot_guesses(ecg, masks, {"model, lead II": guess}, lead="II", ax=above)
plot_guesses(ecg, masks, {"model, lead V2": guess}, lead="V2", ax=below)
above.set_xlabel("")
below.set_xlabel("Time (s), from 7 s on")
fig.set_label("Leads II and V2, 7 to 9 s: the reconstruction follows T waves and smears the QRS.")
plt.show()

# %%
# Score it
# --------
#
# :func:`~ecgmask.baselines.explained_variance` is R² on the hidden samples: 1 is perfect, 0 is the
# mean of what is visible. It is averaged over all masks and leads, and set against a straight line
# between visible samples.

from ecgmask.baselines import explained_variance, interpolate

line = interpolate(ecg, masks)
print(f"model: R² {explained_variance(ecg, masks, guess).mean():.2f}")
print(f"straight line: R² {explained_variance(ecg, masks, line).mean():.2f}")

# %%
# What this shows, and what it does not
# -------------------------------------
#
# That masks, gathering and loss are in place: the model fills in seconds that it never saw better
# than a line does. It is no benchmark: this is one person, and a copy of an earlier beat, told
# where the R peaks are, does better without any training. See
# :doc:`/gallery/concepts/what_is_left_to_learn` for such guesses.

# sphinx_gallery_tags = ["shared mask", "scattered", "training"]
