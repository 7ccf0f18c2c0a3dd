"""S3 for every recurrent composer at its published size: one id of our graph beside torch's own step of the same network.

Run: python benchmarks/recurrent_step.py
Goal: at most 1/25 of torch called step by step, as for the char-RNN of char_rnn_step.py.

The vocabulary is the encoding's own, fitted to music21's chorales where it takes a dictionary. torch reads one id a call; a network of
whole frames moves along time once a frame, and along the notes key by key, as one has to who composes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from measure import interleaved, publish

from partimento.bundle import SESSIONS
from partimento.corpus.sources import music21_chorales
from partimento.encoding.encoding import Encoding, Ids, fitted
from partimento.models.biaxial import Biaxial
from partimento.models.onnx_session import OnnxSession
from partimento.training.counted import COUNTED
from partimento.training.networks import NETWORKS, build_network
from partimento.training.presets import PRESETS

IDS = 160
PIECES = 40


def main() -> None:
    torch.set_num_threads(1)
    scores = [score for _, score in music21_chorales.corpus().scores("train")][:PIECES]
    rows: dict[str, object] = {"definition": "microseconds an id, batch 1, one thread, median of 7 runs in turn; logits included"}
    for name, preset in PRESETS.items():
        if preset.network in COUNTED or preset.network in SESSIONS:  # no network at all, or one whose graph is more than a step
            continue
        encoding = fitted(preset.speaks(), scores)
        ids = some_ids(encoding, scores)
        torch.manual_seed(0)
        module = build_network(preset.network, len(encoding.vocabulary), preset.sizes["base"], encoding.hints).eval()
        weights = {key: value.numpy() for key, value in module.state_dict().items()}
        session = OnnxSession(NETWORKS[preset.network].graph(weights, vars(module.config), np.zeros((1, 1), np.int32)))
        frame = encoding.hints.get("frame", 1) if preset.network == "biaxial" else 1
        ids = ids[: IDS // frame * frame]
        seconds = interleaved(
            {
                "ours": lambda session=session, ids=ids: ours(session, ids),
                "torch": lambda module=module, ids=ids, frame=frame: by_frames(module, ids, frame) if frame > 1 else stepwise(module, ids),
            }
        )
        rows[name] = {
            "parameters": sum(parameter.numel() for parameter in module.parameters()),
            **{f"{word}_microseconds": round(value / len(ids) * 1e6, 1) for word, value in seconds.items()},
            "ratio": round(seconds["torch"] / seconds["ours"], 1),
        }
        print(name, rows[name], flush=True)
    publish("S3_recurrent_steps", rows)


def some_ids(encoding: Encoding, scores: list) -> Ids:
    """The first piece that the encoding can say, or its melody where it says one voice."""
    for score in scores:
        for piece in (score, *(replace(score, tracks=(track,)) for track in score.tracks)):
            try:
                ids = encoding.encode(piece)
            except ValueError:
                continue
            if len(ids) > IDS:
                return ids
    raise SystemExit(f"{encoding.name}: says none of the chorales")


def ours(session: OnnxSession, ids: Ids) -> None:
    state = session.start(1)
    for number in ids:
        _, state = session.step(number[None], state)


@torch.inference_mode()
def stepwise(module: torch.nn.Module, ids: Ids) -> None:
    state = module.start(1)
    for number in ids:
        _, state = module(torch.tensor([[int(number)]]), state)


@torch.inference_mode()
def by_frames(module: Biaxial, ids: Ids, frame: int) -> None:
    cells = module.start(1)[:-2]
    before = torch.zeros(1, 1, frame - 1, dtype=torch.long)
    for begin in range(0, len(ids), frame):
        does = torch.from_numpy(ids[begin + 1 : begin + frame].astype(np.int64)) - ids[begin + 1 : begin + frame].min()
        memory, _, cells = module.along_time(before, module.beats[None, :1], cells)
        states = [None] * len(module.notes)
        for key in range(frame - 1):
            below = int(does[key - 1]) if key else 0
            hidden = torch.cat([memory[0, 0, key], torch.tensor([below > 0, below > 1], dtype=memory.dtype)])[None, None]
            for layer, (lstm, norm) in enumerate(zip(module.notes, module.note_norms, strict=True)):
                hidden, states[layer] = lstm(hidden, states[layer])
                hidden = norm(hidden[0])[None]
            module.output(hidden)
        before = does[None, None]


if __name__ == "__main__":
    main()
