"""What the tests share."""

from collections.abc import Iterator

import hypothesis
import matplotlib as mpl
import numpy as np
import pytest

from ecgmask import ECG, ContextToTarget, MaskAndComplement, PerLead, sample_ecg

mpl.use("Agg")

hypothesis.settings.register_profile(
    "ecgmask", deadline=None, derandomize=True, max_examples=150, print_blob=False
)
hypothesis.settings.load_profile("ecgmask")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, new for each test."""
    return np.random.default_rng(20240611)


@pytest.fixture(scope="session")
def ecg() -> ECG:
    """The sample ECG."""
    return sample_ecg()


@pytest.fixture(
    params=[
        MaskAndComplement(),
        MaskAndComplement(min_block_size=1, min_keep_ratio=0.5, max_keep_ratio=0.5),
        ContextToTarget(),
        ContextToTarget((0.5, 1.0), (0.05, 0.1), num_pred_blocks=1),
        PerLead(MaskAndComplement()),
        PerLead(ContextToTarget(), n_leads=3),
    ],
    ids=repr,
)
def strategy(request: pytest.FixtureRequest):
    """Every strategy, once or more."""
    return request.param


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    # Only if a test has drawn: most of them do without pyplot.
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
