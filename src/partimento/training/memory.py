"""Memory that one step of training frees stays for the next one."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # names of glibc's malloc.h


def keep_freed_memory() -> None:
    """Let the process keep what it frees; nothing happens where the C library is not glibc.

    glibc gives a large block back to the system as soon as it is freed, and the next step gets its pages one by one and
    cleared: a third of the time of a network that reads whole frames (`docs/log.md`). What is kept is reused, so
    a run takes no more than its largest step.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for name, value in ((_MMAP_THRESHOLD, 2**30), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**26)):
            mallopt(name, value)
