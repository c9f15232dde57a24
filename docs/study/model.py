"""The models of the study: one encoder, and the two ways in which it is trained."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from ecgmask import gather_tokens, mark_tokens

WIDTH = 64


class Transformer(nn.TransformerEncoder):
    def __init__(self, width, n_layers):
        layer = nn.TransformerEncoderLayer(
            width,
            nhead=4,
            dim_feedforward=2 * width,
            dropout=0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        super().__init__(layer, n_layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, tokens, padding=None):
        if padding is not None and not padding.any():
            padding = None  # the same, and faster
        return super().forward(tokens, src_key_padding_mask=padding)


class Encoder(nn.Module):
    """Encode tokens: a time window of all leads, or of one lead, lead after lead."""

    def __init__(self, n_patches, token_size, n_rows):
        super().__init__()
        angle = torch.arange(n_patches)[:, None] / 10_000 ** torch.linspace(0, 1, WIDTH // 2)
        position = torch.cat([angle.sin(), angle.cos()], dim=1)
        self.register_buffer("time", position.repeat(n_rows, 1))
        self.lead = nn.Parameter(torch.randn(n_rows, WIDTH) / WIDTH**0.5)
        self.embed = nn.Linear(token_size, WIDTH)
        self.blocks = Transformer(WIDTH, 3)

    @property
    def position(self):
        n_patches = len(self.time) // len(self.lead)
        return self.time + self.lead.repeat_interleave(n_patches, dim=0)

    def forward(self, tokens, context=None, padding=None):
        embedded = self.embed(tokens) + self.position
        if context is not None:
            embedded = gather_tokens(embedded, context)
        return self.blocks(embedded, padding)


class MaskedAutoencoder(nn.Module):
    """Reconstruct the samples of all tokens that are a target, whichever block they are in."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.mask_token = nn.Parameter(torch.zeros(WIDTH))
        self.decoder = Transformer(WIDTH, 1)
        self.samples = nn.Linear(WIDTH, encoder.embed.in_features)

    def forward(self, tokens, masked):
        # A filler repeats a token, and is encoded as that is: it may be put back twice.
        seen = self.encoder(tokens, masked.context, masked.context_padding)
        places = self.mask_token.expand(len(tokens), tokens.shape[1], -1)
        index = masked.context[..., None].expand_as(seen)
        encoded = places.scatter(1, index, seen)
        rebuilt = self.samples(self.decoder(encoded + self.encoder.position))
        hidden = mark_tokens(torch.cat(masked.targets, dim=1), tokens.shape[1])
        return F.mse_loss(rebuilt[hidden], tokens[hidden])

    def follow(self, progress):
        """Do nothing: there is one encoder."""

    def trained_encoder(self):
        return self.encoder


class JEPA(nn.Module):
    """Predict the embeddings of all targets at once."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.slow = copy.deepcopy(encoder).requires_grad_(False)
        self.mask_token = nn.Parameter(torch.zeros(WIDTH))
        self.narrow = nn.Linear(WIDTH, WIDTH // 2)
        self.widen = nn.Linear(WIDTH // 2, WIDTH)
        self.blocks = Transformer(WIDTH // 2, 2)

    def forward(self, tokens, masked):
        target = torch.cat(masked.targets, dim=1)
        filler = torch.cat(masked.target_padding, dim=1)
        with torch.no_grad():
            embedded = self.slow(tokens)
        wanted = gather_tokens(F.layer_norm(embedded, (WIDTH,)), target)
        position = self.encoder.position.expand(len(tokens), -1, -1)
        seen = self.encoder(tokens, masked.context, masked.context_padding)
        known = seen + gather_tokens(position, masked.context)
        asked = self.mask_token + gather_tokens(position, target)
        padding = torch.cat([masked.context_padding, filler], dim=1)
        out = self.blocks(self.narrow(torch.cat([known, asked], dim=1)), padding)
        predicted = self.widen(out[:, -target.shape[1] :])
        return F.smooth_l1_loss(predicted[~filler], wanted[~filler])

    @torch.no_grad()
    def follow(self, progress):
        """Let the slow encoder follow, ever more slowly as the progress goes from 0 to 1."""
        momentum = 0.996 + 0.004 * progress
        pairs = zip(self.slow.parameters(), self.encoder.parameters(), strict=True)
        for mean, parameter in pairs:
            mean.lerp_(parameter, 1 - momentum)

    def trained_encoder(self):
        return self.slow


OBJECTIVES = {"mae": MaskedAutoencoder, "jepa": JEPA}
