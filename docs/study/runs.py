"""The runs of the study: what there is to run, one run, and the folder that remembers them."""

import copy
import hashlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import data
import numpy as np
import probes
import torch
from model import OBJECTIVES, WIDTH, Encoder

import ecgmask
from ecgmask import (
    FilledBatch,
    NumberedBatches,
    NumberedRecords,
    PatchMaskCollator,
    strategies,
)

# Seconds of a token, by the number of rows of leads. A token of one lead has to be longer: twelve
# times as many tokens of the same length would take some thirty times as long.
PATCH_DURATIONS = {1: 0.2, 12: 1.0}
N_SEEDS = {1: 5, 12: 3}
BATCH_SIZE = 32
LEARNING_RATE = 2e-3

# Beside the settings that have a name: a random mask that hides as much as mask and complement
# does, and mask and complement with blocks about as long in time as they were published.
EXTRA = ("RandomPatches(0.8)", "MaskAndComplement(min_block_size=3)")
# Ten patches of a second hold no two spans of ten.
SHORTENED = {"Both(Spans.wav2vec2(), Leads.oh())": "Both(Spans(length=2), Leads.oh())"}
# What needs no training, beside encoders as they were drawn.
BASELINES = ("principal components", "the mean")
# No context is cut, but those of this setting are in runs of their own, to see what that costs.
CUT = "ContextToTarget.ijepa()"
# All settings show the encoder this share of the tokens, and most of them more. What it was when it
# had seen that many is probed as well, so that one can compare at equal tokens, not only at equal
# steps.
EQUAL_SHARE = 0.19
SOURCES = ("data.py", "model.py", "probes.py", "runs.py")


@dataclass(frozen=True)
class Size:
    """How large the study is, and on which data: synthetic ones, unless there is a stack."""

    n_records: int = 3000
    n_steps: int = 1000
    n_seeds: int = 5
    world: int = 2026
    stack: str | None = None
    labels: str | None = None
    patients: str | None = None


FULL = Size()
# A hundredth of it, to see that it works.
HUNDREDTH = Size(n_records=120, n_steps=4, n_seeds=1)


@dataclass(frozen=True)
class Run:
    """One training, or an encoder that is left as it was drawn."""

    objective: str
    strategy: str
    n_rows: int
    seed: int
    truncate: str = "never"

    def key(self, size):
        """Return a name for the result, another one for any other code, size or library."""
        torch_version = torch.__version__.partition("+")[0]
        # Files of one's own may lie elsewhere on another machine.
        files = digest_of(size.stack, size.labels) if size.stack else ""
        what = asdict(size) | {"stack": files, "labels": files}
        facts = [asdict(self), what, code_digest(), np.__version__, torch_version]
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
        return f"{self.objective}-{self.strategy}-{self.seed}-{digest[:16]}"


def sources():
    """Return the files on whose code results depend: some of this folder, and the package."""
    here = Path(__file__).parent
    return [
        *(here / name for name in SOURCES),
        *sorted(Path(ecgmask.__file__).parent.rglob("*.py")),
    ]


