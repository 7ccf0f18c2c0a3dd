"""`partimento render`: a score into sound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partimento.cli.output import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partimento.audio.waveform import Samples
    from partimento.files.sound_writer import Written
    from partimento.score import Score
    from partimento.synthesis.synthesizer import Synthesizer

SOUNDS = (".wav", ".flac", ".mp3", ".ogg")

HEARD_SECONDS = 600
"""So much of what a network played our ear listens to, to count the notes that it finds."""


@Parameter(name="*")
@dataclass(frozen=True)
class Player:
    """What plays.

    Attributes:
        voice: The recorded instruments of a SoundFont, or a piano that a network has learnt: modal, tones that die away, or wavenet,
            sample by sample.
        model: Of a learnt voice: a shipped one, or the folder that `partimento train --model modal` or `--model wavenet` made; the
            shipped one of its kind where not given.
        soundfont: An .sf2 or .sf3 file; an installed one where not given.
        program: General MIDI instrument for all tracks, 0 (grand piano) to 127.
        rate: Frames per second; 44100 where not given. A learnt voice has its own, 16000.
        seed: Of a wavenet: the same seed gives the same sound.
    """

    voice: Literal["soundfont", "modal", "wavenet"] = "soundfont"
    model: str | None = None
    soundfont: Path | None = None
    program: int | None = None
    rate: int | None = None
    seed: int = 0


def render(
    score: Path,
    out: Path,
    /,
    *,
    player: Player = Player(),  # frozen
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Turn a score into sound.

    What a wavenet has finished is kept in OUT.part: broken off, it goes on from there when the same command is given again.

    Args:
        score: A score file of any kind that `convert` reads.
        out: A .wav, .flac, .mp3 or .ogg file.
        player: What plays.
        as_json: Print one JSON object.
    """
    from partimento.cli.progress import MusicBar  # noqa: PLC0415  # --help must not load numpy
    from partimento.errors import WriteError, nearest  # noqa: PLC0415
    from partimento.files import read  # noqa: PLC0415
    from partimento.files.part_file import PART  # noqa: PLC0415
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415
    from partimento.synthesis.synthesizer import Streaming  # noqa: PLC0415

    if out.suffix.lower() not in SOUNDS:
        raise WriteError(f"{out.name}: '{out.suffix}' is no kind of sound that can be written{nearest(out.suffix, SOUNDS)}")
    piece = read(score)
    part, learnt = out.with_name(out.name + PART) if player.voice == "wavenet" else None, player.voice != "soundfont"
    found = part is not None and part.exists()
    with MusicBar() as bar:
        plays = player_of(player, watch=bar, part=part)
        left_out = plays.left_out(piece) if isinstance(plays, Streaming) else []
        written, took = _written(piece, out, plays, part=part)
        if part is not None:
            part.unlink(missing_ok=True)
    factor = (written.seconds - (bar.kept or 0)) / max(took, 1e-9)
    warnings = [*piece.warnings, *(f"{score.name}: {words}." for words in left_out)]
    if part is not None and found and not bar.kept:
        warnings.append(f"{part.name}: was of another score, model or seed, so all was made anew.")
    fields = {
        "voice": player.voice,
        "seconds": round(written.seconds, 3),
        "real_time_factor": round(factor, 2 if learnt else 1),
        "peak": round(written.peak, 4),
        "warnings": warnings,
    }
    words = f"{out}: {written.seconds:.1f} s of sound, made {factor:.{1 if learnt else 0}f} times faster than it plays"
    if bar.kept:
        fields["kept_seconds"] = round(bar.kept, 3)
        words += f"; {bar.kept:.1f} s of it were there before"
    if learnt:
        fields["note_f1"] = _note_f1(piece, out)
        words += f"; of its notes our ear finds {fields['note_f1']:.0f} percent (F1)"
    notes = [*warnings, plays.advice] if isinstance(plays, SoundfontSynthesizer) and plays.advice else warnings
    show(fields, "\n".join([words, *(f"  note: {note}" for note in notes)]), as_json=as_json)


