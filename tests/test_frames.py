"""The frame likelihood benchmark: its reader, its floors, and that its networks say a joint distribution."""

import importlib
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def frame_data():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("frame_data")
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def network(frame_data):
    del frame_data
    return importlib.import_module("frame_network")


def element(kind, body):
    if len(body) <= 4 and kind != 14:
        return struct.pack("<HH", kind, len(body)) + body.ljust(4, b"\0")
    return struct.pack("<II", kind, len(body)) + body + b"\0" * (-len(body) % 8)


def matrix(name, array_class, shape, body):
    head = element(6, struct.pack("<II", array_class, 0)) + element(5, np.array(shape, "<i4").tobytes()) + element(1, name.encode())
    return element(14, head + body)


def mat_file(cells, *, packed):
    parts = b""
    for name, arrays in cells.items():
        body = b"".join(matrix("", 9, array.shape, element(2, array.tobytes("F"))) for array in arrays)
        whole = matrix(name, 1, (1, len(arrays)), body)
        parts += struct.pack("<II", 15, len(zlib.compress(whole))) + zlib.compress(whole) if packed else whole
    return b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + parts


def pieces(count=3, keys=88):
    random = np.random.default_rng(0)
    return [(random.random((5 + 2 * number, keys)) < 0.05).astype(np.uint8) for number in range(count)]


@pytest.mark.parametrize("packed", [False, True])
def test_cells_of_a_matlab_file_are_read(frame_data, packed, tmp_path):
    given = {"traindata": pieces(3), "validdata": pieces(1), "testdata": pieces(2)}
    (tmp_path / "JSB_Chorales.mat").write_bytes(mat_file(given, packed=packed))
    found = frame_data.load_set(tmp_path, "JSB_Chorales")
    assert {part: len(found[part]) for part in found} == {"train": 3, "valid": 1, "test": 2}
    assert all(np.array_equal(a, b) for a, b in zip(found["train"], given["traindata"], strict=True))


def test_what_is_no_such_file_is_refused(frame_data):
    with pytest.raises(ValueError, match="no little-endian MATLAB 5 file"):
        frame_data.read_mat(b"RIFF")
    with pytest.raises(ValueError, match="'x' is no cell array"):
        frame_data.read_mat(b" " * 126 + b"IM" + matrix("x", 9, (1, 1), element(2, b"\1")))
    with pytest.raises(ValueError, match="'' holds elements of type 99"):
        frame_data.read_mat(b" " * 126 + b"IM" + matrix("x", 1, (1, 1), matrix("", 9, (1, 1), element(99, b"\1"))))


def test_floors_are_the_counts_of_each_key(frame_data):
    train = [np.zeros((9, 88), np.uint8)]
    train[0][:, 40] = [1, 1, 1, 1, 0, 0, 0, 0, 0]
    test = [np.zeros((2, 88), np.uint8)]
    test[0][0, 40] = 1
    found = frame_data.floors(train, test)
    silent = 87 * -np.log(1 - 0.5 / 10)
    assert found["marginal"].frames[0] == pytest.approx([-np.log(4.5 / 10) + silent, -np.log(5.5 / 10) + silent])
    assert found["markov"].frames[0][0] == pytest.approx(-np.log(1.5 / 6) + silent)  # from silence: 1 of 5
    assert found["markov"].frames[0][1] == pytest.approx(-np.log(1.5 / 5) + silent)  # from sound: 3 of 4 stay
    rows = frame_data.Nats([np.array([1.0, 2, 3]), np.array([5.0])]).rows()
    assert list(rows.values()) == [2.75, 3.5, 2.5]


def test_a_passage_heard_before_says_how_it_went_on(frame_data):
    song = np.zeros((9, 88), np.uint8)
    song[np.arange(9), [1, 2, 3, 4, 9, 2, 3, 4, 9]] = 1
    after, agree = frame_data.continuations(song)
    assert agree.tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 3]
    assert after.argmax(axis=1).tolist() == [0, 0, 0, 0, 0, 0, 3, 4, 9]
    assert not after[:6].any()


def chunk(network, songs):
    return network.chunk_of(songs, [0] * len(songs), max(len(song.frames) for song in songs))


@pytest.mark.parametrize("model", ["ours", "biaxial-small", "biaxial-invariant"])
def test_a_network_says_a_distribution_over_frames(network, model):
    torch.manual_seed(0)
    low, high = 30, 33
    module = network.network_of(model, high - low + 1, low).eval()
    first = np.zeros((2, 88), np.uint8)
    first[0, [30, 32]] = 1
    given = [first.copy() for _ in range(16)]
    for number, piece in enumerate(given):  # all frames of four keys
        piece[1, low : high + 1] = [number >> bit & 1 for bit in range(4)]
    nats = network.nats_of([module], [network.Song.of(piece, low, high) for piece in given], given, low, 1.0 - 1e-9)
    assert sum(np.exp(-piece[1]) for piece in nats) == pytest.approx(1, abs=1e-5)
    assert len({float(piece[1]) for piece in nats}) == 16


@pytest.mark.parametrize("model", ["ours", "biaxial-small"])
def test_a_key_hears_the_past_and_the_keys_below_alone(network, model):
    torch.manual_seed(0)
    module = network.network_of(model, 40, 20).eval()
    song = network.Song.of(pieces(1)[0], 20, 59)
    changed = song.frames.copy()
    changed[3, 17] ^= 1
    other = network.Song(changed, song.after, song.agree)
    with torch.no_grad():
        one, two = (module(chunk(network, [which]), module.start(1))[0][0] for which in (song, other))
    differs = (one - two).abs() > 0
    assert not differs[:3].any() and not differs[3, :18].any()
    assert differs[3, 18:].all() and differs[4].any()


def test_reading_in_parts_is_reading_at_once(network):
    torch.manual_seed(0)
    songs = [network.Song.of(piece, 20, 59) for piece in pieces(3)]
    module = network.network_of("ours", 40, 20).eval()
    reader = network.FrameReader(module, rows=3)
    with torch.no_grad():
        whole, _ = reader.read(chunk(network, songs), module.start(3))
        parts, carry = [], module.start(3)
        for begin in (0, 4, 8):
            nats, carry = reader.read(network.chunk_of(songs, [begin] * 3, 4), carry)
            parts.append(nats)
    assert torch.allclose(torch.cat(parts, dim=1)[:, : whole.shape[1]], whole, atol=1e-4)


def test_a_stream_goes_on_where_it_stood(network):
    songs = [network.Song.of(piece, 20, 59) for piece in pieces(5)]
    stream, again = (network.SongStream(songs, rows=2, time=4, seed=1) for _ in range(2))
    for _ in range(3):
        stream.next()
    again.restore(stream.state())
    assert torch.equal(stream.next().frames, again.next().frames)
    read = [stream.next() for _ in range(20)]
    assert stream.epoch > 1
    assert all(set(batch.counts.unique().tolist()) <= {0.0, 1.0} for batch in read)


def test_networks_together_are_surer_than_their_mean(network):
    torch.manual_seed(0)
    given = pieces(2)
    songs = [network.Song.of(piece, 20, 59) for piece in given]
    modules = [network.network_of("ours", 40, 20) for _ in range(2)]
    alone = [np.concatenate(network.nats_of([module], songs, given, 20, 0.99)) for module in modules]
    together = np.concatenate(network.nats_of(modules, songs, given, 20, 0.99))
    assert together.mean() <= np.mean(alone) + 1e-6
