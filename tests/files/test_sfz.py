"""SFZ: which recording sounds for which keys."""

from pathlib import Path

import pytest

from partimento.errors import ReadError
from partimento.files.sfz import MOST_BYTES, Region, read_sfz

PIANO = """
// a piano
<control> default_path=samples/
#define $SOFT 60
<global> ampeg_release=1 volume=-3
<group> hivel=$SOFT /* two
lines */
<region> sample=A 4 soft.wav lokey=68 hikey=70 pitch_keycenter=69
<region> sample=c5 soft.wav key=c5 tune=-12 volume=2
<group> lovel=61
<region> sample=sub\\A4 loud.flac lokey=a4 hikey=A#4 pitch_keycenter=A4 transpose=12
<group> trigger=release
<region> sample=rel.wav key=69
<curve> curve_index=17 v000=0
"""


def regions(tmp_path, text):
    (tmp_path / "piano.sfz").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sfz(tmp_path / "piano.sfz")


def test_what_a_group_says_its_regions_say(tmp_path):
    assert regions(tmp_path, PIANO) == [
        Region(tmp_path / "samples/A 4 soft.wav", 68, 70, 69, 1, 60, 0, -3),
        Region(tmp_path / "samples/c5 soft.wav", 72, 72, 72, 1, 60, -12, 2),
        Region(tmp_path / "samples/sub/A4 loud.flac", 69, 70, 69, 61, 127, 1200, -3),
    ]


def test_a_master_begins_its_groups_anew(tmp_path):
    text = "<master>lovel=10<group>hivel=20<region>sample=a.wav key=60<master><region>sample=b.wav key=61"
    assert [(region.soft, region.loud) for region in regions(tmp_path, text)] == [(10, 20), (1, 127)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no region with a sample"),
        ("<region>key=60", "has no region with a sample"),
        ("<region>sample=a.wav lokey=70 hikey=60", "has no region with a sample"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "has no region with a sample"),
        ('#include "more.sfz"', "includes other files"),
        ("<region>sample=a.wav key=high", "key=high, expected a number|hikey=high|lokey=high"),
        ("<region>sample=a.wav key=1e99", "expected a number"),
        ("<region>sample=a.wav key=60 volume=loud", "volume=loud, expected a number"),
        ("#define $A " + "x" * 9000 + "\n" + "$A" * 2000, r"\$A stands for too much"),
        ("<region>sample=/etc/passwd key=60", "sample '/etc/passwd' lies elsewhere"),
        ("<region>sample=../a.wav key=60", "lies elsewhere, expected one beside or below"),
        ("<region>sample=C:\\a.wav key=60", "lies elsewhere"),
        ("<region>sample=a.wav key=60 " * 20_002, "more than 20000 regions"),
    ],
)
def test_what_is_no_piano_is_refused(tmp_path, text, words):
    with pytest.raises(ReadError, match=words):
        regions(tmp_path, text)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path):
    with pytest.raises(ReadError, match=r"none\.sfz: could not be opened"):
        read_sfz(Path(tmp_path / "none.sfz"))
    with pytest.raises(ReadError, match="expected at most 4000000"):
        regions(tmp_path, b" " * (MOST_BYTES + 1))
