"""Networks that say the next binary frame jointly, key after key from low to high, and how they are trained on pieces.

`FrameComposer` is ours: for every key alike, two LSTMs through time hear the keys around it in the last frames, what followed the most
similar earlier passage of the piece (`frame_data.continuations`), and how high it is; between them every key hears
the mean of all; then a feed-forward network decides, given what all lower keys do in this very frame. `BiaxialFrames`
is Johnson's network of `partimento.models.biaxial` with two values a key.

Both return the logit that a key sounds. The chances are a proper distribution over frames: the product over keys of
each key's chance given the lower ones and the past.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from frame_data import Frames, continuations
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout, gelu, one_hot, pad

from partimento.models.biaxial import Biaxial, BiaxialConfig

PIANO_LOWEST = 21
PAST = 4
"""Frames before the present one that `FrameComposer` hears directly."""

Carry = tuple[Tensor, ...]


@dataclass(frozen=True)
class Song:
    """A piece: its frames, what followed similar passages, and how similar they are; keys `low` to `high` of 88 alone."""

    frames: Frames
    after: Frames
    agree: NDArray[np.int64]

    @classmethod
    def of(cls, piece: Frames, low: int, high: int) -> Song:
        """Return a piece cut to the keys that are trained on."""
        after, agree = continuations(piece)
        return cls(piece[:, low : high + 1], after[:, low : high + 1], agree)


@dataclass(frozen=True)
class Chunk:
    """Some frames of several pieces.

    Attributes:
        frames: Shape (rows, PAST + time, keys), from `PAST` frames before on, silence before a piece.
        after: What followed similar passages, shape (rows, time, keys).
        agree: For how many frames they are similar, shape (rows, time).
        counts: 1 for a frame of the piece, 0 behind its end; shape (rows, time).
        begin: Number of the first frame in its piece, shape (rows,).
    """

    frames: Tensor
    after: Tensor
    agree: Tensor
    counts: Tensor
    begin: Tensor

    def to(self, device: torch.device) -> Chunk:
        """Return the same on `device`."""
        return Chunk(*(getattr(self, part.name).to(device) for part in fields(self)))


def chunk_of(songs: Sequence[Song], begins: Sequence[int], time: int) -> Chunk:
    """Return `time` frames of each song, from its frame in `begins` on."""
    keys = songs[0].frames.shape[1]
    frames, after = np.zeros((len(songs), PAST + time, keys), np.float32), np.zeros((len(songs), time, keys), np.float32)
    agree, counts = np.zeros((len(songs), time), np.int64), np.zeros((len(songs), time), np.float32)
    for row, (song, begin) in enumerate(zip(songs, begins, strict=True)):
        first, size = max(begin - PAST, 0), max(min(time, len(song.frames) - begin), 0)
        if size:
            frames[row, PAST - begin + first : PAST + size] = song.frames[first : begin + size]
            after[row, :size], agree[row, :size], counts[row, :size] = song.after[begin : begin + size], song.agree[begin : begin + size], 1
    return Chunk(*(torch.from_numpy(part) for part in (frames, after, agree, counts, np.array(begins, np.int64))))


class SongStream:
    """Endless chunks: every row reads whole pieces, in a new order every epoch (a `loop.Stream`)."""

    def __init__(self, songs: Sequence[Song], *, rows: int, time: int, seed: int) -> None:
        self._songs, self._time = songs, time
        self._random = np.random.default_rng(seed)
        self._order: list[int] = []
        self._reading = [[0, len(songs[0].frames)] for _ in range(rows)]  # piece, next frame: at its end
        self.epoch = 0

    def next(self) -> Chunk:
        """Return the next chunk; rows that begin at frame 0 begin a piece."""
        chosen, begins = [], []
        for row, (number, at) in enumerate(self._reading):
            piece, begin = (number, at) if at < len(self._songs[number].frames) else (self._draw(), 0)
            self._reading[row] = [piece, begin + self._time]
            chosen.append(self._songs[piece])
            begins.append(begin)
        return chunk_of(chosen, begins, self._time)

    def _draw(self) -> int:
        if not self._order:
            self._order = [int(number) for number in self._random.permutation(len(self._songs))]
            self.epoch += 1
        return self._order.pop()

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"random": self._random.bit_generator.state, "order": self._order, "reading": self._reading, "epoch": self.epoch}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]
        self._order, self._reading, self.epoch = list(state["order"]), [list(row) for row in state["reading"]], int(state["epoch"])  # type: ignore


def whole_songs(songs: Sequence[Song], *, rows: int, time: int) -> Iterator[tuple[list[int], Chunk]]:
    """Yield each piece once from its start: the numbers of the pieces in a chunk, the longest first, and the chunk."""
    order = sorted(range(len(songs)), key=lambda number: -len(songs[number].frames))
    for first in range(0, len(order), rows):
        group = order[first : first + rows]
        for begin in range(0, len(songs[group[0]].frames), time):
            yield group, chunk_of([songs[number] for number in group], [begin] * len(group), time)


class FrameReader:
    """A network reading frames with its state carried on (a `loop.Trainable`); the figure is nats a frame of the trained keys."""

    def __init__(self, module: nn.Module, *, rows: int) -> None:
        self.module = module
        self._carry: Carry = module.start(rows)
        self._device = next(module.parameters()).device

    def losses(self, batch: Chunk) -> dict[str, Tensor]:
        """Return nats a frame, and carry the state on."""
        nats, self._carry = self.read(batch, self._carry)
        return {"nats_per_frame": nats.sum() / batch.counts.sum().clamp(min=1)}

    def read(self, batch: Chunk, carry: Carry) -> tuple[Tensor, Carry]:
        """Return nats of every frame, shape (rows, time), 0 where it does not count, and the next state."""
        batch = batch.to(self._device)
        logits, after = self.logits(batch, carry)
        nats = binary_cross_entropy_with_logits(logits.float(), batch.frames[:, PAST:], reduction="none").sum(dim=2)
        return nats * batch.counts, after

    def logits(self, batch: Chunk, carry: Carry) -> tuple[Tensor, Carry]:
        """Return logits that each key sounds, shape (rows, time, keys), and the next state."""
        batch = batch.to(self._device)
        fresh = self.module.start(len(batch.begin))
        begins = batch.begin == 0
        state = tuple(torch.where(begins.view(-1, *[1] * (new.dim() - 1)), new, old) for new, old in zip(fresh, carry, strict=True))
        logits, after = self.module(batch, state)
        return logits, tuple(part.detach().float() for part in after)

    @torch.no_grad()
    def validate(self, batches: Iterable[tuple[list[int], Chunk]]) -> float:
        """Return nats a frame, pooled, dropout off."""
        self.module.eval()
        total, count, carry = 0.0, 0.0, ()
        for group, batch in batches:
            carry = self.module.start(len(group)) if int(batch.begin[0]) == 0 else carry
            nats, carry = self.read(batch, carry)
            total, count = total + float(nats.sum()), count + float(batch.counts.sum())
        self.module.train()
        return total / count

    def state(self) -> Mapping[str, Tensor]:
        """Return the carried state."""
        return {str(number): part.contiguous() for number, part in enumerate(self._carry)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Carry on from `state`."""
        self._carry = tuple(state[str(number)] for number in range(len(self._carry)))


