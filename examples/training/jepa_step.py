"""
Train a tiny JEPA, and tell learning from collapse
==================================================

A joint-embedding predictive architecture predicts the embeddings of hidden patches. This tutorial
takes some twenty seconds for one, on a single ECG, and a broken one whose loss is lower.
"""

# %%
# One ECG, two parts
# ------------------
#
# The first seven seconds are for training, in crops of three seconds; the last three are held out.
# One gain for all leads brings the signal to unit variance and keeps the ratios between leads.

import torch

from ecgmask import ECG, IJEPAMaskCollator, Masks, gather_tokens, sample_ecg
from ecgmask.plotting import LIGHT, plot_lead

seed = 0
torch.manual_seed(seed)
torch.set_num_threads(1)  # so small a model is faster on one
millivolts = sample_ecg().signal
ecg = ECG(millivolts[:, 3500:], sampling_rate=500)
signal = torch.as_tensor(millivolts / millivolts.std())
crops = signal[:, :3500].unfold(1, 1500, 2).transpose(0, 1)  # (1001, 12, 1500), without a copy

# %%
# Hide four short blocks
# ----------------------
#
# Blue is the **context**, orange are the **targets**: four short blocks, placed as I-JEPA places
# them. Dotted grey is neither. The held-out part is scored under 32 such
# masks; this is the first.

collate = IJEPAMaskCollator(patch_size=25, pred_scale=(0.05, 0.1), seed=seed)
held_out, (context,), blocks = collate([signal[:, 3500:]] * 32)
target = torch.cat(blocks, dim=1)
masks = Masks.from_indices(context, blocks, n_patches=60)
plot_lead(ecg, masks).set_xlabel("Time (s), from 7 s on")

# %%
# Two transformer layers
# ----------------------
#
# Torch's own, small enough for one CPU thread. Encoder and predictor are built from them.

from torch import nn
from torch.nn import functional as F


