"""Q5, S9: how many notes ears hear as they are played, by how far they look ahead, against what they hear of the recording.

Run: python benchmarks/live_transcription.py [NAME=BUNDLE ...]
A minute that `piano-performer` plays (seed 3), rendered on this machine's SoundFont, in blocks of 0.12 s. F1 of onsets within 50 ms, in
percent: live against the recording, live against what was played; the recording against what was played. Latency: at most, without the
machine's time. Speed: seconds of sound a second of one thread, spectra and all; of an ear that hears on the fastest of twenty times, for
others on the machine slow it down.
Without bundles the ears are those that are shipped; ears measured before keep their rows.
Goal: 200 times real time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import measured, publish
from numpy.typing import NDArray

import partimento
from partimento.audio.resample import resampled
from partimento.bundle import shipped
from partimento.evaluation.note_matching import agreement
from partimento.score import Score
from partimento.score.tempo import seconds_at
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.live import LiveTranscriber
from partimento.transcription.transcriber import DEFAULT, Transcriber, load_transcriber

FIGURE = "Q5_live_transcription"
LOOK_AHEADS = (0.1, 0.2, 0.3, 0.5, 10.0)
BLOCK = 1_920


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ears", nargs="*", default=[name for name in shipped() if name.startswith(DEFAULT)])
    score = partimento.load("piano-performer").compose(seconds=60, seed=3)
    sound = resampled(partimento.render(score).to_mono(), Transcriber.sample_rate).samples[0]
    rows: dict[str, Any] = measured(FIGURE).get("rows", {})
    for words in parser.parse_args().ears:
        name, _, bundle = words.partition("=")
        rows = {row: values for row, values in rows.items() if row.split(",")[0] != name} | rows_of(
            name, bundle or name, sound, notes(score)
        )
    publish(FIGURE, {"definition": __doc__.split("\n")[0], "rows": rows})


def rows_of(name: str, bundle: str, sound: NDArray[np.float32], played: TimedNotes) -> dict[str, Any]:
    """What an ear hears."""
    ear = load_transcriber(bundle)
    heard: list[Score] = []
    took = seconds_of(lambda: heard.append(ear.transcribe([sound])))
    recording = notes(heard[0])
    rows: dict[str, Any] = {
        f"{name}, recording": {
            "onset_of_played": percent(played, recording),
            "real_time_factor": round(len(sound) / ear.sample_rate / took, 1),
        }
    }
    if ear.ear.hears_on:
        return rows | {f"{name}, live": row(ear, sound, None, recording, played)}
    return rows | {f"{name}, look-ahead {seconds:g} s": row(ear, sound, seconds, recording, played) for seconds in LOOK_AHEADS}


def row(
    ear: Transcriber, sound: NDArray[np.float32], look_ahead: float | None, recording: TimedNotes, played: TimedNotes
) -> dict[str, float]:
    """What is heard live."""
    listeners: list[LiveTranscriber] = []

    def listen() -> None:
        listener = LiveTranscriber(ear.ear, ear.thresholds, look_ahead_seconds=look_ahead)
        for first in range(0, len(sound), BLOCK):
            listener.push(sound[first : first + BLOCK])
        listener.finish()
        listeners.append(listener)

    took = min(seconds_of(listen) for _ in range(20 if ear.ear.hears_on else 1))
    heard = notes(listeners[-1].score())
    return {
        "onset_of_recording": percent(recording, heard),
        "onset_of_played": percent(played, heard),
        "latency_seconds": round(listeners[-1].latency_seconds, 2),
        "real_time_factor": round(len(sound) / ear.sample_rate / took, 1),
    }


def seconds_of(work: Callable[[], None]) -> float:
    """The processor's time that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def percent(known: TimedNotes, found: TimedNotes) -> float:
    """F1 of onsets."""
    return round(100 * agreement(known, found).onset.f1, 1)


def notes(score: Score) -> TimedNotes:
    """The notes of a performance in seconds."""
    (track,) = score.tracks
    return TimedNotes(
        seconds_at(score, track.start), seconds_at(score, track.end), track.pitch.astype(np.int64), track.velocity.astype(np.int64)
    )


if __name__ == "__main__":
    main()
