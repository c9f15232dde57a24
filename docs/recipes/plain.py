"""Train with plain PyTorch on one process or, with torchrun, on several."""

import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords, gather_tokens, sample_ecg


def train(records, checkpoint, watch, *, n_epochs=3, **workers):
    rank, world_size = dist.get_rank(), dist.get_world_size()
    order = DistributedSampler(records, seed=1, drop_last=True)
    batches = NumberedBatches(order, batch_size=4, drop_last=True)
    collate = IJEPAMaskCollator(patch_size=25, seed=1)  # finds its rank
    loader = DataLoader(
        NumberedRecords(records), batch_sampler=batches, collate_fn=collate, **workers
    )
    model = torch.nn.Linear(300, 1)
    parallel = DistributedDataParallel(model) if world_size > 1 else model
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    first_epoch, done = 0, 0
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        batches.load_state_dict(state["batches"])
        first_epoch, done = state["batches"]["epoch"], state["batches"]["batch"]

    for epoch in range(first_epoch, n_epochs):
        batches.set_epoch(epoch)
        for masked in loader:
            watch(masked)
            (signals, _), (context,), _ = masked
            tokens = signals.unfold(2, 25, 25).transpose(1, 2).flatten(2)
            loss = parallel(gather_tokens(tokens, context)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            done += 1
            if rank == 0:
                state = {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "batches": batches.state_dict(batch=done),
                }
                new = checkpoint.with_name(checkpoint.name + ".new")
                torch.save(state, new)
                new.replace(checkpoint)  # at once: a kill leaves the old one or the new one
        done = 0


if __name__ == "__main__":
    dist.init_process_group("gloo")  # "nccl" for GPUs
    signal = torch.tensor(sample_ecg().signal)
    records = [(signal.roll(50 * number, dims=1), number) for number in range(48)]  # yours
    lengths = []
    train(records, Path("checkpoint.pt"), lambda masked: lengths.append(masked.context[0].shape[1]))
    told = f"rank {dist.get_rank()} saw contexts of {lengths}\n"
    print(told, end="")  # in one piece, or lines of several processes may mix
    dist.destroy_process_group()
    time.sleep(0.1)  # Python aborts if it ends while gloo's threads hold objects of its own
