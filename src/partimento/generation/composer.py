"""From a bundle to finished pieces: wishes in, scores out, each saying how it came about."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from partimento.bundle import Bundle
from partimento.errors import ConfigError, EncodingError
from partimento.generation.filters import Sampling
from partimento.generation.sampler import Writing, write
from partimento.score import KeySignature, Score
from partimento.score.harmony import key_of
from partimento.score.meter import bar_ticks, signatures
from partimento.score.pitch import key_name, tonic_pitch_class
from partimento.score.transform import cut_bars, quantize, transpose, with_tempo
from partimento.version import __version__

MOST_IDS = 60_000
TRIES = 60
"""Pieces that are written at most until one is accepted."""


@dataclass(frozen=True)
class Wish:
    """What a piece is to be like; None leaves it to the model.

    Attributes:
        bars: Full bars, a primer's included.
        seconds: Length, turned into bars of the piece's metre and tempo.
        key: Key.
        tempo: Quarter notes per minute.
        primer: Beginning, kept as it is.
        primer_bars: Bars of the primer that are used.
    """

    bars: int | None = None
    seconds: float | None = None
    key: KeySignature | None = None
    tempo: float | None = None
    primer: Score | None = None
    primer_bars: int | None = None

    def __post_init__(self) -> None:
        checks = {
            "--bars": (self.bars, self.bars is None or 1 <= self.bars <= 1000, "1 to 1000"),
            "--seconds": (self.seconds, self.seconds is None or 0 < self.seconds <= 7200, "above 0, at most 7200"),
            "--tempo": (self.tempo, self.tempo is None or 10 <= self.tempo <= 400, "10 to 400 quarter notes a minute"),
            "--primer-bars": (self.primer_bars, self.primer_bars is None or self.primer_bars >= 1, "1 or more"),
        }
        for name, (value, fits, expected) in checks.items():
            if not fits:
                raise ConfigError(f"{name} {value}: expected {expected}.")
        if self.bars is not None and self.seconds is not None:
            raise ConfigError("--bars and --seconds: give one of them, the other follows.")


class Composer:
    """A trained model that writes pieces.

    Args:
        bundle: What it was trained to be.
        sampling: How it chooses; the bundle's own defaults where None.
    """

    def __init__(self, bundle: Bundle, sampling: Sampling | None = None) -> None:
        self.bundle = bundle
        self.encoding = bundle.encoding()
        self.model = bundle.model()
        self.sampling = Sampling(**bundle.card.sampling) if sampling is None else sampling
        self.ids_written = 0
        """Ids chosen so far, pieces that were not accepted included."""

    def compose(  # the one public verb; every argument is a wish a person has
        self,
        primer: Score | None = None,
        *,
        bars: int | None = None,
        seconds: float | None = None,
        key: KeySignature | None = None,
        tempo: float | None = None,
        seed: int | None = None,
    ) -> Score:
        """Return one new piece.

        Args:
            primer: Beginning to go on from.
            bars: Full bars wished, the primer's included.
            seconds: Length wished.
            key: Key wished.
            tempo: Quarter notes per minute wished.
            seed: 0 or more; the same seed gives the same piece. Drawn, and noted in the piece, where None.

        Raises:
            EncodingError: When the model's encoding cannot say the primer or fulfil the wish.
            ConfigError: When a wish is out of range.
        """
        return self.write(Wish(bars, seconds, key, tempo, primer), seed=secrets.randbelow(2**31) if seed is None else seed)

    def write(self, wish: Wish, *, seed: int, number: int = 0, accept: Callable[[Score], bool] | None = None) -> Score:
        """Return piece `number` of `seed`.

        Args:
            wish: What it is to be like.
            seed: 0 or more.
            number: Which of several pieces of one seed, from 0.
            accept: Asked of each finished piece; another is written until it says yes.

        Raises:
            EncodingError: When the encoding cannot say the primer or fulfil the wish, or no piece is accepted.
        """
        if seed < 0:
            raise ConfigError(f"--seed {seed}: expected 0 or more.")
        primer, remarks = self._primer(wish)
        beginning = [self.encoding.start_id] if primer is None else [int(i) for i in self.encoding.encode(primer, whole=False)]
        grammar = self.encoding.grammar(bars=self._bars(wish), key=wish.key if primer is None else None)
        opened = Writing.begin(self.model, grammar, beginning)
        if primer is not None and wish.bars is not None and opened.grammar.bars >= wish.bars:
            raise EncodingError(
                f"--bars {wish.bars}: the primer alone has {opened.grammar.bars}. Ask for more bars, or give --primer-bars."
            )
        for attempt in range(TRIES):
            random = np.random.default_rng([seed, number, attempt])
            ids = write(opened.fork(), self.sampling.filters(), random, most=MOST_IDS)
            self.ids_written += len(ids) - len(beginning)
            score = self._finish(np.array(ids, np.int32), wish, seed=seed, number=number)
            if accept is None or accept(score):
                return score.with_warnings(*remarks)
        raise EncodingError(f"seed {seed}: of {TRIES} pieces none was acceptable. Loosen --max-copy, or raise --temperature.")

    def _bars(self, wish: Wish) -> int | None:
        """The bars wished, or those that fill the seconds wished."""
        if wish.seconds is None:
            return wish.bars
        primer = wish.primer
        quarters = 4.0 if primer is None else bar_ticks(signatures(primer)[0], primer.ticks_per_quarter) / primer.ticks_per_quarter
        tempo = wish.tempo or self.encoding.tempo
        return max(2, round(wish.seconds * tempo / 60 / quarters))

    def _primer(self, wish: Wish) -> tuple[Score | None, tuple[str, ...]]:
        """The primer cut, moved and put on the grid, and what is to be said about it."""
        primer = wish.primer
        if primer is None:
            return None, ()
        if primer.note_count == 0:
            raise EncodingError("--primer: has no notes. Give a file with at least one, or leave --primer out.")
        if wish.primer_bars is not None:
            primer = cut_bars(primer, 0, wish.primer_bars)
        if wish.key is not None:
            distance = (tonic_pitch_class(wish.key) - tonic_pitch_class(key_of(primer)) + 5) % 12 - 5
            primer = transpose(primer, distance)
        remarks: list[str] = []
        if self.encoding.grid is not None:
            step = 4 * primer.ticks_per_quarter / self.encoding.grid
            off = sum(int(np.count_nonzero((track.start % step != 0) | (track.end % step != 0))) for track in primer.tracks)
            if off:
                primer = quantize(primer, self.encoding.grid)
                remarks.append(f"primer: {off} notes were moved to the nearest {self.encoding.grid}th.")
        return primer, tuple(remarks)

    def _finish(self, ids: np.ndarray[tuple[int], np.dtype[np.int32]], wish: Wish, *, seed: int, number: int) -> Score:
        """The ids as a score in the wished tempo and key, with its provenance."""
        score = self.encoding.decode(ids)
        if wish.key is not None and key_of(score) != replace(wish.key, tick=0):
            score = transpose(score, (tonic_pitch_class(wish.key) - tonic_pitch_class(key_of(score)) + 5) % 12 - 5)
        if wish.tempo is not None:
            score = with_tempo(score, wish.tempo)
        return score.with_metadata(
            title=f"{self.bundle.card.name}, seed {seed}, piece {number + 1}", provenance=self._provenance(wish, seed, number)
        )

    def _provenance(self, wish: Wish, seed: int, number: int) -> str:
        """One sentence that says how a piece came about."""
        sampling = self.sampling
        settings = [f"temperature {sampling.temperature:g}"]
        settings += [
            f"{name} {value:g}"
            for name, value in (("top-k", sampling.top_k), ("top-p", sampling.top_p), ("min-p", sampling.min_p))
            if value
        ]
        settings += [
            f"{name} {value:g}" for name, value in (("bars", wish.bars), ("seconds", wish.seconds), ("tempo", wish.tempo)) if value
        ]
        settings += [f"key {key_name(wish.key)}"] if wish.key is not None else []
        settings += ["continuing a given beginning"] if wish.primer is not None else []
        return (
            f"Composed by a machine: partimento {__version__}, model {self.bundle.card.name} "
            f"({self.bundle.fingerprint}), seed {seed}, piece {number + 1}, {', '.join(settings)}."
        )
