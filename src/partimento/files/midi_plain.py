"""Whether bytes are nothing but intact channel messages, told in whole arrays: what almost every recorded performance is.

A message is a time of up to three bytes of 80 or above and one below, a status byte, and two bytes below 80; a message of the
same kind as the one before may leave the status byte out. So every message has three low bytes, and how many stand before a
high byte says what it must be: a multiple of three, and it belongs to a time; one more, and it is a status byte; two more, and
something is wrong. High bytes are few, and only they are looked at.

What is said here to be intact is also intact to the expressions of `midi_track`. They know more: messages with one byte of
data, and where an intact beginning ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Plain(NamedTuple):
    """Messages of one channel, 0 to 15, and a time in ticks that none of them reaches."""

    channel: int
    before_tick: int


def plain_messages(data: bytes, start: int, stop: int) -> Plain | None:
    """What bytes `start` to `stop` are, where they are certainly whole channel messages and nothing else.

    Args:
        data: Any bytes.
        start: Where a message begins.
        stop: After `start`, at most the length of `data`.

    Returns:
        None where anything is in doubt: a byte too few or too many, a first message without status, a time of more than
        four bytes, messages that have one byte of data or are for more than one channel.
    """
    raw = np.frombuffer(data, np.uint8, stop - start, start)
    high = np.flatnonzero(raw >= 0x80)
    low_bytes = raw.size - high.size
    if not high.size or low_bytes % 3 or high[-1] == raw.size - 1:
        return None
    lows = high - np.arange(high.size)  # low bytes before each high one
    messages = lows // 3  # whole messages before it
    phase = lows - messages * 3
    is_status = phase == 1
    again = lows[1:] == lows[:-1]  # right after another high byte
    if phase.max() > 1 or (again & is_status[1:]).any() or (lows[3:] == lows[:-3]).any():
        return None
    status = raw.take(high[is_status])
    kind = status & 0xF0
    if not status.size or lows[is_status][0] != 1 or ((kind >= 0xC0) & (kind != 0xE0)).any() or ((status ^ status[0]) & 15).any():
        return None
    longer = int(np.count_nonzero(again))
    longest = int(np.count_nonzero(lows[2:] == lows[:-2])) if longer else 0
    ticks = (low_bytes // 3 << 7) + (high.size - status.size << 14) + (longer << 21) + (longest << 28)
    return Plain(int(status[0]) & 15, ticks)
