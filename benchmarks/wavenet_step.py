"""S11: how fast a WaveNet of 30 layers of 64 channels plays, without torch, beside torch with the same queues and the loop without any.

Run: python benchmarks/wavenet_step.py
Weights are drawn by chance: they do not change the time. Ours plays many stretches at once, a sample of each at a time; torch the
same, layer by layer with its queues; the loop of early programs hears all samples within reach anew for every sample of one stretch.
Processor time, one thread, medians of 5 in turn.
Goal: at least real time, and 500 times the loop.
"""

from __future__ import annotations

import time
from dataclasses import asdict

import numpy as np
import torch
from measure import interleaved, publish

from partimento.models.wavenet import WaveNet, WaveNetConfig
from partimento.models.wavenet_graph import wavenet_graphs
from partimento.models.wavenet_session import WaveNetSession
from partimento.models.wavenet_shape import CONTEXT, MIXTURES, ROLL, SAMPLE_RATE, SAMPLES_PER_FRAME, STEP

STRETCHES, FRAMES, NAIVE_SAMPLES = 64, 4, 2


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = WaveNetConfig()
    module = WaveNet(config).eval()
    graphs = wavenet_graphs({name: value.numpy() for name, value in module.state_dict().items()}, asdict(config))
    session = WaveNetSession(graphs[CONTEXT], graphs[STEP])
    roll = np.random.default_rng(0).random((FRAMES, ROLL)).astype(np.float32)
    told = np.repeat(session.told(roll)[None], STRETCHES, axis=0)
    seconds = interleaved(
        {
            "ours": lambda: list(session.play([told], [np.random.default_rng(place) for place in range(STRETCHES)])),
            "torch_with_queues": lambda: queued(module, torch.from_numpy(told[:, :1])),
            "naive_loop": lambda: naive(module, torch.from_numpy(roll[None])),
        },
        runs=5,
        clock=time.process_time,
    )
    made = {
        "ours": STRETCHES * FRAMES * SAMPLES_PER_FRAME,
        "torch_with_queues": STRETCHES * SAMPLES_PER_FRAME,
        "naive_loop": NAIVE_SAMPLES,
    }
    factors = {name: made[name] / SAMPLE_RATE / seconds[name] for name in seconds}
    publish(
        "S11_wavenet_step",
        {
            "definition": "seconds of sound a second of one thread's time, 30 layers of 64 channels and 128 for the output, 16 kHz",
            "stretches_at_once": STRETCHES,
            **{f"{name}_real_time_factor": float(f"{factor:.3g}") for name, factor in factors.items()},
            "ratio_to_naive_loop": round(factors["ours"] / factors["naive_loop"]),
            "ratio_to_torch": round(factors["ours"] / factors["torch_with_queues"], 2),
        },
    )


@torch.inference_mode()
def queued(module: WaveNet, told: torch.Tensor) -> None:
    """A frame of many stretches, sample by sample; every layer's queue is a list."""
    count, residual = len(told), module.config.residual
    queues = [[torch.zeros(count, 1, residual)] * dilation for dilation in module.dilations]
    sample = torch.zeros(count, 1, 1)
    for _ in range(SAMPLES_PER_FRAME):
        hidden, skipped = module.entry(sample), torch.zeros(())
        for layer, queue, says in zip(module.layers, queues, told.chunk(len(queues), dim=2), strict=True):
            queue.append(hidden)
            hidden, skip = layer(queue.pop(0), hidden, says)
            skipped = skipped + skip
        said = module.output(torch.relu(module.wide(torch.relu(skipped))))
        sample = said[..., MIXTURES : MIXTURES + 1].clamp(-1, 1)


@torch.inference_mode()
def naive(module: WaveNet, roll: torch.Tensor) -> None:
    """Some samples of one stretch, all within reach heard anew for each."""
    frames = -(-module.reach // SAMPLES_PER_FRAME)
    samples, whole = torch.zeros(1, frames * SAMPLES_PER_FRAME), roll[:, :1].expand(1, frames, ROLL)
    for _ in range(NAIVE_SAMPLES):
        said = module(samples, whole)[:, -1:]
        samples = torch.cat([samples[:, 1:], said[..., MIXTURES].clamp(-1, 1)], dim=1)


if __name__ == "__main__":
    main()
