"""Run the study, or a part of it, and write the table when all parts are there.

``nox -s study`` runs all of it, ``nox -s study -- --part 3/8`` an eighth, to be split over
machines. What was done is not done again. With the files of all parts in one folder,
``nox -s study`` only writes the table. ``--stack ptb-xl.npy --labels labels.csv --table mine.csv``
does the same on data of your own.
"""

import argparse
import csv
import multiprocessing
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import runs

DOCS = Path(__file__).parent.parent
# Not in docs/_build, which a build of the site may empty.
FOLDER = DOCS.parent / "build" / "study"
RUN = ("objective", "strategy", "n_rows", "truncate", "seed", "n_steps", "tokens_seen", "loss")
HEALTH = ("std", "cosine", "effective_rank")
MADE = ("cpu_seconds", "made", "machine", "ecgmask", "numpy", "python", "torch", "code")
# What a probe reads of the tokens of a record, and which scores of a run are its.
FEATURES = {
    "mean and spread": "scores",
    "mean": "scores_of_mean",
    "mean and spread at equal tokens": "scores_at_equal_tokens",
}


def part(text):
    """Return ``(3, 8)`` of ``3/8``."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(
            f"must be such as 3/8, the third of eight parts, not {text!r}"
        )
    return int(match[1]), int(match[2])


def arguments(given):
    parser = argparse.ArgumentParser(prog="nox -s study --", description=__doc__.split("\n")[0])
    parser.add_argument("--part", type=part, default=(1, 1), help="such as 3/8")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--hundredth", action="store_true", help="a small study, to try it")
    parser.add_argument("--stack", help="a stack of your own, as write_stack writes it")
    parser.add_argument("--labels", help="a table (CSV) of labels, a row for each record")
    parser.add_argument("--patients", help="the column of labels that says who a record is of")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--table", type=Path, default=DOCS / "study.csv")
    asked = parser.parse_args(given)
    if (asked.stack is None) != (asked.labels is None):
        parser.error("--stack and --labels need each other")
    if asked.patients and not asked.labels:
        parser.error("--patients is a column of --labels")
    if (asked.stack or asked.hundredth) and asked.table.resolve() == DOCS / "study.csv":
        parser.error(
            "--table says where to write results of your own data, or of a small study: not over "
            "those of the study"
        )
    return asked


def rows_of(result):
    """Yield a row for each kind of features that a run was probed with."""
    rest = {name: result.get(name) for name in (*RUN, *HEALTH, *MADE)} | result["versions"]
    rest["code"] = runs.code_digest()[:16]  # results are found under that of their code alone
    for name in ("loss", *HEALTH):
        rest[name] = None if rest[name] is None else f"{rest[name]:.4f}"
    rest["cpu_seconds"] = f"{rest['cpu_seconds']:.1f}"
    for features, scores in FEATURES.items():
        if result[scores]:
            factors = {factor: f"{score:.4f}" for factor, score in result[scores].items()}
            yield {**rest, "features": features, **factors}


def write_table(path, results):
    factors = dict.fromkeys(factor for result in results for factor in result["scores"])
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(
            file, [*RUN, "features", *factors, *HEALTH, *MADE], lineterminator="\n"
        )
        table.writeheader()
        for result in results:
            table.writerows(rows_of(result))


def main(given=None):
    asked = arguments(given)
    size = runs.HUNDREDTH if asked.hundredth else runs.FULL
    if asked.stack:
        size = replace(size, stack=asked.stack, labels=asked.labels, patients=asked.patients)
        runs.world(size)  # what is wrong with them is said before anything is trained
    asked.folder.mkdir(parents=True, exist_ok=True)
    everything = runs.all_runs(size)
    mine = runs.part_of(everything, *asked.part)
    left = [run for run in mine if not runs.is_done(asked.folder, run, size)]
    print(f"{len(mine) - len(left)} of {len(mine)} runs are done.", flush=True)
    start = time.perf_counter()
    # Spawned: threads of torch do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.processes, context) as pool:
        futures = {pool.submit(runs.do, asked.folder, run, size): run for run in left}
        for number, future in enumerate(as_completed(futures), start=1):
            try:
                future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)  # it is told now, not after all others
                raise
            run = futures[future]
            ahead = (time.perf_counter() - start) / number * (len(left) - number) / 60
            print(
                f"{number} of {len(left)}: {run.objective} {run.strategy}, seed {run.seed}; "
                f"{ahead:.0f} minutes left",
                flush=True,
            )
    if all(runs.is_done(asked.folder, run, size) for run in everything):
        write_table(asked.table, runs.results(asked.folder, everything, size))
        print(f"{asked.table} holds {len(everything)} runs.")
    else:
        print("Other parts are missing: run them, or copy their files here.")


if __name__ == "__main__":
    main(sys.argv[1:])
