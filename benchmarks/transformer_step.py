"""S1, S2 and S7: one id of a Transformer with 512 ids behind it, ours beside transformers' `generate` and torch with a cache.

Run: python benchmarks/transformer_step.py [S1] [S2]
Goals: S1 (6 x 512) at most 1/5 of `generate` for one piece, 1/10 for 32 at once, within 2.2 times the floor, and less than 15 % dearer
after 2,048 ids than after 128; S2 (12 x 768) at most 1/5; S7, 32 pieces at once, 10 times as many ids a second as `generate`.

All draw an id from the logits. Seconds are the processor's own, for a neighbour's work would count in those of the clock; each
runs on one thread. The floor is what it takes to read weights and cache once, at the speed at which numpy finds the largest of
64 MiB. Weights are random: what they are does not change how long it takes.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from measure import interleaved, publish
from torch.nn.functional import relu, scaled_dot_product_attention
from transformers import DynamicCache, GPT2Config, GPT2LMHeadModel

from partimento.models.modern_transformer import ModernTransformer, ModernTransformerConfig
from partimento.models.music_transformer import MusicTransformer, MusicTransformerConfig
from partimento.models.transformer import Transformer, TransformerConfig, sinusoids
from partimento.models.transformer_scales import step_graph
from partimento.models.transformer_session import TransformerSession

VOCABULARY, CONTEXT, MANY = 390, 512, 32
SHAPES = {"S1": {"layers": 6, "units": 512, "heads": 8}, "S2": {"layers": 12, "units": 768, "heads": 12}}
CONTEXTS = (128, 512, 1024, 2048)
DEFINITION = "milliseconds of processor time an id of each piece, one thread, median of 5 runs in turn, a draw included"


def main() -> None:
    torch.set_num_threads(1)
    speed = bytes_a_second()
    for figure in sys.argv[1:] or SHAPES:
        shape = SHAPES[figure]
        modules = networks(shape)
        sessions = {name: session_of(module) for name, module in modules.items()}
        rows = {"definition": DEFINITION, "gigabytes_a_second": round(speed / 1e9, 1)}
        for batch in (1, MANY) if figure == "S1" else (1,):
            steps = 24 if batch == 1 else 4
            peers = {"generate": Generate(shape, batch, steps), "torch_with_cache": Cached(modules["transformer"], batch, steps)}
            works = peers | {f"ours_{name}": Ours(session, batch, steps) for name, session in sessions.items()}
            seconds = {name: value / steps for name, value in interleaved(works, runs=5, clock=time.process_time).items()}
            rows[f"batch_{batch}"] = compared(seconds, floor(modules, shape, batch) / speed)
            print(figure, batch, rows[f"batch_{batch}"], flush=True)
        if figure == "S1":
            rows["milliseconds_after"] = {name: by_context(session) for name, session in sessions.items()}
            many = rows[f"batch_{MANY}"]["milliseconds"]
            ids = {name: round(MANY * 1000 / value) for name, value in many.items()}
            publish("S7_transformer_batch", {"definition": "ids a second, 32 pieces at once, else as S1", "ids_a_second": ids})
        publish(f"{figure}_transformer_step", rows)


def compared(seconds: dict[str, float], least: float) -> dict[str, dict[str, float]]:
    """Milliseconds, and how they compare."""
    ours = {name: value for name, value in seconds.items() if name.startswith("ours")}
    return {
        "milliseconds": {name: round(value * 1e3, 3) for name, value in seconds.items()} | {"floor": round(least * 1e3, 3)},
        "times_faster_than_generate": {name: round(seconds["generate"] / value, 1) for name, value in ours.items()},
        "times_the_floor": {name: round(value / least, 2) for name, value in ours.items()},
    }


def by_context(session: TransformerSession) -> dict[str, float]:
    """Milliseconds of a step after so many ids."""
    works = {str(context): Ours(session, 1, 24, context) for context in CONTEXTS}
    return {name: round(value / 24 * 1e3, 3) for name, value in interleaved(works, runs=5, clock=time.process_time).items()}


def bytes_a_second() -> float:
    """Bytes of memory that one thread reads in a second."""
    large = np.ones(2**24, np.float32)
    return large.nbytes / interleaved({"read": large.max}, clock=time.process_time)["read"]


def floor(modules: dict[str, torch.nn.Module], shape: dict[str, int], batch: int) -> int:
    """Bytes that a step of the plain Transformer cannot do without: its weights, and the keys and values of every piece."""
    weights = sum(parameter.numel() for parameter in modules["transformer"].blocks.parameters()) + VOCABULARY * shape["units"]
    return weights + batch * CONTEXT * shape["layers"] * 2 * shape["units"]


def networks(shape: dict[str, int]) -> dict[str, torch.nn.Module]:
    """One of each kind, of about the same size, random throughout."""
    torch.manual_seed(0)
    modules = {
        "transformer": Transformer(TransformerConfig(VOCABULARY, window=CONTEXT, **shape)),
        "music_transformer": MusicTransformer(MusicTransformerConfig(VOCABULARY, window=CONTEXT, distances=CONTEXT, **shape)),
        "modern_transformer": ModernTransformer(ModernTransformerConfig(VOCABULARY, window=CONTEXT, **shape)),
    }
    for module in modules.values():
        for parameter in module.eval().parameters():
            if not parameter.any() and parameter.ndim == 2:
                torch.nn.init.normal_(parameter, std=0.02)
    return modules


def session_of(module: torch.nn.Module) -> TransformerSession:
    """The network without torch."""
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    return TransformerSession(step_graph(weights, vars(module.config), np.random.default_rng(0).integers(0, VOCABULARY, (2, 256))))


class Ours:
    """Steps after `context` ids; each run goes on from where the last one stopped, buffers moved where they are full."""

    def __init__(self, session: TransformerSession, batch: int, steps: int, context: int = CONTEXT) -> None:
        self.session, self.steps, self.random = session, steps, np.random.default_rng(0)
        _, state = session.read_many(self.random.integers(0, VOCABULARY, (1, context)), session.start(1))
        self.state = tuple(np.repeat(part, batch, axis=0) for part in state)
        self.ids = np.zeros(batch, np.int64)

    def __call__(self) -> None:
        """Take `steps` steps."""
        for _ in range(self.steps):
            logits, self.state = self.session.step(self.ids, self.state)
            heights = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
            self.ids = (heights < self.random.random((len(heights), 1)) * heights[:, -1:]).sum(axis=1)


class Generate:
    """transformers' own loop over GPT-2 of this shape."""

    def __init__(self, shape: dict[str, int], batch: int, steps: int) -> None:
        config = GPT2Config(
            vocab_size=VOCABULARY,
            n_positions=4096,
            n_embd=shape["units"],
            n_layer=shape["layers"],
            n_head=shape["heads"],
            bos_token_id=None,
            eos_token_id=None,
        )
        self.model, self.steps = GPT2LMHeadModel(config).eval(), steps
        self.ids = torch.randint(0, VOCABULARY, (batch, CONTEXT + 1))
        self.cache = DynamicCache(config=config)
        for layer in range(shape["layers"]):
            width = (batch, shape["heads"], CONTEXT, shape["units"] // shape["heads"])
            self.cache.update(torch.randn(width), torch.randn(width), layer)

    @torch.inference_mode()
    def __call__(self) -> None:
        """Take `steps` steps."""
        if self.cache.get_seq_length() > CONTEXT:
            self.cache.crop(CONTEXT - self.cache.get_seq_length())
        found = self.model.generate(
            self.ids,
            attention_mask=torch.ones_like(self.ids),
            cache=self.cache,
            max_new_tokens=self.steps,
            do_sample=True,
            top_k=0,
            pad_token_id=0,
        )
        assert found.shape[1] == self.ids.shape[1] + self.steps


class Cached:
    """The same network in torch, keys and values kept."""

    def __init__(self, module: Transformer, batch: int, steps: int) -> None:
        config = module.config
        self.module, self.batch, self.steps = module, batch, steps
        self.scale, self.positions = config.units**0.5, sinusoids(CONTEXT + steps, config.units)
        shape = (2, batch, config.heads, CONTEXT + steps, config.units // config.heads)
        self.kept = [torch.randn(shape) for _ in module.blocks]

    @torch.inference_mode()
    def __call__(self) -> None:
        """Take `steps` steps."""
        ids = torch.zeros(self.batch, 1, dtype=torch.long)
        for place in range(CONTEXT, CONTEXT + self.steps):
            stream = self.module.embed(ids) * self.scale + self.positions[place]
            for block, kept in zip(self.module.blocks, self.kept, strict=True):
                parts = block.asked(block.before_attention(stream)).unflatten(2, (3, block.heads, -1))
                query, key, value = parts.permute(2, 0, 3, 1, 4)
                kept[0, :, :, place : place + 1], kept[1, :, :, place : place + 1] = key, value
                found = scaled_dot_product_attention(query, kept[0, :, :, : place + 1], kept[1, :, :, : place + 1])
                stream = stream + block.answered(found.transpose(1, 2).flatten(2))
                stream = stream + block.narrow(relu(block.widen(block.before_products(stream))))
            ids = torch.multinomial(self.module.output(self.module.norm(stream))[:, 0].softmax(dim=1), 1)


if __name__ == "__main__":
    main()
