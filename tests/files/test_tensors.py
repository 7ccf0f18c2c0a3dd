import numpy as np
import pytest

from partimento.errors import ReadError
from partimento.files.tensors import read_tensors, tensor_bytes


@pytest.mark.parametrize("length", range(100, 1400, 4))
def test_any_length_of_header_is_read_even_one_that_looks_like_a_pickle(length):
    name = "x" * length
    data = tensor_bytes({name: np.arange(3, dtype=np.int32)})
    assert read_tensors(data, "w")[name].tolist() == [0, 1, 2]


def test_some_of_them_do_look_like_one():
    begins = {tensor_bytes({"x" * length: np.zeros(1)})[:2] for length in range(100, 1400, 4)}
    assert begins & {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}


@pytest.mark.parametrize("start", [b"\x80\x02", b"\x80\x05", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_a_pickle_is_called_one(start):
    with pytest.raises(ReadError, match="byte 0: is a pickle or an archive of pickles"):
        read_tensors(start + b"cos\nsystem\n" * 20, "weights.safetensors")
