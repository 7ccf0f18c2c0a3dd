"""One track chunk's bytes into events: what is intact by regular expression, the rest one by one.

Stretches of intact channel messages are recognised by one expression, cut by another and decoded in columns, so
that a long track takes milliseconds. Meta events, system exclusives and damage are looked at one by one. After
damage the rest of the track is left out: what follows a lost byte may look like music and be none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from partimento.files import midi_words as words
from partimento.files.midi_conductor import Findings, Meta
from partimento.files.midi_events import Events
from partimento.score.note import LAST_TICK

MOST_STEPS = 300_000
"""Meta events, system exclusives and the like that are read at most in one file."""

MOST_MESSAGES = 4_000_000
"""Channel messages that are read at most in one file: the longest performance of MAESTRO has 0.2 million."""

_BLOCK_BYTES = 1 << 20
_BLOCK_MESSAGES = 1 << 19
_KEPT_METAS = frozenset(range(1, words.LAST_TEXT + 1)) | {words.TEMPO, words.TIME_SIGNATURE, words.KEY_SIGNATURE}

# Atomic groups, not possessive repeats of groups: the re of Python 3.11.2, which Debian 12 has, gets those wrong.
_DELTA = rb"(?>[\x80-\xff]{0,3})[\x00-\x7f]"
_TWO = rb"[\x80-\xbf\xe0-\xef][\x00-\x7f]{2}"
_ONE = rb"[\xc0-\xdf][\x00-\x7f]"
_AFTER_TWO = rb"(?>(?:" + _DELTA + rb"[\x00-\x7f]{2})*)"
_ONE_MORE = rb"(?:" + _DELTA + rb"[\x00-\x7f])"
_NO_MORE = rb"(?!" + _ONE_MORE + rb")"
_MESSAGES = rb"(?>(?:" + _DELTA + rb"(?:" + _TWO + _AFTER_TWO + rb"|" + _ONE + _NO_MORE + rb"))*)"

_INTACT = re.compile(_MESSAGES)
"""Channel messages in order, the first with its status byte."""

_PROGRAM = _DELTA + rb"[\xc0-\xcf][\x00-\x7f]" + _NO_MORE
_NO_PROGRAM = rb"(?>(?:" + _DELTA + rb"(?:" + _TWO + _AFTER_TWO + rb"|[\xd0-\xdf][\x00-\x7f]" + _NO_MORE + rb"))*)"
ONE_PROGRAM = re.compile(rb"(?>(?:" + _PROGRAM + rb")?)" + _NO_PROGRAM)
"""The same with at most one program change, before everything else."""

_INTACT_RUNNING = re.compile(_AFTER_TWO + _MESSAGES)
_ONES_RUNNING = re.compile(rb"(?>" + _ONE_MORE + rb"*)")
_ONES = re.compile(_DELTA + _ONE + rb"(?>" + _ONE_MORE + rb"*)")
_EVENT = re.compile(_DELTA + rb"(?:" + _TWO + rb"|" + _ONE + rb"|[\x00-\x7f]{2})")
_EVENT_OF_ONE = re.compile(_DELTA + rb"(?:" + _ONE + rb"|[\x00-\x7f])")

_STEP = b"\xf0\x00\x00"
"""Stands in the column of messages for an event that is none, so that its time is summed with the others."""


class Damage(Exception):
    """A track cannot be read further; the message says what was found there."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(what)
        self.place = place


def number_at(data: bytes, place: int, limit: int) -> tuple[int, int]:
    """Return the variable-length number at `place` and the place after it."""
    value = 0
    for at in range(place, min(place + 4, limit)):
        value = value << 7 | data[at] & 127
        if data[at] < 128:
            return value, at + 1
    raise Damage(place, "a number that does not end within 4 bytes" if place + 4 <= limit else "the track stops within a number")


@dataclass
class Budget:
    """What may still be read of a file, so that no file takes all time or memory."""

    steps: int = MOST_STEPS
    messages: int = MOST_MESSAGES


