"""Train one model on several processes, each with masks of its own."""

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import IJEPAMaskCollator, gather_tokens, sample_ecg

dist.init_process_group("gloo")  # "nccl" for GPUs
rank, world_size = dist.get_rank(), dist.get_world_size()

signal = torch.tensor(sample_ecg().signal)
records = [signal.roll(50 * number, dims=1) for number in range(48)]  # stand in for yours
sampler = DistributedSampler(records, seed=1)
collate = IJEPAMaskCollator(patch_size=25, seed=1, rank=rank, world_size=world_size)
loader = DataLoader(records, batch_size=8, sampler=sampler, collate_fn=collate)

torch.manual_seed(0)
model = DistributedDataParallel(torch.nn.Linear(300, 1))
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
seen = []
for epoch in range(2):
    sampler.set_epoch(epoch)
    collate.set_epoch(epoch)
    for batch, (context,), _ in loader:
        tokens = batch.unfold(2, 25, 25).transpose(1, 2).flatten(2)
        loss = model(gather_tokens(tokens, context)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(context)

everyone = [None] * world_size
dist.all_gather_object(everyone, (seen, [*model.parameters()]))
if rank == 0:
    (mine, weights), *others = everyone
    shapes = [[context.shape for context in masks] for masks, _ in everyone]
    print(len(mine), "batches on each of", world_size, "ranks")
    print("context tokens:", [context.shape[1] for context in mine])
    print("shapes agree:", all(each == shapes[0] for each in shapes))
    same = [map(torch.equal, mine, masks) for masks, _ in others]
    print("any masks shared:", any(any(each) for each in same))
    print("weights agree:", all(all(map(torch.equal, weights, each)) for _, each in others))
dist.destroy_process_group()
