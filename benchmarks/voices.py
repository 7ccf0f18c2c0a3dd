"""S11: how voices play what they should: notes an ear finds in their sound, how far it is from the piano they learnt from, how fast.

Run: python benchmarks/voices.py --target NAME=PIANO [--maestro FOLDER] [--pieces N] [--seconds N] NAME=VOICE [NAME=VOICE ...]
VOICE is a SoundFont (.sf2, .sf3), the folder of a learnt voice, or a PIANO. PIANO is what a voice learns from: a folder of single notes
such as Ds4v10.ogg, an SFZ or a SoundFont, whose notes are laid over each other (`synthesis.note_bank`); it is the target, and its own row
says what the ear finds where every note is right. The pieces are the beginnings of validation performances of MAESTRO, N of them from all
over the list, or, without --maestro, what `piano-performer` composes from seeds 1 to N. Voices measured before keep their rows.
Notes: F1 in percent, mean of the pieces, by onsets within 50 ms, and with offsets (`evaluation.note_matching`), as `piano-ears` hears them.
Distance: convergence (a share of the target), logarithms in dB, and both as one (`evaluation.spectral_distance`), at the target's rate,
equally loud, mean of the pieces. Speed: seconds of sound a second of processor time, all threads, loading the voice not counted.
Without arguments: what was measured last.
Goal: as many notes as in the target, 95 F1 at least; nearer to it than any sampled piano of another make; at least real time.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measure import aligned, measured, publish

import partimento
from partimento.audio.resample import resampled
from partimento.audio.waveform import Waveform
from partimento.bundle import load_bundle
from partimento.cli.piano_training import piano
from partimento.corpus.open import open_corpus
from partimento.evaluation.note_matching import Agreement, agreement, mean_f1
from partimento.evaluation.spectral_distance import SpectralDistance, spectral_distance
from partimento.score import Score
from partimento.score.tempo import ticks_at
from partimento.score.timed_notes import Performance
from partimento.score.transform import cut
from partimento.synthesis.modal_voice import ModalVoice
from partimento.synthesis.note_bank import NoteBank
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.synthesis.synthesizer import TAIL_SECONDS, Synthesizer
from partimento.synthesis.wavenet_voice import WaveNetVoice
from partimento.transcription.transcriber import Transcriber, load_transcriber

FIGURE = "S11_voices"
LEARNT = {"wavenet": WaveNetVoice, "modal": ModalVoice}
"""Network of a voice's card -> who plays it."""

COLUMNS = {
    "onset": "notes",
    "offset": "with offsets",
    "convergence": "convergence",
    "log_db": "logarithms, dB",
    "distance": "distance",
    "real_time_factor": "times real time",
}


@dataclass(frozen=True)
class Bank:
    """A piano's notes laid over each other, as a voice hears them while it learns (a `Synthesizer`)."""

    notes: NoteBank

    def render(self, score: Score) -> Waveform:
        """The sound of a score."""
        performance = Performance.of(score)
        return Waveform.fitted(self.notes.play(performance.notes, performance.seconds + TAIL_SECONDS)[None], self.notes.sample_rate)


def main() -> None:
    options = asked()
    values = measured(FIGURE)
    if options.target is None:
        show_tables(values)
        return
    name, _, place = options.target.partition("=")
    target = Bank(piano(Path(place)))
    scores = performed(options.maestro, options.pieces, options.seconds) if options.maestro else composed(options.pieces, options.seconds)
    ear = load_transcriber()
    wanted = [target.render(score) for score in scores]
    what = "validation performances of MAESTRO" if options.maestro else "pieces by piano-performer"
    rows = values.setdefault("tables", {}).setdefault(f"{name}, {len(scores)} {what}, {options.seconds:g} s of each", {})
    rows[f"{name} itself"] = row(target, scores, wanted, ear)
    for entry in options.voices:
        voice, _, place = entry.partition("=")
        rows[voice] = row(player(Path(place)), scores, wanted, ear)
    values = {"definition": __doc__.split("\n")[0].rstrip("."), "columns": COLUMNS, "tables": values["tables"]}
    publish(FIGURE, values)
    show_tables(values)


