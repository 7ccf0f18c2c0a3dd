"""Key and chords: which key a score is in, how it ends, what a triad and a chord symbol are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partimento.errors import ScoreError
from partimento.score.meter import signatures
from partimento.score.note import Track
from partimento.score.pitch import LINE_OF_FIFTHS, MODE_FIFTHS, spell, tonic_pitch_class
from partimento.score.score import KeySignature, Score

MAJOR_PROFILE = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR_PROFILE = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
"""Share of segments of the Kostka-Payne corpus in which each degree, tonic first, sounds.

Source: D. Temperley, Music and Probability (2007), table 6.1.
"""

TRIADS: dict[tuple[int, ...], str] = {(0, 4, 7): "major", (0, 3, 7): "minor", (0, 3, 6): "diminished", (0, 4, 8): "augmented"}
"""Semitones above the root -> quality."""

_SUFFIX = {"major": "", "minor": "m", "diminished": "dim", "augmented": "+"}
_QUALITY = r"(?:maj|min|mi|ma|dim|aug|sus|add|alt|omit|no|m|M|o|°|ø|Δ|\+|-|[#b♯♭]?\d+|[#b♯♭]5|[(),^ ]|/(?=\d))*"
_SYMBOL = re.compile(rf"(\(?)([A-G])([#♯]{{1,2}}|[b♭]{{1,2}})?({_QUALITY})(?:/([A-G])([#♯]{{1,2}}|[b♭]{{1,2}})?(\)?))?$")


class Chord(NamedTuple):
    """A triad: pitch class of its root (0 is C) and ``major``, ``minor``, ``diminished`` or ``augmented``."""

    root: int
    quality: str

    def name(self, fifths: int = 0) -> str:
        """Return its symbol, such as ``F#m`` or ``Bb``, spelled in a signature of `fifths` (-7 to 7)."""
        letter, alter, _ = spell(60 + self.root, fifths)
        return f"{letter}{_accidental(alter)}{_SUFFIX[self.quality]}"


def chord_of(pitch_classes: Iterable[int]) -> Chord | None:
    """Return the triad that `pitch_classes` make up, in any inversion and doubling.

    Args:
        pitch_classes: Pitch classes or MIDI keys, the bass first: every note of an augmented triad may be its
            root, and the first one given is taken.

    Returns:
        The triad; None where they are fewer or more than three, or no triad.
    """
    classes = list(dict.fromkeys(pitch % 12 for pitch in pitch_classes))
    if len(classes) != 3:
        return None
    for root in classes:
        quality = TRIADS.get(tuple(sorted((pitch - root) % 12 for pitch in classes)))
        if quality:
            return Chord(root, quality)
    return None


def likeliest_triad(weights: ArrayLike, bass: int) -> Chord:
    """Return the triad that says most of some music: what of it sounds weighs for it, what does not belong to it against it.

    Args:
        weights: How long each pitch class sounds, C first, shape (12,), 0 or more.
        bass: Pitch class or MIDI key of the lowest note; of equals the triad it is the root of is taken.
    """
    known = np.asarray(weights, np.float64)
    known = known / max(float(known.sum()), 1e-12)
    triads = [Chord(root, quality) for quality in ("major", "minor", "diminished") for root in range(12)]
    steps = {quality: intervals for intervals, quality in TRIADS.items()}

    def worth(chord: Chord) -> float:
        inside = sum(known[(chord.root + step) % 12] for step in steps[chord.quality])
        return float(2 * inside + 0.5 * known[chord.root] + 0.1 * (chord.root == bass % 12) - 0.05 * (chord.quality == "diminished"))

    return max(triads, key=worth)


def transpose_chord_symbol(symbol: str, fifths: int) -> str:
    """Return a chord symbol moved by `fifths` places on the line of fifths (7 is a semitone up, -7 one down).

    Args:
        symbol: ``Am7``, ``Bb/D``, ``F#dim`` ...; what does not read as one (``N.C.``, ``D.C.``) stays as it is.
        fifths: The move: the signature it comes into less the one it comes from, so that spelling follows the key.
    """
    match = _SYMBOL.match(symbol)
    if match is None or not fifths:
        return symbol
    bracket, letter, accidental, quality, bass, bass_accidental, closing = match.groups()
    moved = f"{bracket}{_move(letter, accidental, fifths)}{quality}"
    return f"{moved}/{_move(bass, bass_accidental, fifths)}{closing}" if bass else moved


def read_chord_symbol(symbol: str) -> tuple[int, str] | None:
    """Return the pitch class of a chord symbol's root and the words behind it; None for what does not read as one.

    Args:
        symbol: ``Am7``, ``Bb/D``, ``F#dim`` ...
    """
    match = _SYMBOL.match(symbol)
    if match is None:
        return None
    _, letter, accidental, quality, *_ = match.groups()
    alter = len(accidental or "") * (1 if (accidental or "")[:1] in ("#", "♯") else -1)
    return (7 * (LINE_OF_FIFTHS.index(letter) - 1) + alter) % 12, quality


def _move(letter: str, accidental: str | None, fifths: int) -> str:
    """A note name moved on the line of fifths; what would need a double accidental takes its simpler name."""
    signs = accidental or ""
    alter = len(signs) * (1 if signs[:1] in ("#", "♯") else -1)
    place = LINE_OF_FIFTHS.index(letter) + 7 * alter + fifths
    while not -7 <= place <= 13:
        place += 12 if place < -7 else -12
    return f"{LINE_OF_FIFTHS[place % 7]}{_accidental(place // 7)}"


def _accidental(alter: int) -> str:
    """Sharps or flats in letters."""
    return "#" * alter if alter > 0 else "b" * -alter


