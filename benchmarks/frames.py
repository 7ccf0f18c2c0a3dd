"""Q1: joint likelihood of binary frames on the four collections of Boulanger-Lewandowski et al. 2012, in nats a frame.

Run: python benchmarks/frames.py train FOLDER --set JSB_Chorales --model ours --minutes 60 --out RUN [--resume]
     python benchmarks/frames.py publish FOLDER RUN [RUN ...]

Without a verb it prints what was measured last. FOLDER holds JSB_Chorales.mat, Nottingham.mat, MuseData.mat and
Piano_midi.mat. `train` leaves weights and figures in RUN; it may be stopped and resumed at any time. `publish` measures
the floors and writes the figure; several runs of one model on one collection are measured together too, and a model of
which no run is given keeps its rows. Goal: below BALSTM on all four, at least on JSB and Nottingham.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from frame_data import SETS, Nats, floors, load_set
from frame_network import MODELS, FrameReader, Song, SongStream, nats_of, network_of, silent_outside, whole_songs
from measure import measured, publish, show
from safetensors.torch import load_file, save_file

from partimento.training.loop import Loop, Settings

DEFINITION = (
    "test part, nats per frame: minus the log of the chance of all 88 keys of a frame given the frames before, key after key, so a joint "
    "likelihood; pooled over all frames and as the mean of the sequences' means, every frame counted, the first of a sequence too; "
    "also pooled without the first, as TCN counts"
)
JOINT, INDEPENDENT = "joint", "independent keys"
A, B, C = "A: read in the paper", "B: from a source that quotes it", "C: not verified"


def quoted(kind: str, confidence: str, *values: float) -> dict[str, str | float]:
    """One published row: figures on the collections in the order of `SETS`."""
    return {"class": kind, **dict(zip(SETS, values, strict=False)), "confidence": confidence}


PUBLISHED = {
    "rnn_nade_hf": quoted(JOINT, B, 5.19, 2.31, 5.60, 7.05),
    "tp_lstm_nade": quoted(JOINT, C, 5.88, 1.61, 4.32, 5.44),
    "balstm": quoted(JOINT, C, 5.05, 1.55, 3.90, 4.90),
    "tcn": quoted(INDEPENDENT, A, 8.10, 3.07),
    "lstm_of_the_tcn_paper": quoted(INDEPENDENT, A, 8.45, 3.29),
}
FIGURE = "Q1_frames"
RESULT, WEIGHTS, PLAN = "result.json", "best.safetensors", "plan.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb")
    trains = verbs.add_parser("train")
    trains.add_argument("folder", type=Path)
    trains.add_argument("--set", choices=SETS, required=True)
    trains.add_argument("--model", choices=MODELS, default="ours")
    trains.add_argument("--out", type=Path, required=True)
    length = trains.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="turned into steps by the speed of the first few")
    length.add_argument("--steps", type=int)
    trains.add_argument("--resume", action="store_true")
    trains.add_argument("--start", type=Path, help="weights of an earlier run to begin with")
    trains.add_argument("--rows", type=int, default=16)
    trains.add_argument("--time", type=int, default=48)
    trains.add_argument("--units", type=int, default=96, help="of ours")
    trains.add_argument("--dropout", type=float, default=0.4, help="of ours")
    trains.add_argument("--learning-rate", type=float, default=2e-3)
    trains.add_argument("--weight-decay", type=float, default=0.05)
    trains.add_argument("--patience", type=int, default=8)
    trains.add_argument("--validate-every", type=int)
    trains.add_argument("--validate-pieces", type=int, help="so many of the validation part, the first ones; all are measured at the end")
    trains.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    trains.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    trains.add_argument("--threads", type=int, default=1)
    trains.add_argument("--seed", type=int, default=0)
    publishes = verbs.add_parser("publish")
    publishes.add_argument("folder", type=Path)
    publishes.add_argument("runs", type=Path, nargs="*")
    options = parser.parse_args()
    if options.verb == "train":
        print(json.dumps(train(options), indent=2))
    elif options.verb == "publish":
        publish(FIGURE, figure(options.folder, options.runs))
    else:
        show(FIGURE)


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train one network on one collection; return, and leave beside its weights, what came of it."""
    torch.set_num_threads(options.threads)
    pieces = load_set(options.folder, options.set)
    sounding = np.flatnonzero(np.concatenate(pieces["train"]).any(axis=0))
    low, high = int(sounding[0]), int(sounding[-1])
    songs = {part: [Song.of(piece, low, high) for piece in pieces[part]] for part in pieces}
    module = module_of(options, high - low + 1, low).to(options.device)
    if options.start:
        module.load_state_dict({name: value.float() for name, value in load_file(options.start).items()})
    (options.out / "run").mkdir(parents=True, exist_ok=True)
    steps = planned_steps(options, songs["train"], high - low + 1, low)
    settings = Settings(
        steps,
        options.learning_rate,
        weight_decay=options.weight_decay,
        precision=options.precision,
        validate_every=options.validate_every
        or max(60, min(400, sum(len(song.frames) for song in songs["train"]) // (options.rows * options.time))),
        patience=options.patience,
        seed=options.seed,
    )
    loop = Loop(
        FrameReader(module, rows=options.rows),
        SongStream(songs["train"], rows=options.rows, time=options.time, seed=options.seed),
        list(whole_songs(songs["valid"][: options.validate_pieces], rows=16, time=128)),
        settings=settings,
        folder=options.out / "run",
        facts={"set": options.set, "model": options.model, "rows": options.rows, "time": options.time, "units": options.units},
    )
    began = time.monotonic()
    progress = loop.run(resume=options.resume)
    save_file({name: value.cpu().contiguous() for name, value in module.state_dict().items()}, options.out / WEIGHTS)
    silence = silent_outside(sum(map(len, pieces["train"])))
    result = {
        "set": options.set,
        "model": options.model,
        "keys": high - low + 1,
        "low": low,
        "units": options.units,
        "dropout": options.dropout,
        "parameters": sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad),
        "seed": options.seed,
        "began_with": str(options.start or ""),
        "steps": progress.step,
        "best_step": progress.best_step,
        "seconds_since_resumed": round(time.monotonic() - began, 1),
        "ended": progress.ended,
        **{part: Nats(nats_of([module], songs[part], pieces[part], low, silence)).rows() for part in ("valid", "test")},
    }
    (options.out / RESULT).write_text(json.dumps(result, indent=2) + "\n")
    return result


def module_of(options: argparse.Namespace, keys: int, low: int) -> torch.nn.Module:
    """An untrained network, the same for the same seed."""
    torch.manual_seed(options.seed)
    settings = {"units": options.units, "dropout": options.dropout} if options.model == "ours" else {}
    return network_of(options.model, keys, low, **settings)


def planned_steps(options: argparse.Namespace, songs: list[Song], keys: int, low: int) -> int:
    """Steps asked for, or as many as the minutes allow at the speed of a few steps of a network that is thrown away; written down once."""
    if options.steps:
        return int(options.steps)
    plan = options.out / PLAN
    if options.resume and plan.exists():
        return int(json.loads(plan.read_text())["steps"])
    reader, stream = (
        FrameReader(module_of(options, keys, low).to(options.device), rows=options.rows),
        SongStream(songs, rows=options.rows, time=options.time, seed=0),
    )
    times = []
    for _ in range(4):
        began = time.perf_counter()
        with torch.autocast(options.device, torch.bfloat16, enabled=options.precision == "bf16"):
            loss = reader.losses(stream.next())["nats_per_frame"]
        loss.backward()
        times.append(time.perf_counter() - began)
    seconds = float(np.median(times[1:]))
    steps = max(20, int(options.minutes * 60 / (seconds * 1.15)))  # looks at the validation part take the rest
    plan.write_text(json.dumps({"steps": steps, "seconds_per_step": seconds}))
    return steps


def figure(folder: Path, runs: list[Path]) -> dict[str, Any]:
    """Floors, the runs, runs of one model together, and what others have published."""
    rows: dict[str, Any] = {"definition": DEFINITION, "published_not_measured_here": PUBLISHED}
    kept = measured(FIGURE)
    results = {run: json.loads((run / RESULT).read_text()) for run in runs}
    for name in SETS:
        pieces = load_set(folder, name)
        found: dict[str, Any] = {f"floor_{word}": nats.rows() for word, nats in floors(pieces["train"], pieces["test"]).items()}
        together: dict[tuple[str, int, int], list[tuple[Path, dict[str, Any]]]] = defaultdict(list)
        for run, result in results.items():
            if result["set"] == name:
                together[result["model"], result["keys"], result["low"]].append((run, result))
        for (model, keys, low), members in together.items():
            for _, result in members:
                label = model if len(members) == 1 else f"{model}_seed_{result['seed']}"
                found[label] = {
                    "class": "joint",
                    "parameters": result["parameters"],
                    "valid": result["valid"]["nats_per_frame_pooled"],
                    **result["test"],
                }
            if len(members) > 1:
                songs = [Song.of(piece, low, low + keys - 1) for piece in pieces["test"]]
                modules = [loaded(run, result) for run, result in members]
                nats = nats_of(modules, songs, pieces["test"], low, silent_outside(sum(map(len, pieces["train"]))))
                found[f"{model}_{len(members)}_together"] = {"class": "joint, mean of chances", **Nats(nats).rows()}
        anew = {model for model, _, _ in together} | {"floor"}
        rows[name] = found | {label: row for label, row in kept.get(name, {}).items() if label.partition("_")[0] not in anew}
    return rows


def loaded(run: Path, result: dict[str, Any]) -> torch.nn.Module:
    """The network that a run has left."""
    settings = {"units": result["units"], "dropout": result["dropout"]} if result["model"] == "ours" else {}
    module = network_of(result["model"], result["keys"], result["low"], **settings)
    module.load_state_dict(load_file(run / WEIGHTS))
    return module


if __name__ == "__main__":
    main()