@cache
def code_digest():
    """Return a digest of all code on which results depend."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources())).hexdigest()


@cache
def digest_of(*paths):
    """Return a digest of files."""
    digest = hashlib.sha256()
    for path in paths:
        with Path(path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def strategy_of(code):
    """Return a strategy from the line that draws it."""
    return eval(code, vars(ecgmask).copy())


def n_rows_of(strategy):
    """Return whether a strategy masks each lead on its own (12) or all alike (1)."""
    options = {"r_peaks": [np.arange(5.0, 50.0, 5.0)]} if strategy.needs_r_peaks else {}
    return strategy.draw(1, 50, np.random.default_rng(0), **options).n_leads


@cache
def settings():
    """Return the lines of all settings that have a name, and the rows that each of them masks."""
    families = [
        vars(ecgmask)[name] for name in strategies.__all__ if name not in ("Masks", "Strategy")
    ]
    named = [line for family in families for line in family.presets.values()]
    lines = [SHORTENED.get(line, line) for line in [*named, *EXTRA]]
    return {line: n_rows_of(strategy_of(line)) for line in dict.fromkeys(lines)}


def all_runs(size):
    """Return all runs, one seed after the other, so that a part holds some of each setting."""
    runs = []
    for seed in range(size.n_seeds):
        for n_rows, n_seeds in N_SEEDS.items():
            if seed < n_seeds:
                runs.append(Run("none", "random encoder", n_rows, seed))
        if seed == 0:
            runs += [Run("none", name, 1, seed) for name in BASELINES]
        for line, n_rows in settings().items():
            if size.stack and strategy_of(line).needs_r_peaks:
                continue  # a stack says nothing of them
            if seed < N_SEEDS[n_rows]:
                # JEPA on tokens of single leads would take as long as all the rest.
                objectives = OBJECTIVES if n_rows == 1 else ("mae",)
                runs += [Run(objective, line, n_rows, seed) for objective in objectives]
        runs += [Run(objective, CUT, 1, seed, truncate="ends") for objective in OBJECTIVES]
    return runs


def part_of(runs, number, n_parts):
    """Return one part of several, which together are all runs and have none in common."""
    return runs[number - 1 :: n_parts]


# One run


@cache
def world(size):
    """Return the records, the same for all runs of a process and of any machine."""
    if size.stack:
        return data.own(size.stack, size.labels, size.patients, size.world)
    return data.synthetic(size.n_records, size.world)


def patch_size(run, rate):
    return round(PATCH_DURATIONS[run.n_rows] * rate)


def n_patches_of(run, people):
    return people.signals.shape[2] // patch_size(run, people.rate)


def tokens_of(signals, n_samples, n_rows):
    """Cut ``(record, lead, sample)`` into tokens, lead-major if each lead has its own."""
    patches = signals.unfold(2, n_samples, n_samples)
    return patches.flatten(1, 2) if n_rows > 1 else patches.transpose(1, 2).flatten(2)


def batches(run, size, signals, people):
    """Yield batches with their masks, drawn from the seed of the run alone."""
    strategy = strategy_of(run.strategy)
    beats = strategy.needs_r_peaks
    numbers = people.parts[0]
    if beats:
        records = [(signals[n], people.r_peaks[n] * people.rate) for n in numbers]
    else:
        records = [signals[n] for n in numbers]
    collate = PatchMaskCollator(
        strategy,
        patch_size=patch_size(run, people.rate),
        truncate=run.truncate,
        r_peaks_key=1 if beats else None,
        seed=run.seed,
    )
    generator = torch.Generator().manual_seed(run.seed)
    order = torch.utils.data.RandomSampler(records, generator=generator)
    numbered = NumberedBatches(order, batch_size=BATCH_SIZE, drop_last=True)
    loader = torch.utils.data.DataLoader(
        NumberedRecords(records), batch_sampler=numbered, collate_fn=collate
    )
    n_drawn = epoch = 0
    while n_drawn < size.n_steps:
        numbered.set_epoch(epoch)
        epoch += 1
        for masked in loader:
            if n_drawn < size.n_steps:
                yield masked if run.truncate == "never" else without_fillers(masked)
                n_drawn += 1


def without_fillers(masked):
    """Return a batch that was cut in the form of one that was filled up."""
    context = torch.zeros_like(masked.context, dtype=torch.bool)
    targets = [torch.zeros_like(each, dtype=torch.bool) for each in masked.targets]
    no_patch = torch.zeros(len(context), 0, dtype=torch.bool)
    return FilledBatch(*masked, padding=no_patch, context_padding=context, target_padding=targets)


def train(run, size, encoder, signals, people):
    """Train an encoder.

    Return it, as it was when it had seen what all settings show it, the tokens that it saw in all,
    and the mean of its last losses.
    """
    model = OBJECTIVES[run.objective](encoder)
    trained = [each for each in model.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=size.n_steps, pct_start=0.1
    )
    n_tokens = n_patches_of(run, people) * run.n_rows
    n_equal = EQUAL_SHARE * size.n_steps * BATCH_SIZE * n_tokens
    early, n_seen, losses = None, 0, []
    for step, masked in enumerate(batches(run, size, signals, people)):
        signal = masked.batch[0] if isinstance(masked.batch, list) else masked.batch
        tokens = tokens_of(signal, patch_size(run, people.rate), run.n_rows)
        loss = model(tokens, masked)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        model.follow(step / size.n_steps)
        n_seen += int((~masked.context_padding).sum())
        losses.append(loss.item())
        if early is None and n_seen >= n_equal:
            early = copy.deepcopy(model.trained_encoder())
    return model.trained_encoder(), early, n_seen, float(np.mean(losses[-50:]))


@torch.no_grad()
def encode(encoder, tokens):
    """Return what a frozen encoder makes of all tokens of all records."""
    encoded = [encoder(some) for some in tokens.split(200)]
    return torch.cat(encoded).double().numpy()


def baseline(run, tokens, train):
    """Return what a baseline makes of records, and of their tokens."""
    n_records, _, n_samples = tokens.shape
    if run.strategy == "the mean":
        return np.zeros((n_records, 1)), np.zeros((*tokens.shape[:2], 1))
    # As many numbers as an encoder gives.
    of_records = probes.principal_components(tokens.reshape(n_records, -1), train, 2 * WIDTH)
    fitted = np.arange(tokens[:, :, 0].size).reshape(tokens.shape[:2])[train].ravel()
    of_tokens = probes.principal_components(tokens.reshape(-1, n_samples), fitted, WIDTH)
    return of_records, of_tokens.reshape(*tokens.shape[:2], -1)


def scores_of(run, people, of_records, of_tokens):
    """Return how well each factor is read from records, and the way to R peaks from tokens."""
    scores = probes.of_records(of_records, people.factors, people.parts)
    if run.n_rows == 1 and people.r_peaks is not None:
        times = (np.arange(of_tokens.shape[1]) + 0.5) * PATCH_DURATIONS[run.n_rows]
        scores |= probes.of_tokens(of_tokens, people.r_peaks, times, people.parts)
    return {name: float(score) for name, score in scores.items()}


def execute(run, size):
    """Do one run and return its result: who, when, how long, and a score for each factor."""
    torch.set_num_threads(1)  # so small a model is faster on one, and runs go side by side
    torch.manual_seed(run.seed)
    people = world(size)
    start = time.process_time()  # what else the machine does is not counted
    signals = torch.as_tensor(people.signals)
    signals = signals / signals[people.parts[0]].std()  # one gain for all keeps ratios of leads
    tokens = tokens_of(signals, patch_size(run, people.rate), run.n_rows)
    n_seen, loss, health, of_mean, early_scores = 0, None, {}, {}, {}
    if run.strategy in BASELINES:
        features = baseline(run, tokens.double().numpy(), people.parts[0])
        scores = scores_of(run, people, *features)
    else:
        encoder = Encoder(n_patches_of(run, people), tokens.shape[2], run.n_rows)
        if run.objective != "none":
            encoder, early, n_seen, loss = train(run, size, encoder, signals, people)
            if early is not None:
                encoded = encode(early.eval(), tokens)
                early_scores = scores_of(run, people, probes.pooled(encoded), encoded)
        encoded = encode(encoder.eval(), tokens)
        scores = scores_of(run, people, probes.pooled(encoded), encoded)
        of_mean = probes.of_records(encoded.mean(axis=1), people.factors, people.parts)
        health = probes.health(encoded[people.parts[2]])
    return {
        **asdict(run),
        "n_steps": size.n_steps if n_seen else 0,
        "tokens_seen": n_seen,
        "loss": loss,
        **{name: float(value) for name, value in health.items()},
        "scores": scores,
        "scores_of_mean": {name: float(score) for name, score in of_mean.items()},
        "scores_at_equal_tokens": early_scores,
        "cpu_seconds": time.process_time() - start,
        "made": time.strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "versions": {
            "ecgmask": ecgmask.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    }


# The folder


def path_of(folder, run, size):
    return Path(folder) / f"{run.key(size)}.json"


def is_done(folder, run, size):
    return path_of(folder, run, size).is_file()


def do(folder, run, size):
    """Do a run and keep its result, whole or not at all: one that dies is done again."""
    path = path_of(folder, run, size)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(execute(run, size)), encoding="utf-8")
    unfinished.replace(path)


def results(folder, runs, size):
    """Return the results of all runs, or say which of them are missing."""
    missing = [run for run in runs if not is_done(folder, run, size)]
    if missing:
        first = missing[0]
        raise FileNotFoundError(
            f"{len(missing)} of {len(runs)} runs are missing in {folder}, the first of them "
            f"{first.objective} {first.strategy} with seed {first.seed}; run their parts with the "
            "same code, NumPy and PyTorch, and copy the files here"
        )
    return [json.loads(path_of(folder, run, size).read_text(encoding="utf-8")) for run in runs]
