"""The keys of a piano, and what every ear says of them, whatever network it is."""

KEYS, FIRST_KEY = 88, 21
"""Keys of the piano, and the lowest one's MIDI key."""

HEADS = ("onset", "frame", "offset", "velocity")
"""That a note begins, sounds, ends; and how loud it is."""

HELD = "held"
"""That a key is down, the head behind the others of ears that tell keys from the pedal."""
