"""Train with accelerate on one process or several."""

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords, gather_tokens


def train(records, checkpoint, watch, *, n_epochs=3, **workers):
    accelerator = Accelerator(cpu=True)
    order = DistributedSampler(records, num_replicas=1, rank=0, seed=1)
    # accelerate deals whole batches to the processes in turn.
    batches = NumberedBatches(
        order, batch_size=4, drop_last=True, n_ranks=accelerator.num_processes
    )
    collate = IJEPAMaskCollator(patch_size=25, seed=1)
    loader = DataLoader(
        NumberedRecords(records), batch_sampler=batches, collate_fn=collate, **workers
    )
    model = torch.nn.Linear(300, 1)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    loader, model, optimiser = accelerator.prepare(loader, model, optimiser)
    first_epoch, done, place = 0, 0, "b"
    last = checkpoint / "last.pt"
    if last.exists():
        first_epoch, done, place = torch.load(last)
        accelerator.load_state(checkpoint / place)

    for epoch in range(first_epoch, n_epochs):
        loader.set_epoch(epoch)
        for masked in accelerator.skip_first_batches(loader, done) if done else loader:
            watch(masked)
            (signals, _), (context,), _ = masked
            tokens = signals.unfold(2, 25, 25).transpose(1, 2).flatten(2)
            loss = model(gather_tokens(tokens, context)).square().mean()
            optimiser.zero_grad()
            accelerator.backward(loss)
            optimiser.step()
            done += 1
            place = "b" if place == "a" else "a"  # a kill leaves the other one whole
            accelerator.save_state(checkpoint / place)
            accelerator.wait_for_everyone()
            if accelerator.is_main_process:
                new = checkpoint / "new.pt"
                torch.save((epoch, done, place), new)
                new.replace(last)
        done = 0
