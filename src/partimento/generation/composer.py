"""From a bundle to finished pieces: wishes in, scores out, each saying how it came about."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.bundle import Bundle
from partimento.encoding.encoding import Accompanying, Grammar, Paced, Raw, Resuming
from partimento.errors import BundleError, ConfigError, EncodingError
from partimento.generation.beginning import start_ids
from partimento.generation.ending import write_to_close
from partimento.generation.filters import Sampling
from partimento.generation.free import NoRules
from partimento.generation.gibbs import Painter
from partimento.generation.given import below, given_beforehand
from partimento.generation.sampler import DRAFTS, Writer, Writing
from partimento.generation.wish import Condition, Wish
from partimento.models.conservative import Conservative
from partimento.models.model import Filling, Planner, SequenceModel
from partimento.models.steady import Steady
from partimento.score import KeySignature, Score
from partimento.score.harmony import key_of
from partimento.score.meter import bar_starts, bar_ticks, signatures
from partimento.score.pitch import key_name, parse_key, tonic_pitch_class
from partimento.score.tempo import duration_seconds, seconds_at, ticks_at, with_tempo
from partimento.score.transform import cut, cut_bars, quantize, transpose
from partimento.version import __version__
from partimento.words import counted

MOST_IDS = 60_000
"""Ids that are written at most, drafts included; as many frames, where an encoding says a step in a whole frame of ids."""


MOST_IN_A_BAR = 500
"""Ids of a bar in a piece that is wished to have many; two seconds of the densest piano take half of them."""


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
        try:
            self.sampling = Sampling(**bundle.card.sampling) if sampling is None else sampling
        except (TypeError, ConfigError) as error:
            raise BundleError(
                f"{bundle.folder}: sampling {dict(bundle.card.sampling)} cannot be used ({error}). Give a bundle of this version."
            ) from error
        self.ids_written = 0
        """Ids chosen so far, pieces that were not accepted included."""
        self.ids: NDArray[np.int32] = np.zeros(0, np.int32)
        """The piece written last, as ids, before it was moved to a wished key."""
        self.since = 0
        """Tick from which on the piece written last is new; 0 where it had no primer."""
        self._begun: tuple[Wish, Writing] | None = None  # one reading of a beginning serves all that is written after it
        self._plans: dict[tuple[int | None, KeySignature | None], SequenceModel | None] = {}

    def compose(  # the one public verb; every argument is a wish a person has
        self,
        primer: Score | None = None,
        *,
        bars: int | None = None,
        seconds: float | None = None,
        key: KeySignature | str | None = None,
        tempo: float | None = None,
        seed: int | None = None,
    ) -> Score:
        """Return one new piece.

        Args:
            primer: Beginning to go on from.
            bars: Full bars wished, the primer's included.
            seconds: Length wished.
            key: Key wished, also in words: ``"D minor"``, ``"Bb"``.
            tempo: Quarter notes per minute wished.
            seed: 0 or more; the same seed gives the same piece. Drawn, and noted in the piece, where None.

        Raises:
            EncodingError: When the model's encoding cannot say the primer or fulfil the wish.
            ConfigError: When a wish is out of range.
        """
        wished = parse_key(key) if isinstance(key, str) else key
        return self.write(Wish(bars, seconds, wished, tempo, primer), seed=secrets.randbelow(2**31) if seed is None else seed)

    def write(self, wish: Wish, *, seed: int, number: int = 0) -> Score:
        """Return piece `number` of `seed`.

        Args:
            wish: What it is to be like.
            seed: 0 or more.
            number: Which of several pieces of one seed, from 0.

        Raises:
            EncodingError: When the encoding cannot say the primer or fulfil the wish.
        """
        if seed < 0:
            raise ConfigError(f"--seed {seed}: expected 0 or more.")
        wish.controls.check(self.encoding, self.bundle.card.name)
        wish = self.fitted(wish)
        self.since = 0
        if wish.over is not None:
            return self._write_over(wish, wish.over, seed=seed, number=number)
        primer, remarks = self._primer(wish)
        beginning = self._beginning(wish, primer)
        like = Score() if primer is None or self.encoding.hints.get("seconds") else primer
        if primer is not None:
            self.since = self._last_onset(beginning) + 1
        ids = self._written(wish, beginning, like, [seed, number])
        if wish.seconds is not None and primer is None and not self.encoding.hints.get("seconds"):  # its metre is known now
            ids = self._written(wish, beginning, self.encoding.decode(ids), [seed, number])
        self.ids = ids
        score = (
            self.encoding.resumed(ids, primer) if primer is not None and isinstance(self.encoding, Resuming) else self.encoding.decode(ids)
        )
        return self._finish(score, wish, seed=seed, number=number).with_warnings(*wish.remarks, *remarks)

    def fitted(self, wish: Wish) -> Wish:
        """Return the wish with room to go on: of a performance longer than what is wished the first third of that is the primer."""
        primer = wish.primer
        if primer is None or wish.seconds is None or wish.primer_bars is not None or not isinstance(self.encoding, Resuming):
            return wish
        length, begins = duration_seconds(primer), [float(seconds_at(primer, track.start.min())) for track in primer.tracks if len(track)]
        if length < wish.seconds or not begins:
            return wish
        given = wish.seconds / 3
        said = (
            f"primer: lasts {length:.0f} s, and {wish.seconds:g} s are wished in all; it is gone on from its first {given:g} s. "
            "--primer-seconds sets another length."
        )
        return replace(wish, primer=cut(primer, 0, int(ticks_at(primer, min(begins) + given))), remarks=(*wish.remarks, said))

    def _write_over(self, wish: Wish, piece: Score, *, seed: int, number: int) -> Score:
        """A new melody over the chords of a piece, in its accompaniment."""
        if not isinstance(self.encoding, Accompanying):
            raise EncodingError(
                f"--over: a model of '{self.encoding.name}' knows no melodies over chords. Train one: partimento train --model deepjazz."
            )
        opened = Writing.begin(self.model, self.encoding.grammar_over(piece), [self.encoding.start_id])
        score = self.encoding.put_over(self._write(opened, [seed, number], wish.condition), piece)
        return self._with_words(score if wish.tempo is None else with_tempo(score, wish.tempo), wish, seed=seed, number=number)

    def write_freely(self, wish: Wish, *, seed: int, number: int = 0) -> tuple[str, Score]:
        """Return what the model writes when no grammar watches over it: the text as it stands, and the music that can be made of it.

        Where no music can be made of it, the score has no notes, and its `warnings` say why.

        Args:
            wish: A start and a tempo; without rules nothing else can be kept.
            seed: 0 or more.
            number: Which of several pieces of one seed, from 0.

        Raises:
            ConfigError: When the wish asks for more.
            EncodingError: When the model's encoding is no text.
        """
        asked = {
            "--bars": wish.bars,
            "--seconds": wish.seconds,
            "--key": wish.key,
            "--primer": wish.primer,
            "--over": wish.over,
            "--melody": wish.melody,
            "--rewrite": wish.rewrite,
            "--max-copy": wish.condition,
            **wish.controls.options,
        }
        kept = [name for name, value in asked.items() if value is not None]
        if kept:
            raise ConfigError(f"--no-grammar: {kept[0]} is kept by the grammar alone. Leave one of the two out.")
        if seed < 0:
            raise ConfigError(f"--seed {seed}: expected 0 or more.")
        if not isinstance(self.encoding, Raw):
            raise EncodingError(f"--no-grammar: a model of '{self.encoding.name}' writes no text. Leave --no-grammar out.")
        end_id = self.encoding.vocabulary.ids.get("end")
        rules = NoRules(len(self.encoding.vocabulary), start_id=self.encoding.start_id, end_id=end_id)
        beginning = [self.encoding.start_id] if wish.start is None else start_ids(self.encoding, wish.start, None)
        self.since = 0
        text, score = self.encoding.raw(self._write(Writing.begin(self.model, rules, beginning), [seed, number], None))
        return text, self._named(score, wish, seed=seed, number=number)

    def _beginning(self, wish: Wish, primer: Score | None) -> list[int]:
        """The ids that the piece begins with."""
        if primer is not None:
            return [int(number) for number in self.encoding.encode(primer, whole=False)]
        if wish.start is not None:
            return start_ids(self.encoding, wish.start, self.encoding.grammar(bars=wish.bars, key=wish.key))
        return [self.encoding.start_id]

    def _written(self, wish: Wish, beginning: list[int], like: Score, seed: list[int]) -> NDArray[np.int32]:
        """A piece that begins so, id by id or, by a model that fills in, all at once."""
        if isinstance(self.model, Filling):
            return self._painted(wish, beginning, like, seed)
        if wish.rewrite is not None:
            raise EncodingError(
                f"--rewrite: a {self.bundle.card.model.get('name')} cannot look ahead. Take a model that fills in: a coconet."
            )
        if wish.primer is None:
            return self._write(self._open(wish, beginning, like), seed, wish.condition, self._bars(wish, like))
        if self._begun is None or self._begun[0] is not wish:
            self._begun = wish, self._open(wish, beginning, like)
        return self._write(self._begun[1], seed, wish.condition, self._bars(wish, like))

    def _painted(self, wish: Wish, beginning: list[int], like: Score, seed: list[int]) -> NDArray[np.int32]:
        """A piece by a model that fills in."""
        bars, key = self._bars(wish, like), wish.key if wish.primer is None else None

        def grammar(bars: int | None) -> Grammar:
            given = given_beforehand(self.encoding, wish.melody, wish.rewrite, wish.passage)
            return self.encoding.grammar(bars=bars, key=key) if given is None else given

        start = grammar(bars)
        for given in beginning:
            start.push(given)
        self._leave_room(wish, bars, start)
        self._held_up(self.model)  # refuses what is for models of frames alone
        chance, fits = np.random.default_rng(seed), self._fits(wish.condition)
        painter = Painter(self.model, self.sampling.filters(), chance, most=MOST_IDS, accept=fits)  # type: ignore[arg-type]  # `_written` saw it
        ids = painter.paint(grammar, beginning, bars)
        self.ids_written += painter.written
        return ids

    def _bars(self, wish: Wish, like: Score) -> int | None:
        """Bars that are wished; seconds are counted in bars of the first metre of `like`."""
        if wish.seconds is None:
            return wish.bars
        like = Score() if self.encoding.hints.get("seconds") else like
        quarters = bar_ticks(signatures(like)[0], like.ticks_per_quarter) / like.ticks_per_quarter
        return max(2, round(wish.seconds * self._tempo(wish) / 60 / quarters))

    def _open(self, wish: Wish, beginning: list[int], like: Score) -> Writing:
        """A piece that stands at the end of its beginning."""
        bars = self._bars(wish, like)
        key = wish.key if wish.primer is None else None
        model = self._plan(bars, key)
        if model is None:  # it knows no piece in that key: what it writes in another is moved there
            key, model = None, self._plan(bars, None) or self.model
        grammar = self.encoding.grammar(bars=bars, key=key) if wish.melody is None else below(self.encoding, wish.melody)
        opened = Writing.begin(wish.controls.steer(self._held_up(model, wish.melody), self.encoding), grammar, beginning)
        self._leave_room(wish, bars, opened.grammar)
        return opened

    def _leave_room(self, wish: Wish, bars: int | None, grammar: Grammar) -> None:
        """Refuse a primer that is as long as the piece is to be."""
        if wish.primer is not None and bars is not None and grammar.bars >= bars:
            asked = f"--bars {bars}" if wish.seconds is None else f"--seconds {wish.seconds:g} ({bars} bars)"
            raise EncodingError(f"{asked}: the primer alone has {grammar.bars} bars. Ask for more, or give --primer-bars.")

    def _held_up(self, model: SequenceModel, melody: Score | None = None) -> SequenceModel:
        """The model, conservative or steady where that is asked for, and as busy as fits a given melody."""
        if self.sampling.steady:
            if not isinstance(self.encoding, Paced):
                raise EncodingError(
                    f"--steady: a model of '{self.encoding.name}' does not play in time. It is for models of 'performance'."
                )
            speed = None if melody is None else melody.note_count / max(float(duration_seconds(melody)), 1.0)
            model = Steady(model, self.encoding.pulse, melody=speed)
        if not self.sampling.conservative:
            return model
        return Conservative(model, frame=int(self.encoding.hints.get("frame", 1)))

    def _plan(self, bars: int | None, key: KeySignature | None) -> SequenceModel | None:
        """The model as it writes a piece of `bars` bars in `key`, where it plans; the model itself where it does not."""
        if not isinstance(self.model, Planner):
            return self.model
        if (bars, key) in self._plans:
            return self._plans[bars, key]

        def may_open(ids: NDArray[np.int32]) -> bool:
            grammar = self.encoding.grammar(bars=bars, key=key)
            for number in ids.tolist():
                if not grammar.allowed()[number]:
                    return False
                grammar.push(number)
            return True

        self._plans = {(bars, key): self.model.planned(bars, may_open)}  # one is enough for many pieces of one wish
        return self._plans[bars, key]

    def _fits(self, condition: Condition | None) -> Callable[[Sequence[int]], bool] | None:
        """Whether the condition holds of a piece so far."""
        since = self.since
        return None if condition is None else lambda ids: condition.holds(self.encoding.decode(np.array(ids, np.int32)), since)

    def _last_onset(self, beginning: Sequence[int]) -> int:
        """Tick at which the last note of a beginning is struck."""
        tracks = self.encoding.decode(np.array(beginning, np.int32)).tracks
        return max((int(track.start[-1]) for track in tracks if len(track)), default=-1)

    def _write(self, opened: Writing, seed: list[int], condition: Condition | None, bars: int | None = None) -> NDArray[np.int32]:
        """A piece written to its end, that is to have so many bars."""
        fits = self._fits(condition)
        most = max(MOST_IDS * int(self.encoding.hints.get("frame", 1)), MOST_IN_A_BAR * (bars or 0))
        drafts = DRAFTS if self.encoding.hints.get("drafts", True) else 0
        writer = Writer(self.sampling.filters(), np.random.default_rng(seed), most=most, accept=fits, drafts=drafts)
        written = writer.write(opened) if bars is None else write_to_close(writer, opened, bars)
        self.ids_written += writer.written
        return np.array(written.ids, np.int32)

    def _tempo(self, wish: Wish) -> float:
        """The tempo wished, or the given music's where the encoding does not keep it, or the encoding's, in quarter notes per minute."""
        music = wish.primer or wish.melody or wish.rewrite
        kept = music is None or not music.tempos or self.encoding.hints.get("seconds")
        given = self.encoding.tempo if music is None or kept else music.tempos[0].bpm
        return given if wish.tempo is None else wish.tempo

    def _primer(self, wish: Wish) -> tuple[Score | None, tuple[str, ...]]:
        """The primer cut, moved and put on the grid, and what is to be said about it."""
        primer = wish.primer
        if primer is None:
            return None, ()
        if primer.note_count == 0:
            raise EncodingError("--primer: has no notes. Give a file with at least one, or leave --primer out.")
        if wish.primer_bars is not None:
            last = wish.primer_bars - (0 if primer.pickup else 1)
            primer = cut_bars(primer, 0, min(last, int(bar_starts(primer).size) - 1))
        if wish.key is not None:
            distance = (tonic_pitch_class(wish.key) - tonic_pitch_class(key_of(primer)) + 5) % 12 - 5
            primer = transpose(primer, distance)
        remarks: list[str] = []
        if isinstance(self.encoding, Resuming):
            primer, said = self.encoding.adapted(primer)
            remarks += said
        if self.encoding.grid is not None:
            step = 4 * primer.ticks_per_quarter / self.encoding.grid
            off = sum(int(np.count_nonzero((track.start % step != 0) | (track.end % step != 0))) for track in primer.tracks)
            if off:
                primer = quantize(primer, self.encoding.grid)
                remarks.append(f"primer: {counted(off, 'note was', 'notes were')} moved to the nearest {self.encoding.grid}th.")
        return primer, tuple(remarks)

    def _finish(self, score: Score, wish: Wish, *, seed: int, number: int) -> Score:
        """A score in the wished key and tempo, with its provenance."""
        if wish.key is not None and key_of(score) != replace(wish.key, tick=0):
            score = transpose(score, (tonic_pitch_class(wish.key) - tonic_pitch_class(key_of(score)) + 5) % 12 - 5)
        return self._named(score, wish, seed=seed, number=number)

    def _named(self, score: Score, wish: Wish, *, seed: int, number: int) -> Score:
        """A score in the wished tempo, with its provenance."""
        if self._tempo(wish) != self.encoding.tempo:
            score = with_tempo(score, self._tempo(wish))
        return self._with_words(score, wish, seed=seed, number=number)

    def _with_words(self, score: Score, wish: Wish, *, seed: int, number: int) -> Score:
        """A score with its title and its provenance."""
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
        settings += [f"{option.lstrip('-')} {words}" for option, words in wish.controls.options.items()]
        settings += [name for name in ("conservative", "steady") if getattr(sampling, name)]
        settings += [wish.condition.name] if wish.condition is not None else []
        settings += ["continuing a given beginning"] if wish.primer is not None or wish.start is not None else []
        settings += ["below a given melody"] if wish.melody is not None else []
        settings += ["over the chords of a given piece"] if wish.over is not None else []
        settings += ["bars {} to {} of a given piece written anew".format(*wish.passage)] if wish.passage is not None else []
        return (
            f"Composed by a machine: partimento {__version__}, model {self.bundle.card.name} "
            f"({self.bundle.fingerprint}), seed {seed}, piece {number + 1}, {', '.join(settings)}."
        )
