"""`partimento render`: a score into sound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partimento.cli.output import show

if TYPE_CHECKING:
    from partimento.audio import Waveform
    from partimento.score import Score
    from partimento.synthesis.synthesizer import Synthesizer

SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


@Parameter(name="*")
@dataclass(frozen=True)
class Player:
    """What plays.

    Attributes:
        voice: The recorded instruments of a SoundFont, or a network that has learnt to sound like a piano.
        model: Of voice wavenet: the folder that `partimento train --model wavenet` made.
        soundfont: An .sf2 or .sf3 file; an installed one where not given.
        program: General MIDI instrument for all tracks, 0 (grand piano) to 127.
        rate: Frames per second; 44100 where not given. A wavenet has its own, 16000.
        seed: Of a wavenet: the same seed gives the same sound.
    """

    voice: Literal["soundfont", "wavenet"] = "soundfont"
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

    Args:
        score: A score file of any kind that `convert` reads.
        out: A .wav, .flac, .mp3 or .ogg file.
        player: What plays.
        as_json: Print one JSON object.
    """
    from partimento.errors import WriteError, nearest  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import read  # noqa: PLC0415
    from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415
    from partimento.files.whole import write_whole  # noqa: PLC0415

    if out.suffix.lower() not in SOUNDS:
        raise WriteError(f"{out.name}: '{out.suffix}' is no kind of sound that can be written{nearest(out.suffix, SOUNDS)}")
    piece = read(score)
    plays, learnt = player_of(player), player.voice != "soundfont"
    began = time.perf_counter()
    sound = plays.render(piece)
    factor = sound.seconds / max(time.perf_counter() - began, 1e-9)
    write_whole(out, sound_bytes(sound, out.suffix.lower(), metadata=sound_tags(piece)))
    fields = {
        "voice": player.voice,
        "seconds": round(sound.seconds, 3),
        "real_time_factor": round(factor, 2 if learnt else 1),
        "peak": round(sound.peak, 4),
        "warnings": list(piece.warnings),
    }
    words = f"{out}: {sound.seconds:.1f} s of sound, made {factor:.{1 if learnt else 0}f} times faster than it plays"
    if learnt:
        fields["note_f1"] = _note_f1(piece, sound)
        words += f"; of its notes our ear finds {fields['note_f1']:.0f} percent (F1)"
    show(fields, "\n".join([words, *(f"  note: {warning}" for warning in piece.warnings)]), as_json=as_json)


def player_of(player: Player) -> Synthesizer:
    """Return what plays.

    Raises:
        ConfigError: When what is asked for does not go together.
        BundleError: When the model is no voice.
        ReadError: When the SoundFont cannot be read.
    """
    from partimento.bundle import bundle_folder, load_bundle  # noqa: PLC0415
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415
    from partimento.synthesis.wavenet_voice import WaveNetVoice  # noqa: PLC0415

    if player.voice == "soundfont":
        if player.model is not None:
            raise ConfigError(f"--model {player.model}: is for --voice wavenet. Leave it out, or add that.")
        return SoundfontSynthesizer(player.soundfont, program=player.program, sample_rate=player.rate or 44_100)
    if player.model is None:
        raise ConfigError("--voice wavenet: none comes with the package. Train one (partimento train --model wavenet), give its --model.")
    for option, value in {"--soundfont": player.soundfont, "--program": player.program, "--rate": player.rate}.items():
        if value is not None:
            raise ConfigError(f"{option} {value}: a wavenet sounds as it has learnt to. Leave it out, or take --voice soundfont.")
    return WaveNetVoice(load_bundle(bundle_folder(player.model)), seed=player.seed)


def _note_f1(piece: Score, sound: Waveform) -> float:
    """F1 in percent of a piece's notes that the shipped ear finds in its sound, by their onsets within 50 ms."""
    from partimento.evaluation.note_matching import agreement  # noqa: PLC0415
    from partimento.score.timed_notes import Performance  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    ear = load_transcriber()
    heard = ear.notes_of(ear.hear([sound.to_mono().samples[0]]))
    return round(100 * agreement(Performance.of(piece).notes, heard).onset.f1, 1)