def _written(piece: Score, out: Path, plays: Synthesizer, *, part: Path | None) -> tuple[Written, float]:
    """Write the sound of a piece; return what was written, and how many seconds it took to make."""
    from partimento.errors import WriteError  # noqa: PLC0415
    from partimento.files.sound import sound_tags  # noqa: PLC0415
    from partimento.files.sound_writer import write_sound  # noqa: PLC0415
    from partimento.synthesis.synthesizer import Streaming  # noqa: PLC0415

    took, began = 0.0, time.perf_counter()
    if isinstance(plays, Streaming):
        blocks, rate, peak_db = plays.blocks(piece), plays.sample_rate, plays.peak_db
    else:
        sound = plays.render(piece)
        blocks, rate, peak_db = iter([sound.samples]), sound.sample_rate, None

    def timed() -> Iterator[Samples]:
        nonlocal took, began
        for block in blocks:
            took += time.perf_counter() - began
            yield block
            began = time.perf_counter()

    try:
        return write_sound(out, timed(), rate, peak_db=peak_db, metadata=sound_tags(piece)), took
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"interrupted; {_left(out, part)}") from error
    except WriteError as error:
        raise WriteError(f"{error} {_left(out, part)}") from error


def _left(out: Path, part: Path | None) -> str:
    """What is there of a sound that is not whole."""
    if part is not None and part.exists():
        return f"{part.name} keeps what is finished of it. Give the same command again, and it goes on from there."
    return f"{out.name} was not written."


def player_of(player: Player, *, watch: Callable[[float, float], None] | None = None, part: Path | None = None) -> Synthesizer:
    """Return what plays.

    Args:
        player: What is asked for.
        watch: Of a wavenet: is told how many seconds of how many are made.
        part: Of a wavenet: where it keeps what is finished.

    Raises:
        ConfigError: When what is asked for does not go together.
        BundleError: When the model is no voice.
        ReadError: When the SoundFont cannot be read.
    """
    from partimento.bundle import bundle_folder, load_bundle  # noqa: PLC0415
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.synthesis.modal_voice import ModalVoice  # noqa: PLC0415
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415
    from partimento.synthesis.wavenet_voice import WaveNetVoice  # noqa: PLC0415

    if player.voice == "soundfont":
        if player.model is not None:
            raise ConfigError(f"--model {player.model}: is for --voice modal and wavenet. Leave it out, or add one of them.")
        return SoundfontSynthesizer(player.soundfont, program=player.program, sample_rate=player.rate or 44_100)
    for option, value in {"--soundfont": player.soundfont, "--program": player.program, "--rate": player.rate}.items():
        if value is not None:
            raise ConfigError(f"{option} {value}: a {player.voice} sounds as it has learnt to. Leave it out, or take --voice soundfont.")
    bundle = load_bundle(bundle_folder(player.model or f"piano-{player.voice}"))
    if player.voice == "modal":
        return ModalVoice(bundle)
    return WaveNetVoice(bundle, seed=player.seed, watch=watch, part=part)


def _note_f1(piece: Score, out: Path) -> float:
    """F1 in percent of what a piano can play of a piece, as the shipped ear finds it by onsets within 50 ms; at first, if it is long."""
    from itertools import islice  # noqa: PLC0415

    from partimento.evaluation.note_matching import agreement  # noqa: PLC0415
    from partimento.files.recording import open_recording  # noqa: PLC0415
    from partimento.synthesis.playable import playable  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    ear = load_transcriber()
    with open_recording(out, sample_rate=ear.sample_rate) as recording:
        heard = ear.notes_of(ear.hear(islice(recording.blocks(ear.sample_rate), HEARD_SECONDS)))
    notes = playable(piece).notes
    return round(100 * agreement(notes.where(notes.start < HEARD_SECONDS), heard).onset.f1, 1)
