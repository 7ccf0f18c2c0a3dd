from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from partimento.encoding.encoding import Yielding
from partimento.errors import EncodingError
from partimento.generation.filters import Sampling
from partimento.generation.sampler import DRAFTS, LINES_KEPT, PASSAGE, Writer, Writing
from partimento.models.model import Logits, State


class Counting:
    """A model whose state is the number of ids read, and which always thinks the same of the next."""

    vocabulary = 4

    def __init__(self, chances: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)) -> None:
        self.logits = np.log(np.array([chances], np.float32))
        self.steps = 0

    def start(self, batch: int) -> State:
        return (np.zeros((batch, 1), np.int64),)

    def step(self, ids: np.ndarray, state: State) -> tuple[Logits, State]:
        self.steps += 1
        return self.logits, (state[0] + 1,)


class Reader(Counting):
    """The same, reading many ids at once."""

    memory = 6

    def read_many(self, ids: np.ndarray, state: State) -> tuple[Logits, State]:
        self.steps += 100
        return np.stack([self.logits - place for place in range(ids.shape[1])], axis=1), (state[0] + ids.shape[1],)


class Until:
    """A grammar that never allows id 0 and ends the piece with id 3 after `length` ids."""

    def __init__(self, length: int) -> None:
        self.length, self.read = length, []

    @property
    def finished(self) -> bool:
        return bool(self.read) and self.read[-1] == 3

    @property
    def bars(self) -> int:
        return len(self.read)

    def allowed(self) -> np.ndarray:
        return np.array([False, True, True, False]) if len(self.read) < self.length else np.array([False, False, False, True])

    def push(self, number: int) -> None:
        self.read.append(number)


FREELY = Sampling().filters()


def opened(length: int = 50, model: Counting | None = None) -> Writing:
    return Writing.begin(model or Counting(), Until(length), [1])


def write(writing: Writing, seed: int = 0, *, most: int = 10_000, accept: Callable[[Sequence[int]], bool] | None = None) -> Writing:
    return Writer(FREELY, np.random.default_rng(seed), most=most, accept=accept).write(writing)


def test_only_what_the_grammar_allows_is_written() -> None:
    written = write(opened())
    assert set(written.ids[:-1]) == {1, 2}
    assert written.ids[-1] == 3


def test_choices_follow_the_chances() -> None:
    writing, random = opened(10**6), np.random.default_rng(1)
    found = Counter(writing.choose(FREELY, random) for _ in range(4000))
    assert found[1] / 4000 == pytest.approx(0.6, abs=0.03)  # 0.3 of the 0.5 that is allowed
    assert set(found) == {1, 2}


def test_what_is_meant_by_what_may_not_come_is_written() -> None:
    class Understanding(Until):
        """Takes id 0 for id 2."""

        def yielded(self, chances: np.ndarray, allowed: np.ndarray) -> np.ndarray:
            assert allowed.tolist() == [False, True, True, False]
            return chances * [0, 1, 1, 1] + [0, 0, chances[0], 0]

    writing, random = Writing.begin(Counting(), Understanding(10**6), [1]), np.random.default_rng(1)
    found = Counter(writing.choose(FREELY, random) for _ in range(4000))
    chances = np.exp(writing.logits) / np.exp(writing.logits).sum()
    assert found[2] / 4000 == pytest.approx((chances[0] + chances[2]) / (1 - chances[3]), abs=0.03)
    assert set(found) == {1, 2}
    assert writing.forced_nats == pytest.approx(-4000 * np.log(1 - chances[3]), rel=1e-5)
    assert isinstance(writing.grammar, Yielding) and not isinstance(Until(1), Yielding)


def test_one_seed_one_piece() -> None:
    pieces = [write(opened(), seed).ids for seed in (5, 5, 6)]
    assert pieces[0] == pieces[1] != pieces[2]


def test_what_was_forced_is_counted() -> None:
    writing, random = opened(3), np.random.default_rng(0)
    while not writing.grammar.finished:
        writing.push(writing.choose(FREELY, random))
    assert writing.forced_nats == pytest.approx(-2 * np.log(0.5) - np.log(0.1), rel=1e-5)  # two free ids, then the end


