"""A training script as someone with a strict type checker writes it: nothing in it is ignored."""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskCollator,
    NumberedBatches,
    NumberedRecords,
    PatchMaskCollator,
    RandomPatches,
    describe,
    gather_tokens,
    sample_ecg,
)


class Records(Dataset[Tensor]):
    def __init__(self, n_records: int) -> None:
        self.n_records = n_records
        self.signal = torch.tensor(sample_ecg().signal)

    def __len__(self) -> int:
        return self.n_records

    def __getitem__(self, index: int) -> Tensor:
        return self.signal.roll(index, dims=1)


class Model(nn.Module):
    def __init__(self, patch_size: int, dim: int = 64) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.embed = nn.Linear(12 * patch_size, dim)

    def forward(self, batch: Tensor, context: Tensor, target: Tensor) -> Tensor:
        patches = batch.unfold(2, self.patch_size, self.patch_size).transpose(1, 2).flatten(2)
        tokens: Tensor = self.embed(patches)
        seen = gather_tokens(tokens, context).mean(dim=1, keepdim=True)
        hidden = gather_tokens(tokens, target)
        return nn.functional.mse_loss(seen.expand_as(hidden), hidden)


records: NumberedRecords[Tensor] = NumberedRecords(Records(32))
model = Model(patch_size=25)
optimiser = torch.optim.AdamW(model.parameters())

# Loaders hand on what collators return, as something of any type.
collate = MaskCollator(patch_size=25, seed=1)
batches = NumberedBatches(RandomSampler(records), batch_size=8, drop_last=True)
loader: DataLoader[Tensor] = DataLoader(records, batch_sampler=batches, collate_fn=collate)
for epoch in range(2):
    batches.set_epoch(epoch)
    for batch, context, target in loader:
        loss = model(batch, context, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
state = batches.state_dict(batch=0)
batches.load_state_dict(state)

# Called directly, each collator says what it returns.
some = [records[number] for number in range(8)]
one = collate(some)
print(one.context.shape, one.targets.shape, model(one.batch, one.context, one.targets))

blocks = IJEPAMaskCollator(patch_size=25, seed=1)
batch, contexts, targets = blocks(some)
print([model(batch, contexts[0], target) for target in targets])

chosen = PatchMaskCollator(ContextToTarget(), patch_size=25, seed=1)
drawn = chosen(some)
print([gather_tokens(drawn.batch.mT, target).shape for target in drawn.targets])

several = PatchMaskCollator([ContextToTarget(), RandomPatches()], patch_size=25, truncate="random")
for seen, blocks_of_one in zip(several(some).context, several(some).targets, strict=True):
    print(seen.shape, [block.shape for block in blocks_of_one])

with_lengths = PatchMaskCollator(RandomPatches(), patch_size=25, lengths_key=1)
padded = with_lengths([(record, 4000) for record in some])
print(padded.padding.sum(dim=1), describe(padded))

whole = PatchMaskCollator(ContextToTarget(), patch_size=25, truncate="never")
filled = whole(some)
lengths = (~filled.context_padding).sum(dim=1)
print(lengths, [padding.any() for padding in filled.target_padding])

short = PatchMaskCollator(
    [RandomPatches(), RandomPatches()], patch_size=25, n_context=40, n_target=100, flat_targets=True
)
print(short(some).context[0].shape, [target.shape for target in short(some).targets])
flat = PatchMaskCollator(
    [RandomPatches()], n_patches=lambda samples: samples // 16, truncate="never", flat_targets=True
)
print(flat(some).padding.shape, [padding.shape for padding in flat(some).target_padding])

# A dict has no types of its parts.
for collate_dict in (
    MaskCollator(25, as_dict=True),
    IJEPAMaskCollator(25, as_dict=True, n_context=10),
    PatchMaskCollator(ContextToTarget(), 25, as_dict=True, lengths_key=None),
):
    as_dict = collate_dict(some)
    print(sorted(as_dict), describe(as_dict, n_patches=200))
print(MaskCollator(25, as_dict=False)(some).context.shape)
