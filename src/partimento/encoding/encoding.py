"""What every encoding does, and the grammar that keeps a sampler from writing nonsense."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.vocabulary import Vocabulary
from partimento.models.steady import Pulse
from partimento.score import KeySignature, Score

Ids = NDArray[np.int32]
"""A piece as numbers, shape (length,)."""

Mask = NDArray[np.bool_]
"""Which ids may follow, shape (vocabulary,)."""


class Grammar(Protocol):
    """Follows one piece as it grows, id by id, and says what may come next."""

    @property
    def finished(self) -> bool:
        """True when the piece has ended and nothing may follow."""

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,); all False once finished."""

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""


@runtime_checkable
class Formed(Protocol):
    """A grammar that knows more of the form than it lets come next: repeats that stand open, bars of a section."""

    @property
    def form(self) -> Hashable:
        """Where in its form the piece stands; equal at places from which the same form may follow."""


@runtime_checkable
class Closing(Protocol):
    """A grammar that knows a piece to be on its way to its end before it is there."""

    @property
    def closing(self) -> bool:
        """Whether the end is in sight: the piece cannot go on from here but to its end."""


@runtime_checkable
class Ringing(Protocol):
    """A grammar that knows how a piece may end before its time: what was struck last rings out."""

    @property
    def sounding(self) -> Sequence[int]:
        """MIDI keys that sound now."""

    def ringing(self) -> Sequence[int]:
        """Return the ids that let ring what sounds, let it go and end the piece; none where it cannot end so now."""


@runtime_checkable
class Yielding(Protocol):
    """A grammar that knows what is meant by some of what may not come, such as a wait too long, and what a model tends to forget."""

    def yielded(self, chances: NDArray[np.float64], allowed: Mask) -> NDArray[np.float64]:
        """Return the chances with those of what may not come given to what is meant by it, shape (vocabulary,), of the same sum.

        Args:
            chances: Not negative, of any sum; they stay as they are.
            allowed: The grammar's own mask.
        """


@runtime_checkable
class Template(Protocol):
    """A grammar of pieces of which some ids stand beforehand."""

    @property
    def given(self) -> int:
        """The id that comes next, -1 where it is not given."""