@dataclass(frozen=True)
class Shape:
    """Size of a `FrameComposer`: units of the LSTMs, widths of the deciding layers, and how much is dropped in training."""

    keys: int
    low: int
    units: int = 96
    wide: int = 256
    narrow: int = 128
    dropout: float = 0.4
    input_dropout: float = 0.1


class FrameComposer(nn.Module):
    """Ours; see the module's docstring."""

    REACH = (24, 12, 12, 12)  # keys to either side that are heard of the last frame, the one before, ...
    BELOW = 36  # keys below that are heard of the present frame
    AGREE = 8  # steps in which agreement is told

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        heard = sum(2 * reach + 1 for reach in (*self.REACH, 12)) + 2 * 12 + 12 + 3 + 4 + self.AGREE
        self.first = nn.LSTM(heard, shape.units, batch_first=True)
        self.second = nn.LSTM(2 * shape.units, shape.units, batch_first=True)
        decided = 2 * shape.units + self.BELOW + 12 + 5
        self.wide, self.narrow = nn.Linear(decided, shape.wide), nn.Linear(shape.wide, shape.narrow)
        self.output = nn.Linear(shape.narrow, 1)
        with torch.no_grad():
            self.output.bias.fill_(-3.0)  # few keys sound
        pitch = torch.arange(shape.keys) + shape.low + PIANO_LOWEST
        height = torch.stack([(pitch - 60) / 24, ((pitch - 60) / 24) ** 2, torch.ones(shape.keys)], dim=1)
        self.register_buffer("fixed", torch.cat([one_hot(pitch % 12, 12).float(), height], dim=1), persistent=False)
        self.register_buffer("classes", one_hot(torch.arange(shape.keys) % 12, 12).float(), persistent=False)
        self.register_buffer("rotated", (torch.arange(shape.keys)[:, None] + torch.arange(12)) % 12, persistent=False)

    def start(self, batch: int) -> Carry:
        """Return the state before the first frame: both cells' outputs and memories, each (batch, keys, units)."""
        return tuple(torch.zeros(batch, self.shape.keys, self.shape.units, device=self.fixed.device) for _ in range(4))

    def forward(self, batch: Chunk, carry: Carry) -> tuple[Tensor, Carry]:
        """Return logits that each key sounds, shape (rows, time, keys), and the next state."""
        rows, time = batch.agree.shape
        memory, after = self._along_time(self._heard(batch), carry)
        now, last = batch.frames[:, PAST:], batch.frames[:, PAST - 1 : -1]
        below = pad(now, (self.BELOW, 0))[..., :-1].unfold(-1, self.BELOW, 1)  # (rows, time, keys, BELOW), the nearest last
        so_far = pad(now.cumsum(dim=2), (1, 0))[..., :-1]
        was, as_followed = pad(last.cumsum(dim=2), (1, 0))[..., :-1], pad((now != batch.after).float().cumsum(dim=2), (1, 0))[..., :-1]
        counts = torch.stack(
            [
                so_far / 4,
                (so_far - was) / 2,
                (last.sum(dim=2, keepdim=True) - was) / 4,
                (as_followed == 0).float(),
                as_followed.clamp(max=4) / 4,
            ],
            dim=3,
        )
        chroma = pad(now[..., None] * self.classes, (0, 0, 1, 0))[:, :, :-1].cumsum(dim=2).clamp(max=1)
        turned = chroma.gather(
            3, self.rotated.expand(rows, time, -1, -1)
        )  # (rows, time, keys, 12): sounding so far, from this key's class on
        hidden = self._dropped(gelu(self.wide(torch.cat([memory, below, turned, counts], dim=3))))
        hidden = self._dropped(gelu(self.narrow(hidden)))
        return self.output(hidden)[..., 0], after

    def _heard(self, batch: Chunk) -> Tensor:
        """What every key hears of the past, shape (rows, time, keys, inputs)."""
        rows, time = batch.agree.shape
        keys, past = self.shape.keys, batch.frames
        kept = (
            dropout(torch.ones(rows, 1, 1, device=past.device), self.shape.input_dropout, self.training) > 0
        )  # now and then the piece has no memory of itself
        after, agree = batch.after * kept, batch.agree * kept[..., 0]
        parts = []
        for back, reach in enumerate(self.REACH, start=1):
            parts.append(pad(past[:, PAST - back : past.shape[1] - back], (reach, reach)).unfold(-1, 2 * reach + 1, 1))
        parts.append(pad(after, (12, 12)).unfold(-1, 25, 1))
        for frame in (past[:, PAST - 1 : -1], after):
            parts.append((frame @ self.classes)[..., self.rotated])
        parts.append(self.fixed.expand(rows, time, -1, -1))
        number = batch.begin[:, None] + torch.arange(time, device=past.device)
        bits = torch.stack([2.0 * (number >> bit & 1) - 1 for bit in range(4)], dim=2)
        level = (2 * torch.log2(agree.clamp(min=1).float())).long().clamp(max=self.AGREE - 2) + (agree > 0)
        told = torch.cat([bits, one_hot(level, self.AGREE).float()], dim=2)
        parts.append(told[:, :, None].expand(rows, time, keys, -1))
        return torch.cat(parts, dim=3)

    def _along_time(self, heard: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        """What every key remembers, and the mean of what all remember; shape (rows, time, keys, 2 * units)."""
        rows, _, keys, _ = heard.shape
        after: list[Tensor] = []
        hidden = heard
        for number, lstm in enumerate((self.first, self.second)):
            entry = tuple(part.flatten(0, 1)[None] for part in carry[2 * number : 2 * number + 2])
            said, last = lstm(hidden.transpose(1, 2).flatten(0, 1), entry)
            after += [part[0].unflatten(0, (rows, keys)) for part in last]
            own = self._dropped(said).unflatten(0, (rows, keys)).transpose(1, 2)
            hidden = torch.cat([own, own.mean(dim=2, keepdim=True).expand_as(own)], dim=3)
        return hidden, tuple(after)

    def _dropped(self, hidden: Tensor) -> Tensor:
        """Units dropped in training, the same ones along an axis of time."""
        mask = (
            hidden.new_ones(hidden.shape[0], 1, hidden.shape[2])
            if hidden.dim() == 3
            else hidden.new_ones(*hidden.shape[:2], 1, hidden.shape[3])
        )
        return hidden * dropout(mask, self.shape.dropout, self.training)


class BiaxialFrames(nn.Module):
    """Johnson's network on binary frames; the beat is the frame's number from the start of the piece, modulo 16."""

    def __init__(self, keys: int, low: int, *, invariant: bool, small: bool) -> None:
        super().__init__()
        widths = ((150, 150), (60, 30)) if small else ((300, 300), (100, 50))
        self.network = Biaxial(
            BiaxialConfig(2 + 16 + 2, 1 + keys, PIANO_LOWEST + low, ("4/4",), *widths, 0.5, invariant, articulate=False)
        )  # its head for places is not used
        for name in ("place_embed", "place"):
            for parameter in [getattr(self.network, name)] if name == "place_embed" else getattr(self.network, name).parameters():
                parameter.requires_grad_(False)

    def start(self, batch: int) -> Carry:
        """Return the state before the first frame."""
        return self.network.start(batch)[:-2]

    def forward(self, batch: Chunk, carry: Carry) -> tuple[Tensor, Carry]:
        """Return logits that each key sounds, shape (rows, time, keys), and the next state."""
        now, last = batch.frames[:, PAST:].long(), batch.frames[:, PAST - 1 : -1].long()
        number = (batch.begin[:, None] + torch.arange(now.shape[1], device=now.device)) % 16
        memory, _, after = self.network.along_time(last, self.network.beats[number], carry)
        logits = self.network.along_notes(memory, pad(now, (1, 0))[..., :-1], last)
        return logits[..., 1] - logits[..., 0], after


MODELS = ("ours", "biaxial", "biaxial-small", "biaxial-invariant")


def network_of(model: str, keys: int, low: int, **settings: float) -> nn.Module:
    """Return an untrained network, one of `MODELS`, for `keys` keys from `low` of 88 on."""
    if model == "ours":
        return FrameComposer(Shape(keys, low, **settings))  # type: ignore[arg-type]
    return BiaxialFrames(keys, low, invariant=model == "biaxial-invariant", small=model == "biaxial-small")


@torch.no_grad()
def nats_of(
    modules: Sequence[nn.Module], songs: Sequence[Song], pieces: Sequence[Frames], low: int, silence: float
) -> list[NDArray[np.float64]]:
    """Return nats of every frame over all 88 keys, under the mean of the networks' chances for each key.

    Args:
        modules: One network, or several: the product over keys of their mean chances is a distribution like any other.
        songs: The pieces as the networks read them.
        pieces: The same over 88 keys.
        low: The first key that is trained on.
        silence: Chance that a key outside the trained ones is silent.
    """
    high = low + songs[0].frames.shape[1]
    found = [np.zeros(len(piece)) for piece in pieces]
    readers = [FrameReader(module.eval(), rows=1) for module in modules]
    carries: list[Carry] = []
    for group, batch in whole_songs(songs, rows=16, time=128):
        if int(batch.begin[0]) == 0:
            carries = [reader.module.start(len(group)) for reader in readers]
        chances = []
        for number, reader in enumerate(readers):
            logits, carries[number] = reader.logits(batch, carries[number])
            logits = logits.cpu()
            right = torch.where(batch.frames[:, PAST:] > 0, logits, -logits).double()
            chances.append(torch.nn.functional.logsigmoid(right))
        mean = torch.logsumexp(torch.stack(chances), dim=0) - math.log(len(chances))
        nats = -mean.sum(dim=2).numpy()
        begin = int(batch.begin[0])
        for row, number in enumerate(group):
            size = max(min(nats.shape[1], len(pieces[number]) - begin), 0)
            found[number][begin : begin + size] = nats[row, :size]
    outside = [np.concatenate([piece[:, :low], piece[:, high:]], axis=1) for piece in pieces]
    rest = [(keys * -math.log(1 - silence) + (1 - keys) * -math.log(silence)).sum(axis=1) for keys in outside]
    return [inner + outer for inner, outer in zip(found, rest, strict=True)]


def silent_outside(frames: int) -> float:
    """Chance that a key that never sounded in so many frames is silent: half a frame added to each count."""
    return 1 - 0.5 / (frames + 1)
