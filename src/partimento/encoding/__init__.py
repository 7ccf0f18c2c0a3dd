"""Scores to numbers and back: how music is said to a model that knows only ids.

An `Encoding` turns a `Score` into int32 `ids`, shape (length,), and ids into a Score. `decode(encode(score))` says the
same music, in as far as the encoding's sentence `losses` allows; what it cannot say at all is an `EncodingError` that
names the place. Its `Vocabulary` is the table between ids and what they mean, in named groups without gaps, and prints
itself. Its `Grammar` follows a piece while it grows, id by id, and says what may come next, so that whatever a model
proposes, bars are full, repeats are closed and the piece ends where a piece ends.

Time is counted in steps of a 16th (`chorale`) or in units of an eighth (`characters`), pitches are MIDI keys, tempos
are in quarter notes per minute.

Read in this order: `encoding` (the two protocols), `vocabulary`, `chorale_layout`, `chorale` and `chorale_grammar`
(four voices on a grid), `characters`, `tune_grammar` and `tune_form` (a tune as ABC text), `start_text` (what a person
wants one to begin with), `abc_signs`, `abc_tokens` and `token_grammar` (the same text in whole signs), `lead_layout`,
`lead` and `lead_grammar` (a melody over chords), `catalog` (names to encodings).
"""
