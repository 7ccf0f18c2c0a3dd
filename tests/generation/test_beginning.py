import numpy as np
import pytest

from partimento.encoding.abc_tokens import AbcTokens
from partimento.encoding.characters import Characters
from partimento.encoding.chorale import Chorale
from partimento.errors import EncodingError
from partimento.generation.beginning import start_ids
from partimento.score.pitch import parse_key

ENCODINGS = [Characters(), AbcTokens()]


def said(encoding, text):
    """What a piece that begins with `text` says so far."""
    symbols = encoding.vocabulary.symbols
    return "".join(symbols[number] for number in start_ids(encoding, text, encoding.grammar())[1:])


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name)
class TestEither:
    def test_a_text_is_what_the_piece_begins_with(self, encoding):
        assert said(encoding, "M:6/8\nK:D\n|:A") == "M:6/8\nK:D\n|:A"
        assert start_ids(encoding, "M:6/8\nK:D\n|:A", encoding.grammar())[0] == encoding.start_id

    @pytest.mark.parametrize("text", ["", "X", "X:1", "X:1\nT:Name\n"])
    def test_what_every_tune_begins_with_says_nothing(self, encoding, text):
        assert said(encoding, text) == ""

    def test_what_people_type_is_read(self, encoding):
        typed = "X:1\nT: My tune\nM: 4/4\nL:1/8\nQ:1/4=90\nK: Gm\nGA Bc d2\nd2|c4"
        assert said(encoding, typed).replace(" ", "") == "M:4/4\nK:Gm\nGABcd2d2|c4"

    def test_a_sign_that_cannot_stand_is_refused_with_its_place(self, encoding):
        with pytest.raises(
            EncodingError, match=r"^--start: '9' at character 14 cannot stand after '.*A'; there could stand .* and \d+ more\.$"
        ):
            said(encoding, "M:6/8\nK:D\n|:A9")

    def test_a_place_is_counted_in_what_was_typed(self, encoding):
        with pytest.raises(EncodingError, match=r"'9' at character 25 cannot"):
            said(encoding, "X:1\nT:Name\nM:6/8\nK:D\n|:A9")

    def test_music_without_a_header_is_refused(self, encoding):
        with pytest.raises(EncodingError, match="'A' at character 1 cannot stand there; there could stand 'M"):
            said(encoding, "ABC|")

    def test_a_wish_for_another_key_is_heeded(self, encoding):
        with pytest.raises(EncodingError, match="'(D|K:D)' at character (7|9) cannot stand after .*; there could stand '(G|K:G)'"):
            start_ids(encoding, "M:4/4\nK:D\n", encoding.grammar(key=parse_key("G")))

    def test_a_foreign_character_is_refused(self, encoding):
        with pytest.raises(EncodingError, match="--start: 'é' at character 12 cannot be said, expected letters and signs of ABC"):
            said(encoding, "M:4/4\nK:C\nAé")

    def test_another_unit_length_is_refused(self, encoding):
        with pytest.raises(EncodingError, match="--start: 'L:1/4' at character 7, expected L:1/8. Write it in eighths"):
            said(encoding, "M:4/4\nL:1/4\nK:C\nA")

    def test_without_rules_anything_may_stand(self, encoding):
        ids = start_ids(encoding, "|||9", None)
        assert "".join(encoding.vocabulary.symbols[number] for number in ids[1:]) == "|||9"

    def test_what_no_grammar_has_watched_over_is_mended(self, encoding):
        ids = start_ids(encoding, "GABc dedB|dedB dedB|c2ec B2d", None)
        text, score = encoding.raw(np.array(ids, np.int32))
        assert text.replace(" ", "") == "GABcdedB|dedBdedB|c2ecB2d"
        assert score.note_count == 16 and score.tempos[0].bpm == pytest.approx(100)
        assert any("the last bar" in word for word in score.warnings)


def test_a_model_of_scores_reads_no_text():
    with pytest.raises(EncodingError, match="--start: a model of 'chorale' reads no text. Give the beginning as a score, with --primer"):
        start_ids(Chorale(), "X", None)