def asked() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", nargs="*", metavar="NAME=VOICE")
    parser.add_argument("--target", metavar="NAME=PIANO")
    parser.add_argument("--maestro", type=Path, metavar="FOLDER", help="where MAESTRO lies")
    parser.add_argument("--pieces", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each piece")
    options = parser.parse_args()
    if options.voices and options.target is None:
        parser.error("--target NAME=PIANO is missing: the piano that the voices should sound like")
    for entry in [*options.voices, *([options.target] if options.target else [])]:
        name, _, place = entry.partition("=")
        if not name or not place or not Path(place).exists():
            parser.error(f"'{entry}': expected NAME=PLACE, a file or folder that is there")
    return options


def player(place: Path) -> Synthesizer:
    """Who plays what lies there."""
    if not (place / "card.json").is_file():
        return SoundfontSynthesizer(place, program=0) if place.suffix.lower() in (".sf2", ".sf3") else Bank(piano(place))
    bundle = load_bundle(place)
    kind = str(bundle.card.model.get("name"))
    if kind not in LEARNT:
        raise SystemExit(f"{place}: is a {kind}, expected a voice ({', '.join(LEARNT)}). Train one with partimento train.")
    return LEARNT[kind](bundle)


def performed(folder: Path, count: int, seconds: float) -> list[Score]:
    """The beginnings of so many validation performances, from all over the list."""
    pieces = open_corpus([f"maestro={folder}"]).part("valid")
    chosen = sorted({round(at) for at in np.linspace(0, len(pieces) - 1, min(count, len(pieces)))})
    return [beginning(pieces[at].read(), seconds) for at in chosen]


def composed(count: int, seconds: float) -> list[Score]:
    """So many pieces by the shipped performer."""
    composer = partimento.load("piano-performer")
    return [beginning(composer.compose(seconds=seconds, seed=seed), seconds) for seed in range(1, count + 1)]


def beginning(score: Score, seconds: float) -> Score:
    """So many seconds from the first note on."""
    first = min(int(track.start.min()) for track in score.tracks if len(track))
    begin = cut(score, first, score.end_tick)
    return cut(begin, 0, min(int(ticks_at(begin, seconds)), begin.end_tick))


def row(voice: Synthesizer, scores: list[Score], wanted: list[Waveform], ear: Transcriber) -> dict[str, Any]:
    """What is found of a voice."""
    found: list[Agreement] = []
    apart: list[SpectralDistance] = []
    sound_seconds = took_seconds = 0.0
    for score, target in zip(scores, wanted, strict=True):
        began = time.process_time()
        sound = voice.render(score)
        took_seconds += time.process_time() - began
        sound_seconds += sound.seconds
        mono = sound.to_mono()
        heard = ear.notes_of(ear.hear([resampled(mono, ear.sample_rate).samples[0]]))
        found.append(agreement(Performance.of(score).notes, heard))
        apart.append(spectral_distance(resampled(mono, target.sample_rate), target))
    f1, speed = mean_f1(found), sound_seconds / max(took_seconds, 1e-9)
    return {
        "pieces": len(scores),
        "onset": f1["onset"],
        "offset": f1["offset"],
        "convergence": round(float(np.mean([each.convergence for each in apart])), 3),
        "log_db": round(float(np.mean([each.log_db for each in apart])), 2),
        "distance": round(float(np.mean([each.total for each in apart])), 3),
        "real_time_factor": round(speed, 2 if speed < 10 else 1),
    }


def show_tables(values: dict[str, Any]) -> None:
    """Print what was measured."""
    if not values:
        print(f"{FIGURE}: not measured in this checkout")
    for condition, rows in values.get("tables", {}).items():
        lines = [[name, *(str(found.get(part, "-")) for part in COLUMNS)] for name, found in rows.items()]
        print(f"\n{condition}\n{aligned([['voice', *COLUMNS.values()], *lines])}")


if __name__ == "__main__":
    main()
