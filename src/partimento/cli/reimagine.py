"""`partimento reimagine`: a recording of a piano, its notes, new notes, a recording of those."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from partimento.cli.output import show
from partimento.cli.render import SOUNDS, Player, player_of
from partimento.words import counted

if TYPE_CHECKING:
    from partimento.audio import Waveform
    from partimento.generation.reimagining import Reimagined
    from partimento.score import Score
    from partimento.synthesis.likeness import Likeness

PERFORMER, ACCOMPANIST = "piano-performer", "piano-accompanist"

HEARD, INVENTED = "-heard.mid", "-invented.mid"

MOST_SECONDS = 600


@Parameter(name="*")
@dataclass(frozen=True)
class Imagining:
    """What is made of what was heard.

    Attributes:
        goes_on: Go on from its end, as is usual.
        vary: Play its melody with another accompaniment.
        answer: Answer each of its phrases.
        seconds: Length of what is new; half a minute where not given. A variation is as long as what it varies.
        model: Who composes: a shipped model's name or a bundle's folder; piano-performer, or piano-accompanist for vary, where not given.
        ear: Who listens.
        seed: The same seed gives the same music; drawn and printed where not given.
        keep_midi: Keep both scores beside OUT, as MIDI.
    """

    goes_on: Annotated[bool, Parameter(name="--continue", negative="")] = False
    vary: Annotated[bool, Parameter(negative="")] = False
    answer: Annotated[bool, Parameter(negative="")] = False
    seconds: float = 30.0
    model: str | None = None
    ear: str = "piano-ears"
    seed: int | None = None
    keep_midi: Annotated[bool, Parameter(negative="")] = False

    @property
    def how(self) -> str:
        """One of continue, vary and answer."""
        return "vary" if self.vary else "answer" if self.answer else "continue"


def reimagine(
    audio: Path,
    out: Path,
    /,
    *,
    imagining: Imagining = Imagining(),  # frozen
    voice: Literal["soundfont", "modal", "wavenet"] = "soundfont",
    voice_model: str | None = None,
    soundfont: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Hear a recording of a piano, invent new music after it, and play that as the recording sounds.

    Beside OUT stands a page with what was heard, what was invented and what sounds. What is finished when something fails is kept.

    Args:
        audio: A .wav, .flac, .mp3 or .ogg file.
        out: A .wav, .flac, .mp3 or .ogg file: in the recording's tuning, and as loud as it.
        imagining: What is made of what was heard.
        voice: What plays: the recorded instruments of a SoundFont, or a piano that a network has learnt.
        voice_model: Of a learnt voice, see `partimento render`; the shipped one of its kind where not given.
        soundfont: An .sf2 or .sf3 file; an installed one where not given.
        as_json: Print one JSON object.
    """
    _check(out, imagining)
    from partimento.cli.progress import MusicBar  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import write  # noqa: PLC0415
    from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415
    from partimento.files.whole import write_whole  # noqa: PLC0415

    began = time.perf_counter()
    seed = secrets.randbelow(2**31) if imagining.seed is None else imagining.seed
    heard, recording, likeness = _heard(audio, imagining.ear)
    scores = [write(heard, _beside(out, HEARD))]
    made, model = _invented(heard, imagining, seed)
    scores.append(write(made.new, _beside(out, INVENTED)))
    with MusicBar() as bar:
        player = player_of(Player(voice=voice, model=voice_model, soundfont=soundfont, seed=seed), watch=bar)
        sound = likeness.rendered(made.whole, player)
        data = sound_bytes(sound, out.suffix.lower(), metadata=sound_tags(made.whole))
        files = {out.suffix.lower().lstrip("."): str(write_whole(out, data))}
        new = sound if made.new is made.whole else likeness.rendered(made.new, player)
    page = _page(out, (heard, recording), (made.new, new), sound, imagining)
    files["html"] = str(write_whole(out.with_suffix(".html"), page))
    files |= _kept(scores, keep=imagining.keep_midi)
    fields = {
        "heard_notes": heard.note_count,
        "new_notes": made.new.note_count,
        "seconds": round(sound.seconds, 3),
        "tuning_cents": round(likeness.cents, 1),
        "level_db": round(likeness.level_db, 1),
        "how": imagining.how,
        "model": model,
        "voice": voice,
        "seed": seed,
        "took_seconds": round(time.perf_counter() - began, 1),
        "files": files,
        "warnings": [*heard.warnings, *made.new.warnings],
    }
    show(fields, _for_people(fields), as_json=as_json)


