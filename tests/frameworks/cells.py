"""Run the recipes of the page on several processes, with each kind of workers.

Started by test_recipes.py, twice for each number of processes: the second time, other processes go
on with the runs that stopped. What each saw goes to a file.
"""

import faulthandler
import importlib
import json
import sys
import time
import warnings
from contextlib import suppress
from hashlib import sha256
from itertools import product
from math import inf
from pathlib import Path
from unittest import mock

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, RandomSampler

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "docs" / "recipes"))

N_RECORDS = 33
N_EPOCHS = 3
STOP = {1: 11, 2: 6}  # batches on each process before the stop, in the middle of the second epoch

RECIPES = ["plain", "stateful", "with_lightning", "with_accelerate", "with_transformers"]
# Which file of a checkpoint is the last that the first process writes with torch; where others stop
# then, so that all take part in the same barriers.
LAST_FILES = {"with_accelerate": (3, 2), "with_transformers": (4, 1)}
WORKERS = {
    "no workers": {},
    "workers": {"num_workers": 2},
    "persistent workers": {"num_workers": 2, "persistent_workers": True},
}


class Stop(Exception):
    """What ends a run without any farewell."""


def signals():
    return torch.arange(N_RECORDS)[:, None, None] + torch.zeros(12, 500)


def digest(tensors):
    """Return a digest of masks."""
    parts = [(tuple(each.shape), each.tolist()) for each in tensors]
    return sha256(repr(parts).encode()).hexdigest()[:16]


def look(masked):
    """Return the numbers of the records of a batch and a digest of its masks."""
    if isinstance(masked, dict):
        return masked["number"].tolist(), digest([*masked["context"], *masked["targets"]])
    (_, numbers), (context,), targets = masked
    return numbers.tolist(), digest([context, *targets])


def run(name, folder, stop_at, kill_in_save=1, **options):
    """Run a recipe and return what each batch of it held.

    It is killed while it writes the checkpoint after the batch where it has to stop, in the first
    file or in another one, so that batch is lost; under Lightning, which writes in memory first,
    before the batch.
    """
    seen, saves = [], []

    def save(state, file):
        saves.append(file)
        if len(saves) == kill_in_save:
            Path(file).write_bytes(b"half")
            raise Stop
        whole(state, file)

    whole = torch.save
    kill = mock.patch("torch.save", save)

    def watch(masked):
        if len(seen) < stop_at:
            seen.append(look(masked))
        elif torch.save is save or name == "with_lightning":
            raise Stop
        else:
            kill.start()

    records = [(signal, number) for number, signal in enumerate(signals())]
    if name == "with_transformers":
        from datasets import Dataset

        columns = {"signal": signals().tolist(), "number": list(range(N_RECORDS))}
        records = Dataset.from_dict(columns).with_format("torch")
    if name == "with_lightning":
        options["n_processes"] = dist.get_world_size()
    place = folder / "checkpoint.pt" if name in ("plain", "stateful") else folder
    with suppress(Stop):
        importlib.import_module(name).train(records, place, watch, n_epochs=N_EPOCHS, **options)
    mock.patch.stopall()
    return seen


def run_with_the_order_of_lightning():
    """Leave the order to Lightning, which makes the batch sampler anew around its own sampler."""
    import lightning
    import with_lightning

    records, seen = [(signal, number) for number, signal in enumerate(signals())], []

    class Shuffled(with_lightning.ECGs):
        def train_dataloader(self):
            batches = NumberedBatches(RandomSampler(records), batch_size=4, drop_last=True)
            collate = IJEPAMaskCollator(25, seed=1)
            return DataLoader(NumberedRecords(records), batch_sampler=batches, collate_fn=collate)

    trainer = lightning.Trainer(
        max_epochs=N_EPOCHS,
        accelerator="cpu",
        devices=dist.get_world_size(),
        strategy="ddp" if dist.get_world_size() > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
    )
    model = with_lightning.Model(lambda masked: seen.append(look(masked)))
    trainer.fit(model, datamodule=Shuffled(records))
    return seen


def main(half, folder):
    faulthandler.dump_traceback_later(600, exit=True)  # where it waits for what does not come
    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    warnings.filterwarnings("error", module="ecgmask")
    seen = {}
    for name, kind in product(RECIPES, WORKERS):
        key = f"{name}, {kind}"
        place = folder / key
        if half == "before":
            whole = folder / f"{key}, straight through"
            seen[f"{key}, straight through"] = run(name, whole, inf, **WORKERS[kind])
            seen[f"{key}, before"] = run(name, place, STOP[world_size], **WORKERS[kind])
            # Once more, in the last file of the same checkpoint.
            last_file = LAST_FILES.get(name, (1, 1))[min(rank, 1)]
            run(name, place, 0, kill_in_save=last_file, **WORKERS[kind])
        else:
            seen[f"{key}, after"] = run(name, place, inf, **WORKERS[kind])
        dist.barrier()
    if half == "before":
        seen["the order of Lightning"] = run_with_the_order_of_lightning()
    (folder / f"{half}, rank {rank}.json").write_text(json.dumps(seen), encoding="utf-8")
    dist.destroy_process_group()
    time.sleep(0.1)  # as in plain.py


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
