"""Connected sets and linked lists, worked out for all elements at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_WALK_STEPS = 48
"""Steps that lists are followed one by one; what is longer goes to contraction."""

_FEW = 1 << 10
"""Keys that are sorted faster by comparing them."""


def connect(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Find connected components by hooking and pointer jumping.

    Shiloach and Vishkin (1982), *An O(log n) parallel connectivity algorithm*.

    Args:
        count: Number of elements n.
        first: (m,) int, one end of each link.
        second: (m,) int, the other end.

    Returns:
        (n,) int array: the smallest element of each element's component.
    """
    parent = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    # The last write wins: reversed, so that the smallest neighbour does where links are sorted.
    low, high = low[::-1], high[::-1]
    while len(low):
        parent[high] = low
        while True:
            jumped = parent[parent]
            if np.array_equal(jumped, parent):
                break
            parent = jumped
        low, high = parent[low], parent[high]
        open_ = low != high
        low, high = low[open_], high[open_]
        low, high = np.minimum(low, high), np.maximum(low, high)
        order = np.argsort(low)[::-1]
        low, high = low[order], high[order]
    return parent


def sort_order(key: np.ndarray) -> np.ndarray:
    """Order that sorts (n,) non-negative ints; equal ones stay as they come.

    numpy sorts 16 bits in linear time, so up to 48 bits are sorted 16 at a time.
    """
    top = int(key.max(initial=0))
    if top >= 1 << 48 or len(key) < _FEW:
        return np.argsort(key, kind="stable")
    order = np.argsort((key & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, top.bit_length(), 16):
        digit = (key >> shift).astype(np.uint16)  # the lower 16 of its bits
        order = order[np.argsort(digit[order], kind="stable")]
    return order


def order_lists(succ: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the elements of linked lists and of loops.

    Args:
        succ: (n,) int, the element after each; n ends a list.
        starts: (k,) int, first elements of the lists; whatever no list reaches lies on loops.

    Returns:
        ``(head, rank)``: (n,) int each, the first element of the list or loop that each
        element is on and its number of steps from there.
    """
    count = len(succ)
    head = np.full(count, -1, succ.dtype)
    rank = np.zeros(count, succ.dtype)
    current, owner, steps = starts, starts, 0
    while len(current) and steps < _WALK_STEPS:
        head[current] = owner
        rank[current] = steps
        current = succ[current]
        on = np.flatnonzero(current < count)
        current, owner = current[on], owner[on]
        steps += 1
    rest = np.flatnonzero(head < 0).astype(succ.dtype)
    if not len(rest):
        return head, rank
    index = np.full(count + 1, len(rest), succ.dtype)
    index[rest] = np.arange(len(rest), dtype=succ.dtype)
    reached, after = index[current], index[succ[rest]]
    del index
    fixed = np.zeros(len(rest), bool)
    fixed[reached] = True
    top, place = _contract(after, fixed, np.ones(len(rest), succ.dtype))
    owners = rest.copy()
    owners[reached] = owner
    head[rest] = owners[top]
    rank[rest] = place + np.where(fixed[top], steps, 0)
    return head, rank


def order_loops(succ: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the elements of loops; as :func:`order_lists` with a permutation ``succ``."""
    return _contract(succ, np.zeros(len(succ), bool), np.ones(len(succ), succ.dtype))


def _contract(succ, fixed, weight):
    """Keep the local minima of random priorities, order these, then hang the others in.

    Anderson and Miller (1990), *A simple randomized parallel algorithm for list-ranking*.
    """
    count = len(succ)
    ids = np.arange(count, dtype=succ.dtype)
    priority = np.empty(count + 1, np.int64)
    priority[:-1] = (np.arange(count, dtype=np.int64) * 2654435761) & 0xFFFFFFFF
    priority[:-1][fixed] = -1
    priority[-1] = 1 << 40
    rising = priority[:-1] < priority[succ]
    is_head = np.ones(count + 1, bool)
    is_head[:-1] = rising | (succ == ids)
    is_head[succ[rising]] = False
    is_head[-1] = True
    del priority, rising
    heads = np.flatnonzero(is_head[:-1]).astype(succ.dtype)
    if len(heads) == count:
        return ids, np.zeros(count, succ.dtype)
    number = np.full(count + 1, len(heads), succ.dtype)
    number[heads] = np.arange(len(heads), dtype=succ.dtype)
    owner = np.empty(count, succ.dtype)
    offset = np.zeros(count, succ.dtype)
    owner[heads] = np.arange(len(heads), dtype=succ.dtype)
    head_succ = np.empty(len(heads), succ.dtype)
    head_weight = np.empty(len(heads), succ.dtype)
    who, current, walked = owner[heads], succ[heads], weight[heads]
    while len(current):
        stop = is_head[current]
        ended = who[stop]
        head_succ[ended] = number[current[stop]]
        head_weight[ended] = walked[stop]
        on = np.flatnonzero(~stop)
        who, current, walked = who[on], current[on], walked[on]
        owner[current] = who
        offset[current] = walked
        walked = walked + weight[current]
        current = succ[current]
    top, place = _contract(head_succ, fixed[heads], head_weight)
    return heads[top][owner], place[owner] + offset


def spread(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Write out the ranges ``starts[i] .. starts[i] + lengths[i] - 1`` one after another.

    Args:
        starts: (n,) int.
        lengths: (n,) int, 0 or more.

    Returns:
        (lengths.sum(),) int64.
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)


def offsets(lengths: np.ndarray) -> np.ndarray:
    """Running sums with a leading 0: (n,) lengths to (n + 1,) int64 bounds."""
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


def batches(bounds: np.ndarray, size: int = 1 << 18) -> Iterator[tuple[int, int]]:
    """Cut sequences into batches, so that what is worked out for each point stays small.

    Args:
        bounds: (n + 1,) first elements of the sequences.
        size: Number of elements from which on a batch is full.

    Yields:
        First sequence of a batch and one more than its last.
    """
    first, count = 0, len(bounds) - 1
    while first < count:
        last = int(np.searchsorted(bounds, bounds[first] + size))
        last = min(max(last, first + 1), count)
        yield first, last
        first = last
