"""Sound from a microphone, by way of the optional package sounddevice."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

from partimento.audio.resample import Resampler
from partimento.audio.waveform import checked_rate
from partimento.errors import AudioError, MissingExtra
from partimento.files.recording import Mixdown, Mono

PIPED = "arecord -t raw -f S16_LE -r 16000 -c 1 | partimento transcribe - out.mid --live"
"""How to hear a microphone without the package."""

_WAIT_SECONDS = 0.2  # so that an interruption is noticed


class Microphone:
    """A microphone, open from the first block on.

    Args:
        device: Number or part of the name of an input; None takes the machine's own.
        sample_rate: Frames per second (Hz) of what is read out, 1,000 to 768,000.
        device_hz: Frames per second that the device is asked for.

    Attributes:
        name: For messages.

    Raises:
        MissingExtra: When sounddevice, or what it stands on, is not installed.
        AudioError: When a rate is out of range.
    """

    def __init__(self, device: str | None = None, *, sample_rate: int, device_hz: int) -> None:
        self.name = "microphone" if device is None else f"microphone {device}"
        self._device, self._sample_rate, self._device_hz = device, checked_rate(sample_rate), checked_rate(device_hz)
        try:
            import sounddevice  # noqa: PLC0415 - optional
        except ImportError as error:
            raise MissingExtra(
                f"{self.name}: the package 'sounddevice' is not installed. Install it with 'pip install sounddevice', or pipe: {PIPED}"
            ) from error
        except OSError as error:
            raise MissingExtra(
                f"{self.name}: the package 'sounddevice' finds no PortAudio. Install it (Debian: libportaudio2), or pipe: {PIPED}"
            ) from error
        self._sounddevice: Any = sounddevice
        self._mixdown = Mixdown()
        self._gaps = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd about what has been heard, one sentence each."""
        gaps = f": {self._gaps} times the machine was too slow, and some sound was lost."
        sentences = [*([gaps] if self._gaps else []), *self._mixdown.sentences(self._device_hz)]
        return tuple(f"{self.name}{sentence}" for sentence in sentences)

    def blocks(self) -> Iterator[Mono]:
        """Yield what is heard, shape (frames,), without end.

        Raises:
            AudioError: When the device cannot be opened, or goes away.
        """
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def take(samples: Any, frames: int, time: Any, status: Any) -> None:
            self._gaps += bool(status)
            heard.put(samples.copy())

        device = int(self._device) if self._device is not None and self._device.isdecimal() else self._device
        resampler = Resampler(self._device_hz, self._sample_rate)
        try:
            stream = self._sounddevice.InputStream(samplerate=self._device_hz, channels=1, dtype="float32", device=device, callback=take)
            with stream:
                while stream.active:
                    try:
                        samples = heard.get(timeout=_WAIT_SECONDS)
                    except queue.Empty:
                        continue
                    yield resampler.push(self._mixdown.mono(samples)[None])[0]
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(
                f"{self.name}: cannot be heard ({error}). See 'python -m sounddevice', try another --rate, or pipe: {PIPED}"
            ) from error
        raise AudioError(f"{self.name}: stopped. Is it still plugged in?")
