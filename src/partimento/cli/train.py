"""`partimento train`: from a corpus to a bundle that `compose --model` plays."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from partimento.cli.output import command_typed, show

VOICE_FIGURES = {
    "nats_per_sample": "nats a sample with the right notes",
    "with_other_notes": "with others",
    "distance": "nats from the spectra of its piano's notes",
}
"""What is said of a voice that was trained."""


@Parameter(name="*")
@dataclass(frozen=True)
class Network:
    """What is trained.

    Attributes:
        model: A composer, an ear or a voice of `partimento models presets`, such as char_rnn, markov, play-bach, ears, wavenet or
            modal.
        encoding: How music becomes numbers, such as characters, chorale or keys; the model's own where not given.
        size: tiny, small or base, which is as published; of ears also live, for `transcribe --live`.
        cell: Of a char_rnn: lstm, gru or rnn.
        order: Of a markov: longest context.
        dropout: Share of activations dropped while training; the model's own where not given.
        piano: Of ears: a SoundFont, an SFZ, or a folder of single notes such as Ds4v10.ogg; two or more, the
            last one to check on. Of a voice: the one it is to sound like.
        strings: Of ears: so many pianos more to learn from, drawn by chance; each takes some seconds and 120 MB.
        output: Of a wavenet: how it says a sample, as a mixture of logistics over 16 bits or as one of 256 mu-law codes.
        begun: A trained composer or ear to go on from, by name or folder: its network and encoding are kept, and it learns at a quarter of
            the usual rate. To make a shipped model write like your own pieces.
    """

    model: str = "char_rnn"
    encoding: str | None = None
    size: Literal["tiny", "small", "live", "base"] = "small"
    cell: Literal["lstm", "gru", "rnn"] | None = None
    order: int = 5
    dropout: float | None = None
    piano: tuple[Path, ...] = ()
    strings: int = 0
    output: Literal["logistics", "mu_law"] = "logistics"
    begun: Annotated[str | None, Parameter(name="--from")] = None


@Parameter(name="*")
@dataclass(frozen=True)
class Course:
    """How long and how.

    Attributes:
        steps: Steps of the optimiser.
        minutes: Length instead of steps: as many as two usual cores make in so many minutes, the same everywhere.
        resume: Go on with the run in --out.
        device: auto, cpu or cuda.
        precision: auto, fp32 or bf16.
        sample_every: Write a piece every so many steps (0: never), so that one can hear it learn.
        learning_rate: Highest learning rate; the model's own where not given.
        rows: Pieces read side by side; the model's own where not given.
        threads: Threads of torch; two runs give the same weights only with the same number.
        seed: Sets weights, order and dropout.
        accumulate: Batches whose gradients are averaged before each step, for more rows than fit into memory.
        decay: How the learning rate falls: line, at the end of the run, or cosine, all along it.
        spread: Where torchrun starts several processes: ddp, each with all weights, or fsdp, each with its share of them.
    """

    steps: int | None = None
    minutes: float | None = None
    resume: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    sample_every: int = 500
    learning_rate: float | None = None
    rows: int | None = None
    threads: int = 2
    seed: int = 0
    accumulate: int = 1
    decay: Literal["line", "cosine"] = "line"
    spread: Literal["ddp", "fsdp"] = "ddp"


def train(
    *corpus: str,
    network: Network = Network(),  # frozen
    course: Course = Course(),  # frozen
    out: Path = Path("model"),
    name: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Make a model from a folder of scores or a named corpus.

    Args:
        corpus: Folders, files, or sets of `partimento corpus list` (also as set=folder); none for a modal piano.
        network: What is trained.
        course: How long and how.
        out: Folder of the bundle; the run's checkpoint, log and samples go to its folder "run".
        name: The model's name; the folder's where not given.
        as_json: Print one JSON object.
    """
    from partimento.cli.ear_training import train_ear  # noqa: PLC0415  # --help must not load numpy
    from partimento.cli.goes_on import gone_on  # noqa: PLC0415
    from partimento.cli.training_run import TrainingRun  # noqa: PLC0415
    from partimento.corpus.open import open_corpus  # noqa: PLC0415
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.training.ear_presets import EARS  # noqa: PLC0415
    from partimento.training.voice_presets import VOICES  # noqa: PLC0415

    named = name or out.resolve().name
    if network.size == "live" and not (network.model in EARS and "live" in EARS[network.model].sizes):
        raise ConfigError(f"--size live: {network.model} has no such size, only ears has. Give tiny, small or base.")
    network, begun = gone_on(network)
    if network.model in VOICES:
        found = _voice(corpus, network, course, out=out, name=named)
        hear = f"partimento render SCORE OUT --voice {network.model} --model {shlex.quote(str(out))}"
        said = ", ".join(f"{found[name]:.3f} {words}" for name, words in VOICE_FIGURES.items() if name in found)
        show(found, f"{found['bundle']}: {found['steps']} steps; {said}.\n{found['ended']}.\nHear it: {hear}", as_json=as_json)
        return

    if network.model in EARS:
        command = command_typed(corpus)
        found = train_ear(open_corpus(corpus), network, course, out=out, name=named, command=command, begun=begun)
        clean, recorded = found["f1"]["clean"], found["f1"]["as_recorded"]
        said = f"notes found on a piano it had not heard: F1 {clean['onset']:.1f} clean, {recorded['onset']:.1f} as recorded"
        show(found, f"{found['bundle']}: {found['steps']} steps; {said}.\n{found['ended']}.", as_json=as_json)
        return
    run = TrainingRun(network, course, out=out, name=named, command=command_typed(corpus), begun=begun)
    fields = run.make(open_corpus(corpus))
    if not fields:  # another process of the team speaks
        return
    words = (
        f"{fields['bundle']}: {fields['steps']} steps, {fields['notes_per_second']} notes a second; "
        f"validation {fields['valid_nats_per_token']:.3f} nats a token, training {fields['train_nats_per_token']:.3f}; "
        f"{fields['valid_bits_per_note']:.2f} bits a note in validation, where the best Markov chain takes "
        f"{fields['markov_bits_per_note']:.2f}; {fields['skipped_files']} files left out.\n{fields['ended']}.\n"
        f"Hear it: partimento compose --model {shlex.quote(str(out))}"
    )
    show(fields, words, as_json=as_json)


def _voice(corpus: tuple[str, ...], network: Network, course: Course, *, out: Path, name: str) -> dict[str, Any]:
    """Train a voice; return the fields of the JSON object."""
    from partimento.cli.voice_training import train_modal_voice, train_voice  # noqa: PLC0415  # --help must not load numpy
    from partimento.corpus.open import open_corpus  # noqa: PLC0415
    from partimento.errors import ConfigError  # noqa: PLC0415

    command = command_typed(corpus)
    if network.model != "modal":
        return train_voice(open_corpus(corpus), network, course, out=out, name=name, command=command)
    if corpus:
        raise ConfigError(f"'{corpus[0]}': a modal piano learns from the single notes of its --piano alone. Leave the corpus out.")
    return train_modal_voice(network, course, out=out, name=name, command=command)