class TrackReader:
    """Reads one track chunk's bytes into `Events`.

    Args:
        data: The whole file.
        number: Which track it is, from 1.
        findings: Takes what is wrong.
        budget: What may still be read of this file.
    """

    def __init__(self, data: bytes, number: int, findings: Findings, budget: Budget) -> None:
        self.data = data
        self.number = number
        self.findings = findings
        self.budget = budget
        self.running = 0  # data bytes of a message without a status byte; 0 where there may be none
        self.ended = False  # by an end-of-track event, or by damage
        self.damaged = False
        self._after_step = False
        self._said_running = False
        self._messages: list[bytes] = []
        self._stretches: list[tuple[int, int]] = []  # (index into messages, byte) where consecutive messages start
        self._metas: list[tuple[int, int, int, bytes]] = []  # (index into messages, byte, type, content)
        self._decoder = MessageDecoder(number)

    def read(self, start: int, limit: int) -> int:
        """Read events from byte `start` up to `limit`; return the byte after the last one that was understood."""
        place = start
        try:
            while place < limit and not self.ended:
                after = self._stretch(place, min(limit, place + _BLOCK_BYTES))
                place = self._step(place, limit) if after == place else after
                if len(self._messages) > _BLOCK_MESSAGES:
                    self._decode()
        except Damage as damage:
            self.findings.add(f"{damage}; what follows in this track is left out.", self.number, damage.place)
            self.ended = self.damaged = True
        self._decode()
        return place

    def events(self) -> Events:
        """Return what was read."""
        return self._decoder.events(self.findings)

    def _stretch(self, place: int, limit: int) -> int:
        """Take the intact messages at `place`; return the byte after them."""
        if self.running == 1:
            after = self._take(_ONES_RUNNING, _EVENT_OF_ONE, place, limit)
            if after > place:
                return after
        after = self._take(_INTACT_RUNNING if self.running == 2 else _INTACT, _EVENT, place, limit)
        if after > place:
            last = self._messages[-1]
            self.running = 1 if len(last) > 2 and last[-2] >= 0xC0 else 2
        return after

    def _take(self, stretch: re.Pattern[bytes], event: re.Pattern[bytes], place: int, limit: int) -> int:
        """Take the messages that `stretch` finds at `place`, one for each `event`; return the byte after them."""
        match = stretch.match(self.data, place, limit)
        if match is None or match.end() == place:
            return place
        if self.budget.messages <= 0:
            raise Damage(place, f"more than {MOST_MESSAGES} messages")
        self._stretches.append((len(self._messages), place))
        found = event.findall(self.data, place, match.end())
        self._messages += found
        self.budget.messages -= len(found)
        if self._after_step:
            self._after_step = False
            if self.data[number_at(self.data, place, limit)[1]] < 0x80 and not self._said_running:
                self._said_running = True
                self.findings.add("running status goes on across a meta event or system exclusive; read as meant.", self.number, place)
        return match.end()

    def _step(self, place: int, limit: int) -> int:
        """Take the one event at `place`, which is no intact message; return the byte after it."""
        self.budget.steps -= 1
        if self.budget.steps < 0:
            raise Damage(place, f"more than {MOST_STEPS} meta events and the like")
        at = number_at(self.data, place, limit)[1]
        if at >= limit:
            raise Damage(place, "the track stops before its end-of-track event")
        status = self.data[at]
        if 0xC0 <= status < 0xE0 and _ONES.match(self.data, place, limit):
            self.running = 1
            return self._take(_ONES, _EVENT_OF_ONE, place, min(limit, place + _BLOCK_BYTES))
        if status < 0xF0:
            expected = "data bytes below 80" if status >= 0x80 or self.running else "a status byte of 80 or above"
            raise Damage(at, f"bytes {self.data[at : min(at + 3, limit)].hex(' ')}, expected {expected}")
        self._stretches.append((len(self._messages), place))
        self._messages.append(self.data[place:at] + _STEP)
        self._after_step = True
        if status == 0xFF:
            return self._meta(at, limit)
        if status in (0xF0, 0xF7):
            return self._content(at + 1, limit, "a system exclusive")[1]
        if status < 0xF8:
            raise Damage(at, f"status byte {status:02X}, which has no meaning in a file")
        self.findings.add(f"real-time byte {status:02X}, which does not belong in a file, skipped.", self.number, at)
        return at + 1

    def _meta(self, at: int, limit: int) -> int:
        """Take the meta event whose FF stands at `at`; return the byte after it."""
        if at + 1 >= limit:
            raise Damage(at, "a meta event that is cut")
        kind = self.data[at + 1]
        content, after = self._content(at + 2, limit, f"a meta event of type {kind:02X}")
        if kind == words.END_OF_TRACK:
            self.ended = True
        elif kind >= 0x80:
            self.findings.add(f"meta event of type {kind:02X}, expected 00 to 7F; left out.", self.number, at)
        elif kind in _KEPT_METAS:
            self._metas.append((len(self._messages) - 1, at, kind, content))
        return after

    def _content(self, place: int, limit: int, what: str) -> tuple[bytes, int]:
        """Return the bytes whose count stands at `place`, and the byte after them."""
        size, start = number_at(self.data, place, limit)
        if size > limit - start:
            raise Damage(place, f"{what} that claims {size} bytes where {limit - start} are left in the track")
        return self.data[start : start + size], start + size

    def _decode(self) -> None:
        """Turn the messages collected so far into columns."""
        self._decoder.decode(self._messages, self._stretches, self._metas)
        self._messages, self._stretches, self._metas = [], [], []


