"""Q5: how many notes an ear hears as they are played, by how far it looks ahead, against what it hears of the recording.

Run: python benchmarks/live_transcription.py [BUNDLE]
A minute that `piano-performer` plays (seed 3), rendered on this machine's SoundFont. F1 of onsets within 50 ms, in percent: live against
the recording, live against what was played; the recording against what was played. Latency: at most, without the machine's time. Speed:
seconds of sound a second of one thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from measure import publish
from numpy.typing import NDArray

import partimento
from partimento.audio.resample import resampled
from partimento.evaluation.note_matching import agreement
from partimento.score import Score
from partimento.score.tempo import seconds_at
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.live import LiveTranscriber
from partimento.transcription.transcriber import Transcriber, load_transcriber

FIGURE = "Q5_live_transcription"
LOOK_AHEADS = (0.1, 0.2, 0.3, 0.5, 10.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="piano-ears")
    ear = load_transcriber(parser.parse_args().bundle)
    score = partimento.load("piano-performer").compose(seconds=60, seed=3)
    sound = resampled(partimento.render(score).to_mono(), ear.sample_rate).samples[0]
    began = time.process_time()
    recording = notes(ear.transcribe([sound]))
    rows: dict[str, Any] = {
        "recording": {
            "onset_of_played": percent(notes(score), recording),
            "real_time_factor": round(len(sound) / ear.sample_rate / (time.process_time() - began), 1),
        }
    }
    for seconds in LOOK_AHEADS:
        rows[f"look-ahead {seconds:g} s"] = row(ear, sound, seconds, recording, notes(score))
    publish(FIGURE, {"definition": __doc__.split("\n")[0], "rows": rows})


def row(ear: Transcriber, sound: NDArray[np.float32], seconds: float, recording: TimedNotes, played: TimedNotes) -> dict[str, float]:
    """What is heard with so much look-ahead."""
    listener = LiveTranscriber(ear.ear, ear.thresholds, look_ahead_seconds=seconds)
    began = time.process_time()
    listener.push(sound)
    listener.finish()
    took = time.process_time() - began
    heard = notes(listener.score())
    return {
        "onset_of_recording": percent(recording, heard),
        "onset_of_played": percent(played, heard),
        "latency_seconds": round(listener.latency_seconds, 2),
        "real_time_factor": round(len(sound) / ear.sample_rate / took, 1),
    }


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
