import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from little_music import trained
from partimento import bundle as bundles
from partimento.bundle import CARD, HASHES, NEXT, STEP, WEIGHTS, Card, card_of, load_bundle, save_bundle
from partimento.cli import comparison
from partimento.errors import BundleError, WriteError
from partimento.files import whole
from partimento.files.tensors import tensor_bytes
from partimento.generation.composer import Composer
from partimento.models.markov import Markov

COUNTED = Markov.fit([np.array([0, 2, 3, 1])], order=1, vocabulary=98)


def card(**fields):
    made = {
        "name": "little",
        "summary": "Nothing much.",
        "version": "0",
        "model": {"name": "markov"},
        "encoding": {"name": "characters"},
        "data": {},
        "training": {},
        "figures": {"x": 1.5},
        "limits": ("small",),
        "sampling": {"temperature": 0.9},
        "permission": "You may.",
    }
    return Card(**{**made, **fields})


def files(word=b"one"):
    return {WEIGHTS: tensor_bytes(COUNTED.tensors()), "extra.bin": word}


@pytest.fixture
def folder(tmp_path):
    return save_bundle(tmp_path / "bundle", card(), files())


def rewrite(folder, **changed):
    """Put other bytes into a bundle, with hashes that fit them."""
    hashes = json.loads((folder / HASHES).read_text())
    for name, data in changed.items():
        name = name.replace("_", ".")
        (folder / name).write_bytes(data)
        hashes[name] = hashlib.sha256(data).hexdigest()
    (folder / HASHES).write_text(json.dumps(dict(sorted(hashes.items())), indent=2) + "\n")


# --- there and back


def test_a_bundle_comes_back_whole(folder):
    found = load_bundle(folder)
    assert found.card == card()
    assert dict(found.files) == files()
    assert found.fingerprint == hashlib.sha256(files()[WEIGHTS]).hexdigest()[:12]
    assert found.model().vocabulary == len(found.encoding().vocabulary) == 98
    assert sorted(os.listdir(folder)) == sorted([CARD, HASHES, WEIGHTS, "extra.bin"])


def test_without_its_weights_a_bundle_is_told_by_its_graph_and_its_card_counts_them(tmp_path):
    saved = save_bundle(tmp_path / "graph", card(training={"parameters": 1234}), {STEP: b"graph"})
    found = load_bundle(saved)
    assert found.fingerprint == hashlib.sha256(b"graph").hexdigest()[:12]
    assert comparison._parameters(found) == 1234
    assert comparison._parameters(load_bundle(save_bundle(tmp_path / "whole", card(), files()))) == sum(
        array.size for array in COUNTED.tensors().values()
    )


def test_the_same_bundle_is_the_same_bytes(folder, tmp_path):
    other = save_bundle(tmp_path / "other", card(), dict(reversed(files().items())))
    assert all((folder / name).read_bytes() == (other / name).read_bytes() for name in os.listdir(folder))


def test_other_files_in_the_folder_stay_and_are_never_opened(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    (folder / "run").mkdir()
    save_bundle(folder, card(), files(b"two"))
    assert load_bundle(folder).files["extra.bin"] == b"two"
    assert (folder / "notes.txt").read_text() == "mine" and (folder / "run").is_dir()
    assert set(load_bundle(folder).files) == {WEIGHTS, "extra.bin"}


def test_files_of_the_old_bundle_go(folder):
    save_bundle(folder, card(), {WEIGHTS: files()[WEIGHTS]})
    assert not (folder / "extra.bin").exists()
    load_bundle(folder)


def test_a_name_that_is_no_text_can_be_said(tmp_path):
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    made = save_bundle(tmp_path / "b", card(data={"corpus": name}, name="é♯"), files())
    assert load_bundle(made).card.data["corpus"] == name
    assert load_bundle(made).card.name == "é♯"


# --- damage


def test_any_flipped_bit_in_any_file_is_noticed(folder):
    chance = random.Random(1)
    for name in os.listdir(folder):
        data = (folder / name).read_bytes()
        every = range(len(data)) if name in (CARD, HASHES) else chance.sample(range(len(data)), min(len(data), 60))
        for place in every:
            damaged = bytearray(data)
            damaged[place] ^= 1 << chance.randrange(8)
            (folder / name).write_bytes(damaged)
            with pytest.raises(BundleError, match="is damaged or was changed|missing or unreadable|which is no plain file name"):
                load_bundle(folder)
        (folder / name).write_bytes(data)
    load_bundle(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS, "extra.bin"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{name}: missing or unreadable, though hashes.json names it"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.parametrize("cut", [0, 1, -1])
def test_a_file_cut_short_is_noticed(folder, name, cut):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:cut])
    with pytest.raises(BundleError, match=f"{name}: is damaged or was changed"):
        load_bundle(folder)


