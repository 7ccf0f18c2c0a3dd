"""`partimento compose`: new pieces, as files one can hear, see and edit."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.output import show
from partimento.words import counted

if TYPE_CHECKING:
    from partimento.evaluation.copying import Originality
    from partimento.evaluation.fingerprints import Fingerprints
    from partimento.generation.composer import Composer
    from partimento.generation.filters import Sampling
    from partimento.generation.wish import Condition, Wish
    from partimento.score import Score

FORMATS = ("mid", "abc", "musicxml", "wav", "png", "html")


@Parameter(name="*")
@dataclass(frozen=True)
class Length:
    r"""How long the pieces are to be, and what they begin with.

    Attributes:
        primer: Score file to go on from; it is kept as it is. Of a performance longer than --seconds the first third of them is.
        primer_bars: Use only so many bars of the primer.
        primer_seconds: Use only so many seconds of the primer.
        start: Text that the piece begins with, for models of ABC, such as "M:6/8\nK:D\n|:A"; \n is a line break.
        over: Score file whose melody is written anew over its chords, for models such as deepjazz; its accompaniment stays.
        bars: Bars, the primer's included.
        seconds: Length in seconds instead of bars.
        key: Key, such as "D minor" or "Bb".
        tempo: Quarter notes per minute.
        melody: Score file with one voice that is kept as it is; a coconet, bach-chorales or a polyphony-rnn puts the others below it, a
            modern-melody plays it and accompanies it.
        rewrite: Score file of which a coconet writes a passage anew; the rest is kept.
        passage: First and last bar of that passage, such as 5-8.
    """

    primer: Path | None = None
    primer_bars: int | None = None
    primer_seconds: float | None = None
    start: str | None = None
    over: Path | None = None
    bars: int | None = None
    seconds: float | None = None
    key: str | None = None
    tempo: float | None = None
    melody: Path | None = None
    rewrite: Path | None = None
    passage: str | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class Choice:
    """How the model chooses; what is not given is the model's own default.

    Attributes:
        temperature: 1 is the model as it is, less is safer, 0 always the likeliest.
        top_k: Choose among so many of the likeliest.
        top_p: Choose among the likeliest that together have this probability.
        min_p: Choose among those at least this share as probable as the likeliest.
        conservative: Let a model of encoding pianoroll play more where little sounds, so that it does not fall silent.
        steady: Keep a performance about as fast, full and loud as it began, and as pianists play.
        max_copy: Never copy more than so many notes in a row from a training piece: bars that would are written anew. Of a
            primer nothing counts.
        grammar: Off, the model writes what it likes; its text is kept beside the tune that can be made of it.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    conservative: bool | None = None
    steady: bool | None = None
    max_copy: int | None = None
    grammar: bool = True


@Parameter(name="*")
@dataclass(frozen=True)
class Notes:
    """What the notes are like, for models that were told it while they learnt, such as performance-rnn-multi.

    Attributes:
        notes_per_second: Notes struck a second, as a rule: 2 is slow, 20 a storm.
        pitch_classes: Twelve weights for C, C#, D ... B, such as 2,0,1,0,1,1,0,1,0,1,0,1: C major, and C above all.
    """

    notes_per_second: float | None = None
    pitch_classes: str | None = None


