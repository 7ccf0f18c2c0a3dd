"""Several processes that train one network, each on its share of every batch: GPUs of one machine, or of many.

    torchrun --nproc-per-node 4 -m partimento train ...

torchrun says in the environment who is who; without it a process is a team of one, and nothing here does anything. What
leads the team (rank 0) writes all files. A checkpoint holds whole tensors and does not know how many wrote it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import torch
from torch import Tensor, distributed, nn
from torch.distributed import PrefixStore  # type: ignore[attr-defined]  # public by its documentation
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.fsdp import fully_shard
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from partimento.errors import ConfigError

Spread = Literal["ddp", "fsdp"]
SPREADS = ("ddp", "fsdp")

PATIENCE = timedelta(minutes=30)
"""How long one process waits for another: the leader measures and writes while the others wait."""

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
_FROM_LEADER = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)


@dataclass(frozen=True)
class Team:
    """Who trains together.

    Attributes:
        rank: Number of this process; 0 leads.
        size: Processes in all.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def joined(cls, device: str) -> Team:
        """Return the team that torchrun started, once all of it has come together; a team of one without torchrun.

        Args:
            device: ``cpu`` or ``cuda``; of several GPUs each process of a machine takes its own.
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        rank = int(os.environ["RANK"])
        if device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        store, _, _ = next(iter(rendezvous("env://", rank, size, timeout=PATIENCE)))
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # keys of an attempt that failed are not to be met again
        backend = "nccl" if device == "cuda" else "gloo"
        distributed.init_process_group(backend, store=PrefixStore(f"run/{attempt}", store), rank=rank, world_size=size, timeout=PATIENCE)
        return cls(rank, size)

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def leave(self) -> None:
        """Wait for the others and part; an ending process that still holds its group may abort."""
        if self.size > 1:
            distributed.barrier()
            gc.collect()
            distributed.destroy_process_group()

    def spread(self, module: nn.Module, how: Spread) -> nn.Module:
        """Return `module` such that its gradients are those of the whole team.

        Args:
            module: The same in each process, or else as the leader has it.
            how: ``ddp``: each process has all weights; ``fsdp``: each keeps its share of them, for networks that would not fit.

        Raises:
            ConfigError: When there is no such way.
        """
        if how not in SPREADS:
            raise ConfigError(f"--spread {how}: expected ddp or fsdp.")
        if self.size == 1:
            return module
        if how == "ddp":
            return DistributedDataParallel(module)
        for part in (part for child in module.children() if isinstance(child, nn.ModuleList) for part in child):
            fully_shard(part)
        fully_shard(module)
        return module

    def mean(self, value: Tensor) -> float:
        """Return the mean of each process's `value`, shape ()."""
        if self.size == 1:
            return float(value)
        total = value.detach().double()
        distributed.all_reduce(total)
        return float(total) / self.size

    def own(self, rows: int) -> slice:
        """Return this process's share of `rows` rows of a batch.

        Raises:
            ConfigError: When they cannot be shared evenly.
        """
        if rows % self.size:
            raise ConfigError(f"{rows} rows for {self.size} processes: expected a multiple. Give --rows.")
        return slice(self.rank * rows // self.size, (self.rank + 1) * rows // self.size)

    def weights(self, module: nn.Module) -> dict[str, Tensor]:
        """Return all weights by name; of a larger team only the leader gets them."""
        whole: Any = module.state_dict() if self.size == 1 else get_model_state_dict(module, options=_WHOLE)
        return dict(whole)

    def set_weights(self, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Give the team's module the leader's `weights`."""
        if self.size == 1:
            module.load_state_dict(weights)
        else:
            set_model_state_dict(module, dict(weights), options=_FROM_LEADER)

    def optimizer(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
        """Return the optimiser's state as named tensors, ``number.name``; of a larger team only the leader gets them."""
        if self.size == 1:
            numbers = {id(weight): number for number, weight in enumerate(module.parameters())}
            return {f"{numbers[id(key)]}.{name}": value for key, values in optimizer.state.items() for name, value in values.items()}
        whole: Any = get_optimizer_state_dict(module, optimizer, options=_WHOLE).get("state", {})
        by_name = {name: number for number, name in enumerate(self._names(module))}
        return {f"{by_name[key]}.{name}": value for key, values in whole.items() for name, value in values.items()}

    def set_optimizer(self, module: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
        """Give the team's optimiser the state that the leader's `optimizer` took."""
        state: dict[Any, Any] = {}
        places = _places(module, optimizer) if self.size == 1 else self._names(module)
        for key, tensor in tensors.items():
            number, name = key.split(".", 1)
            state.setdefault(places[int(number)], {})[name] = tensor
        if self.size == 1:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
            return
        whole: Any = get_optimizer_state_dict(module, optimizer, options=_WHOLE)
        set_optimizer_state_dict(module, optimizer, {**whole, "state": state} if self.leads else {}, options=_FROM_LEADER)

    @staticmethod
    def _names(module: nn.Module) -> Sequence[str]:
        """Names of the parameters, in their order, as they are without a team."""
        return [name.removeprefix("module.") for name, _ in module.named_parameters()]

    def told(self, value: Any) -> Any:
        """Return the leader's `value`, a plain one."""
        if self.size == 1:
            return value
        said = [value]
        distributed.broadcast_object_list(said, src=0)
        return said[0]

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """Return the tensor of each process, in their order; of a larger team only the leader gets them."""
        if self.size == 1:
            return [tensor]
        found: list[Any] | None = [None] * self.size if self.leads else None
        distributed.gather_object(tensor.cpu(), found)
        return found or []


def _places(module: nn.Module, optimizer: torch.optim.Optimizer) -> list[int]:
    """For each weight of `module`, its place among those of `optimizer`, who may have them in groups."""
    grouped = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
    place = {weight: number for number, weight in enumerate(grouped)}
    return [place[id(weight)] for weight in module.parameters()]


ALONE = Team()
"""A process by itself."""