def test_a_folder_that_is_no_bundle_is_said(tmp_path):
    with pytest.raises(BundleError, match="is no bundle .no hashes.json in it.. Give the folder that"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"card.json": 3}', '{"a": "b"}\n', "[" * 100_000])
def test_hashes_that_are_none_are_refused(folder, text):
    (folder / HASHES).write_text(text)
    with pytest.raises(BundleError, match="hashes.json: is damaged or was changed"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "run/x", "..", ".", ""])
def test_names_that_leave_the_folder_are_refused(folder, name):
    (folder.parent / "outside").write_bytes(b"x")
    hashes = json.loads((folder / HASHES).read_text()) | {name: hashlib.sha256(b"x").hexdigest()}
    (folder / HASHES).write_text(json.dumps(dict(sorted(hashes.items())), indent=2) + "\n")
    with pytest.raises(BundleError, match="which is no plain file name. Do not use this bundle"):
        load_bundle(folder)


def test_a_pipe_in_place_of_a_file_does_not_keep_us_waiting(folder):
    (folder / WEIGHTS).unlink()
    os.mkfifo(folder / WEIGHTS)
    with pytest.raises(BundleError, match="missing or unreadable"):
        load_bundle(folder)


# --- bundles of others: whole, but not what they say they are


def altered(**fields):
    values = json.loads(card().as_json()) | fields
    return json.dumps({key: value for key, value in values.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x80\x04K\x01.", "is no JSON"),
        (b"[1]", "holds a list, expected an object"),
        (b'{"format": NaN}', "is no JSON .*NaN is no number"),
        (b'{"format": Infinity}', "is no JSON .*Infinity is no number"),
        (b"[" * 200_000, "is no JSON"),
        (altered(format=2), "format 2, expected 1. It is from another version"),
        (altered(format=...), "format None, expected 1"),
        (altered(summery="x"), "unknown field 'summery'; did you mean 'summary'"),
        (altered(limits=..., name=...), "lacks limits, name"),
        (altered(model=[]), "'model' is a list, expected an object"),
        (altered(name=3), "'name' is a int, expected words"),
        (altered(limits="none"), "'limits' is a str, expected a list"),
        (altered(permission=None), "'permission' is a NoneType, expected words"),
    ],
)
def test_a_card_that_is_none_is_refused(folder, data, words):
    with pytest.raises(BundleError, match=f"card.json: .*{words}"):
        card_of(data, CARD)
    rewrite(folder, card_json=data)
    with pytest.raises(BundleError, match=words):
        load_bundle(folder)


def test_a_pickle_in_place_of_weights_is_never_opened(folder, tmp_path):
    pickle = b"cos\nsystem\n(S'touch %s'\ntR." % str(tmp_path / "pwned").encode()
    for data in (pickle, b"\x80\x04" + pickle, b"PK\x03\x04" + pickle):
        rewrite(folder, weights_safetensors=data)
        with pytest.raises(BundleError, match="weights.safetensors.* Fetch or train it again"):
            load_bundle(folder).model()
    assert not (tmp_path / "pwned").exists()


