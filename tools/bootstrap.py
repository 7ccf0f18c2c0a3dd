"""Make a virtual environment with pip in it, on any Python 3.11 or newer: even one that came without pip and venv.

usage: python3 tools/bootstrap.py FOLDER

Debian keeps `ensurepip` in a package of its own (python3-venv). Where it is missing, one pinned wheel of pip is
fetched from the package index (PyPI, or what PIP_INDEX_URL names), checked against its SHA-256 and installed by
itself. Nothing else is needed, nothing outside FOLDER is touched.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

WHEEL = "pip-26.1-py3-none-any.whl"
SHA256 = "4e8486d821d814b77319acb7b9e8bf5a4ee7590a643e7cb21029f209be8573c1"


def fetch(address: str) -> bytes:
    """Return the bytes at an address."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        data: bytes = answer.read()
    return data


def pinned_wheel() -> bytes:
    """Return the pinned wheel of pip, as its index has it, checked."""
    page = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        match = re.search(rf'href="([^"]*{re.escape(WHEEL)})[#"]', fetch(page).decode("utf-8", "replace"))
        if match is None:
            sys.exit(f"setup: {page} has no {WHEEL}. Install pip for your Python (Debian: apt install python3-venv) and run this again.")
        data = fetch(urllib.parse.urljoin(page, match[1]))
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"setup: {page} could not be reached ({error}). Check the connection, or: apt install python3-venv; then run this again.")
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"setup: {WHEEL} from {page} is not the file that was pinned (SHA-256 differs). Nothing was installed.")
    return data


def make(folder: Path) -> None:
    """Make the environment in `folder`; what stood there before is cleared away."""
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=has_pip).create(folder)
    if has_pip:
        return
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Path(scratch) / WHEEL
        wheel.write_bytes(pinned_wheel())
        subprocess.run([python, wheel / "pip", "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  # this file runs on what the user happens to have
        sys.exit(f"setup: this is Python {sys.version.split()[0]}, expected 3.11 or newer. Install one and run: make PYTHON=python3.12 ...")
    if len(sys.argv) != 2:
        sys.exit("usage: python3 tools/bootstrap.py FOLDER")
    make(Path(sys.argv[1]))
