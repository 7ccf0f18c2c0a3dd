"""From the sound of a piano to its notes.

An ear (`models.key_net`) hears spectra (`audio.log_spectrum`), fifty a second, and says of every key in each how likely a note begins,
sounds or ends, and how loud it is. `targets` is what it ought to say, given the notes; `note_decoding` makes notes of what it says.
Times are in seconds; frames are moments, `SPECTRA_PER_SECOND` of them.

Read `targets`, `note_decoding`.
"""