def test_a_model_without_its_file_is_named(tmp_path):
    made = save_bundle(tmp_path / "b", card(model={"name": "char_rnn"}), files())
    with pytest.raises(BundleError, match="has no step.onnx, which a 'char_rnn' needs"):
        load_bundle(made).model()


def test_a_graph_that_is_none_is_said(tmp_path):
    made = save_bundle(tmp_path / "b", card(model={"name": "char_rnn"}), {**files(), STEP: b"no graph"})
    with pytest.raises(BundleError, match="onnxruntime does not take the graph.*Fetch or train it again"):
        load_bundle(made).model()


def test_a_model_of_another_vocabulary_is_refused(tmp_path):
    other = tensor_bytes(Markov.fit([], order=1, vocabulary=7).tensors())
    made = save_bundle(tmp_path / "b", card(), {WEIGHTS: other})
    with pytest.raises(BundleError, match="the model has 7 ids, its encoding 98. It is from another version"):
        load_bundle(made).model()


@pytest.mark.parametrize("sampling", [{"temprature": 1.0}, {"temperature": 99}, {"top_k": "many"}])
def test_sampling_that_cannot_be_used_is_refused(tmp_path, sampling):
    made = save_bundle(tmp_path / "b", card(sampling=sampling), files())
    with pytest.raises(BundleError, match="sampling .* cannot be used"):
        Composer(load_bundle(made))


def test_hostile_counts_are_refused(tmp_path):
    tensors = dict(COUNTED.tensors())
    tensors["rows.1"] = tensors["rows.1"].astype(np.int32) + 1000
    made = save_bundle(tmp_path / "b", card(), {WEIGHTS: tensor_bytes(tensors)})
    with pytest.raises(BundleError, match="are no counts of ids"):
        load_bundle(made).model()


# --- saving over an old one


def states(folder):
    """Which bundle is loaded: the word of its extra file."""
    found = load_bundle(folder)
    assert found.files[WEIGHTS] == files()[WEIGHTS]
    assert found.card.summary.endswith(found.files["extra.bin"].decode()), "card and files are of one bundle"
    return found.files["extra.bin"].decode()


def save(folder, word, *, more=False):
    made = {**files(word.encode()), **({"more.bin": b"more"} if more else {})}
    return save_bundle(folder, card(summary=f"This is {word}"), made)


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("at", range(1, 14))
def test_a_disk_that_is_full_at_any_moment_leaves_a_whole_bundle(tmp_path, monkeypatch, call, at):
    folder = save(tmp_path / "b", "old", more=True)
    real, calls = getattr(os, call), [0]

    def failing(*args, **kwargs):
        calls[0] += 1
        if calls[0] >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    for module in {bundles, whole}:
        monkeypatch.setattr(module.os, call, failing)
    try:
        save(folder, "new")
        outcome = "new"
    except WriteError as error:
        assert "The disk is full" in str(error)
        outcome = "either"
    monkeypatch.undo()
    assert states(folder) in (("new",) if outcome == "new" else ("old", "new"))
    assert states(save(folder, "newer")) == "newer"
    assert sorted(os.listdir(folder)) == sorted([CARD, HASHES, WEIGHTS, "extra.bin"])


@pytest.mark.parametrize("at", [2, 9, 14, 18, 20, 22, 24, 26])
def test_a_save_that_is_killed_leaves_a_whole_bundle(tmp_path, at):
    folder = save(tmp_path / "b", "old", more=True)
    child = os.fork()
    if not child:
        calls = [0]

        def watch(event, args):
            if event in ("os.rename", "os.remove", "os.rmdir", "open", "os.mkdir", "os.chmod") and str(folder) in str(args):
                calls[0] += 1
                if calls[0] == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        save(folder, "new")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert states(folder) == "new" if status == 0 else states(folder) in ("old", "new")
    assert states(save(folder, "newer")) == "newer"
    assert NEXT not in os.listdir(folder)


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(bundles.tempfile, "mkdtemp", refuse)
    with pytest.raises(WriteError, match="The folder is read-only"):
        save(tmp_path / "b", "new")
    assert os.listdir(tmp_path / "b") == []


