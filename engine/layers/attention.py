"""Attention with decomposed relative positions, windows, and SAM's decoder attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import plain_inference

MAX_BIAS_ELEMENTS = 1 << 24
"""Largest attention bias held at once, in elements; bounds memory on large images."""

BLOCK_ELEMENTS = 1 << 21
"""Attention weights a block of :func:`blocked_attention`, in elements: 8 MiB stay in the cache."""


def relative_table(rel_pos: Tensor, size: int) -> Tensor:
    """Spread a relative position table over all query/key pairs of one axis.

    Args:
        rel_pos: (L, d) embeddings of the distances ``-(L-1)/2 … (L-1)/2``; interpolated
            linearly when ``L != 2 * size - 1``.
        size: Length of the axis in tokens.

    Returns:
        (size, size, d): the embedding of ``query - key``.
    """
    length = 2 * size - 1
    if rel_pos.shape[0] != length:
        rel_pos = F.interpolate(rel_pos.T[None].float(), size=length, mode="linear")[0].T.to(
            rel_pos.dtype
        )
    positions = torch.arange(size, device=rel_pos.device)
    return rel_pos[positions[:, None] - positions[None, :] + size - 1]


def window_partition(
    x: Tensor, window: int, fill: Tensor | None = None
) -> tuple[Tensor, tuple[int, int]]:
    """Cut a token grid into non-overlapping windows, padded at the far sides.

    Args:
        x: (B, H, W, C).
        window: Side of a window in tokens.
        fill: (C,) value of the padding; zeros if None.

    Returns:
        ``(windows, padded)``: (B * n, window, window, C) and the padded (H, W).
    """
    b, h, w, c = x.shape
    padded_h, padded_w = h + -h % window, w + -w % window
    if (padded_h, padded_w) != (h, w):
        grid = x.new_empty(b, padded_h, padded_w, c)
        grid[:, :h, :w] = x
        grid[:, h:] = grid[:, :h, w:] = 0.0 if fill is None else fill
        x = grid
    x = x.view(b, padded_h // window, window, padded_w // window, window, c)
    return x.transpose(2, 3).reshape(-1, window, window, c), (padded_h, padded_w)


def window_unpartition(windows: Tensor, padded: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Undo :func:`window_partition`.

    Args:
        windows: (B * n, window, window, C).
        padded: Padded (H, W).
        size: Wanted (H, W).

    Returns:
        (B, H, W, C).
    """
    window, c = windows.shape[1], windows.shape[-1]
    rows, cols = padded[0] // window, padded[1] // window
    x = windows.view(-1, rows, cols, window, window, c).transpose(2, 3)
    return x.reshape(-1, *padded, c)[:, : size[0], : size[1]]


