"""The order of the examples in each section: from what one must know first to what is special."""

from __future__ import annotations

from pathlib import Path

from sphinx.errors import ExtensionError

import ecgmask
from ecgmask import strategies

ORDER = {
    # That of the package, and so of its tables and the explorer.
    "strategies": [
        vars(ecgmask)[name].__module__.rpartition(".")[2]
        for name in strategies.__all__
        if name not in ("Masks", "Strategy")
    ],
    "comparisons": [
        "which_to_start_with",
        "all_strategies",
        "positional_visibility",
        "what_a_batch_throws_away",
        "side_by_side",
    ],
    "concepts": [
        "shared_mask",
        "what_is_left_to_learn",
        "what_lines_fill_in",
        "what_other_leads_tell",
        "patch_length",
        "lengths_and_missing_leads",
    ],
    "training": [
        "dataloader",
        "mae_step",
        "jepa_step",
        "own_strategy",
        "conv_stem",
        "stop_and_resume",
        "throughput",
    ],
    "data": [
        "mask_your_own_ecg",
        "check_an_ecg",
        "normalise",
        "read_a_data_set",
        "write_a_stack",
        "synthetic_ecg",
    ],
}


class ListedOrder:
    """Sort the examples of a section as they are listed; Sphinx-Gallery makes one for each."""

    def __init__(self, src_dir: str) -> None:
        self.section = Path(src_dir).name

    def __call__(self, filename: str) -> int:
        stem = Path(filename).stem
        if stem not in ORDER[self.section]:
            raise ExtensionError(
                f"example {stem} of section {self.section} has no place; add it to gallery_order"
            )
        return ORDER[self.section].index(stem)

    def __repr__(self) -> str:
        # Sphinx compares settings by their text.
        return f"<{type(self).__name__}>"
