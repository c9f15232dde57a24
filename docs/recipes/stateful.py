"""Train with torchdata's StatefulDataLoader, which saves where it is."""

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler
from torchdata.stateful_dataloader import StatefulDataLoader

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords, gather_tokens


def train(records, checkpoint, watch, *, n_epochs=3, **workers):
    rank, world_size = dist.get_rank(), dist.get_world_size()
    order = DistributedSampler(records, seed=1, drop_last=True)
    batches = NumberedBatches(order, batch_size=4, drop_last=True)
    collate = IJEPAMaskCollator(patch_size=25, seed=1)
    loader = StatefulDataLoader(
        NumberedRecords(records), batch_sampler=batches, collate_fn=collate, **workers
    )
    model = torch.nn.Linear(300, 1)
    parallel = DistributedDataParallel(model) if world_size > 1 else model
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    first_epoch = 0
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        loader.load_state_dict(state["loader"])  # and that of the batches with it
        first_epoch = state["epoch"]

    for epoch in range(first_epoch, n_epochs):
        for masked in loader:  # each iteration is the next epoch
            watch(masked)
            (signals, _), (context,), _ = masked
            tokens = signals.unfold(2, 25, 25).transpose(1, 2).flatten(2)
            loss = parallel(gather_tokens(tokens, context)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if rank == 0:
                state = {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "epoch": epoch,
                    "loader": loader.state_dict(),
                }
                new = checkpoint.with_name(checkpoint.name + ".new")
                torch.save(state, new)
                new.replace(checkpoint)  # at once: a kill leaves the old one or the new one
