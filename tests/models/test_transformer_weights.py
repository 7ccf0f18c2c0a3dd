"""Weights read back from graphs in bytes."""

import numpy as np
import pytest
import torch

from little_transformers import KINDS, graph_of, ids_of, network
from partimento.errors import BundleError
from partimento.models.transformer_weights import weights_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_says_the_same_with_them(kind):
    ids = torch.from_numpy(ids_of(2, 15))
    module = network(kind)
    with torch.no_grad():
        said, _ = module(ids)
    found = weights_of(graph_of(kind), vars(module.config))
    module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in found.items()})
    with torch.no_grad():
        again, _ = module(ids)
    assert np.corrcoef(said.numpy().ravel(), again.numpy().ravel())[0, 1] > 0.995


@pytest.mark.parametrize("graph", [b"no graph", b"", graph_of("transformer", in_bytes=False)])
def test_other_graphs_are_refused(graph):
    with pytest.raises(BundleError, match="none of a Transformer in bytes"):
        weights_of(graph, vars(network("transformer").config))
