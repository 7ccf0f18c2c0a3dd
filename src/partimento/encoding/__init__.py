"""Scores to numbers and back: how music is said to a model that knows only ids.

An `Encoding` turns a `Score` into int32 `ids`, shape (length,), and ids into a Score. `decode(encode(score))` says the
same music, in as far as the encoding's sentence `losses` allows; what it cannot say at all is an `EncodingError` that
names the place. Its `Vocabulary` is the table between ids and what they mean, in named groups without gaps, and prints
itself. Its `Grammar` follows a piece while it grows, id by id, and says what may come next, so that whatever a model
proposes, bars are full, repeats are closed and the piece ends where a piece ends.

Time is counted in steps of a 16th (`chorale`, `pianoroll`), in units of an eighth (`characters`), in 48ths of a quarter (`chords`) or
in steps of 50 ms (`keys`) or 10 ms (`performance`), pitches are MIDI keys, tempos are in quarter notes per minute.

Read in this order: `encoding` (the protocols), `vocabulary`, `catalog` (names to encodings); then any encoding: the file of its
name, the layout of its ids, its grammar. `chorale` (four voices on a grid) and `characters` (a tune as ABC text, with `tune_form`)
are the oldest, and were written to be learnt from. `performance` has a package of its own: what people played is more than one file.
"""
