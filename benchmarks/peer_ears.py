"""How others hear: notes of recordings as basic-pitch and Transkun write them down. Run by `transcription.py` in their own environment.

Run: .venv-peers/bin/python benchmarks/peer_ears.py PEER OUT FILE [FILE ...]
`make .venv-peers/made` makes that environment, for what they need clashes with what we need and with each other. OUT/NAME.npz of each
recording holds start and end (seconds), key and velocity of its notes, shape (notes,), when the pedal was down (seconds, shape
(spans, 2)), the seconds of sound and the processor's seconds that reading and hearing took. One thread; loading the model and a first
listen of 5 s are not counted. What is in OUT already is not heard again. Nothing of ours is imported here.

basic-pitch: 0.4.0 (Bittner et al. 2022, Apache-2.0), its ONNX model, as its `predict` does by default: notes of 11 frames (128 ms) and
more. basic-pitch-short: those of 5 frames (58 ms) and more. transkun: 2.0.1 (Yan and Duan 2024, MIT), version 2 of its model, as its
command does by default on a processor; its notes end where keys are let go, and its pedal stands beside them.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when the libraries below are first loaded

import logging
import sys
import time
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import soundfile
from numpy.typing import NDArray

Notes = NDArray[np.float64]
"""Onset (seconds), offset (seconds), key, velocity; shape (notes, 4)."""

Spans = NDArray[np.float64]
"""When the pedal went down and up (seconds), shape (spans, 2)."""

Hear = Callable[[Path], tuple[Notes, Spans]]
"""From a sound file to its notes, and to what the pedal did where an ear hears that."""

SUSTAIN = 64

WARM_UP_SECONDS = 5
SHORT_MS = 58.0


def basic_pitch(minimum_ms: float | None = None) -> Hear:
    """Load basic-pitch; `minimum_ms` is the shortest note's length, its own choice where None."""
    logging.disable(logging.WARNING)  # it tells which of its four engines are not installed
    import onnxruntime  # noqa: PLC0415  # only one of the peers is loaded
    from basic_pitch import FilenameSuffix, build_icassp_2022_model_path  # noqa: PLC0415
    from basic_pitch.inference import Model, predict  # noqa: PLC0415

    path = build_icassp_2022_model_path(FilenameSuffix.onnx)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = Model(path)
    model.model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    shortest = {} if minimum_ms is None else {"minimum_note_length": minimum_ms}

    def hear(file: Path) -> tuple[Notes, Spans]:
        _, _, events = predict(file, model, **shortest)
        return table(((start, end, key, max(round(127 * float(loud)), 1)) for start, end, key, loud, _ in events), 4), np.zeros((0, 2))

    return hear


def transkun() -> Hear:
    """Load Transkun as its `transcribe.main` does. Differs: soundfile reads the recording, which needs no ffmpeg; `_no_torchaudio`."""
    import moduleconf  # noqa: PLC0415
    import soxr  # noqa: PLC0415
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    sys.modules["torchaudio"] = _no_torchaudio(torch.zeros)
    pretrained = files("transkun") / "pretrained"
    setting = moduleconf.parseFromFile(str(pretrained / "2.0.conf"))["Model"]
    model = setting.module.TransKun(conf=setting.config)
    weights = torch.load(str(pretrained / "2.0.pt"), map_location="cpu", weights_only=True)
    model.load_state_dict(weights["state_dict"], strict=True)
    model.eval()

    def hear(file: Path) -> tuple[Notes, Spans]:
        sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
        if rate != model.fs:
            sound = soxr.resample(sound, rate, model.fs)
        events = model.transcribe(torch.from_numpy(sound), discardSecondHalf=False)
        notes = table(((event.start, event.end, event.pitch, event.velocity) for event in events if event.pitch > 0), 4)
        return notes, table(((event.start, event.end) for event in events if event.pitch == -SUSTAIN), 2)

    return hear


def _no_torchaudio(zeros: Callable[[int, int], object]) -> ModuleType:
    """In torchaudio's place, whose builds go with few of torch: Transkun asks it for mel filters, which lie among its weights too."""
    module = ModuleType("torchaudio")
    module.functional = SimpleNamespace(melscale_fbanks=lambda *, n_freqs, n_mels, **_: zeros(n_freqs, n_mels))  # type: ignore[attr-defined]
    return module


PEERS: dict[str, Callable[[], Hear]] = {
    "basic-pitch": basic_pitch,
    "basic-pitch-short": lambda: basic_pitch(SHORT_MS),
    "transkun": transkun,
}


def table(rows: Iterable[tuple[float, ...]], columns: int) -> NDArray[np.float64]:
    """Return rows as numbers, those that begin first before."""
    return np.array(sorted(tuple(map(float, row)) for row in rows), np.float64).reshape(-1, columns)


def main(peer: str, out: Path, recordings: list[Path]) -> None:
    """Hear what has not been heard, and keep it."""
    missing = [file for file in recordings if not (out / f"{file.stem}.npz").exists()]
    if not missing:
        return
    out.mkdir(parents=True, exist_ok=True)
    hear = PEERS[peer]()
    sound, rate = soundfile.read(missing[0], frames=WARM_UP_SECONDS * soundfile.info(missing[0]).samplerate)
    first = out / "first.wav"
    soundfile.write(first, sound, rate)
    hear(first)
    first.unlink()
    for file in missing:
        began = time.process_time()
        notes, pedal = hear(file)
        took = time.process_time() - began
        half = out / f"{file.stem}.half.npz"
        seconds = soundfile.info(file).duration
        columns = dict(zip(("start", "end", "key", "velocity"), notes.T, strict=True))
        np.savez(half, **columns, pedal=pedal, seconds=seconds, took_seconds=took)
        half.rename(out / f"{file.stem}.npz")
        print(f"{peer}: {file.stem}, {len(notes)} notes, {seconds / took:.2f} times real time", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
