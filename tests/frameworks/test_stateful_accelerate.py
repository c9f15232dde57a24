"""accelerate with a loader that saves where it is, on one process."""

import copy

import pytest
import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords

RECORDS = [(torch.full((12, 500), float(number)), number) for number in range(32)]


def new_loader(**workers):
    accelerator = Accelerator(
        cpu=True, dataloader_config=DataLoaderConfiguration(use_stateful_dataloader=True)
    )
    order = DistributedSampler(RECORDS, num_replicas=1, rank=0, seed=1)
    batches = NumberedBatches(order, batch_size=4, drop_last=True)
    collate = IJEPAMaskCollator(25, seed=1)
    return accelerator.prepare(
        DataLoader(NumberedRecords(RECORDS), batch_sampler=batches, collate_fn=collate, **workers)
    )


def seen(masked):
    (_, numbers), (context,), _ = masked
    return numbers.tolist(), context.tolist()


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")
@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}], ids=repr)
def test_a_stateful_loader_of_accelerate_goes_on_with_the_masks_of_its_epoch(workers):
    loader, whole = new_loader(**workers), []
    for epoch in (0, 1):
        loader.set_epoch(epoch)
        for masked in loader:
            whole.append(seen(masked))
            if len(whole) == 11:
                state = copy.deepcopy(loader.state_dict())
    loader = new_loader(**workers)
    loader.load_state_dict(state)
    loader.set_epoch(1)
    assert [seen(masked) for masked in loader] == whole[11:]
