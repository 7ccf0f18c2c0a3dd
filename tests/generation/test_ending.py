"""How performances close."""

import numpy as np
import pytest

from partimento.encoding.performance.layout import BAR_STEPS, END, FIRST_ON, START
from partimento.encoding.performance.performance import Performance
from partimento.generation.ending import SHORTEST_BARS, write_to_close
from partimento.generation.load import load
from partimento.generation.sampler import Writer, Writing
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds, seconds_at

PLAIN = Performance()
LAYOUT = PLAIN._layout
C, E_FLAT, F_SHARP, G = (60 - LAYOUT.lowest, 63 - LAYOUT.lowest, 66 - LAYOUT.lowest, 67 - LAYOUT.lowest)


class Pianist:
    """Strikes C with another key, lets both go a second later, and so on; after `last` the end is as likely as a tenth."""

    vocabulary = LAYOUT.size

    def __init__(self, others, last):
        self.others, self.last = others, last

    def start(self, batch):
        return (np.zeros((batch, 1), np.int64),)  # chords so far

    def step(self, ids, state):
        chords = state[0] + (ids[:, None] == FIRST_ON + C)
        other = self.others[int(chords[0, 0]) % len(self.others)]
        figure = [LAYOUT.first_velocity + 15, FIRST_ON + C, FIRST_ON + other, LAYOUT.first_shift + 99]
        figure += [LAYOUT.first_off + C, LAYOUT.first_off + other, LAYOUT.first_shift + 9, FIRST_ON + C]
        logits = np.full((1, LAYOUT.size), -12.0, np.float32)
        follows = dict(zip([START, *figure], figure, strict=False))
        logits[0, follows.get(int(ids[0]), figure[4])] = 0.0
        logits[0, END] = -2.3 if other == self.last else -12
        return logits, (chords,)


def closed(others, last, *, accept=None, bars=20):
    writer = Writer([], np.random.default_rng(0), most=10_000, accept=accept, drafts=0)
    opened = Writing.begin(Pianist(others, last), PLAIN.grammar(bars=bars), [START])
    return PLAIN.decode(np.array(write_to_close(writer, opened, bars).ids, np.int32))


def last_keys(score):
    track = score.tracks[0]
    return sorted(track.pitch[track.end == track.end.max()].tolist())


def test_it_closes_where_the_model_would_end():
    assert last_keys(closed([G, E_FLAT], G)) == [60, 67]
    assert last_keys(closed([G, E_FLAT], E_FLAT)) == [60, 63]


def test_a_rough_chord_is_no_close_where_another_is_as_likely():
    assert last_keys(closed([F_SHARP, G], None)) == [60, 67]


def test_what_is_not_accepted_is_no_close():
    def accept(ids):
        return END not in ids or LAYOUT.first_off + E_FLAT == ids[-2]

    assert last_keys(closed([G, E_FLAT], G, accept=accept)) == [60, 63]


def test_a_piece_too_short_to_close_ends_where_it_may():
    bars = SHORTEST_BARS - 1
    opened = Writing.begin(Pianist([G], None), PLAIN.grammar(bars=bars), [START])
    plain, close = (Writer([], np.random.default_rng(0), most=10_000, drafts=0) for _ in range(2))
    assert write_to_close(close, opened, bars).ids == plain.write(opened).ids


@pytest.mark.parametrize("encoding", [PLAIN, Performance("events")])
def test_what_rings_out_is_let_go_and_ends(encoding):
    track = Track((0, 0, 300), (5000, 5000, 5000), (48, 64, 67), (80, 80, 80), controls=np.array([[10, 64, 127]]))
    grammar = encoding.grammar(bars=30)
    for number in encoding.encode(Score(500, (track,)), whole=False):
        grammar.push(int(number))
        if grammar.ringing():
            break
    assert grammar.sounding[:2] == [48, 64]
    for number in (ringing := grammar.ringing())[:-1]:
        assert grammar.allowed()[number]
        grammar.push(number)
    grammar.push(ringing[-1])
    assert ringing[-1] == END and grammar.finished and not grammar.sounding


def test_a_key_that_has_to_be_let_go_soon_does_not_ring_out():
    track = Track((0, 9500, 9500), (9990, 400, 400), (48, 64, 67), (80, 80, 80))  # a key lasts for ten seconds at most
    grammar = PLAIN.grammar(bars=30)
    found = []
    for number in PLAIN.encode(Score(500, (track,)), whole=False):
        grammar.push(int(number))
        found.append(grammar.ringing())
    assert len(grammar.sounding) < 3 and not any(found)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_pianist_closes_within_the_wished_length(seed):
    score = load("piano-performer").compose(seconds=24, seed=seed)
    track = score.tracks[0]
    end, last = float(duration_seconds(score)), float(seconds_at(score, track.start.max()))
    assert 24 - 3 * BAR_STEPS / 100 < end <= 24 and 1.2 <= end - last <= 2.6
    assert np.count_nonzero(track.end == track.end.max()) >= 2
