"""A run that ``torchrun`` starts in several processes: one model, a mask collator on each rank."""

import itertools

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from ecgmask import IJEPAMaskCollator, MaskCollator

PATCH_SIZE = 5


class Records(Dataset):
    """Twelve records of two leads and 200 samples."""

    def __len__(self):
        return 12

    def __getitem__(self, number):
        return torch.linspace(0, number + 1, 400).reshape(2, 200), number


class Encoder(torch.nn.Module):
    """Embed all tokens, gather those of the context, and predict one number of each."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(2 * PATCH_SIZE, 4)
        self.head = torch.nn.Linear(4, 1)

    def forward(self, signal, index):
        tokens = signal.unflatten(2, (-1, PATCH_SIZE)).transpose(1, 2).flatten(2)
        embedded = self.embed(tokens)
        seen = torch.gather(embedded, 1, index[..., None].expand(-1, -1, embedded.shape[2]))
        return self.head(seen.tanh())


def of_every_rank(tensor):
    """Return what each rank has; all must have the same shape."""
    gathered = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, tensor.contiguous())
    return gathered


def tensors(masked):
    lists = [x if isinstance(x, list) else [x] for x in masked[1:]]
    return [*lists[0], *lists[1]]


def train(make):
    """Train for two epochs and return the number of masks that differed between all ranks."""
    rank, world_size = dist.get_rank(), dist.get_world_size()
    collate = make(rank)
    sampler = DistributedSampler(Records(), shuffle=True, seed=1)
    loader = DataLoader(Records(), 3, sampler=sampler, num_workers=1, collate_fn=collate)
    # What the others draw follows without asking them.
    others = [make(other) for other in range(world_size)]
    torch.manual_seed(0)
    model = DistributedDataParallel(Encoder())
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    n_batches = 0
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for each in [collate, *others]:
            each.set_epoch(epoch)
        for masked in loader:
            signal, numbers = masked.batch
            assert len(set(torch.cat(of_every_rank(numbers)).tolist())) == 3 * world_size

            shapes = [None] * world_size
            dist.all_gather_object(shapes, [tuple(t.shape) for t in tensors(masked)])
            assert all(shape == shapes[rank] for shape in shapes), f"shapes differ: {shapes}"
            contexts = of_every_rank(tensors(masked)[0])
            for one, other in itertools.combinations(contexts, 2):
                assert not torch.equal(one, other), "two ranks drew the same masks"
            for expected, context in zip(others, contexts, strict=True):
                assert torch.equal(tensors(expected(list(signal)))[0], context)

            before = [p.detach().clone() for p in model.parameters()]
            optimiser.zero_grad()
            model(signal, tensors(masked)[0]).square().mean().backward()
            optimiser.step()
            assert any(
                not torch.equal(old, new)
                for old, new in zip(before, model.parameters(), strict=True)
            )
            for parameter in model.parameters():
                first, *rest = of_every_rank(parameter.detach())
                assert all(torch.equal(first, other) for other in rest), "parameters differ"
            n_batches += 1
    return n_batches


def main():
    dist.init_process_group("gloo")
    world_size = dist.get_world_size()
    for name, make in {
        "MaskCollator": lambda rank: MaskCollator(PATCH_SIZE, seed=3, rank=rank),
        "IJEPAMaskCollator": lambda rank: IJEPAMaskCollator(
            PATCH_SIZE, seed=3, rank=rank, world_size=world_size
        ),
    }.items():
        n_batches = train(make)
        # One write, so that the lines of two processes do not mix.
        print(f"rank {dist.get_rank()}: {n_batches} batches with {name}\n", end="", flush=True)  # noqa: T201
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
