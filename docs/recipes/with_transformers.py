"""Train with the Trainer of transformers, on records of the package datasets."""

from pathlib import Path

import torch
from accelerate import PartialState
from torch.utils.data import DataLoader, RandomSampler
from transformers import Trainer, TrainerCallback, TrainingArguments

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords, gather_tokens


class Model(torch.nn.Module):
    def __init__(self, watch):
        super().__init__()
        self.layer = torch.nn.Linear(300, 1)
        self.watch = watch

    def forward(self, signal, number, context, targets):
        self.watch({"number": number, "context": context, "targets": targets})
        tokens = signal.unfold(2, 25, 25).transpose(1, 2).flatten(2)
        return {"loss": self.layer(gather_tokens(tokens, context[0])).square().mean()}


class MaskTrainer(Trainer):
    def get_train_dataloader(self):
        batches = NumberedBatches(
            RandomSampler(self.train_dataset),  # seeded by the Trainer, and told the epoch
            batch_size=self.args.per_device_train_batch_size,
            drop_last=True,
            n_ranks=self.args.world_size,  # the Trainer deals whole batches in turn
        )
        loader = DataLoader(
            NumberedRecords(self.train_dataset),
            batch_sampler=batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            persistent_workers=self.args.dataloader_persistent_workers,
        )
        return self.accelerator.prepare(loader)


class MarkWhole(TrainerCallback):
    """Marks checkpoints that are whole: a kill leaves one that is not."""

    def on_save(self, args, state, _control, **_):
        PartialState().wait_for_everyone()  # each process writes a part
        if state.is_world_process_zero:
            Path(args.output_dir, f"checkpoint-{state.global_step}", "whole").touch()


def last_checkpoint(folder):
    whole = [mark.parent for mark in Path(folder).glob("checkpoint-*/whole")]
    return max(whole, key=lambda checkpoint: int(checkpoint.name.split("-")[1]), default=None)


def train(records, folder, watch, *, n_epochs=3, num_workers=0, persistent_workers=False):
    settings = TrainingArguments(
        output_dir=folder,
        num_train_epochs=n_epochs,
        per_device_train_batch_size=4,
        dataloader_num_workers=num_workers,
        dataloader_persistent_workers=persistent_workers,
        save_steps=1,
        save_total_limit=2,  # the one before, until the next is whole
        use_cpu=True,
        data_seed=1,
        report_to=[],
    )
    collate = IJEPAMaskCollator(patch_size=25, seed=1, signal_key="signal", as_dict=True)
    trainer = MaskTrainer(
        Model(watch), settings, collate, train_dataset=records, callbacks=[MarkWhole()]
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))
