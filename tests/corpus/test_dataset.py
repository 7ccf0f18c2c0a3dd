"""Fetching a data set from a server that is good, wrong, slow to say so, or gone."""

import hashlib
import http.server
import os
import threading

import pytest

from partimento.corpus.dataset import DataSet, data_home
from partimento.corpus.sources import DATA_SETS
from partimento.errors import CorpusError

FILES = {"a/one.abc": b"X:1\nK:C\nCDEF|\n" * 50, "two.abc": b"X:2\nK:G\nGABc|\n" * 50}


class Answers(http.server.BaseHTTPRequestHandler):
    """Serves `FILES`; what stands before them in the path makes it fail."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        _, mood, name = self.path.split("/", 2)
        data = FILES.get(name)
        if data is None or mood == "missing":
            self.send_error(404)
            return
        if mood == "wrong":
            data = data[:-1] + b"!"
        if mood == "nothing":
            self.close_connection = True
            return
        if mood == "garbled":
            self.wfile.write(b"garbage\r\n\r\n")
            self.close_connection = True
            return
        self.send_response(200)
        if mood == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"ff\r\n" + data[:20])
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if mood == "cut" else data)
        self.close_connection = mood == "cut"

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.asked = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def data_set(home, mood="good"):
    files = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    return DataSet("little", "tunes", "CC0", "Nobody", "Ship it.", f"{home}/{mood}", files)


def address(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def everything(folder):
    return sorted(os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)


def test_good_files_arrive_and_are_found(server, tmp_path):
    told = []
    made = data_set(address(server)).download(tmp_path, told.append)
    assert told == list(FILES)
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in made} == FILES
    assert data_set("http://x").find(tmp_path) == made
    assert everything(tmp_path) == ["a/one.abc", "two.abc"]


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    data_set(address(server)).download(tmp_path)
    (tmp_path / "two.abc").write_bytes(b"damaged")
    server.asked.clear()
    data_set(address(server)).download(tmp_path)
    assert server.asked == ["/good/two.abc"]
    assert (tmp_path / "two.abc").read_bytes() == FILES["two.abc"]


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("wrong", r"is not the file that was pinned \(SHA-256 differs\). Nothing was kept"),
        ("missing", "could not be fetched .*404.*Check the connection, or fetch it by hand"),
        ("cut", "is not the file that was pinned|could not be fetched"),
        ("chunked", "could not be fetched"),
        ("nothing", "could not be fetched"),
        ("garbled", "could not be fetched"),
    ],
)
def test_a_bad_answer_leaves_nothing(server, tmp_path, mood, words):
    with pytest.raises(CorpusError, match=words):
        data_set(address(server), mood).download(tmp_path)
    assert everything(tmp_path) == []


def test_a_server_that_is_gone(server, tmp_path):
    home = address(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(CorpusError, match="could not be fetched .*Check the connection"):
        data_set(home).download(tmp_path)
    assert everything(tmp_path) == []


def test_an_old_file_stays_when_the_new_one_is_wrong(server, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.abc").write_bytes(b"mine")
    with pytest.raises(CorpusError, match="is not the file that was pinned"):
        data_set(address(server), "wrong").download(tmp_path)
    assert (tmp_path / "a" / "one.abc").read_bytes() == b"mine"


def test_an_answer_without_end_is_cut_off(server, tmp_path, monkeypatch):
    monkeypatch.setattr("partimento.corpus.dataset.LARGEST_FILE_BYTES", 100)
    with pytest.raises(CorpusError, match="more than 100 bytes. Nothing was kept of it"):
        data_set(address(server)).download(tmp_path)


def test_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("PARTIMENTO_DATA", str(tmp_path / "one"))
    assert data_home() == tmp_path / "one"
    monkeypatch.delenv("PARTIMENTO_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "two"))
    assert data_home() == tmp_path / "two" / "partimento"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_home() == tmp_path / ".local" / "share" / "partimento"


@pytest.mark.parametrize("name", sorted(DATA_SETS))
def test_every_source_says_what_it_is(name):
    made = DATA_SETS[name]
    assert made.name == name
    assert all((made.summary, made.licence, made.citation, made.weights.endswith(".")))
    assert made.home.startswith("https://") and not made.home.endswith("/")
    assert made.files and all(len(checksum) == 64 and set(checksum) <= set("0123456789abcdef") for checksum in made.files.values())
    assert all(not path.startswith("/") and ".." not in path for path in made.files)