class Transformer(nn.TransformerEncoder):
    def __init__(self, dim):
        layer = nn.TransformerEncoderLayer(
            dim,
            nhead=4,
            dim_feedforward=4 * dim,
            dropout=0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        super().__init__(layer, 2, norm=nn.LayerNorm(dim), enable_nested_tensor=False)


# %%
# The encoder
# -----------
#
# A patch of all twelve leads becomes a token. Positions are added *before* tokens are dropped, or
# the encoder would not know where a token stood. Tokens that are not in the context are dropped,
# never set to zero.


class Encoder(nn.Module):
    def __init__(self, n_patches=60, dim=64):
        super().__init__()
        angle = torch.arange(n_patches)[:, None] / 10_000 ** torch.linspace(0, 1, dim // 2)
        self.register_buffer("position", torch.cat([angle.sin(), angle.cos()], dim=1))
        self.embed = nn.Linear(12 * 25, dim)
        self.blocks = Transformer(dim)

    def forward(self, signal, context=None):
        tokens = self.embed(signal.unfold(2, 25, 25).transpose(1, 2).flatten(2))
        tokens = tokens + self.position[: tokens.shape[1]]
        if context is not None:
            tokens = gather_tokens(tokens, context)
        return self.blocks(tokens)


# %%
# The predictor
# -------------
#
# It gets the encoded context, and for each target a learnt **mask token** that carries nothing but
# its position. It is narrower than the encoder, which is meant to do the understanding.


class Predictor(nn.Module):
    def __init__(self, position, width=32):
        super().__init__()
        dim = position.shape[1]
        self.register_buffer("position", position)
        self.mask_token = nn.Parameter(torch.zeros(dim))
        self.narrow = nn.Linear(dim, width)
        self.widen = nn.Linear(width, dim)
        self.blocks = Transformer(width)

    def forward(self, encoded, context, target):
        position = self.position.expand(len(encoded), -1, -1)
        known = encoded + gather_tokens(position, context)
        asked = self.mask_token + gather_tokens(position, target)
        out = self.blocks(self.narrow(torch.cat([known, asked], dim=1)))
        return self.widen(out[:, -target.shape[1] :])


# %%
# The loss
# --------
#
# The target encoder sees *all* tokens, and the targets are cut from its *output*: embeddings that
# know their surroundings. Layer normalisation gives them one scale. After each step the target
# encoder follows the encoder, as a slow moving average.


class JEPA(nn.Module):
    def __init__(self, encoder, target_encoder):
        super().__init__()
        self.encoder = encoder
        self.target_encoder = target_encoder
        self.predictor = Predictor(encoder.position)

    def embed(self, signal):
        embedded = self.target_encoder(signal)
        return F.layer_norm(embedded, embedded.shape[-1:])

    def forward(self, signal, context, target):
        wanted = gather_tokens(self.embed(signal), target)
        encoded = self.encoder(signal, context)
        predicted = self.predictor(encoded, context, target)
        return F.smooth_l1_loss(predicted, wanted)

    @torch.no_grad()
    def follow(self, momentum):
        slow = self.target_encoder.parameters()
        fast = self.encoder.parameters()
        for mean, parameter in zip(slow, fast, strict=True):
            mean.lerp_(parameter, 1 - momentum)


# %%
# Scores that a falling loss cannot fake
# --------------------------------------
#
# The loss is small, too, if all embeddings are alike. So it needs a **reference**: the loss of a
# guess that ignores the context, the mean embedding of each position over training crops.
# **Skill** is 1 - loss / reference: at 0, the context was of no use. The standard deviation and the
# mean cosine of embeddings from different crops show a collapse directly.


class ScoredJEPA(JEPA):
    @torch.no_grad()
    def score(self):
        embedded = self.embed(crops[::16])
        guess = embedded.mean(dim=0).expand(len(held_out), -1, -1)
        wanted = gather_tokens(self.embed(held_out), target)
        reference = F.smooth_l1_loss(gather_tokens(guess, target), wanted)
        loss = self(held_out, context, target)
        # The mean cosine of all pairs is the squared length of the mean unit vector.
        mean_direction = F.normalize(embedded, dim=2).mean(dim=0)
        cosine = mean_direction.square().sum(dim=1).mean()
        return {
            "loss": loss.item(),
            "reference": reference.item(),
            "skill": 1 - loss.item() / reference.item(),
            "std": embedded.std(dim=0).mean().item(),
            "cosine": cosine.item(),
        }


# %%
# One as it should be, one broken on purpose
# ------------------------------------------
#
# The target encoder starts as a copy, and no gradient reaches it: that is the stop-gradient. In the
# broken model the encoder is its own target encoder, without stop-gradient and moving average. Now
# it can make the task easy instead of solving it.

import copy

encoder = Encoder()
another = Encoder()
target_encoder = copy.deepcopy(encoder).requires_grad_(False)
models = {
    "JEPA": ScoredJEPA(encoder, target_encoder),
    "Collapse": ScoredJEPA(another, target_encoder=another),
}

# %%
# Train
# -----
#
# Four epochs for the one, one for the other: collapse comes early. ``set_epoch`` gives each epoch
# masks of its own. I-JEPA predicts each target on its own; all at once, as here, is cheaper.

loader = torch.utils.data.DataLoader(crops, batch_size=8, shuffle=True, collate_fn=collate)
n_epochs = {"JEPA": 4, "Collapse": 1}
history = {"JEPA": [], "Collapse": []}
for name, model in models.items():
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    n_steps = n_epochs[name] * len(loader)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    step = 0
    for epoch in range(n_epochs[name]):
        collate.set_epoch(epoch)
        for batch, (seen,), hidden in loader:
            loss = model(batch, seen, torch.cat(hidden, dim=1))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            model.follow(momentum=0.996 + 0.004 * step / n_steps)
            if step % 50 == 0 or step == n_steps - 1:
                history[name].append({"step": step, **model.score()})
            step += 1

# %%
# Which of them learns?
# ---------------------
#
# By its loss, the broken one. But a guess without context does better still: all embeddings have
# become one, with a cosine of 1 and no spread. Skill tells; it is cut off at -1 here.

import matplotlib.pyplot as plt
import pandas as pd

for name, recorded in history.items():
    scores = pd.DataFrame(recorded).set_index("step")
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    left.semilogy(scores.loss, color=LIGHT.text, label="held-out loss")
    left.semilogy(scores.reference, "--", color=LIGHT.text, label="reference")
    right.plot(scores.skill.clip(lower=-1), color=LIGHT.text, label="skill")
    right.plot(scores["std"], "--", color=LIGHT.text, label="standard deviation")
    right.plot(scores.cosine, ":", color=LIGHT.text, label="mean cosine")
    left.set(xlabel="Step", title=name, ylim=(5e-5, 1))
    right.set(xlabel="Step", ylim=(-1.05, 1.05))
    left.legend(frameon=False)
    right.legend(frameon=False)
    last = scores.iloc[-1]
    fig.set_label(
        f"{name}: loss {last.loss:.5f}, reference {last.reference:.5f}, skill {last.skill:.2f}, "
        f"std {last['std']:.2f}, cosine {last.cosine:.2f}"
    )
    print(fig.get_label())
plt.show()

# %%
# What this shows, and what it does not
# -------------------------------------
#
# That the plumbing works: masks, gathering, stop-gradient and moving average are in place, and the
# context helps on three seconds that were never trained on. It is no benchmark: one person, ten
# beats. Whether the embeddings are worth anything, only other people's ECGs can tell.
#
# Two things to try. Put ``torch.randn(12, 5000)`` in place of the signal: the loss falls as well,
# but skill stays at zero. Or change ``seed``: skill varies, above zero.

# sphinx_gallery_tags = ["shared mask", "blocks", "training"]