class MessageDecoder:
    """Turns channel messages, each a time and up to three bytes, into the columns of `Events`.

    Args:
        number: Which track it is, from 1.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._tick = 0
        self._status = 0
        self._parts: list[Events] = []
        self._late: int | None = None

    def decode(self, messages: list[bytes], stretches: list[tuple[int, int]], metas: list[tuple[int, int, int, bytes]]) -> None:
        """Decode one block.

        Args:
            messages: Each with its time before it; data bytes alone repeat the status of the message before.
            stretches: Index of a message and the byte of the file where it stands, wherever that is not right
                after the one before.
            metas: Index of a message, byte, type and content of each meta event that is kept.
        """
        if not messages or self._late is not None:
            return
        raw = np.frombuffer(b"".join(messages), np.uint8)
        ends = np.cumsum(np.fromiter(map(len, messages), np.int64, len(messages)))
        starts = np.concatenate([[0], ends[:-1]])
        at = starts.copy()  # walks over the time's bytes to its last one
        delta = (raw[at] & 127).astype(np.int64)
        longer = np.flatnonzero(raw[at] >= 128)
        while longer.size:
            at[longer] += 1
            byte = raw[at[longer]]
            delta[longer] = delta[longer] << 7 | byte & 127
            longer = longer[byte >= 128]
        head = raw[at + 1]
        has_status = head >= 128
        own = np.where(has_status & (head < 0xF0), np.arange(1, head.size + 1), 0)
        status = np.concatenate([[self._status], head])[np.maximum.accumulate(own)]
        status[head >= 0xF0] = 0xF0
        first = raw[np.minimum(at + 1 + has_status, ends - 1)]
        second = np.where(ends - at - 1 - has_status == 2, raw[ends - 1], 0)
        tick = self._tick + np.cumsum(delta)
        begin = np.array(stretches)
        place = starts + np.repeat(begin[:, 1] - starts[begin[:, 0]], np.diff(np.append(begin[:, 0], len(messages))))
        if tick[-1] > LAST_TICK:
            keep = int(np.searchsorted(tick, LAST_TICK, side="right"))
            self._late = int(place[keep])
            tick = np.minimum(tick, LAST_TICK)
            metas = [meta for meta in metas if meta[0] < keep]
            status[keep:] = 0xF0
        self._tick, self._status = int(tick[-1]), int(status[np.flatnonzero(status < 0xF0)[-1]]) if (status < 0xF0).any() else self._status
        kept = np.flatnonzero(status < 0xF0)
        self._parts.append(
            Events(
                self.number,
                tick[kept].astype(np.int32),
                place[kept].astype(np.int32),
                status[kept].astype(np.uint8),
                first[kept],
                second[kept].astype(np.uint8),
                [Meta(int(tick[index]), where, kind, content) for index, where, kind, content in metas],
            )
        )

    def events(self, findings: Findings) -> Events:
        """Return everything that was decoded, as one track."""
        if self._late is not None:
            findings.add(f"events later than tick {LAST_TICK}; they and what follows in this track are left out.", self.number, self._late)
        if len(self._parts) == 1:
            return self._parts[0]
        if not self._parts:
            return Events(self.number)
        joined = {
            name: np.concatenate([getattr(part, name) for part in self._parts]) for name in ("tick", "place", "status", "first", "second")
        }
        return Events(self.number, **joined, metas=[meta for part in self._parts for meta in part.metas])