def _check(out: Path, imagining: Imagining) -> None:
    """Refuse what cannot be before anything is loaded."""
    from partimento.errors import ConfigError, WriteError, nearest  # noqa: PLC0415

    if out.suffix.lower() not in SOUNDS:
        raise WriteError(f"{out.name}: '{out.suffix}' is no kind of sound that can be written{nearest(out.suffix, SOUNDS)}")
    if imagining.goes_on + imagining.vary + imagining.answer > 1:
        raise ConfigError("--continue, --vary and --answer: give one of them.")
    if not 1 <= imagining.seconds <= MOST_SECONDS:
        raise ConfigError(f"--seconds {imagining.seconds:g}: expected 1 to {MOST_SECONDS}.")
    if imagining.seed is not None and imagining.seed < 0:
        raise ConfigError(f"--seed {imagining.seed}: expected 0 or more.")


def _heard(audio: Path, ear: str) -> tuple[Score, Waveform, Likeness]:
    """The notes of a recording, it itself, and what of it the new one is to have."""
    import numpy as np  # noqa: PLC0415

    from partimento.audio import Waveform  # noqa: PLC0415
    from partimento.errors import ReadError  # noqa: PLC0415
    from partimento.files.recording import open_recording  # noqa: PLC0415
    from partimento.score.transform import cut  # noqa: PLC0415
    from partimento.synthesis.likeness import Likeness  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    listener = load_transcriber(ear)
    kept: list[Any] = []
    with open_recording(audio, sample_rate=listener.sample_rate) as recording:
        score = listener.listen(recording, sound=kept.append)
    if not score.note_count:
        raise ReadError(f"{audio.name}: no notes of a piano were heard, so there is nothing to go on from. Give a recording of a piano.")
    samples = np.concatenate(kept)
    first = min(int(track.start.min()) for track in score.tracks if len(track))
    return (
        cut(score, first, score.end_tick),
        Waveform.fitted(samples[None], listener.sample_rate),
        Likeness.of(samples, listener.sample_rate),
    )


def _invented(heard: Score, imagining: Imagining, seed: int) -> tuple[Reimagined, str]:
    """What the composer makes of it, and who that is."""
    from partimento.generation.load import load  # noqa: PLC0415
    from partimento.generation.reimagining import answered, continued, varied  # noqa: PLC0415

    composer = load(imagining.model or (ACCOMPANIST if imagining.how == "vary" else PERFORMER))
    if sys.stderr.isatty():
        print(f"{counted(heard.note_count, 'note')} heard; inventing ...", file=sys.stderr)
    if imagining.how == "vary":
        made = varied(composer, heard, seed=seed)
    else:
        made = (answered if imagining.how == "answer" else continued)(composer, heard, imagining.seconds, seed=seed)
    return made, composer.bundle.card.name


def _page(out: Path, heard: tuple[Score, Waveform], new: tuple[Score, Waveform], sound: Waveform, imagining: Imagining) -> bytes:
    """Three players and rolls: heard, invented, sounding; the last as the ear hears it."""
    from partimento.audio.resample import resampled  # noqa: PLC0415
    from partimento.files.comparison_page import Entry, comparison_page  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    listener = load_transcriber(imagining.ear)
    again = listener.transcribe([resampled(sound.to_mono(), listener.sample_rate).samples[0]])
    stages = (
        ("heard", "The recording, and the notes that were heard in it.", *heard),
        ("invented", "What the model wrote.", *new),
        ("sounding", "What was written to the file, and the notes that the ear hears in it.", again, sound),
    )
    entries = [Entry([name, str(score.note_count), f"{wave.seconds:.1f}"], words, score, wave) for name, words, score, wave in stages]
    return comparison_page(out.stem, ["stage", "notes", "seconds"], entries, [], "Recording, notes, new notes, recording.")


def _kept(scores: list[Path], *, keep: bool) -> dict[str, str]:
    """The scores by their names, where they are kept; otherwise they go now that all is done."""
    if keep:
        return dict(zip(("heard_mid", "invented_mid"), map(str, scores), strict=True))
    for file in scores:
        file.unlink(missing_ok=True)
    return {}


def _beside(out: Path, ending: str) -> Path:
    """A file beside OUT."""
    return out.with_name(out.stem + ending)


def _for_people(fields: dict[str, Any]) -> str:
    """Say what was made in words."""
    lines = [
        f"{', '.join(fields['files'].values())}: {counted(fields['heard_notes'], 'note')} heard, "
        f"{counted(fields['new_notes'], 'new one')} by {fields['model']}"
    ]
    lines.append(
        f"  {fields['seconds']:.1f} s of sound, {fields['tuning_cents']:+.0f} cents, seed {fields['seed']}, {fields['took_seconds']:.0f} s"
    )
    return "\n".join([*lines, *(f"  note: {warning}" for warning in fields["warnings"])])
