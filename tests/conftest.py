"""What the tests share."""

from collections.abc import Iterator

import hypothesis
import matplotlib as mpl
import numpy as np
import pytest

from ecgmask import ECG, sample_ecg

mpl.use("Agg")

hypothesis.settings.register_profile(
    "ecgmask", deadline=None, derandomize=True, max_examples=150, print_blob=False
)
hypothesis.settings.load_profile("ecgmask")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process waits for another at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, new for each test."""
    return np.random.default_rng(20240611)


@pytest.fixture(scope="session")
def ecg() -> ECG:
    """The sample ECG."""
    return sample_ecg()


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    # Only if a test has drawn: most of them do without pyplot.
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