def compose(  # noqa: PLR0913  # one parameter an option
    *,
    model: str = "bach-chorales",
    length: Length = Length(),  # frozen
    notes: Notes = Notes(),  # frozen
    choice: Choice = Choice(),  # frozen
    count: int = 1,
    out: Path = Path("composed"),
    formats: str = ",".join(FORMATS),
    seed: int | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Write new music with a trained model.

    Args:
        model: A shipped model's name or a bundle's folder.
        length: How long, and after what.
        notes: How many, and which.
        choice: How the model chooses.
        count: Number of pieces.
        out: Folder the files go to.
        formats: Which files: mid, abc, musicxml, wav, png, html, separated by commas.
        seed: The same seed gives the same files; drawn and printed where not given.
        as_json: Print one JSON object.
    """
    wanted = _formats(formats, count)
    from partimento.bundle import FINGERPRINTS  # noqa: PLC0415  # --help must not load numpy
    from partimento.evaluation.copying import originality  # noqa: PLC0415
    from partimento.evaluation.fingerprints import Fingerprints  # noqa: PLC0415
    from partimento.generation.load import load  # noqa: PLC0415

    composer = load(model)
    composer.sampling = _sampling(composer.sampling, choice)
    known = composer.bundle.fingerprints
    prints = None if known is None else Fingerprints.from_bytes(known, FINGERPRINTS)
    drawn = secrets.randbelow(2**31) if seed is None else seed
    wish = composer.fitted(replace(_wish(length, notes), condition=_original_enough(prints, choice.max_copy)))
    pieces: list[dict[str, Any]] = []
    composing = 0.0
    for number in range(count):
        began = time.perf_counter()
        if choice.grammar:
            raw, score = None, composer.write(wish, seed=drawn, number=number)
        else:
            raw, score = composer.write_freely(wish, seed=drawn, number=number)
        composing += time.perf_counter() - began
        judged = None if prints is None or not score.note_count else originality(score, prints, since=composer.since)
        piece = _finished(score, f"{composer.bundle.card.name}-{drawn}-{number + 1}", out, wanted, judged) | {"seen": _seen(composer)}
        pieces.append(piece if raw is None else piece | {"raw": raw})
        if sys.stderr.isatty():
            print(f"{number + 1} of {count}: {pieces[-1]['seconds']:.0f} s of music", file=sys.stderr)
    fields = {
        "model": composer.bundle.card.name,
        "seed": drawn,
        "tokens_per_second": round(composer.ids_written / max(composing, 1e-9), 1),
        "real_time_factor": round(_added(pieces, wish.primer) / max(composing, 1e-9), 2),
        "pieces": pieces,
    }
    show(fields, _for_people(fields), as_json=as_json)


def _added(pieces: list[dict[str, Any]], primer: Score | None) -> float:
    """Seconds of music that are new."""
    from partimento.score.tempo import duration_seconds  # noqa: PLC0415

    given = 0.0 if primer is None else duration_seconds(primer)
    return float(sum(max(piece["seconds"] - given, 0.0) for piece in pieces))


def _formats(words: str, count: int) -> list[str]:
    """The formats asked for."""
    from partimento.errors import ConfigError, nearest  # noqa: PLC0415

    if count < 1:
        raise ConfigError(f"--count {count}: expected 1 or more.")
    wanted = [word.strip().lstrip(".").lower() for word in words.split(",") if word.strip()]
    for word in wanted:
        if word not in FORMATS:
            raise ConfigError(f"--formats {word}: is none{nearest(word, FORMATS)}")
    if not wanted:
        raise ConfigError(f"--formats: names none, expected some of {', '.join(FORMATS)}.")
    return wanted


def _sampling(default: Sampling, choice: Choice) -> Sampling:
    """The bundle's sampling with what the user asked for."""
    asked = {name: getattr(choice, name) for name in ("temperature", "top_k", "top_p", "min_p", "conservative", "steady")}
    return replace(default, **{name: value for name, value in asked.items() if value is not None})


def _wish(length: Length, notes: Notes) -> Wish:
    """What the pieces are to be like."""
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.files import read  # noqa: PLC0415
    from partimento.generation.controls import Controls  # noqa: PLC0415
    from partimento.generation.wish import Wish  # noqa: PLC0415
    from partimento.score.pitch import parse_key  # noqa: PLC0415
    from partimento.score.tempo import ticks_at  # noqa: PLC0415
    from partimento.score.transform import cut  # noqa: PLC0415

    if length.primer is None and length.primer_seconds is not None:
        raise ConfigError(f"--primer-seconds {length.primer_seconds}: there is no primer. Give one with --primer, or leave it out.")
    if length.primer_seconds is not None and not 0 < length.primer_seconds < 1e6:
        raise ConfigError(f"--primer-seconds {length.primer_seconds}: expected more than 0.")
    if length.primer_seconds is not None and length.seconds is not None and length.primer_seconds >= length.seconds:
        raise ConfigError(
            f"--primer-seconds {length.primer_seconds:g}: --seconds {length.seconds:g} are wished in all, the primer's included. Give less."
        )
    primer = None if length.primer is None else read(length.primer)
    if primer is not None and length.primer_seconds is not None:
        primer = cut(primer, 0, max(int(ticks_at(primer, length.primer_seconds)), 1))
    key = None if length.key is None else parse_key(length.key)
    melody = None if length.melody is None else read(length.melody)
    over = None if length.over is None else read(length.over)
    start = None if length.start is None else length.start.replace("\\n", "\n")
    rewrite = None if length.rewrite is None else read(length.rewrite)
    wish = Wish(length.bars, length.seconds, key, length.tempo, primer, length.primer_bars)
    controls = Controls(notes.notes_per_second, _weights(notes.pitch_classes))
    passage = _passage(length.passage)
    return replace(wish, start=start, melody=melody, over=over, rewrite=rewrite, passage=passage, controls=controls)


def _weights(words: str | None) -> tuple[float, ...] | None:
    """Numbers separated by commas."""
    from partimento.errors import ConfigError  # noqa: PLC0415

    try:
        return None if words is None else tuple(float(word) for word in words.split(","))
    except ValueError:
        raise ConfigError(f"--pitch-classes {words}: expected twelve numbers from C on, such as 2,0,1,0,1,1,0,1,0,1,0,1.") from None


def _passage(words: str | None) -> tuple[int, int] | None:
    """First and last bar of words such as 5-8."""
    from partimento.errors import ConfigError  # noqa: PLC0415

    if words is None:
        return None
    first, dash, last = words.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not dash)):
        raise ConfigError(f"--passage {words}: expected a first and a last bar, such as 5-8.")
    return int(first), int(last or first)


