"""`partimento transcribe --live`: notes while they are played, from a pipe, a microphone or a file."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from partimento.cli.output import show
from partimento.cli.transcribe import finished, for_people
from partimento.errors import PartimentoError, ReadError
from partimento.files.microphone import Microphone
from partimento.files.recording import Mono, open_recording
from partimento.files.sound_pipe import RAW_HZ, Pipe, SoundPipe
from partimento.score.pitch import pitch_name
from partimento.transcription.live import LiveTranscriber
from partimento.transcription.note_stream import Event, Struck
from partimento.transcription.transcriber import Transcriber

if TYPE_CHECKING:
    from partimento.cli.transcribe import Live
    from partimento.files.spectrogram_picture import Spectrogram

_BLOCK_FRAMES = 1_600  # of a file, as if it came in


class _Printed:
    """Prints what happened; where nobody reads any more it keeps still, so that the notes are still written."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.closed = False

    def events(self, events: Iterable[Event]) -> None:
        """Print each event on a line of its own."""
        for event in events:
            if self._as_json:
                self.line(json.dumps(_fields(event)))
            elif isinstance(event, Struck):
                self.line(f"{event.onset_seconds:9.2f} s   {pitch_name(event.key):4} velocity {event.velocity:3d}")

    def line(self, text: str) -> None:
        """Print a line at once."""
        if self.closed:
            return
        try:
            print(text, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.closed = True


class _Patience:
    """Ctrl-C while sound is waited for ends the waiting; at any other time it is remembered, so that nothing is cut in the middle."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Be asked in place of Python, where this is the thread that is."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def until_asked(self, blocks: Iterator[Mono]) -> Iterator[Mono]:
        """Yield blocks until there are no more, or Ctrl-C is pressed."""
        while not self.asked:
            self._waiting = True
            try:
                block = next(blocks, None)
            except KeyboardInterrupt:
                return
            finally:
                self._waiting = False
            if block is None:
                return
            yield block

    def _ask(self, number: int, frame: Any) -> None:
        """Ctrl-C was pressed."""
        self.asked = True
        if self._waiting:
            raise KeyboardInterrupt


def transcribe_live(audio: str, out: Path | None, ear: Transcriber, *, live: Live, picture: Spectrogram | None, as_json: bool) -> None:
    """Print notes as they are heard, write OUT at the end.

    Args:
        audio: A file, ``-`` for standard input, ``mic`` or ``mic:DEVICE``.
        out: Where the notes go, None for nowhere.
        ear: What listens.
        live: As asked for.
        picture: Is drawn beside `out`, where there is one.
        as_json: Print JSON objects, one a line.

    Raises:
        PartimentoError: When nothing can be heard. When the sound breaks off later what was heard is kept.
    """
    watch = None if picture is None else picture.add
    listener = LiveTranscriber(ear.ear, ear.thresholds, look_ahead_seconds=live.look_ahead, watch=watch)
    patience, printed = _Patience(), _Printed(as_json=as_json)
    busy = 0.0
    broke_off = []
    with _opened(audio, live.rate, listener.sample_rate) as (name, blocks, warnings), patience.guarding():
        print(f"{name}: {_promise(listener)} Ctrl-C ends.", file=sys.stderr, flush=True)
        try:
            for block in patience.until_asked(blocks):
                began = time.perf_counter()
                events = listener.push(block)
                busy += time.perf_counter() - began
                printed.events(events)
        except (PartimentoError, OSError) as error:
            if not listener.seconds:
                raise
            broke_off.append(f"broke off: {error}")
        began = time.perf_counter()
        printed.events(listener.finish())
        nothing = () if listener.note_count else (f"{name}: no notes of a piano were heard.",)
        score = listener.score().with_warnings(*warnings(), *broke_off, *nothing)
        fields = finished(score, listener.seconds, out, picture=picture, title=name, began=began - busy)
    if listener.seconds > 10 and fields["real_time_factor"] < 1:
        fields["warnings"].append("this machine listens slower than is played, so notes came later and later. Give it more to itself.")
    fields |= {"latency_seconds": round(listener.latency_seconds, 3), "latency": _latency(listener)}
    if not printed.closed:
        show(fields, for_people(fields), as_json=as_json)


@contextmanager
def _opened(audio: str, rate: int | None, sample_rate: int) -> Iterator[tuple[str, Iterator[Mono], Callable[[], tuple[str, ...]]]]:
    """What is listened to: its name, its sound, and what was odd about it."""
    if audio == "-":
        if sys.stdin is None:
            raise ReadError("standard input: is closed, expected sound. Pipe some into it.")
        pipe = SoundPipe(cast(Pipe, sys.stdin.buffer), "standard input", sample_rate=sample_rate, raw_hz=RAW_HZ if rate is None else rate)
        other = rate is not None and rate != pipe.original_hz
        told = (f"{pipe.name}: its header tells {pipe.original_hz} samples a second, so --rate {rate} was not needed.",) if other else ()
        yield pipe.name, pipe.blocks(), lambda: (*told, *pipe.warnings)
    elif audio == "mic" or audio.startswith("mic:"):
        device = audio.partition(":")[2] or None
        microphone = Microphone(device, sample_rate=sample_rate, device_hz=sample_rate if rate is None else rate)
        yield microphone.name, microphone.blocks(), lambda: microphone.warnings
    else:
        with open_recording(audio, sample_rate=sample_rate) as recording:
            yield recording.name, recording.blocks(_BLOCK_FRAMES), lambda: recording.warnings


def _fields(event: Event) -> dict[str, Any]:
    """An event as JSON."""
    if isinstance(event, Struck):
        return {"onset_seconds": round(event.onset_seconds, 3), "key": event.key, "velocity": event.velocity}
    return {"key": event.key, "offset_seconds": round(event.offset_seconds, 3)}


def _latency(listener: LiveTranscriber) -> dict[str, float]:
    """What the latency is made of."""
    parts = {
        "look_ahead_seconds": listener.look_ahead_seconds,
        "half_window_seconds": listener.window_seconds,
        "step_seconds": listener.step_seconds,
        "ear_hears_ahead_seconds": listener.reach_seconds,
    }
    return {name: round(seconds, 3) for name, seconds in parts.items()}


def _promise(listener: LiveTranscriber) -> str:
    """The latency in words."""
    return (
        f"a note is told at most {listener.latency_seconds:.2f} s after it is struck "
        f"({listener.look_ahead_seconds:.2f} s looked ahead of the {listener.reach_seconds:.2f} that the ear could use, "
        f"{listener.window_seconds:.2f} half a window, {listener.step_seconds:.2f} between two looks)."
    )