def fifths_within(fifths: int, *, flats: bool = False) -> int:
    """Return the signature that sounds like `fifths` with the fewest accidentals, -5 to 6, or -6 to 5 where `flats`."""
    return (fifths + 6) % 12 - 6 if flats else (fifths + 5) % 12 - 5


def _pitched(score: Score) -> list[Track]:
    """The tracks whose notes have a pitch."""
    return [track for track in score.tracks if len(track) and not track.is_drum]


def pitch_class_weights(score: Score) -> NDArray[np.float64]:
    """Return how long each pitch class sounds, in quarter notes, C first, shape (12,); drums are left out."""
    weights = np.zeros(12)
    for track in _pitched(score):
        weights += np.bincount(track.pitch % 12, weights=track.duration, minlength=12)
    return weights / score.ticks_per_quarter


def _profiles() -> NDArray[np.float64]:
    """Every key's profile, its mean taken off and of length 1, shape (24, 12): major and minor, tonic C to B."""
    rows = np.array([np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])
    rows -= rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


_PROFILES = _profiles()


def key_fit(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of pitch-class weights, C first, with every key's profile, shape (2, 12): major and minor, tonic C to B."""
    if np.ptp(weights) == 0:  # all twelve alike: no key fits better than another
        return np.zeros((2, 12))
    centred = weights - weights.mean()
    return np.asarray((_PROFILES @ centred / np.linalg.norm(centred)).reshape(2, 12))


def estimate_key(score: Score) -> KeySignature:
    """Return the major or minor key whose profile the sounding pitch classes match best.

    Source: the Krumhansl-Schmuckler method (C. Krumhansl, Cognitive Foundations of Musical Pitch, 1990, ch. 4)
    with Temperley's profiles. Differs: one key for the whole piece.

    Returns:
        The key at tick 0, with at most six sharps or five flats.

    Raises:
        ScoreError: When the score has no pitched note.
    """
    weights = pitch_class_weights(score)
    if not weights.any():
        raise ScoreError("key: the score has no pitched note, expected at least one. Give the key in words.")
    minor, tonic = divmod(int(np.argmax(key_fit(weights))), 12)
    mode = "minor" if minor else "major"
    return KeySignature(0, fifths_within(tonic * 7 + MODE_FIFTHS[mode]), mode)


def key_of(score: Score) -> KeySignature:
    """Return the key of the piece: the first one written, else the estimated one.

    Many sources write the signature alone, and it is read as major; and profiles mistake a key for its relative
    more often than for any other. So of a written or estimated major key and its relative minor, and of an
    estimated minor and its relative major, that one is taken whose tonic the piece ends on in the bass, and where
    it ends on neither, the one the notes match better. A written mode other than major is believed. Where the
    mode is certain, ask `ends_on_tonic` with that key and not with this one, which leans to where the piece ends.

    Raises:
        ScoreError: When no key is written and no pitched note is there to judge by.
    """
    key = score.key_signatures[0] if score.key_signatures else estimate_key(score)
    final = final_notes(score)
    if not final or (score.key_signatures and key.mode != "major"):
        return key
    pair = [KeySignature(key.tick, key.fifths, mode) for mode in ("major", "minor")]
    major, minor = (tonic_pitch_class(one) for one in pair)
    if final[0] % 12 in (major, minor):
        return pair[final[0] % 12 == minor]
    fit = key_fit(pitch_class_weights(score))
    return pair[bool(fit[1, minor] > fit[0, major])]


def final_notes(score: Score) -> tuple[int, ...]:
    """Return the MIDI keys of the last sonority, lowest first: what sounds when the last pitched note has begun."""
    last = _final_onset(score)
    return tuple(sorted({int(pitch) for track in _pitched(score) for pitch in track.pitch[(track.start <= last) & (track.end > last)]}))


def _final_onset(score: Score) -> int:
    """Tick at which the last pitched note begins; 0 where there is none."""
    return max((int(track.start[-1]) for track in _pitched(score)), default=0)


def is_melody(score: Score) -> bool:
    """Return whether never two pitched notes sound at once."""
    tracks = _pitched(score)
    if not tracks:
        return False
    start, end = np.concatenate([track.start for track in tracks]), np.concatenate([track.end for track in tracks])
    order = np.argsort(start, kind="stable")
    return bool(np.all(start[order][1:] >= end[order][:-1]))


def ends_on_tonic(score: Score, key: KeySignature) -> bool:
    """Return whether the piece comes to rest on the tonic of `key`.

    A melody (never two notes at once) does when its last note is the tonic, in any octave and of any length.

    Music in several parts does when its last sonority (`final_notes`) has the tonic in the bass; has nothing but
    tonic, third and perfect fifth, of which third or fifth may be missing; has the major third in the major,
    lydian and mixolydian modes and either third, not both, in the others (a Picardy third is an ending); and is
    long: its bass note lasts at least a quarter note, or a beat of the metre where that is shorter.

    Args:
        score: Any score; drums are not heard.
        key: The key to end in; `key_of` finds one.
    """
    final = final_notes(score)
    tonic = tonic_pitch_class(key)
    if not final or final[0] % 12 != tonic:
        return False
    if is_melody(score):
        return True
    thirds = {4} if MODE_FIFTHS[key.mode] >= -1 else {3, 4}
    degrees = {(pitch - tonic) % 12 for pitch in final}
    if not degrees <= {0, 7} | thirds or {3, 4} <= degrees:
        return False
    last = _final_onset(score)
    basses = [track.duration[(track.start <= last) & (track.end > last) & (track.pitch == final[0])] for track in _pitched(score)]
    signature = [s for s in signatures(score) if s.tick <= last][-1]
    beat = min(1.0, 4 / signature.denominator) * score.ticks_per_quarter
    return int(np.concatenate(basses).max()) >= beat
