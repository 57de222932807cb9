"""The transformer: qwen2 as llama.cpp computes it: RMSNorm, biases on q, k, v, neox RoPE, SwiGLU, tied output."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from training import vocabulary
from training.shape import Shape

LONGEST_PLAIN = 640
"""Sequences up to this many tokens compute attention by plain matrix products."""


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.attention_output = nn.Linear(shape.width, shape.width, bias=False)
        self.feed_forward_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self.gate_up = nn.Linear(shape.width, 2 * shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(_norm(x, self.attention_norm)).view(batch, length, 3, self.shape.heads, self.shape.head_width)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = _attend(_rotate(q, cos, sin), _rotate(k, cos, sin), v)
        attended: Tensor = x + self.attention_output(mixed.transpose(1, 2).reshape(batch, length, width))
        gate, up = self.gate_up(_norm(attended, self.feed_forward_norm)).chunk(2, dim=-1)
        fed: Tensor = self.down(F.silu(gate) * up)
        return attended + fed


class Abacus(nn.Module):
    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(vocabulary.SIZE, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        frequency = shape.rope_base ** (-torch.arange(0, shape.head_width, 2) / shape.head_width)
        angle = torch.outer(torch.arange(shape.context).float(), frequency)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
        for block in self.blocks:
            assert isinstance(block, Block)
            nn.init.zeros_(block.qkv.bias)
            for last in (block.attention_output, block.down):
                nn.init.normal_(last.weight, std=0.02 / (2 * self.shape.layers) ** 0.5)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Summed cross-entropy of `targets` (batch, length) after each of `tokens` (batch, length)."""
        x = self.embedding(tokens).float()
        cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        wanted = (targets.view(-1) != -100).nonzero().squeeze(1)
        x = _norm(x.view(-1, self.shape.width)[wanted], self.output_norm)
        logits = F.linear(x, self.embedding.weight).float()
        return F.cross_entropy(logits, targets.view(-1)[wanted], reduction="sum")

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def _norm(x: Tensor, layer: nn.RMSNorm) -> Tensor:
    """Applies `layer` to the float32 residual stream; the result has the precision of the layer's weights."""
    return F.rms_norm(x, (x.shape[-1],), layer.weight.float(), layer.eps).to(layer.weight.dtype)


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention over (batch, head, position, channel).

    For short sequences plain matrix products in bfloat16 are three times as fast on a CPU, backward included, as
    torch's fused kernel; long ones need the fused kernel's memory.
    """
    batch, heads, length, width = q.shape
    if length > LONGEST_PLAIN:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    q, k, v = (x.reshape(batch * heads, length, width) for x in (q, k, v))
    later = torch.full((length, length), -1e9, dtype=q.dtype).triu(1)
    scores = torch.baddbmm(later, q, k.transpose(1, 2), alpha=width**-0.5)
    return torch.bmm(scores.softmax(-1, dtype=q.dtype), v).view(batch, heads, length, width)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of x (batch, head, position, channel); the channels of a pair are half a head apart."""
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
