"""Weights as safetensors bytes, read without torch and without ever opening a pickle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from partimento.errors import ReadError

_TYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
"""safetensors' names of the types numpy has; BF16 is widened to float32."""

Tensors = Mapping[str, NDArray[np.generic]]


def read_tensors(data: bytes, name: str) -> dict[str, NDArray[np.generic]]:
    """Return the named arrays in a safetensors file.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Raises:
        ReadError: When the bytes are no safetensors file, are damaged, or hold numbers that are none.
    """
    is_header = data[8:9] == b"{"  # behind a length, which may itself begin as pickles do: 640 is 80 02
    if not is_header and (data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK") or data[:6] == b"\x93NUMPY"):
        raise ReadError(
            f"{name}, byte 0: is a pickle or an archive of pickles, which may run programs; it was not opened. "
            "Save the weights as safetensors."
        )
    try:
        entries = deserialize(data)  # type: ignore[no-untyped-call]  # safetensors leaves it untyped
    except (SafetensorError, ValueError, OverflowError, MemoryError) as error:
        raise ReadError(f"{name}, header: no sound safetensors file ({error}). Fetch or save the file again.") from error
    tensors: dict[str, NDArray[np.generic]] = {}
    for tensor, entry in entries:
        kind, shape, raw = entry["dtype"], entry["shape"], entry["data"]
        if kind == "BF16":
            array: NDArray[np.generic] = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif kind in _TYPES:
            array = np.frombuffer(raw, _TYPES[kind])
        else:
            raise ReadError(
                f"{name}, tensor '{tensor}': type {kind}, expected one of {', '.join(_TYPES)}, BF16. Save the weights as float32."
            )
        if array.dtype.kind == "f" and not bool(np.isfinite(array).all()):
            raise ReadError(
                f"{name}, tensor '{tensor}': holds numbers that are none (NaN or infinite). "
                "The training run failed; use an earlier checkpoint."
            )
        tensors[tensor] = array.reshape(shape)
    return tensors


def tensor_bytes(tensors: Tensors) -> bytes:
    """Return named arrays as safetensors bytes, the same bytes for the same arrays."""
    return save({name: np.ascontiguousarray(tensors[name]) if tensors[name].ndim else tensors[name] for name in sorted(tensors)})
