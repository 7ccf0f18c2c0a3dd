"""How surprised the shipped models are by pieces they have not seen, beside Markov chains on the same split.

Run: python benchmarks/likelihood.py --tunes irish=FOLDER nottingham=FOLDER
Goals: bach-chorales below 0.40 nats per voice token, jointly, on the 77 JSB test chorales; folk-tunes at least 20 % below
the best Markov chain of orders 1 to 8, in nats per character; chains, like networks, read each piece in all its keys.

Chorales: every id counts (metre, key, place, fermatas, held or struck, end), divided by the voice tokens: four a 16th step.
Nothing is given to the model. `as written` reads each section once, `as played` plays the repeats, as the JSB data does.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from measure import publish

from partimento.corpus.open import open_corpus
from partimento.corpus.sources import music21_chorales
from partimento.encoding.chorale import Chorale
from partimento.evaluation.likelihood import likelihood
from partimento.files.musicxml import read_mxl
from partimento.generation.load import load
from partimento.score import Score
from partimento.training.counted import chain
from partimento.training.prepare import prepare

ORDERS = range(1, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tunes", nargs="*", default=["irish", "nottingham"], help="data sets, also as set=folder")
    tunes = parser.parse_args().tunes
    publish("bach_chorales_likelihood", chorales())
    publish("folk_tunes_likelihood", folk(tunes))


def chorales() -> dict[str, object]:
    composer, encoding = load("bach-chorales"), Chorale()
    corpus = music21_chorales.corpus()
    prepared = prepare(corpus, encoding)
    rows: dict[str, object] = {"definition": "joint negative log-likelihood of all ids per voice token (4 a 16th step), pooled, quantised"}
    played = [encoding.encode(as_played(piece.source)) for piece in corpus.part("test")]
    for name, pieces in (("test_as_written", prepared.test), ("test_as_played", played), ("valid_as_written", prepared.valid)):
        found = likelihood(composer.model, pieces)
        tokens = sum(encoding.voice_tokens(ids) for ids in pieces)
        rows[name] = {
            "pieces": len(pieces),
            "voice_tokens": tokens,
            "nats_per_voice_token": round(found.nats / tokens, 4),
            "nats_per_16th_step": round(4 * found.nats / tokens, 4),
        }
    longest, tokens = chain(prepared, encoding, max(ORDERS)), sum(encoding.voice_tokens(ids) for ids in prepared.test)
    rows["markov_test_as_written"] = {
        f"order_{order}": round(likelihood(longest.shortened(order), prepared.test).nats / tokens, 4) for order in ORDERS
    }
    return rows


def as_played(source: str) -> Score:
    """A chorale with its repeats played, by the source its piece names."""
    spec = importlib.util.find_spec("music21")
    file = Path(spec.origin).parent / "corpus" / source.removeprefix("music21 ")
    return music21_chorales.on_sixteenths(music21_chorales.four_voices(read_mxl(file.read_bytes(), file.name)))


def folk(tunes: list[str]) -> dict[str, object]:
    composer = load("folk-tunes")
    prepared = prepare(open_corpus(tunes), composer.encoding, fit=False)
    longest = chain(prepared, composer.encoding, max(ORDERS))
    rows: dict[str, object] = {"definition": "negative log-likelihood per character of canonical ABC, end counted, pooled, quantised"}
    for part, pieces in (("test", prepared.test), ("valid", prepared.valid)):
        ours = likelihood(composer.model, pieces).nats_per_id
        chains = {order: likelihood(longest.shortened(order), pieces).nats_per_id for order in ORDERS}
        best = min(chains, key=lambda order: chains[order])
        rows[part] = {
            "pieces": len(pieces),
            "characters": int(np.sum([len(ids) - 1 for ids in pieces])),
            "folk_tunes_nats_per_character": round(ours, 4),
            "markov_nats_per_character": {f"order_{order}": round(value, 4) for order, value in chains.items()},
            "best_markov_order": best,
            "below_best_markov_percent": round(100 * (1 - ours / chains[best]), 2),
        }
    return rows


if __name__ == "__main__":
    main()
