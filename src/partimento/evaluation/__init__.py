"""Measuring what was composed: is it original, is it well formed, is it like the music it learned from.

Every figure is defined where it is computed, with its source, and is a plain number in a frozen dataclass; nothing
here prints. Figures of a corpus are means over pieces with a 95 % bootstrap interval.

Read in this order: `likelihood` (how surprised a model is), `fingerprints` (a corpus as hashes), `copying` (copied
runs, the corpus's own rate), `subsequences` (what a model that remembers has read), `structure` (full bars, endings,
repetition, rhythm), `self_similarity` and `structureness` (what comes back, over seconds in place of bars),
`voice_leading` (parallels, crossings, leaps), `note_matching` and `frame_matching` (what a transcription has right),
`spectral_distance` (how far a sound is from another), `listening` and `rank_tests` (what people who heard both say).
"""