def _original_enough(prints: Fingerprints | None, most: int | None) -> Condition | None:
    """What must hold for --max-copy."""
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.evaluation.copying import originality  # noqa: PLC0415
    from partimento.evaluation.fingerprints import GRAM  # noqa: PLC0415
    from partimento.generation.wish import Condition  # noqa: PLC0415

    if most is None:
        return None
    if prints is None:
        raise ConfigError("--max-copy: this bundle has no fingerprints of its training pieces. Train it again, or leave --max-copy out.")
    if most < GRAM - 1:
        raise ConfigError(f"--max-copy {most}: expected {GRAM - 1} or more; shorter runs are everybody's.")
    return Condition(f"max-copy {most}", lambda score, since: originality(score, prints, since=since).longest_copy_notes <= most)


def _finished(score: Score, stem: str, out: Path, formats: list[str], judged: Originality | None) -> dict[str, Any]:
    """Write one piece's files; return what is to be said of it."""
    from partimento.cli.piece_files import write_piece  # noqa: PLC0415
    from partimento.score.harmony import key_of  # noqa: PLC0415
    from partimento.score.meter import bar_count  # noqa: PLC0415
    from partimento.score.notation import is_notated  # noqa: PLC0415
    from partimento.score.pitch import key_name  # noqa: PLC0415
    from partimento.score.tempo import duration_seconds  # noqa: PLC0415

    silent = score.note_count == 0  # a network without grammar may have written no music at all
    return {
        "files": {kind: str(path) for kind, path in write_piece(score, out, stem, [] if silent else formats).items()},
        "notes": score.note_count,
        "bars": bar_count(score),
        "notated": is_notated(score),
        "seconds": round(duration_seconds(score), 3),
        "key": None if silent else key_name(key_of(score)),
        "originality": None
        if judged is None
        else {
            "longest_copy_notes": judged.longest_copy_notes,
            "copied_share": round(judged.copied_share, 4),
            "source": None if judged.source is None else f"{judged.source.piece}, bar {judged.source.bar}",
        },
        "warnings": list(score.warnings),
    }


def _seen(composer: Composer) -> dict[str, Any] | None:
    """How much of the piece written last stands in what its model has read; None where the model does not remember that."""
    from partimento.evaluation.subsequences import seen  # noqa: PLC0415

    found = seen(composer.model, composer.ids)
    if found is None:
        return None
    symbols = composer.encoding.vocabulary.symbols
    places = zip(found.unseen, found.known, strict=True)
    return {
        "unit": found.unit,
        "total": found.total,
        "unseen": [{"id": place, "symbol": symbols[composer.ids[place]], "known": known} for place, known in places],
    }


def _for_people(fields: dict[str, Any]) -> str:
    """The result in words."""
    lines = [f"{fields['model']}, seed {fields['seed']}, {fields['real_time_factor']:.1f} times as fast as it plays:"]
    for piece in fields["pieces"]:
        bars = [f"{counted(piece['bars'], 'bar')} in {piece['key']}"] if piece["notated"] else []
        lines.append("  " + ", ".join([*bars, f"{piece['seconds']:.0f} s", counted(piece["notes"], "note")]))
        if piece["originality"]:
            own = piece["originality"]
            longest = own["longest_copy_notes"]
            lines.append(
                f"    longest run shared with a training piece: {longest} notes, in {own['source']}"
                if longest
                else "    shares no run of 8 notes with a training piece"
            )
        if piece["seen"]:
            all_of_it, new = piece["seen"], len(piece["seen"]["unseen"])
            lines.append(
                f"    {new} of its {all_of_it['total']} {all_of_it['unit']} stand nowhere in what it learnt from"
                if new
                else f"    all of its {all_of_it['total']} {all_of_it['unit']} stand in what it learnt from"
            )
        lines += [f"    {path}" for path in piece["files"].values()] + [f"    note: {word}" for word in piece["warnings"]]
        lines += [f"    | {line}" for line in piece.get("raw", "").splitlines()]
    return "\n".join(lines)