class Encoding(Protocol):
    """Score to ids and back. `decode(encode(score))` says the same music, in as far as `losses` allows."""

    @property
    def name(self) -> str:
        """The encoding's name on the command line and in a bundle's card."""

    @property
    def losses(self) -> str:
        """One sentence: what of a score this encoding does not keep."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""

    @property
    def grid(self) -> int | None:
        """Notes to a whole note of the grid all notes must lie on, such as 16; None where there is none."""

    @property
    def hints(self) -> Mapping[str, Any]:
        """What a network may know of the ids, as JSON values; each takes what it understands.

        ``lags``: places back at which an id says most about the next; a recurrent network looks there.
        ``frame``: ids of one step of time, where every step has as many; the first id of a piece comes before them.
        ``groups``: first id and size of each group of ids that take turns, in the order of their turns.
        ``keyboard``: true where all tracks play on one keyboard, so that pieces are moved as far as its keys reach, not a voice's range.
        ``voices``: how many voices stand side by side in each step, and what its ids mean, see `models.coconet_cells.Layout`.
        ``seconds``: true where ids count seconds and not beats, so that the tempo of a beginning is in them already.
        ``drafts``: false where bars are not to be written anew for what the grammar insisted on, see `generation.sampler.Writer`.
        """

    @property
    def transpositions(self) -> tuple[int, ...]:
        """Semitones by which pieces are moved to learn from, 0 among them."""

    @property
    def tempo(self) -> float:
        """Quarter notes per minute of what it decodes."""

    @property
    def start_id(self) -> int:
        """The id every piece begins with."""

    def encode(self, score: Score, *, whole: bool = True) -> Ids:
        """Return `score` as ids, shape (length,), start included, and the end where the score is `whole`.

        Raises:
            EncodingError: When the score holds what the encoding cannot say; the message says what and where.
        """

    def decode(self, ids: Ids) -> Score:
        """Return the score that `ids` say; a piece cut short gives what stands before the cut."""

    def allowed(self, ids: Ids) -> Mask:
        """Return which ids may follow `ids`, shape (vocabulary,)."""

    def grammar(self, *, bars: int | None = None, key: KeySignature | None = None) -> Grammar:
        """Return a grammar at the very start of a piece.

        Args:
            bars: Full bars the piece must have; the model decides where None.
            key: Key the piece must be in; the model decides where None.
        """

    def voice_tokens(self, ids: Ids) -> int:
        """Return by how many musical units of this encoding a likelihood over `ids` is divided."""

    def options(self) -> Mapping[str, object]:
        """Return the settings that `encoding.catalog.build` needs to make this encoding again (JSON values)."""


def allowed_after(grammar: Grammar, ids: Ids) -> Mask:
    """Return what a grammar at the start of a piece allows after `ids`, shape (vocabulary,): the `allowed` of every encoding."""
    for number in ids:
        grammar.push(int(number))
    return grammar.allowed()


@runtime_checkable
class Fitting(Protocol):
    """An encoding that takes something, such as a dictionary, from the pieces that are to be learnt from."""

    def fitted_to(self, scores: Iterable[Score]) -> Encoding:
        """Return this encoding with what it takes from `scores`; it says every piece that it said before."""


def fitted(encoding: Encoding, scores: Iterable[Score]) -> Encoding:
    """Return `encoding` fitted to the pieces that are to be learnt from, and to no other; itself where it takes nothing from them.

    Args:
        encoding: Any encoding.
        scores: Read only where the encoding is a `Fitting` one.
    """
    return encoding.fitted_to(scores) if isinstance(encoding, Fitting) else encoding


@runtime_checkable
class Moving(Protocol):
    """An encoding whose ids can be moved to another key as they stand, so that no copy in any key need be kept."""

    @property
    def stretches(self) -> tuple[float, ...]:
        """Factors of time by which pieces are also slowed down or sped up to learn from, 1 first."""

    def moved(self, ids: Ids, semitones: int) -> Ids | None:
        """Return the same whole piece `semitones` higher, as `encode` would say it; None where a key would be out of range."""


@runtime_checkable
class Typed(Protocol):
    """What an encoding that is text does beside: it takes a beginning as a person types it."""

    def text_ids(self, text: str) -> Sequence[tuple[int, int]]:
        """Return `text` as ids without the start, each with the place in `text`, from 0, where what it says begins.

        Raises:
            EncodingError: When there is no id for something, naming it and its place; whether the ids may follow each
                other is for the grammar to say.
        """


@runtime_checkable
class Raw(Protocol):
    """What an encoding that is text does with ids that no grammar has watched over."""

    def raw(self, ids: Ids) -> tuple[str, Score]:
        """Return the text that `ids` say, as it stands, and the music that can be made of it, its `warnings` saying how.

        Where there is no music in it, the score has no notes.
        """


@runtime_checkable
class Resuming(Protocol):
    """What an encoding does beside that keeps less of a beginning than it was given: it takes the beginning back as it was."""

    def adapted(self, primer: Score) -> tuple[Score, tuple[str, ...]]:
        """Return what it can say of `primer`, and a sentence on each thing that it cannot, or that will be heard.

        Raises:
            EncodingError: When nothing is left of it.
        """

    def resumed(self, ids: Ids, primer: Score) -> Score:
        """Return the score that `ids` say, with what is said of `primer`, an adapted one, as it was given."""


@runtime_checkable
class Harmonising(Protocol):
    """An encoding that can put voices below a melody."""

    def below(self, melody: Score) -> Grammar:
        """Return a grammar, at the very start, of pieces whose top voice is `melody`: its metre, key and length are theirs.

        Raises:
            EncodingError: When the melody is none, or cannot be said.
        """


@runtime_checkable
class Accompanying(Protocol):
    """What an encoding of melodies over chords does beside: it writes over the harmony of a given piece."""

    def grammar_over(self, piece: Score) -> Grammar:
        """Return a grammar at the very start that keeps to the bars, the metre and the chords of `piece`.

        Raises:
            EncodingError: When `piece` has no melody to replace, or a metre that cannot be said.
        """

    def put_over(self, ids: Ids, piece: Score) -> Score:
        """Return `piece` with the melody that `ids` say in place of its own."""


@runtime_checkable
class Steerable(Protocol):
    """What an encoding does beside whose ids tell what music is to follow: it says which ids ask for what."""

    @property
    def controls(self) -> frozenset[str]:
        """What its ids tell: names of the arguments of `wished`, perhaps none."""

    def wished(self, *, notes_per_second: float | None = None, pitch_classes: Sequence[float] | None = None) -> Sequence[tuple[range, int]]:
        """Return the groups of ids that a wish settles, each with the one of them that is always to be said.

        Args:
            notes_per_second: Notes struck a second, 0 or more; the model decides where None.
            pitch_classes: Twelve weights from C on, 0 or more; the model decides where None.
        """


@runtime_checkable
class Paced(Protocol):
    """What an encoding does beside whose ids let time pass: it says how fast and how loud each of them plays."""

    @property
    def pulse(self) -> Pulse:
        """What each id does."""


@runtime_checkable
class Inpainting(Protocol):
    """An encoding that can leave a passage of a piece open."""

    def around(self, piece: Score, passage: tuple[int, int]) -> Grammar:
        """Return a grammar, at the very start, of pieces that are as `piece` but for what its voices do in some bars.

        Args:
            piece: It is kept elsewhere.
            passage: First and last bar to be written anew, from 1; a pickup is bar 0.

        Raises:
            EncodingError: When the piece cannot be said, or has no such bars.
        """
