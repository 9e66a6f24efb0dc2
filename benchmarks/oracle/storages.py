"""Births and deaths of the storages that torch makes while a mode is entered, in bytes as an allocator hands out."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from .caching_allocator import rounded

# Values of what a step reads of its data, which fake tensors do not hold: every number is one, every label counts
_ONES = {torch.bool: True, torch.int64: 1, torch.int32: 1, torch.float32: 1.0, torch.float64: 1.0, torch.bfloat16: 1.0}


class StorageTrace(TorchDispatchMode):
    """Follows every storage. `events` are (bytes, key) for a birth and (-1, key) for a death; `now` is what is alive.

    `marks` are (name, number of events so far), one for each call of `mark`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[int, int] = {}
        self.made_by: dict[int, tuple[str, tuple[int, ...], str]] = {}
        self.events: list[tuple[int, int]] = []
        self.marks: list[tuple[str, int]] = []
        self.now = self.most = 0
        self.at_most: dict[tuple[str, tuple[int, ...], str], list[int]] = {}
        self._names: dict[int, int] = {}

    def mark(self, name: str) -> None:
        self.marks.append((name, len(self.events)))

    def see(self, tensor: torch.Tensor, call: str = "") -> None:
        """Count a tensor's storage, if it is new."""
        if tensor.device.type != "cpu":
            return
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.live or not (size := rounded(storage.nbytes())):
            return
        self.live[key] = size
        self.made_by[key] = (call, tuple(tensor.shape), str(tensor.dtype)[6:])
        self.now += size
        name = self._names[key] = len(self.events)
        self.events.append((size, name))
        weakref.finalize(storage, self._free, key)
        if self.now > self.most:
            self.most = self.now

    def _free(self, key: int) -> None:
        size = self.live.pop(key, None)
        if size:
            self.now -= size
            self.made_by.pop(key)
            self.events.append((-1, self._names.pop(key)))

    def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        packet = call.overloadpacket
        if packet is torch.ops.aten._local_scalar_dense:
            return _ONES[args[0].dtype]
        if packet is torch.ops.aten.nonzero:
            result = args[0].new_empty((args[0].numel(), args[0].dim()), dtype=torch.int64)
        elif packet is torch.ops.aten.index and args[1] and args[1][0] is not None and args[1][0].dtype == torch.bool:
            mask = args[1][0]
            result = args[0].new_empty((mask.numel(), *args[0].shape[mask.dim() :]))
        else:
            result = call(*args, **kwargs)
        for tensor in tree_iter(result):
            if isinstance(tensor, torch.Tensor):
                self.see(tensor, str(call))
        return result


def curve(events: list[tuple[int, int]]) -> list[int]:
    """Return the bytes alive after each event."""
    sizes: dict[int, int] = {}
    now, found = 0, []
    for size, key in events:
        if size < 0:
            now -= sizes.pop(key)
        else:
            sizes[key] = size
            now += size
        found.append(now)
    return found
