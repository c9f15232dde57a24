"""Run the recipes of the page on several processes, in each way that the table names.

Started by test_recipes.py, once for each number of processes: what it saw goes to a file.
"""

import importlib
import json
import shutil
import sys
import tempfile
import warnings
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

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
        return masked["number"].tolist(), digest([masked["context"], *masked["targets"]])
    (_, numbers), (context,), targets = masked
    return numbers.tolist(), digest([context, *targets])


def run(name, folder, stop_at, **options):
    """Run a recipe and return what each batch of it held."""
    seen = []

    def watch(masked):
        if len(seen) == stop_at:
            raise Stop
        seen.append(look(masked))

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


def main(output):
    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    warnings.filterwarnings("error", module="ecgmask")
    results = {"the order of Lightning": run_with_the_order_of_lightning()}
    for name in RECIPES:
        for kind, options in WORKERS.items():
            for stop_at in (None, STOP[world_size]):
                where = [tempfile.mkdtemp() if rank == 0 else None]
                dist.broadcast_object_list(where)
                folder = Path(where[0])
                seen = [run(name, folder, stop_at, **options)]
                dist.barrier()
                if stop_at is not None:
                    seen.append(run(name, folder, None, **options))
                    dist.barrier()
                if rank == 0:
                    shutil.rmtree(folder)
                key = f"{name}, {kind}, {'straight through' if stop_at is None else 'resumed'}"
                results[key] = seen
    everyone = [None] * world_size
    dist.all_gather_object(everyone, results)
    if rank == 0:
        Path(output).write_text(json.dumps(everyone), encoding="utf-8")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
