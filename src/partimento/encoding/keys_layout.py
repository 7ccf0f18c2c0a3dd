"""The ids of encoding `keys`: the letters of `files.keys_text`, and loudness where it is wanted."""

from __future__ import annotations

from partimento.encoding.vocabulary import Vocabulary
from partimento.files.keys_text import HELD, STRUCK

BAR_STEPS = 40
"""Steps in a bar: two seconds, a bar of 4/4 at 120 quarter notes a minute."""

SPAN = len(STRUCK)
"""Keys of the keyboard."""

LEVELS = 16
"""Steps of loudness, each eight MIDI velocities wide."""

_GROUPS = {"frame": ("start", "end"), "step": (" ",), "struck": tuple(STRUCK), "held": tuple(HELD)}

PLAIN_VOCABULARY = Vocabulary(_GROUPS)
LOUD_VOCABULARY = Vocabulary({**_GROUPS, "loudness": tuple(f"loud{level}" for level in range(LEVELS))})

START, END, STEP = (PLAIN_VOCABULARY.ids[symbol] for symbol in ("start", "end", " "))
FIRST_STRUCK, FIRST_HELD = PLAIN_VOCABULARY.first["struck"], PLAIN_VOCABULARY.first["held"]
FIRST_LOUDNESS = LOUD_VOCABULARY.first["loudness"]
