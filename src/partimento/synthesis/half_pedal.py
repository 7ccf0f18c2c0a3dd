"""A piano under two hands and a foot: a half pedal lets the dampers touch the strings a little, and what is struck again rings on.

`NoteBank.play` knows a pedal as longer notes. Here each key has its damper: off the strings while the key is down, else as far on them as
the pedal lets it. Strikes of a key whose strings still ring take something from what rings, and add their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_bank import FIRST_UNDAMPED, STILL, Dampers, NoteBank, share_left

RATE = 1000
"""Values a second of how firmly dampers lie on the strings."""

_STRUCK_SECONDS = 0.01  # in which a hammer takes its part of what rings


@dataclass(frozen=True)
class Foot:
    """How firmly a pedal lets the dampers lie on the strings.

    Attributes:
        begin: Of the first value, seconds.
        contact: 0 not at all, 1 with all their weight; `RATE` values a second, shape (values,).
    """

    begin: float
    contact: NDArray[np.float64]

    def place(self, seconds: float) -> int:
        """Return the number of the value at a time, of the first or behind the last one outside."""
        return min(max(round((seconds - self.begin) * RATE), 0), len(self.contact))


def half_pedalled(bank: NoteBank, strikes: TimedNotes, foot: Foot, seconds: float, *, dampers: Dampers, kept: float) -> NDArray[np.float32]:
    """Return what is heard, shape (frames,).

    Args:
        bank: The piano.
        strikes: The notes; they end when their keys come up.
        foot: The pedal, from the first strike on.
        seconds: Length of the stretch.
        dampers: How they work; their ``delay`` is not looked at.
        kept: Share of what rings of a string that another strike of its key leaves.
    """
    mix = np.zeros(round(seconds * bank.sample_rate), np.float32)
    for key in np.unique(strikes.key).tolist():
        mine = strikes.where(strikes.key == key)
        order = np.argsort(mine.start, kind="stable")
        start, end, velocity = mine.start[order], mine.end[order], mine.velocity[order]
        contact = foot.contact.copy() if key < FIRST_UNDAMPED else np.zeros_like(foot.contact)
        for down, up in zip(start, end, strict=True):
            contact[foot.place(down) : foot.place(up)] = 0
        touched = np.append(0, np.cumsum(contact)) / RATE
        for number, again in enumerate(np.append(start[1:], np.inf).tolist()):
            sound, gain = bank.struck(key, velocity[number])
            begin = round(start[number] * bank.sample_rate)
            into, sound = mix[max(begin, 0) :], sound[max(-begin, 0) :]
            into = into[: len(sound)]
            free = min(max(round(min(end[number], again) * bank.sample_rate) - max(begin, 0), 0), len(into))
            into[:free] += sound[:free] * gain
            since = (max(begin, 0) + free) / bank.sample_rate
            until = since + (len(into) - free) / bank.sample_rate
            first, last = foot.place(since), min(foot.place(until) + 2, len(touched))
            fade = share_left(key, touched[first:last] - touched[foot.place(start[number])], dampers)
            fade *= _after(start[number + 1 :], foot.begin + np.arange(first, last) / RATE, kept)
            _add(into[free:], sound[free : len(into)] * gain, fade, bank.sample_rate)
    return mix


def _after(strikes: NDArray[np.float64], time: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """Share of what rang that later strikes of the key leave of it, at some times."""
    share = np.ones(len(time))
    for strike in strikes[strikes < (time[-1] if len(time) else 0)]:
        share *= kept + (1 - kept) * np.exp(-np.maximum(time - strike, 0) / _STRUCK_SECONDS)
        if share.max() < STILL:
            break
    return share


def _add(into: NDArray[np.float32], sound: NDArray[np.float32], fade: NDArray[np.float64], sample_rate: int) -> None:
    """Add a sound that changes by `fade`, of `RATE` values a second, until it is still."""
    if len(fade) < 2:  # nothing to go between
        return
    still = np.flatnonzero(fade < STILL)
    fade = fade[: still[0] + 1] if still.size else fade
    count = min((len(fade) - 1) * sample_rate // RATE, len(into))
    if count > 0:
        share = np.interp(np.arange(count) * (RATE / sample_rate), np.arange(len(fade)), fade)
        into[:count] += sound[:count] * share.astype(np.float32)
