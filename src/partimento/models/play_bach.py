"""Three embeddings, two LSTMs, attention and a head for pitch, duration and velocity each: the large model of "Play Bach".

Source: P. Boudalier, "Play Bach" part 3 and its program (2021), model 2: embeddings of 200, two LSTMs of 300, attention,
softmax heads. Differs: his attention was laid over the one last state and so did nothing; this one looks at the states
of the last `window` events, by content (Luong et al. 2015, "general") and by distance (a learnt number for each). The
heads' ids take turns in one stream: the LSTMs move once an event, when its last id has come. With `joint` a later head
knows what the earlier ones chose; his three chose without knowing of each other. Batch normalisation follows each LSTM
as in his first model: an untrained LSTM whispers, and the layer above it learns many times faster when it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError
from partimento.models.batch_norm import BatchNorm

NEVER = -1e9
"""Logit of an id that is not due."""


@dataclass(frozen=True)
class PlayBachConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        groups: First id and size of each group of ids that take turns, in the order of their turns; 2 to 8 of them. An
            id in none of them, such as the start, ends an event in which nothing stands.
        embedding: Width of each group's table, 4 to 1,024.
        units: Width of each LSTM, 8 to 4,096.
        layers: LSTMs, 1 to 8.
        window: Events looked back at, the present one included, 2 to 256.
        joint: Whether a later head knows the earlier choices of its event.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    groups: tuple[tuple[int, int], ...] = field(default=())
    embedding: int = 200
    units: int = 300
    layers: int = 2
    window: int = 64
    joint: bool = True
    dropout: float = 0.4

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple((int(first), int(size)) for first, size in self.groups))
        bounds = {"vocabulary": (2, 65536), "embedding": (4, 1024), "units": (8, 4096), "layers": (1, 8), "window": (2, 256)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"play_bach: {name} is {getattr(self, name)}, expected {low} to {high}.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"play_bach: dropout is {self.dropout}, expected 0 to below 1; his was 0.4.")
        taken = [number for first, size in self.groups for number in range(first, first + size)]
        if not 2 <= len(self.groups) <= 8 or len(set(taken)) != len(taken) or not set(taken) <= set(range(self.vocabulary)):
            raise ConfigError(
                f"play_bach: groups are {list(self.groups)}, expected 2 to 8 that share no id of {self.vocabulary}. "
                "Take an encoding whose ids take turns, such as chords."
            )

    @property
    def none(self) -> int:
        """The id that stands for none."""
        return self.vocabulary


class PlayBach(nn.Module):
    """The network; `forward` reads a batch of ids and returns what follows each of them."""

    turn_of: Tensor
    places: Tensor

    def __init__(self, config: PlayBachConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [size for _, size in config.groups]
        self.embed = nn.ModuleList(nn.Embedding(size + 1, config.embedding) for size in sizes)  # the last row: none
        widths = [config.embedding * len(sizes)] + [config.units] * (config.layers - 1)
        self.cells = nn.ModuleList(nn.LSTM(width, config.units, batch_first=True) for width in widths)
        self.norms = nn.ModuleList(BatchNorm(config.units) for _ in widths)
        self.query = nn.Linear(config.units, config.units, bias=False)
        self.distance = nn.Parameter(torch.zeros(config.window))  # of the oldest state first
        self.read = nn.Linear(2 * config.units, config.units)
        earlier = [(head, turn) for head in range(len(sizes)) for turn in range(head)] if config.joint else []
        self.lagged = nn.ModuleDict({f"{head}-{turn}": nn.Embedding(sizes[turn] + 1, config.units) for head, turn in earlier})
        self.heads = nn.ModuleList(nn.Linear(config.units, size) for size in sizes)
        self.dropout = nn.Dropout(config.dropout)
        turn_of, places = turn_table(config)
        self.register_buffer("turn_of", torch.tensor(turn_of), persistent=False)
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id.

        Cells, twice (batch, layers, units); the states in the window (batch, window, units) and which of them are there
        (batch, window); what the heads read (batch, units); and the ids of an event that is not whole yet (batch,
        groups), `none` where they have not come.
        """
        config, like = self.config, self.distance
        shapes = [(config.layers, config.units)] * 2 + [(config.window, config.units), (config.window,), (config.units,)]
        floats = [torch.zeros(batch, *shape, device=like.device) for shape in shapes]
        return (*floats, torch.full((batch, len(config.groups)), config.none, dtype=torch.long, device=like.device))

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, time).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
        """
        come = (state[-1] != self.config.none).sum(dim=1)  # ids of the event that is not whole yet
        wanting = torch.where(self.turn_of[ids[:, 0]] < 0, 1, len(self.config.groups) - come)  # ids until it is
        logits = ids.new_zeros((*ids.shape, self.config.vocabulary), dtype=state[0].dtype)
        after = [part.clone() for part in state]
        for number in sorted(set(wanting.tolist())):  # rows at the same place in their event go together
            rows = (wanting == number).nonzero()[:, 0]
            found, parts = self._aligned(ids[rows], tuple(part[rows] for part in state), number)
            logits[rows] = found.to(logits.dtype)
            for whole, part in zip(after, parts, strict=True):
                whole[rows] = part.to(whole.dtype)
        return logits, tuple(after)

    def _aligned(self, ids: Tensor, state: tuple[Tensor, ...], wanting: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """`forward` of rows whose present event becomes whole with the id at place `wanting` - 1."""
        hidden, memory, window, there, read, begun = state
        turns, time = len(self.config.groups), ids.shape[1]
        come = turns - wanting
        before = torch.cat([begun[:, come:], begun[:, :come]], dim=1)[:, 1:]  # newest last
        seen = torch.cat([before, ids], dim=1)  # (batch, turns - 1 + time)
        count = max(0, -(-(time - wanting + 1) // turns))
        reads = read[:, None]
        if count:
            events = seen[:, wanting - 1 : wanting - 1 + count * turns].reshape(len(ids), count, turns)
            hidden, memory, window, there, fresh = self._advance(events, (hidden, memory, window, there))
            reads = torch.cat([reads, fresh], dim=1)  # (batch, 1 + events, units)
        wholes = (torch.arange(time, device=ids.device) - wanting + 1 + turns).div(turns, rounding_mode="floor")
        logits = self._heads(reads[:, wholes], seen, turns - wanting)
        rest = (come + time) % turns
        left = torch.cat([seen[:, seen.shape[1] - rest :], torch.full_like(begun, self.config.none)], dim=1)[:, :turns]
        return logits, (hidden, memory, window, there, reads[:, -1], left)

    def _advance(self, events: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Take whole events, shape (batch, events, turns); return the next state and what the heads read after each."""
        hidden, memory, window, there = state
        inputs = [table(self._in_group(events[..., turn], turn)) for turn, table in enumerate(self.embed)]
        states = self.dropout(torch.cat(inputs, dim=2))
        after: list[tuple[Tensor, Tensor]] = []
        for layer, (cell, norm) in enumerate(zip(self.cells, self.norms, strict=True)):
            before = tuple(part[None, :, layer].contiguous() for part in (hidden, memory))  # torch wants (1, batch, units)
            states, last = cell(states, before)
            after.append(last)
            states = self.dropout(norm(states.flatten(0, 1)).view(*events.shape[:2], self.config.units))
        seen = torch.cat([window.to(states.dtype), states], dim=1)  # (batch, window + events, units)
        present = torch.cat([there, there.new_ones(states.shape[:2])], dim=1)
        weights = self.attention(states, seen, present)
        reads = self.read(torch.cat([weights @ seen, states], dim=2))
        hidden, memory = (torch.stack([last[part][0] for last in after], dim=1) for part in range(2))
        return hidden, memory, seen[:, -self.config.window :], present[:, -self.config.window :], reads

    def attention(self, states: Tensor, seen: Tensor, present: Tensor) -> Tensor:
        """Return how much each event looks at each state, shape (batch, events, window + events); rows sum to 1.

        Args:
            states: Of the events, shape (batch, events, units).
            seen: Of the window before them and of the events, shape (batch, window + events, units).
            present: 1 where there is a state, else 0, shape (batch, window + events).
        """
        events, width = states.shape[1], self.config.window
        scores = self.query(states) @ seen.transpose(1, 2) / self.config.units**0.5
        place = torch.arange(seen.shape[1], device=seen.device) - torch.arange(events, device=seen.device)[:, None] - 1
        within = (place >= 0) & (place < width)  # (events, window + events); place 0 is the oldest, width - 1 the event itself
        scores = scores + self.distance[place.clamp(0, width - 1)]
        return torch.where(within & (present[:, None] > 0), scores, NEVER).softmax(dim=2)

    def _in_group(self, ids: Tensor, turn: int) -> Tensor:
        """Places of ids in a group; its size for one of another group, or none."""
        size = self.config.groups[turn][1]
        return torch.where(self.turn_of[ids] == turn, self.places[ids], size)

    def _heads(self, reads: Tensor, seen: Tensor, come: int) -> Tensor:
        """Logits after each id: only the group that is due has any.

        Args:
            reads: What the heads read, shape (batch, time, units).
            seen: The ids before and of each place, shape (batch, turns - 1 + time), newest last.
            come: Ids of the event that had come before the first place.
        """
        turns, time = len(self.config.groups), reads.shape[1]
        logits = reads.new_full((*reads.shape[:2], self.config.vocabulary), NEVER)
        for turn, (first, size) in enumerate(self.config.groups):
            at = torch.arange(time, device=reads.device)[(turn - come - 1) % turns :: turns]
            inside = reads[:, at]
            for other in range(turn) if self.config.joint else ():
                chosen = self._in_group(seen[:, at + turns - 1 - (turn - 1 - other)], other)
                inside = inside + self.lagged[f"{turn}-{other}"](chosen)
            logits[:, at, first : first + size] = self.heads[turn](self.dropout(inside.tanh())).to(logits.dtype)
        return logits


def turn_table(config: PlayBachConfig) -> tuple[Sequence[int], Sequence[int]]:
    """Return, for each id and for none, its group's turn (-1 where it has none) and its place in the group."""
    turn_of, places = [-1] * (config.vocabulary + 1), [0] * (config.vocabulary + 1)
    for turn, (first, size) in enumerate(config.groups):
        turn_of[first : first + size] = [turn] * size
        places[first : first + size] = range(size)
    return turn_of, places
