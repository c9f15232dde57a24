"""Read files of which some bits are flipped, in a process of its own: it may crash.

The first argument is a folder with a folder for each format, which holds the files of a record and
``how.json``: the file to flip, the file to read, and how. Prints a line of JSON for each file read.
"""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from ecgmask import read_ecg

N_FILES = 100  # of each format


def flip(content, number, rng):
    """Return content with one bit flipped, or with up to eight, half the time near the start."""
    flipped = bytearray(content)
    for _ in range(1 if number % 2 else int(rng.integers(1, 9))):
        end = min(len(content), 1024) if number % 4 < 2 else len(content)
        flipped[int(rng.integers(end))] ^= 1 << int(rng.integers(8))
    return bytes(flipped)


def peak():
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else 1024 * size


def main(folder):
    resource.setrlimit(resource.RLIMIT_AS, (2**35, 2**35))
    warnings.simplefilter("error")
    for number_of_format, each in enumerate(sorted(folder.iterdir())):
        rng = np.random.default_rng([20240611, number_of_format])
        how = json.loads((each / "how.json").read_text())
        path, original = each / how["read"], (each / how["flip"]).read_bytes()
        truth = read_ecg(path, **how["options"])
        for number in range(N_FILES):
            (each / how["flip"]).write_bytes(flip(original, number, rng))
            before, begin = peak(), time.monotonic()
            try:
                read = read_ecg(path, check=False, **how["options"])
                same = np.array_equal(read.signal, truth.signal)
                outcome = "the same" if same else "changed"
            except ValueError as error:
                outcome = "refused" if str(error).startswith(str(path)) else repr(error)
            except BaseException as error:
                outcome = repr(error)
            taken = {"seconds": time.monotonic() - begin, "bytes": peak() - before}
            line = json.dumps({"format": each.name, "outcome": outcome, **taken})
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
