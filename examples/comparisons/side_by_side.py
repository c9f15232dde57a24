"""
Draw figures for a paper or a slide
===================================

Put strategies side by side on the lead that makes your point, in the size and the colours of the
page, and save them sharp. This guide starts from two strategies on ten seconds of lead II.
"""

# %%
# Two strategies on the same ECG
# ------------------------------
#
# Blue is the context that the encoder sees, orange the target, dotted grey is ignored. Any
# :class:`~ecgmask.Strategy` fits; the titles count the :class:`~ecgmask.Masks` that it drew.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import ContextToTarget, MaskAndComplement, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
rng = np.random.default_rng(7)
masks = {
    "ECG-JEPA": MaskAndComplement().draw(1, 200, rng),
    "I-JEPA": ContextToTarget.ijepa().draw(1, 200, rng),
}
plot_comparison(ecg, masks, lead="II")

# %%
# Another lead
# ------------
#
# The same masks on V2: a shared mask covers the same instants in every lead, whatever the waves
# look like there.

plot_comparison(ecg, masks, lead="V2")

# %%
# A few seconds, in one column
# ----------------------------
#
# :func:`~ecgmask.plotting.plot_lead` draws into axes of yours. A column of a journal is some 3.5
# inches wide; three seconds of one lead fit it.

from ecgmask.plotting import LIGHT, plot_lead

fig, ax = plt.subplots(figsize=(3.5, 1.8), layout="constrained")
plot_lead(ecg, masks["ECG-JEPA"], lead="II", palette=LIGHT, ax=ax)
ax.set_xlim(2, 5)
fig.set_label(f"Three seconds, enlarged. {ax.get_label()}")

# %%
# A record of a batch
# -------------------
#
# Figures take what a collator returns, a :class:`~ecgmask.MaskedBatch`, and ``record=`` picks one
# of it. Index tensors do not say how long a patch is, so name it. More is ignored than above:
# contexts of the eight records are cut to one length, and this record gave up its surplus at one
# end.

from ecgmask import PatchMaskCollator

collate = PatchMaskCollator(ContextToTarget.ijepa(), patch_size=25, seed=1)
batch = collate([ecg.signal] * 8)
plot_comparison(ecg, {"I-JEPA, third of a batch": batch}, patch_size=25, record=2)

# %%
# On a dark slide
# ---------------
#
# A :class:`~ecgmask.plotting.Palette` holds the colours of a figure. There are two,
# :data:`~ecgmask.plotting.LIGHT` and :data:`~ecgmask.plotting.DARK`, and
# ``dataclasses.replace`` makes one of yours.

from dataclasses import replace

from ecgmask.plotting import DARK

slide = replace(DARK, background="#101830")
plot_comparison(ecg, masks, palette=slide)

# %%
# Save it
# -------
#
# PDF and SVG stay sharp at any size and suit papers; PNG at 300 dots per inch suits slides. The
# label of a figure is a sentence that describes it: use it as alternative text.

import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

fig = plot_comparison(ecg, masks, lead="V5")
with TemporaryDirectory() as folder:
    fig.savefig(Path(folder, "masks.pdf"))
    fig.savefig(Path(folder, "masks.png"), dpi=300)
    print(sorted(path.name for path in Path(folder).iterdir()))
print(textwrap.fill(fig.get_label(), width=80))
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
