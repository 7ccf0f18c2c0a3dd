import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from partimento.models.onnx_session import OnnxSession


def graph(*, inputs=None, outputs=None, nodes=None, constants=()):
    """A step whose logits are its state plus one."""
    number = TensorProto.FLOAT
    inputs = inputs or [("ids", TensorProto.INT64, ["batch"]), ("state.sum", number, ["batch", 3])]
    outputs = outputs or [("logits", number, ["batch", 3]), ("next.sum", number, ["batch", 3])]
    constants = list(constants) or [numpy_helper.from_array(np.ones(3, np.float32), "one")]
    nodes = nodes or [helper.make_node("Add", ["state.sum", "one"], ["logits"]), helper.make_node("Identity", ["logits"], ["next.sum"])]
    made = [[helper.make_tensor_value_info(*value) for value in values] for values in (inputs, outputs)]
    model = helper.make_model(helper.make_graph(nodes, "step", *made, constants), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def test_a_step_leaves_the_state_it_was_given_alone():
    session = OnnxSession(graph())
    before = session.start(2)
    logits, after = session.step(np.array([0, 1]), before)
    assert session.vocabulary == 3
    assert np.array_equal(before[0], np.zeros((2, 3)))
    assert np.array_equal(after[0], np.ones((2, 3))) and np.array_equal(logits, np.ones((2, 3)))
    forked, _ = session.step(np.array([0, 1]), before)
    assert np.array_equal(forked, logits)


def test_a_part_of_the_state_without_rows_stays_as_it_was():
    width = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3]) for name in ("state.kept", "next.kept")]
    model = onnx.load_from_string(graph())
    model.graph.input.append(width[0])
    model.graph.output.append(width[1])
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((0, 3), np.float32), "empty"))
    model.graph.node.append(helper.make_node("Identity", ["empty"], ["next.kept"]))
    session = OnnxSession(model.SerializeToString())
    before = (np.zeros((2, 3), np.float32), np.full((2, 3), 7, np.float32))
    _, after = session.step(np.array([0, 1]), before)
    assert after[1] is before[1]
    assert np.array_equal(after[0], np.ones((2, 3)))


@pytest.mark.parametrize("data", [b"", b"no graph", graph()[:100], b"\x80\x04K\x01.", bytes(1000)])
def test_what_is_no_graph_is_refused(data):
    with pytest.raises(ValueError, match="onnxruntime does not take the graph|the graph takes"):
        OnnxSession(data)


def test_a_loop_is_refused_before_it_can_run_for_ever():
    once = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["sum"], ["more"])],
        "body",
        [helper.make_tensor_value_info(*value) for value in (("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("sum", 1, None))],
        [helper.make_tensor_value_info(*value) for value in (("on", TensorProto.BOOL, []), ("more", 1, None))],
    )
    endless = helper.make_node("Loop", ["", "yes", "state.sum"], ["logits"], body=once)
    nodes = [endless, helper.make_node("Identity", ["logits"], ["next.sum"])]
    with pytest.raises(ValueError, match="the graph has a loop, which may never end"):
        OnnxSession(graph(nodes=nodes, constants=[numpy_helper.from_array(np.array(True), "yes")]))


def test_a_graph_without_ids_is_refused():
    with pytest.raises(ValueError, match="the graph takes x and gives y, expected ids, state"):
        OnnxSession(
            graph(
                inputs=[("x", TensorProto.FLOAT, ["batch", 3])],
                outputs=[("y", TensorProto.FLOAT, ["batch", 3])],
                nodes=[helper.make_node("Identity", ["x"], ["y"])],
            )
        )


def test_a_state_that_does_not_come_back_is_refused():
    with pytest.raises(ValueError, match="gives logits, expected ids"):
        OnnxSession(graph(outputs=[("logits", TensorProto.FLOAT, ["batch", 3])]))


def test_a_width_that_is_left_open_is_refused():
    width = ["batch", "some"]
    with pytest.raises(ValueError, match="expected ids, state"):
        OnnxSession(
            graph(
                inputs=[("ids", TensorProto.INT64, ["batch"]), ("state.sum", TensorProto.FLOAT, width)],
                outputs=[("logits", TensorProto.FLOAT, width), ("next.sum", TensorProto.FLOAT, width)],
                nodes=[helper.make_node("Identity", ["state.sum"], [name]) for name in ("logits", "next.sum")],
            )
        )


def test_weights_in_another_file_are_never_fetched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.array([7, 7, 7], np.float32).tobytes())
    outside = onnx.TensorProto(name="one", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="secret.bin")
    with pytest.raises(ValueError, match="refers to other files"):
        OnnxSession(graph(constants=[outside]))
