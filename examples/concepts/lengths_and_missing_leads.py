"""
Mask padded records and missing leads
=====================================

Records of different lengths are padded to stack, and some lack a lead. This tutorial keeps what is
not there out of the context and out of the targets.
"""

# %%
# Pad a short record
# ------------------
#
# The second of these records is seven seconds long, and padded with zeros to the ten seconds of the
# first. Beside each is its true length.

import matplotlib.pyplot as plt
import numpy as np
import torch

from ecgmask import MaskAndComplement, Masks, PatchMaskCollator, PerLead, RandomPatches, sample_ecg
from ecgmask.plotting import plot_12_leads

complete = sample_ecg()
ecg = complete.crop(0, 3500).pad(5000)
records = [(complete.signal, 5000), (ecg.signal, 3500)]

# %%
# Mask what was recorded
# ----------------------
#
# ``lengths_key`` tells the collator where a record says how long it is. The padding is dotted:
# ignored, like the surplus context that a longer record gives up. Each record is masked within its
# own length, as if it were alone.

torch.manual_seed(0)
collate = PatchMaskCollator(MaskAndComplement(), patch_size=25, lengths_key=1)
batch, context, targets, padding = collate(records)
masks = Masks.from_indices(context, targets, n_patches=200)[1]
plot_12_leads(ecg, masks, title="Padded after 7 s")

# %%
# Tell the model
# --------------
#
# With ``lengths_key`` a collator returns a :class:`~ecgmask.PaddedBatch`, whose fourth item marks
# the padded patches. Models that see all tokens, as the target encoder of a JEPA does, take it as
# their key padding mask.

print(padding.shape, padding.sum(dim=1).tolist())

# %%
# Leave out a missing lead
# ------------------------
#
# With a mask for each lead, the tokens of a missing lead can be left out. Declare the leads that no
# record has by name, or let leads that are NaN throughout be missing.

without_v6 = complete.signal.copy()
without_v6[complete.lead_index("V6")] = np.nan
collate = PatchMaskCollator(PerLead(RandomPatches()), patch_size=25, missing_leads="nan")
batch, context, targets = collate([without_v6, without_v6])

# %%
# See what is left
# ----------------
#
# V6 is drawn here from the complete record; in the batch it is NaN. Its row is ignored from end to
# end, neither seen nor asked for.

masks = Masks.from_indices(context, targets, n_patches=200, n_leads=12)
plot_12_leads(complete, masks, title="V6 is missing")
plt.show()

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "your data"]
