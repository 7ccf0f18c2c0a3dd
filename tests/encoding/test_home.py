"""Where a piece is at home."""

from partimento.encoding.home import Home


def heard(*pitches):
    home = Home()
    for pitch in pitches:
        home.hear((pitch,), 1.0)
    return home


def test_before_the_first_note_everything_is_at_home_but_silence():
    assert Home().classes == ()
    assert Home().welcomes((61, 62)) and not Home().welcomes(())


def test_the_tonic_is_found_in_major_and_minor():
    assert heard(60, 62, 64, 65, 67, 69, 71, 60).classes == (0, 7, 4)
    assert heard(57, 59, 60, 62, 64, 68, 69, 57).classes == (9, 4, 0, 1)  # A minor, which may end in major


def test_what_was_not_heard_is_no_tonic():
    assert heard(60).classes[0] == 0
    assert heard(64, 67).classes[0] in (4, 7)


def test_a_last_chord_has_the_tonic_lowest_and_one_third():
    major, minor = heard(60, 62, 64, 65, 67, 69, 71, 60), heard(57, 59, 60, 62, 64, 68, 69, 57)
    assert major.welcomes((48,)) and major.welcomes((48, 67)) and major.welcomes((48, 55, 64, 72))
    assert not major.welcomes((52, 60)) and not major.welcomes((48, 63)) and not major.welcomes((48, 65))
    assert minor.welcomes((45, 60)) and minor.welcomes((45, 61)) and not minor.welcomes((45, 60, 61))
