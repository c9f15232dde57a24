"""
Check an ECG before you train on it
===================================

Limb leads in another order, a flat lead or a wrong unit spoil training without an error message.
Twelve leads say some things twice, which is enough to find these faults in one call.
"""

# %%
# Exchange two leads
# ------------------
#
# MIMIC-IV-ECG stores aVF before aVL. Read by position instead of by name, the two are exchanged.
# Each looks like an ECG all the same.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import ECG, sample_ecg
from ecgmask.plotting import LIGHT

ecg = sample_ecg()
mimic = ["I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6"]
exchanged = ECG(ecg.select(mimic).signal, ecg.sampling_rate)
for problem in exchanged.problems():
    print(problem)

# %%
# How it is found
# ---------------
#
# Three electrodes make all six limb leads, so aVF is the mean of II and III: the dashed curve
# covers the lead as it was recorded. What is called aVF after the exchange is another lead.

time = np.arange(1500) / ecg.sampling_rate
ii, iii, avf = ecg.select(["II", "III", "aVF"]).signal[:, :1500]
called_avf = exchanged.select(["aVF"]).signal[0, :1500]
fig, ax = plt.subplots(figsize=(8.4, 3.8), layout="constrained")
ax.plot(time, avf, color=LIGHT.ignored_line, linewidth=3, label="aVF, as recorded")
ax.plot(time, (ii + iii) / 2, "--", color=LIGHT.text, label="(II + III) / 2")
ax.plot(time, called_avf, ":", color=LIGHT.text, label="called aVF after the exchange")
ax.set(xlabel="Time (s)", ylabel="mV")
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
differ = np.abs(called_avf - avf).max()
fig.set_label(f"aVF over 3 s equals the mean of II and III; exchanged, it is {differ:.2f} mV off.")
plt.show()

# %%
# What it cannot find
# -------------------
#
# Arm electrodes that were exchanged on the body give six limb leads that still fit together, only
# of another heart. The check says nothing, and it says nothing of the chest leads' order either.

body = ecg.signal.copy()
body[0] *= -1  # I
body[[1, 2]] = body[[2, 1]]  # II and III
body[[3, 4]] = body[[4, 3]]  # aVR and aVL
print(ECG(body, ecg.sampling_rate).problems())

# %%
# A flat lead
# -----------
#
# An electrode that fell off leaves a lead with one value throughout. A model learns to predict it
# without looking.

flat = ecg.signal.copy()
flat[ecg.lead_index("V3")] = 0
for problem in ECG(flat, ecg.sampling_rate).problems():
    print(problem)

# %%
# A wrong unit
# ------------
#
# Microvolts that are read as millivolts are a thousand times too large. Normalising each record
# hides it; one gain for a stack that mixes both units does not, and all but silences the rest.

microvolts = 1000 * ecg.signal
for problem in ECG(microvolts, ecg.sampling_rate).problems():
    print(problem)

# %%
# Refuse such a record
# --------------------
#
# :meth:`~ecgmask.ECG.check` raises an error that names all problems. :func:`~ecgmask.read_ecg` does
# so with every file, unless it is told not to.

try:
    exchanged.check()
except ValueError as error:
    print(error)

# sphinx_gallery_tags = ["your data"]
