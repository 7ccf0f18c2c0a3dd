import numpy as np
import pytest

from partimento.errors import ReadError
from partimento.files.tensors import read_tensors, tensor_bytes


def test_arrays_come_back():
    arrays = {"b": np.arange(6, dtype=np.int32).reshape(2, 3), "a": np.array([0.5], np.float16)}
    back = read_tensors(tensor_bytes(arrays), "w.safetensors")
    assert back.keys() == arrays.keys() and all(np.array_equal(back[name], array) for name, array in arrays.items())


@pytest.mark.parametrize("pickle", [b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"])
def test_a_header_whose_length_begins_as_pickles_do_is_no_pickle(pickle):
    """A file begins with the length of its header, low byte first: 640, 896, 1152 and 1408 look like a pickle's first bytes."""
    wanted = int.from_bytes(pickle, "little")
    made = next(
        data
        for count in range(1, 40)
        for longer in range(80)
        if (data := tensor_bytes({f"{at:02d}{'x' * longer * (not at)}": np.zeros(1, np.float32) for at in range(count)}))
        and int.from_bytes(data[:8], "little") == wanted
    )
    assert made[:2] == pickle
    assert len(read_tensors(made, "w.safetensors")) > 1


@pytest.mark.parametrize("data", [b"\x80\x04\x95\x10\0\0\0\0\0\0\0cos", b"PK\x03\x04abcdefgh", b"\x93NUMPY\x01\0v\0"])
def test_what_may_run_programs_is_not_opened(data):
    with pytest.raises(ReadError, match="w.safetensors, byte 0: is a pickle or an archive of pickles"):
        read_tensors(data, "w.safetensors")
