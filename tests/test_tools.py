"""What `make` calls before anything is installed: pip is fetched only as it was pinned."""

import hashlib
import importlib.util
import urllib.error
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answers(bootstrap, monkeypatch, page: str, wheel: bytes) -> list[str]:
    """Let the index answer with `page`, and any file on it be `wheel`; return what is asked for."""
    asked = []

    def fetch(address):
        asked.append(address)
        return page.encode() if address.endswith("/pip/") else wheel

    monkeypatch.setattr(bootstrap, "fetch", fetch)
    return asked


def test_the_pinned_wheel_is_found_on_a_mirror(bootstrap, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple/")
    monkeypatch.setattr(bootstrap, "SHA256", hashlib.sha256(b"pip").hexdigest())
    asked = _answers(bootstrap, monkeypatch, f'<a href="../../files/ab/{bootstrap.WHEEL}#sha256=0">pip</a>', b"pip")
    assert bootstrap.pinned_wheel() == b"pip"
    assert asked == ["https://mirror.example/simple/pip/", f"https://mirror.example/files/ab/{bootstrap.WHEEL}"]


def test_another_file_is_not_installed(bootstrap, monkeypatch):
    _answers(bootstrap, monkeypatch, f'<a href="{bootstrap.WHEEL}">pip</a>', b"something else")
    with pytest.raises(SystemExit, match=r"is not the file that was pinned .* Nothing was installed"):
        bootstrap.pinned_wheel()


def test_an_index_without_it_is_named(bootstrap, monkeypatch):
    _answers(bootstrap, monkeypatch, "<a href='pip-9.0.0.zip'>old</a>", b"")
    with pytest.raises(SystemExit, match=f"has no {bootstrap.WHEEL}. Install pip"):
        bootstrap.pinned_wheel()


def test_no_net_is_said(bootstrap, monkeypatch):
    def fetch(address):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(bootstrap, "fetch", fetch)
    with pytest.raises(SystemExit, match=r"could not be reached .*no route"):
        bootstrap.pinned_wheel()
