"""
Mask padded records and missing leads
=====================================

Records of unlike lengths are padded to stack, and some lack a lead. This tutorial keeps what is not
there out of the context and out of the targets.
"""

# %%
# A padded record
# ---------------
#
# The second record below is seven seconds long and padded with zeros to ten, as the first one is.
# ``lengths_key`` tells the collator where a record says how long it is. It returns a
# :class:`~ecgmask.PaddedBatch`, with a fourth item that marks the padded patches.

import numpy as np
import torch

from ecgmask import ECG, MaskAndComplement, PatchMaskCollator, sample_ecg
from ecgmask.plotting import plot_12_leads

ecg = sample_ecg()
padded = ECG(np.where(np.arange(5000) < 3500, ecg.signal, 0), sampling_rate=500)
records = [(ecg.signal, 5000), (padded.signal, 3500)]

# %%
# The padding is dotted: ignored, like the surplus context that the longer record gives up. Each
# record is masked within its own length, as if it were alone.

torch.manual_seed(0)
collate = PatchMaskCollator(MaskAndComplement(), patch_size=25, lengths_key=1)
batch, context, targets, padding = collate(records)
plot_12_leads(padded, (context, targets), patch_size=25, record=1, title="Padded after 7 s")

# %%
# Tell the model
# --------------
#
# Models that see all tokens, as the target encoder of a JEPA does, take the padding as their key
# padding mask.

print(padding.shape, padding.sum(dim=1).tolist())

# %%
# Records that lack a lead
# ------------------------
#
# With a mask for each lead, the tokens of a missing lead can be left out. Declare the leads that no
# record has by name, or let leads that are NaN throughout be missing.

from ecgmask import Masks, PerLead, RandomPatches

without_v6 = ecg.signal.copy()
without_v6[11] = np.nan
collate = PatchMaskCollator(PerLead(RandomPatches()), patch_size=25, missing_leads="nan")
batch, context, targets = collate([without_v6, without_v6])

# %%
# V6 is drawn here from the complete record; in the batch it is NaN. Its row is ignored from end to
# end, neither seen nor asked for.

masks = Masks.from_indices(context, targets, n_patches=200, n_leads=12)
plot_12_leads(ecg, masks, title="V6 is missing")
