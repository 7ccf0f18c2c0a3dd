import json

from partimento.training.loop import Progress
from partimento.training.record import LOG, Record


def looked(folder, at, *, after=0):
    with Record(folder, after, 100) as record:
        for step in at:
            record.step(step, 1.5, 0.01)
            record.look(Progress(step, 1.23456789, 2.0, 1.9, 10), 3, 100)


def lines(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_look_is_a_line(tmp_path):
    looked(tmp_path, [10])
    assert lines(tmp_path) == [
        {"step": 10, "epoch": 3, "train_nats_per_token": 1.23457, "valid_nats_per_token": 2.0, "best_step": 10, "ended": ""}
    ]


def test_a_new_run_begins_a_new_log(tmp_path):
    looked(tmp_path, [10, 20])
    looked(tmp_path, [5])
    assert [line["step"] for line in lines(tmp_path)] == [5]


def test_a_resumed_run_keeps_the_log_up_to_its_checkpoint(tmp_path):
    looked(tmp_path, [10, 20, 30])
    with (tmp_path / LOG).open("a") as log:
        log.write('{"step": 40, "cut')
    looked(tmp_path, [30], after=20)
    assert [line["step"] for line in lines(tmp_path)] == [10, 20, 30]


def test_a_damaged_log_does_not_keep_a_run_from_going_on(tmp_path):
    (tmp_path / LOG).write_bytes(b'{"step": 10}\nnonsense}\n{"other": 1}\n\xff\xfe}\n[1]}\n')
    looked(tmp_path, [30], after=20)
    assert [line["step"] for line in lines(tmp_path)] == [10, 30]


def test_nothing_is_printed_where_nobody_looks(tmp_path, capsys):
    looked(tmp_path, [10])
    assert capsys.readouterr() == ("", "")


def test_tensorboard_has_the_curves(tmp_path):
    looked(tmp_path, [10])
    files = list((tmp_path / "tensorboard").iterdir())
    data = b"".join(file.read_bytes() for file in files)
    assert all(
        name in data for name in (b"train/nats_per_token", b"train/learning_rate", b"valid/nats_per_token", b"speed/steps_per_second")
    )
