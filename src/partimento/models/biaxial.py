"""Recurrent network along two axes: through time for every note alike, then from the lowest note to the highest.

Paper: D. Johnson, "Composing Music With Recurrent Neural Networks" (2015) and its program; "Generating Polyphonic Music
Using Tied Parallel Networks" (EvoMUSART 2017), where the one that hears no absolute pitch is described (`invariant`).
Differs: played and articulated are one choice of three, silent, held or struck, by a softmax over three logits in place
of two sigmoids, so that what cannot be, a hold of what did not sound, costs nothing. Batch normalisation follows each LSTM:
through four of them, one above the other, what a key hears hardly reached its output at first, and for
hundreds of steps nothing was learnt but how often keys are struck. The place in the bar
is an id like any other: a head of its own says it, from the last place and what the notes remember, and only where a
bar ends is there anything to say. The state is carried on from chunk to chunk. Unusual: it reads whole frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout, one_hot, pad

from partimento.errors import ConfigError
from partimento.models import biaxial_inputs as inputs
from partimento.models.batch_norm import BatchNorm

IMPOSSIBLE = -1e9
"""Logit of what cannot be."""

_START_AND_END = 2
SHARPNESS = 8.0
"""Factor of the table of places: its rows are read once a bar, and a step of the optimiser moves them little."""


@dataclass(frozen=True)
class BiaxialConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids: start, end, the places of all metres, then what a key may do.
        frame: Ids of a frame: its place and its keys.
        lowest: MIDI key of a frame's first.
        metres: Metres in the order of their places, such as ``4/4``.
        time_units: Widths of the layers along time.
        note_units: Widths of the layers along the notes.
        dropout: Share of a layer's outputs dropped in training, 0 to below 1.
        invariant: Whether it hears no absolute pitch, so that transposed music is the same to it.
        articulate: Whether a key may be silent, held or struck; else it is off or on.
    """

    vocabulary: int
    frame: int = 0
    lowest: int = 21
    metres: tuple[str, ...] = ()
    time_units: tuple[int, ...] = (300, 300)
    note_units: tuple[int, ...] = (100, 50)
    dropout: float = 0.5
    invariant: bool = False
    articulate: bool = True

    def __post_init__(self) -> None:
        for name in ("metres", "time_units", "note_units"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        ids = _START_AND_END + self.places + self.choices
        if not self.metres or self.frame < 2 or self.vocabulary != ids:
            raise ConfigError(
                f"biaxial: {self.vocabulary} ids, {self.frame} a frame, metres {', '.join(self.metres) or 'none'}; "
                "expected frames of a place and keys, as encoding 'pianoroll' has them. "
                "Use --encoding pianoroll, or a char_rnn for this encoding."
            )
        for name, widths in (("time_units", self.time_units), ("note_units", self.note_units)):
            if not 1 <= len(widths) <= 4 or not all(8 <= width <= 2048 for width in widths):
                raise ConfigError(f"biaxial: {name} are {widths}, expected 1 to 4 widths of 8 to 2048.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"biaxial: dropout is {self.dropout}, expected 0 to below 1; the author took 0.5.")

    @property
    def keys(self) -> int:
        """Keys in a frame."""
        return self.frame - 1

    @property
    def choices(self) -> int:
        """What a key may do."""
        return 3 if self.articulate else 2

    @property
    def places(self) -> int:
        """Places of all metres."""
        return sum(inputs.bar_steps(metre) for metre in self.metres)


class Biaxial(nn.Module):
    """The network; `forward` reads whole frames and returns what follows each id.

    A chunk of ids begins with the last id of the frame before it, as a piece begins with its start id, and is as long
    as a whole number of frames: so what it predicts is whole frames.
    """

    beats: Tensor
    fixed: Tensor
    windows: Tensor
    classes: Tensor
    rotated: Tensor
    may_follow: Tensor
    metre_of: Tensor

    def __init__(self, config: BiaxialConfig) -> None:
        super().__init__()
        self.config = config
        widths = [inputs.sections(articulate=config.articulate)["beats"].stop, *config.time_units]
        self.time = nn.ModuleList(nn.LSTM(a, b, batch_first=True) for a, b in pairwise(widths))
        above = [widths[-1] + config.choices - 1, *config.note_units]
        self.notes = nn.ModuleList(nn.LSTM(a, b, batch_first=True) for a, b in pairwise(above))
        self.time_norms = nn.ModuleList(BatchNorm(width) for width in config.time_units)
        self.note_norms = nn.ModuleList(BatchNorm(width) for width in config.note_units)
        self.output = nn.Linear(above[-1], config.choices)
        self.place_embed = nn.Parameter(torch.zeros(len(config.metres) + 1, 1 + config.places))
        self.place = nn.Linear(widths[-1], 1 + config.places)
        for name, value in (
            ("beats", inputs.beats(config.metres)),
            ("fixed", inputs.fixed_inputs(config.keys, config.lowest) * (not config.invariant)),
            ("windows", inputs.windows(config.keys)),
            ("classes", inputs.classes(config.keys)),
            ("rotated", inputs.rotated(config.keys)),
            ("may_follow", inputs.may_follow(config.metres)),
            ("metre_of", inputs.metre_of(config.metres)),
        ):
            self.register_buffer(name, torch.from_numpy(value), persistent=False)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id.

        Two tensors (batch, keys, units) for each layer along time, what the keys of the last frame did, shape (batch, keys),
        of which the last key is not known yet, and its place, shape (batch, 1), numbered from 0.
        """
        config, like = self.config, self.output.weight
        cells = [torch.zeros(batch, config.keys, width, device=like.device) for width in config.time_units for _ in range(2)]
        frame = torch.zeros(batch, config.keys, dtype=torch.long, device=like.device)
        return (*cells, frame, torch.full((batch, 1), config.places, dtype=torch.long, device=like.device))

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, frames * frame).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, frames * frame, vocabulary), and the next state.

        Raises:
            ConfigError: When the ids are no whole number of frames.
        """
        config = self.config
        places, keys, after = self._read(ids, state)
        logits = keys.new_full((*places.shape[:2], config.frame, config.vocabulary), IMPOSSIBLE)
        logits[:, :, 0, 1 : 2 + config.places] = places
        logits[:, :, 1:, 2 + config.places :] = keys
        return logits.flatten(1, 2), after

    def nats(self, ids: Tensor, targets: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the summed cross entropy of `targets`, where they are not negative, and the next state.

        The same as by `forward`, at a hundredth of its memory: a key has three logits, not one for every id.

        Args:
            ids: As `forward` takes them.
            targets: What follows each id, shape (batch, frames * frame); negative where it does not count.
            state: From `start` or the last call.
        """
        config = self.config
        places, keys, after = self._read(ids, state)
        wanted = targets.reshape(len(targets), -1, config.frame)
        first = 2 + config.places
        place, key = (torch.where(part < 0, -1, part - offset) for part, offset in ((wanted[:, :, 0], 1), (wanted[:, :, 1:], first)))
        total = cross_entropy(places.flatten(0, 1), place.flatten(), ignore_index=-1, reduction="sum")
        return total + cross_entropy(keys.flatten(0, 2), key.flatten(), ignore_index=-1, reduction="sum"), after

    def _read(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Logits of the places (batch, frames, 1 + places), the end first, of the keys (batch, frames, keys, choices); the next state."""
        config = self.config
        if ids.shape[1] % config.frame:
            raise ConfigError(f"biaxial: {ids.shape[1]} ids, expected a whole number of frames of {config.frame}.")
        *cells, frame, place = state
        read = ids.reshape(len(ids), -1, config.frame)
        does = (read - _START_AND_END - config.places).clamp(min=0)  # a place, or the start, does nothing
        here = torch.cat([place, torch.where(read[:, :, 1] < _START_AND_END, config.places, read[:, :, 1] - _START_AND_END)], dim=1)
        before = torch.cat([torch.cat([frame[:, None, :-1], does[:, :-1, 2:]], dim=1), does[:, :, :1]], dim=2)  # (batch, frames, keys)
        memory, said, after = self.along_time(before, self.beats[here[:, 1:]], tuple(cells))
        last = torch.cat([cells[-2][:, None], said[:, :-1]], dim=1).mean(dim=2)  # what the notes remembered a frame ago
        places = self.place(last) + SHARPNESS * self.place_embed[self.metre_of[here[:, :-1]]]
        chosen = pad(does[:, :, 2:], (1, 0))  # what the note below does
        keys = self.along_notes(memory, chosen, before)
        known = pad(does[:, -1, 2:], (0, 1))  # the last key is the next chunk's first id
        return places.float().masked_fill(~self.may_follow[here[:, :-1]], IMPOSSIBLE), keys, (*after, known, here[:, -1:])

    def along_time(self, before: Tensor, beats: Tensor, cells: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Read frames one after the other, every note by the same network.

        Args:
            before: What each key did in the frame before, shape (batch, frames, keys).
            beats: Where each frame lies, shape (batch, frames, 4).
            cells: State of each layer, twice (batch, keys, units).

        Returns:
            What each note remembers, normalised and as the last layer said it, both of shape (batch, frames, keys, units), and the
            next state of each layer.
        """
        batch, frames, keys = before.shape
        hidden = self._heard(before, beats).transpose(1, 2).flatten(0, 1)  # (batch * keys, frames, inputs)
        after: list[Tensor] = []
        for layer, (lstm, norm) in enumerate(zip(self.time, self.time_norms, strict=True)):
            entry = tuple(cell.flatten(0, 1)[None] for cell in cells[2 * layer : 2 * layer + 2])
            said, last = lstm(hidden, entry)
            after += [part[0].view(batch, keys, -1) for part in last]
            hidden = self._dropped(_normalised(norm, said))
        memory, said = (part.reshape(batch, keys, frames, -1).transpose(1, 2) for part in (hidden, said))
        return memory, said, tuple(after)

    def _dropped(self, hidden: Tensor) -> Tensor:
        """Outputs of shape (rows, length, units) with some units dropped in training, the same ones along the whole axis."""
        return hidden * dropout(hidden.new_ones(hidden.shape[0], 1, hidden.shape[2]), self.config.dropout, self.training)

    def _heard(self, before: Tensor, beats: Tensor) -> Tensor:
        """The inputs of every note, shape (batch, frames, keys, inputs); see `biaxial_inputs`."""
        played = (before > 0).to(beats.dtype)
        shape = (*before.shape, -1)
        parts = [self.fixed.expand(*before.shape[:2], -1, -1), pad(played, (inputs.REACH, inputs.REACH))[..., self.windows]]
        if self.config.articulate:
            parts.append(pad((before == 2).to(beats.dtype), (inputs.REACH, inputs.REACH))[..., self.windows])
        return torch.cat([*parts, (played @ self.classes)[..., self.rotated], beats[:, :, None].expand(shape)], dim=-1)

    def along_notes(self, memory: Tensor, chosen: Tensor, before: Tensor) -> Tensor:
        """Decide from the lowest note to the highest.

        Args:
            memory: What each note remembers, shape (batch, frames, keys, units).
            chosen: What the key below does, 0 for the lowest; shape (batch, frames, keys).
            before: What each key did in the frame before, same shape.

        Returns:
            Logits of what each key does, shape (batch, frames, keys, choices).
        """
        batch, frames, keys = chosen.shape
        said = torch.stack([chosen > level for level in range(self.config.choices - 1)], dim=-1).to(memory.dtype)
        hidden = torch.cat([memory, said], dim=-1).flatten(0, 1)  # (batch * frames, keys, units + 2)
        for lstm, norm in zip(self.notes, self.note_norms, strict=True):
            hidden = self._dropped(_normalised(norm, lstm(hidden)[0]))
        logits: Tensor = self.output(hidden).view(batch, frames, keys, -1).float()
        if not self.config.articulate:
            return logits
        silent = one_hot(torch.ones_like(before), 3).bool() & (before == 0)[..., None]  # no hold where nothing sounded
        return logits.masked_fill(silent, IMPOSSIBLE)


def _normalised(norm: nn.Module, hidden: Tensor) -> Tensor:
    """Outputs of shape (rows, length, units), each unit normalised over rows and length."""
    normal: Tensor = norm(hidden.flatten(0, 1))
    return normal.view(hidden.shape)
