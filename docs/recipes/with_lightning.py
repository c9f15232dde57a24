"""Train with Lightning on one process or several."""

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DistributedSampler
from torchdata.stateful_dataloader import StatefulDataLoader

from ecgmask import IJEPAMaskCollator, NumberedBatches, NumberedRecords, gather_tokens


class ECGs(lightning.LightningDataModule):
    def __init__(self, records, **workers):
        super().__init__()
        self.records, self.workers = records, workers

    def train_dataloader(self):
        ranks = {"num_replicas": self.trainer.world_size, "rank": self.trainer.global_rank}
        order = DistributedSampler(self.records, **ranks, seed=1, drop_last=True)
        return StatefulDataLoader(  # whose state Lightning saves in its checkpoints
            NumberedRecords(self.records),
            batch_sampler=NumberedBatches(order, batch_size=4, drop_last=True),
            collate_fn=IJEPAMaskCollator(patch_size=25, seed=1),
            **self.workers,
        )


class Model(lightning.LightningModule):
    def __init__(self, watch):
        super().__init__()
        self.layer = torch.nn.Linear(300, 1)
        self.watch = watch

    def training_step(self, masked, _):
        (signals, _), (context,), _ = masked
        self.watch(masked)
        tokens = signals.unfold(2, 25, 25).transpose(1, 2).flatten(2)
        return self.layer(gather_tokens(tokens, context)).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def train(records, checkpoint, watch, *, n_epochs=3, n_processes=1, **workers):
    saving = ModelCheckpoint(
        dirpath=checkpoint, save_last=True, every_n_train_steps=1, enable_version_counter=False
    )
    trainer = lightning.Trainer(
        max_epochs=n_epochs,
        accelerator="cpu",
        devices=n_processes,
        strategy="ddp" if n_processes > 1 else "auto",
        use_distributed_sampler=False,  # the order is the one above
        callbacks=saving,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    last = checkpoint / "last.ckpt"
    trainer.fit(
        Model(watch), datamodule=ECGs(records, **workers), ckpt_path=last if last.exists() else None
    )
