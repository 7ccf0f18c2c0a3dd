"""Small MusicXML documents, made by hand, and what a score read from them holds."""

from partimento.files.musicxml import read_musicxml
from partimento.score import Score

ATTRIBUTES = (
    "<attributes><divisions>2</divisions><key><fifths>0</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)


def note(step="C", octave=4, duration=2, *extra, alter=0):
    """A note of `duration` eighths; `extra` elements stand behind its duration."""
    altered = f"<alter>{alter}</alter>" if alter else ""
    return (
        f"<note><pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch><duration>{duration}</duration>{''.join(extra)}</note>"
    )


def document(*measures, part_list='<score-part id="P1"><part-name>Flute</part-name></score-part>', header=""):
    """A document of one part; the first measure gets the attributes."""
    body = "".join(
        text if text.startswith("<measure") else f'<measure number="{number}">{ATTRIBUTES if number == 1 else ""}{text}</measure>'
        for number, text in enumerate(measures, 1)
    )
    return f'<score-partwise>{header}<part-list>{part_list}</part-list><part id="P1">{body}</part></score-partwise>'.encode()


def read(*measures, **options):
    return read_musicxml(document(*measures), "tune.musicxml", **options)


def notes(score: Score, track=0):
    """Onset and length in quarters, and key, of each note."""
    tpq, one = score.ticks_per_quarter, score.tracks[track]
    return [(s / tpq, d / tpq, p) for s, d, p in zip(one.start.tolist(), one.duration.tolist(), one.pitch.tolist(), strict=True)]


def keys(score: Score, track=0):
    return score.tracks[track].pitch.tolist()


FULL = note("C", 4, 8)
BACKWARD = '<barline><repeat direction="backward"/></barline>'
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def ending(numbers, *inside):
    start, stop = (f'<barline><ending number="{numbers}" type="{kind}"/></barline>' for kind in ("start", "stop"))
    return start + "".join(inside) + stop


def whole(step):
    return note(step, 4, 8)
