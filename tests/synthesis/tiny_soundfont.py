"""Small SoundFonts made by hand: one looped sine wave, so that every pitch and level can be predicted."""

import io
import struct

import numpy as np
import soundfile

RATE, ROOT = 44_100, 69
PERIOD = 100  # frames: 441 Hz
CENTS = round(1200 * np.log2(440 / 441))  # what brings the recording to its key's 440 Hz


def chunk(ident, data):
    return ident + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def wave(seconds=0.5):
    frames = round(seconds * RATE / PERIOD) * PERIOD
    return np.round(16384 * np.sin(2 * np.pi * np.arange(frames) / PERIOD)).astype("<i2")


def records(layout, rows):
    return b"".join(struct.pack(layout, *row) for row in rows)


def bank(zones=({},), *, preset=None, presets=((0, 0),), modulators=(), preset_modulators=(), compressed=False, samples=None):
    """A bank: `zones` are dicts generator -> value; every preset (bank, program) plays the one instrument."""
    values = wave() if samples is None else samples
    if compressed:
        buffer = io.BytesIO()
        soundfile.write(buffer, values / 32768, RATE, format="OGG", subtype="VORBIS")
        smpl = buffer.getvalue()
        place = (0, len(smpl), PERIOD, values.size - PERIOD)
    else:
        smpl = values.tobytes() + b"\0" * 92
        place = (0, values.size, PERIOD, values.size - PERIOD)
    pgens = [*(preset or {}).items(), (41, 0)]
    gens, bags = [], []
    for zone in zones:
        bags.append((len(gens), 0))
        gens += [*{54: 1, **zone}.items(), (53, 0)]
    bags.append((len(gens), len(modulators)))
    heads = [(f"p{p}".encode(), p, b, i, 0, 0, 0) for i, (b, p) in enumerate(presets)]
    pbags = [(i * len(pgens), 0 if i == 0 else len(preset_modulators)) for i in range(len(presets) + 1)]
    pdta = (
        chunk(b"phdr", records("<20sHHHIII", [*heads, (b"EOP", 0, 0, len(presets), 0, 0, 0)]))
        + chunk(b"pbag", records("<HH", pbags))
        + chunk(b"pmod", records("<HHhHH", [*preset_modulators, (0, 0, 0, 0, 0)]))
        + chunk(b"pgen", records("<Hh", pgens * len(presets) + [(0, 0)]))
        + chunk(b"inst", records("<20sH", [(b"sine", 0), (b"EOI", len(zones))]))
        + chunk(b"ibag", records("<HH", bags))
        + chunk(b"imod", records("<HHhHH", [*modulators, (0, 0, 0, 0, 0)]))
        + chunk(b"igen", records("<Hh", [*gens, (0, 0)]))
        + chunk(b"shdr", records("<20s5IBbHH", [(b"sine", *place, RATE, ROOT, CENTS, 0, 0x11 if compressed else 1), (b"EOS", *[0] * 9)]))
    )
    lists = [b"INFO" + chunk(b"ifil", struct.pack("<HH", 2, 1)), b"sdta" + chunk(b"smpl", smpl), b"pdta" + pdta]
    return chunk(b"RIFF", b"sfbk" + b"".join(chunk(b"LIST", content) for content in lists))
