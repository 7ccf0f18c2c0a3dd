"""Small Transformers of all three kinds, for tests: random, and uneven as trained ones are."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partimento.models.modern_transformer import ModernTransformer, ModernTransformerConfig
from partimento.models.music_transformer import MusicTransformer, MusicTransformerConfig
from partimento.models.transformer import Transformer, TransformerConfig
from partimento.models.transformer_graph import build
from partimento.models.transformer_scales import step_graph
from partimento.models.transformer_session import TransformerSession

VOCABULARY, WINDOW, DISTANCES = 30, 20, 12
KINDS = ("transformer", "music_transformer", "modern_transformer")


def network(kind: str) -> Any:
    """A network whose every weight counts, some channels being far larger than others."""
    torch.manual_seed(3)
    shape = {"vocabulary": VOCABULARY, "layers": 2, "units": 32, "heads": 2, "window": WINDOW}
    module: Any
    if kind == "transformer":
        module = Transformer(TransformerConfig(**shape))
    elif kind == "music_transformer":
        module = MusicTransformer(MusicTransformerConfig(**shape, distances=DISTANCES))
    else:
        module = ModernTransformer(ModernTransformerConfig(**shape))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.15)
            if parameter.ndim == 1:
                parameter[::7] *= 5
    return module.eval()


def ids_of(pieces: int, time: int) -> NDArray[np.int64]:
    """Ids of pieces, shape (pieces, time)."""
    return np.random.default_rng(5).integers(0, VOCABULARY, (pieces, time))


@functools.cache
def graph_of(kind: str, *, in_bytes: bool = True) -> bytes:
    """The graph of `network`."""
    module = network(kind)
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    return step_graph(weights, vars(module.config), ids_of(8, 100)) if in_bytes else build(weights, vars(module.config), None)


def session_of(kind: str, *, in_bytes: bool = True) -> TransformerSession:
    """The session of that graph."""
    return TransformerSession(graph_of(kind, in_bytes=in_bytes))


def stepped(session: TransformerSession, ids: NDArray[np.int64], state: Any = None) -> NDArray[np.float32]:
    """Logits after each place, shape (batch, time, vocabulary), read id by id."""
    state, found = session.start(len(ids)) if state is None else state, []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1)