class RelPosAttention(nn.Module):
    """Multi-head self-attention over a token grid with decomposed relative positions.

    The bias of ViTDet (Li et al. 2022, section 3; MViTv2, eq. 4): the logit of query q and
    key k gains ``q·R_h[q_row - k_row] + q·R_w[q_col - k_col]``.
    """

    def __init__(self, dim: int, num_heads: int, grid: tuple[int, int], rel_pos: bool) -> None:
        """Build the layer.

        Args:
            dim: Channels.
            num_heads: Heads; divides ``dim``.
            grid: (H, W) in tokens that the position tables are made for.
            rel_pos: Whether there are relative positions.
        """
        super().__init__()
        assert dim % num_heads == 0, "heads must divide the embedding"
        self.num_heads = num_heads
        head_dim = dim // num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos = rel_pos
        if rel_pos:
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * grid[0] - 1, head_dim))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * grid[1] - 1, head_dim))
        self._tables: dict[tuple, tuple[Tensor, Tensor]] = {}

    def forward(self, x: Tensor, window: int = 0) -> Tensor:
        """Attend within each grid or window.

        Projections act token by token, so only queries, keys and values are cut into windows:
        a padded (zero) token projects to the bias.

        Args:
            x: (B, H, W, C).
            window: Side of a window in tokens; 0 attends over the whole grid.

        Returns:
            (B, H, W, C).
        """
        size = x.shape[1:3]
        qkv = self.qkv(x)
        if window:
            fill = None if self.qkv.bias is None else self.qkv.bias.to(qkv.dtype)
            qkv, padded = window_partition(qkv, window, fill)
        out = self._mix(qkv)
        if window:
            out = window_unpartition(out, padded, size)
        return self.proj(out)

    def _mix(self, qkv: Tensor) -> Tensor:
        """Attention of grids (n, h, w, 3C) of queries, keys, values; returns (n, h, w, C)."""
        n, h, w, c = qkv.shape
        if self.rel_pos and plain_inference(qkv):
            parts = qkv.view(n, h, w, 3, self.num_heads, -1)
            tables = (table.to(qkv.dtype) for table in self._table_pair(h, w))
            with torch.autocast("cpu", enabled=False):
                return blocked_attention(parts, *tables)
        d = c // (3 * self.num_heads)
        qkv = qkv.view(n, h * w, 3, self.num_heads, d).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, n * self.num_heads, h * w, d).unbind(0)
        out = self._attend(q, k, v, h, w) if self.rel_pos else _sdpa(q, k, v, None)
        return out.view(n, self.num_heads, h * w, d).transpose(1, 2).reshape(n, h, w, -1)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, h: int, w: int) -> Tensor:
        """Attention of (n, h*w, d) in groups whose bias stays under ``MAX_BIAS_ELEMENTS``."""
        table_h, table_w = self._table_pair(h, w)
        n, tokens, d = q.shape
        group = max(1, MAX_BIAS_ELEMENTS // (tokens * tokens))
        rows = min(h, max(1, MAX_BIAS_ELEMENTS // (group * tokens * w)))
        if torch.compiler.is_compiling() or (group >= n and rows == h):
            return _sdpa(q, k, v, _bias(q.view(n, h, w, d), table_h, table_w))
        parts = []
        for first in range(0, n, group):
            part = slice(first, min(first + group, n))
            grid_q = q[part].view(-1, h, w, d)
            for row in range(0, h, rows):
                some = grid_q[:, row : row + rows]
                bias = _bias(some, table_h[row : row + rows], table_w)
                parts.append(_sdpa(some.flatten(1, 2), k[part], v[part], bias))
        if rows == h:
            return torch.cat(parts)
        blocks = -(-h // rows)
        return torch.cat(
            [torch.cat(parts[i : i + blocks], 1) for i in range(0, len(parts), blocks)]
        )

    def _table_pair(self, h: int, w: int) -> tuple[Tensor, Tensor]:
        """Relative tables of a size; kept between forwards while nothing trains."""
        trains = torch.is_grad_enabled() and self.rel_pos_h.requires_grad
        if trains or torch.compiler.is_compiling():
            self._tables.clear()
            return relative_table(self.rel_pos_h, h), relative_table(self.rel_pos_w, w)
        # An inference tensor keeps no version counter; such weights never change in place.
        tracked = not self.rel_pos_h.is_inference()
        version = self.rel_pos_h._version + self.rel_pos_w._version if tracked else 0
        key = (h, w, self.rel_pos_h.data_ptr(), self.rel_pos_h.dtype, version)
        if key not in self._tables:
            with torch.no_grad():
                self._tables = {
                    key: (relative_table(self.rel_pos_h, h), relative_table(self.rel_pos_w, w))
                }
        return self._tables[key]


def blocked_attention(parts: Tensor, table_h: Tensor, table_w: Tensor) -> Tensor:
    """Exact attention with relative positions, a cache-sized block of weights at a time.

    One reused buffer holds the bias of a block of queries of one head; the product of
    queries and keys is added to it in place, softmax runs in place, and the values follow.
    On CPUs this is faster than a fused kernel with a mask, which reads the mask from memory.

    Args:
        parts: (n, h, w, 3, heads, d) queries, keys and values of n grids, of any float type
            that the processor multiplies well.
        table_h: (h, h, d) row embeddings; see :func:`relative_table`.
        table_w: (w, w, d) column embeddings.

    Returns:
        (n, h, w, heads * d).
    """
    n, h, w, _, heads, d = parts.shape
    tokens = h * w
    group = min(n, max(1, BLOCK_ELEMENTS // (tokens * tokens)))
    rows = min(h, max(1, BLOCK_ELEMENTS // (group * tokens * w)))
    buffer = parts.new_empty(group * rows * w * tokens)
    out = parts.new_empty(n, h, w, heads, d)
    for first in range(0, n, group):
        some = parts[first : first + group]
        g = len(some)
        for head in range(heads):
            q, k, v = some[..., head, :].unbind(3)
            keys, values = k.reshape(g, tokens, d).transpose(1, 2), v.reshape(g, tokens, d)
            rel_h = torch.einsum("nhwd,hkd->nhwk", q, table_h)
            rel_w = torch.einsum("nhwd,wkd->nhwk", q, table_w)
            for row in range(0, h, rows):
                r = min(rows, h - row)
                weights = buffer[: g * r * w * tokens].view(g, r, w, h, w)
                part = slice(row, row + r)
                torch.add(rel_h[:, part, :, :, None], rel_w[:, part, :, None, :], out=weights)
                weights = weights.view(g, r * w, tokens)
                weights.baddbmm_(q[:, part].reshape(g, r * w, d), keys, alpha=d**-0.5)
                torch.softmax(weights, -1, out=weights)
                mixed = torch.bmm(weights, values)
                out[first : first + g, part, :, head] = mixed.view(g, r, w, d)
    return out.view(n, h, w, heads * d)


def _bias(q: Tensor, table_h: Tensor, table_w: Tensor) -> Tensor:
    """Relative position bias (n, h*w, H*W) of queries (n, h, w, d); tables (h, H, d), (w, W, d)."""
    n, h, w, _ = q.shape
    rel_h = q @ table_h.transpose(1, 2)
    rel_w = (q.transpose(1, 2) @ table_w.transpose(1, 2)).transpose(1, 2).contiguous()
    return (rel_h[..., :, None] + rel_w[..., None, :]).view(n, h * w, -1)


def _sdpa(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Fused attention of (n, tokens, d), one head each, scaled by d**-0.5."""
    mask = None if bias is None else bias[:, None]
    return F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], mask)[:, 0]


class DownsampleAttention(nn.Module):
    """SAM's decoder attention: projections to a narrower width, attention, and back."""

    def __init__(self, dim: int, num_heads: int, downsample: int = 1) -> None:
        """Build the layer.

        Args:
            dim: Channels in and out.
            num_heads: Heads; divides ``dim // downsample``.
            downsample: Factor by which the inner width is smaller.
        """
        super().__init__()
        inner = dim // downsample
        assert inner % num_heads == 0, "heads must divide the inner width"
        self.num_heads = num_heads
        self.q_proj = nn.Linear(dim, inner)
        self.k_proj = nn.Linear(dim, inner)
        self.v_proj = nn.Linear(dim, inner)
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend q (B, n, dim) to k, v (B, m, dim); returns (B, n, dim)."""
        q, k, v = (
            proj(t).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for proj, t in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        )
        out = F.scaled_dot_product_attention(q, k, v)
        return self.out_proj(out.transpose(1, 2).flatten(2))
