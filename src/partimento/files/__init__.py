"""Bytes to and from values: one file per format, chosen by suffix in `dispatch`.

A reader takes bytes and the file's name (for its messages) and returns a `Score` or a `Waveform`; what it had
to repair or leave out stands in `warnings`. A file that cannot be read raises one `ReadError` that says where,
what was found, what was expected and what to do. Bytes from outside are hostile: every size and count a file
claims is checked against the bytes that are there before anything is made of it, nothing outside the file is
opened, and no name in it is followed. A writer takes a value and returns bytes; `whole.write_whole` brings
them to the disk whole or not at all.

A recording may be hours long, so `recording` reads it from the disk in blocks, and never holds more than one. What is played just now comes
through `sound_pipe` or from a `microphone`, likewise one channel at one rate.

Read in this order: `dispatch`, `whole`, then the format you need; of sound, `sound_stream` before `sound` and `recording`. What is drawn is
SVG and becomes pixels in `png`: `roll`, `engraving`, `similarity_picture` (where a piece is like itself), `attention_picture` (where a
network looks back to) and `spectrogram_picture` (where notes were heard in a sound). Pages that hold all they show: `page` (a piece),
`comparison_page` (several composers) and `listening_page` (pairs of sounds, heard blind; `listening` reads what people answered).
"""

from partimento.files.dispatch import FORMATS, read, write

__all__ = ["FORMATS", "read", "write"]