def test_a_small_disk_that_fills_up_keeps_the_old_bundle(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        shutil.which("mount")
        and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True).returncode == 0
    )
    if not mounted:
        pytest.skip("a small disk needs root")
    try:
        save(disk / "b", "old")
        with pytest.raises(WriteError, match="The disk is full"):
            save_bundle(disk / "b", card(), {**files(), "big.bin": bytes(100_000)})
        assert states(disk / "b") == "old"
        assert sorted(os.listdir(disk / "b")) == sorted([CARD, HASHES, WEIGHTS, "extra.bin"])
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_trained_bundle_notices_every_kind_of_damage(tmp_path):
    source = trained("tunes")
    chance = random.Random(2)
    names = [name for name in sorted(os.listdir(source)) if (source / name).is_file()]
    assert {CARD, HASHES, STEP, WEIGHTS, bundles.FINGERPRINTS} == set(names)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in names:
        shutil.copy(source / name, copy)
    for name in names:
        data = (copy / name).read_bytes()
        for place in chance.sample(range(len(data)), 25):
            damaged = bytearray(data)
            damaged[place] ^= 1 << chance.randrange(8)
            (copy / name).write_bytes(damaged)
            with pytest.raises(BundleError):
                load_bundle(copy)
        (copy / name).write_bytes(data)
    assert load_bundle(copy).card == load_bundle(source).card


def test_the_card_says_what_it_must():
    found = load_bundle(trained("tunes")).card
    assert found.data["pieces"]["train"] > found.data["pieces"]["valid"] > 0
    assert found.data["checksum"] and found.training["steps"] == 20
    assert found.figures["valid"]["nats_per_token"] > 0 and found.figures["test"]["pieces"] > 0
    assert found.permission.endswith("copy.") and found.sampling == {"temperature": 1.0}
    assert replace(found, name="x") != found
    assert Path(load_bundle(trained("tunes")).folder).is_dir()


# --- bundles of ill will, whose hashes fit


def test_a_link_in_place_of_a_file_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").write_bytes(files()["extra.bin"])
    (folder / "extra.bin").unlink()
    (folder / "extra.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match=r"extra\.bin: is a link"):
        load_bundle(folder)


def test_a_bundle_too_large_for_memory_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(bundles, "LARGEST_BUNDLE_BYTES", 100)
    with pytest.raises(BundleError, match="missing or unreadable"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\0b", "x" * 201, "\ud800"])
def test_a_model_named_like_a_path_is_refused(folder, name):
    rewrite(folder, card_json=json.dumps({**json.loads((folder / CARD).read_text()), "name": name}).encode())
    with pytest.raises(BundleError, match="is no plain file name"):
        load_bundle(folder)


def test_a_number_beyond_all_numbers_is_refused():
    text = card().as_json().replace("1.5", "1e999")
    with pytest.raises(BundleError, match="1e999 is no number a card may hold"):
        card_of(text.encode(), CARD)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("a\0b", "0", "no plain file name"), ("x" * 300, "0", "no plain file name"), ("x", None, "the hash of 'x' is a NoneType")],
)
def test_hashes_of_strange_names_and_kinds_are_refused(folder, name, value, words):
    hashes = {**json.loads((folder / HASHES).read_text()), name: value}
    (folder / HASHES).write_text(json.dumps(dict(sorted(hashes.items())), indent=2) + "\n")
    with pytest.raises(BundleError, match=words):
        load_bundle(folder)


@pytest.mark.parametrize(
    "give", [lambda: (_ for _ in ()).throw(RuntimeError("out of bounds")), lambda: np.full((1, 98), np.nan), lambda: np.zeros((2, 98))]
)
def test_a_model_that_loads_and_cannot_step_is_refused(folder, monkeypatch, give):
    monkeypatch.setattr(Markov, "step", lambda self, ids, state: (give(), state))
    with pytest.raises(BundleError, match="the model cannot step|logits that are no numbers"):
        load_bundle(folder).model()
