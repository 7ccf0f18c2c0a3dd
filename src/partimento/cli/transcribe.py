"""`partimento transcribe`: a recording of a piano into its notes, or a piano that is being played."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.output import show
from partimento.words import counted

if TYPE_CHECKING:
    from partimento.files.spectrogram_picture import Spectrogram
    from partimento.score import Score
    from partimento.transcription.transcriber import Transcriber

PERFORMANCES = (".mid", ".midi", ".csv")
"""What holds the notes as they were played; everything else that can be written holds a score in bars."""

SCORES = (".musicxml", ".xml", ".mxl", ".abc")

FORMATS = ("png",)
"""What can be had beside the notes."""


@Parameter(name="*")
@dataclass(frozen=True)
class Live:
    """How a piano is heard while it is played.

    Attributes:
        live: Print each note as soon as it is heard. IN may then be - for standard input (a WAV stream, or samples of 16 bits in one
            channel), mic or mic:DEVICE for a microphone; Ctrl-C ends, and OUT is written.
        rate: Samples a second of standard input without a header, or of the microphone: 16000 where not given.
        look_ahead: Seconds of sound behind a moment that are waited for: more is surer, less is sooner. Of an ear that hears all of a
            recording; one of size live hears a little ahead, always the same.
    """

    live: Annotated[bool, Parameter(negative="")] = False
    rate: int | None = None
    look_ahead: float | None = None


def transcribe(
    audio: Annotated[str, Parameter(name="IN", allow_leading_hyphen=True)],
    out: Path | None = None,
    /,
    *,
    model: str = "piano-ears",
    formats: str = "",
    live: Live = Live(),  # frozen
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Write down a recording of a piano.

    Args:
        audio: A .wav, .flac, .mp3 or .ogg file of any length, rate and number of channels; see also --live.
        out: A .mid or .csv file: the notes as they were played, with touch and pedal. Or a .musicxml, .mxl or .abc file: a score in bars.
            Only --live goes without it.
        model: A shipped ear, or the folder of one that `partimento train --model ears` made;
            piano-ears-live hears less and is twenty times as fast with --live.
        formats: What else to write, separated by commas: png, a picture beside OUT of the sound with the notes that were heard in it.
        live: While it is played.
        as_json: Print one JSON object; with --live one a line, for each note that begins or ends, and one at the end.
    """
    wanted = _formats(formats, out)
    _check(audio, out, live)
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415  # --help must not load numpy

    ear = load_transcriber(model)
    if live.live:
        from partimento.cli.transcribe_live import transcribe_live  # noqa: PLC0415

        transcribe_live(audio, out, ear, live=live, picture=_picture(wanted, ear), as_json=as_json)
        return
    from partimento.files.recording import open_recording  # noqa: PLC0415

    began = time.perf_counter()
    picture = _picture(wanted, ear)
    with open_recording(audio, sample_rate=ear.sample_rate) as recording:
        score, seconds = ear.listen(recording, watch=None if picture is None else picture.add), recording.seconds
    fields = finished(score, seconds, out, picture=picture, title=Path(audio).name, began=began)
    show(fields, for_people(fields), as_json=as_json)


def finished(score: Score, seconds: float, out: Path | None, *, picture: Spectrogram | None, title: str, began: float) -> dict[str, Any]:
    """Write what was heard; return what is to be said of it.

    Args:
        score: What was heard, in milliseconds.
        seconds: How much was listened to.
        out: Where it goes, None for nowhere.
        picture: Is drawn beside `out`, where there is one.
        title: Of the picture.
        began: When listening began, by `time.perf_counter`.
    """
    import numpy as np  # noqa: PLC0415

    from partimento.files import write  # noqa: PLC0415
    from partimento.transcription.notate import notated  # noqa: PLC0415

    performance = score
    if out is not None and out.suffix.lower() in SCORES and score.note_count:
        score = notated(score)
    factor = seconds / max(time.perf_counter() - began, 1e-9)
    files = {}
    if out is not None:
        files[out.suffix.lower().lstrip(".")] = str(write(score, out))
    warnings = list(score.warnings)
    if out is not None and picture is not None:
        from partimento.files.png import drawing_png  # noqa: PLC0415
        from partimento.files.spectrogram_picture import PIXELS  # noqa: PLC0415
        from partimento.files.whole import write_whole  # noqa: PLC0415

        drawing = picture.svg(performance, title=title)
        files["png"] = str(write_whole(out.with_suffix(".png"), drawing_png(drawing, width=PIXELS)))
        warnings += [f"{out.with_suffix('.png').name}: {picture.left_out}"] if picture.left_out else []
    return {
        "notes": score.note_count,
        "seconds": round(seconds, 3),
        "real_time_factor": round(factor, 1),
        "tempo": round(float(np.median([tempo.bpm for tempo in score.tempos])) if score.tempos else 120.0, 1),
        "files": files,
        "warnings": warnings,
    }


def for_people(fields: dict[str, Any]) -> str:
    """Return in words what was heard."""
    where = ", ".join(fields["files"].values())
    heard = f"{counted(fields['notes'], 'note')} in {fields['seconds']:.1f} s of sound"
    heard += f", heard {fields['real_time_factor']:.0f} times faster than they were played"
    return "\n".join([f"{where}: {heard}" if where else heard, *(f"  note: {warning}" for warning in fields["warnings"])])


def _check(audio: str, out: Path | None, live: Live) -> None:
    """Refuse what cannot be before anything is loaded."""
    from partimento.errors import ConfigError, WriteError, nearest  # noqa: PLC0415

    if out is None and not live.live:
        raise ConfigError("OUT: is missing, expected a file such as notes.mid. Only --live goes without one.")
    if audio == "-" and not live.live:
        raise ConfigError("IN -: standard input is heard as it comes in. Add --live, or give a file.")
    if live.rate is not None and not (live.live and is_stream(audio)):
        raise ConfigError(f"--rate {live.rate}: a file tells its own rate. Leave it out; it is for --live with - or mic.")
    if live.look_ahead is not None and not live.live:
        raise ConfigError(f"--look-ahead {live.look_ahead:g}: a recording is heard with all that follows. Leave it out, or add --live.")
    if out is not None and out.suffix.lower() not in (*PERFORMANCES, *SCORES):
        known = nearest(out.suffix.lower(), (*PERFORMANCES, *SCORES))
        raise WriteError(f"{out.name}: '{out.suffix}' is no format that can be written here{known}")


def is_stream(audio: str) -> bool:
    """Return whether IN is no file: standard input, or a microphone."""
    return audio in ("-", "mic") or audio.startswith("mic:")


def _formats(words: str, out: Path | None) -> set[str]:
    """The formats asked for besides OUT's own."""
    from partimento.errors import ConfigError, nearest  # noqa: PLC0415

    own = "" if out is None else out.suffix.lower().lstrip(".")
    wanted = {word.strip().lstrip(".").lower() for word in words.split(",") if word.strip()} - {own}
    for word in sorted(wanted):
        if word not in FORMATS:
            raise ConfigError(f"--formats {word}: is none that can stand beside OUT{nearest(word, FORMATS)}")
    if wanted and out is None:
        raise ConfigError(f"--formats {words}: needs OUT, beside which it goes. Give a file such as notes.mid.")
    return wanted


def _picture(wanted: set[str], ear: Transcriber) -> Spectrogram | None:
    """An empty picture, where one is asked for."""
    from partimento.files.spectrogram_picture import Spectrogram  # noqa: PLC0415

    return Spectrogram(ear.ear.spectrum) if "png" in wanted else None