def test_where_the_grammar_insists_the_passage_is_written_again_and_the_best_is_kept() -> None:
    class Hears:
        """A model that expects the end only after id 2."""

        vocabulary = 4

        def start(self, batch: int) -> State:
            return (np.zeros((batch, 1), np.int64),)

        def step(self, ids: np.ndarray, state: State) -> tuple[Logits, State]:
            end = 0.5 if ids[0] == 2 else 0.001
            return np.log(np.array([[0.001, 0.7, 0.3, end]], np.float32)), state

    ends = Counter()
    for seed in range(40):
        writer = Writer(FREELY, np.random.default_rng(seed), most=1000)
        written = writer.write(Writing.begin(Hears(), Until(20), [1]))
        assert len(written.ids) == 21
        assert writer.written in range(20, 20 + DRAFTS * (PASSAGE + 1) + 1)
        ends[written.ids[-2]] += 1
    assert ends[2] >= 28  # by chance it would be 12


def test_a_fork_is_written_on_by_itself_and_reads_the_beginning_once() -> None:
    model = Counting()
    writing = Writing.begin(model, Until(20), [1, 2, 1])
    assert model.steps == 3
    one = write(writing.fork(), 1).ids
    two = write(writing.fork(), 2).ids
    assert writing.ids == one[:3] == two[:3] == [1, 2, 1]
    assert one != two
    assert model.steps == 3 + len(one) - 3 + len(two) - 3


def test_bars_that_are_not_accepted_are_written_anew() -> None:
    def no_three_alike(ids: Sequence[int]) -> bool:
        return all(len(set(ids[at : at + 3])) > 1 for at in range(len(ids) - 2))

    freely = write(opened(200), 0, most=1000)
    bound = write(opened(200), 0, most=1000, accept=no_three_alike)
    assert not no_three_alike(freely.ids)
    assert no_three_alike(bound.ids)
    assert len(bound.ids) == 201


def test_a_dead_end_is_left_by_going_further_back() -> None:
    def began_with_two(ids: Sequence[int]) -> bool:  # noticed four bars too late
        return len(ids) < 6 or ids[1] == 2

    random = next(seed for seed in range(99) if write(opened(6), seed, most=99).ids[1] == 1)
    assert write(opened(6), random, most=1000, accept=began_with_two).ids[1] == 2


def test_what_is_never_accepted_is_given_up() -> None:
    with pytest.raises(EncodingError, match="300 ids written and no end in sight. Loosen --max-copy"):
        write(opened(10), 0, most=300, accept=lambda ids: False)


def test_an_endless_piece_is_given_up() -> None:
    with pytest.raises(EncodingError, match="20 ids written and no end in sight"):
        write(opened(10**6), 0, most=20)


def test_a_piece_needs_a_beginning() -> None:
    with pytest.raises(EncodingError, match="begins with at least one id"):
        Writing.begin(Counting(), Until(3), [])


def test_a_beginning_is_read_at_once_where_the_model_can():
    reader, grammar = Reader(), Until(50)
    writing = Writing.begin(reader, grammar, list(np.array([1, 2, 1], np.int32)))
    assert reader.steps == 100
    assert writing.ids == grammar.read == [1, 2, 1]
    assert all(type(number) is int for number in writing.ids)
    assert writing.state[0].item() == 3
    assert np.array_equal(writing.logits, (reader.logits[0] - 2).astype(np.float64))
    writing.push(2)
    assert (writing.state[0].item(), reader.steps) == (4, 101)


def test_of_a_long_beginning_the_end_alone_is_read() -> None:
    long = Writing.begin(Reader(), Until(50), [1, 2] * 10)
    assert len(long.ids) == 20 and len(long.grammar.read) == 20  # type: ignore[attr-defined]  # an `Until`
    assert long.state[0].tolist() == [[6]]


def test_a_long_piece_keeps_its_last_bar_lines_alone() -> None:
    asked: list[int] = []

    def accept(ids: Sequence[int]) -> bool:
        asked.append(len(ids))
        return not 200 <= len(asked) < 200 + 30

    writing = write(opened(300), accept=accept)
    assert len(writing.ids) == 301
    assert max(asked[:200]) == 201 and min(asked[200:]) == 2, "taken back beyond the lines that were kept, it begins anew"
    assert len({length for length in asked[200:230] if length < 201 - LINES_KEPT}) == 1
