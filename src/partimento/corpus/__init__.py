"""Many pieces: where they come from, what one may do with them, and which of them a model may see.

A `Corpus` holds `Piece`s; a piece is a name, a function that reads its `Score`, a licence, a source, a checksum and
its part of the split: *train* to learn from, *valid* to choose by, *test* to measure on. Pieces are told apart by
work, never by window: two versions of one tune, even from two collections or in two keys, stand on the same side of
the split. A file that cannot be read is skipped with its reason, and the reason is kept. Nothing of other people's
data lies in this package: a public set is one file under `sources` with its address, citation, licence and SHA-256
sums, and every file is checked before it is used.

Intervals and shifts are in semitones, shares between 0 and 1, checksums SHA-256 in hexadecimal.

Read in this order: `corpus` (the values), `open` (what a name or a folder means), `dedupe` and `splits` (who is one
work, and on which side it stands), `augment` (the same music in other keys), `dataset` (fetching and checking),
`sources` (one public set a file).
"""
