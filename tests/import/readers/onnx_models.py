# onnx_models.py FOLDER [NAME...]: small models by onnx.helper, in the ways of other writers than PyTorch, and of older
# versions of the operators, each to FOLDER/NAME.onnx and past ONNX's checker. Prints the names
import sys

import numpy
from onnx import TensorProto, checker, helper, numpy_helper, save


class Model:
    def __init__(self, shape, opset=13, rank=2):
        self.nodes, self.constants, self.opset, self.shape, self.last = [], [], opset, shape, "input"
        self.out = ["N", "a", "b", "c"][:rank]
        self.random = numpy.random.RandomState(1)

    def constant(self, x):
        name = "c%d" % len(self.constants)
        self.constants.append(numpy_helper.from_array(numpy.asarray(x), name))
        return name

    def floats(self, *shape, low=-1.):
        return self.constant(self.random.uniform(low, 1, shape).astype("f4"))

    def integers(self, *x):
        return self.constant(numpy.array(x, "i8"))

    def add(self, kind, *inputs, outputs=1, first=None, **attributes):
        """a node on the last tensor, and on constants; its first output becomes the last tensor"""
        names = ["%s%d_%d" % (kind, len(self.nodes), k) for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, [first or self.last, *inputs], names, names[0], **attributes))
        self.last = names[0]
        return names if outputs > 1 else names[0]

    def conv(self, channels, filters, size, **attributes):
        return self.add("Conv", self.floats(filters, channels, size, size), self.floats(filters), **attributes)

    def write(self, path, inputs=False):
        listed = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *self.shape])]
        if inputs:
            listed += [helper.make_tensor_value_info(c.name, c.data_type, c.dims) for c in self.constants]
        out = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, self.out)
        graph = helper.make_graph(self.nodes, "g", listed, [out], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 3 if inputs else 7
        checker.check_model(model)
        save(model, path)


def same_padding():
    """convolutions as tf2onnx writes those of Keras: padding by a word, bias and activation apart"""
    m = Model((3, 12, 12))
    for c, f, word in (3, 8, "SAME_UPPER"), (8, 8, "SAME_LOWER"):
        m.add("Conv", m.floats(f, c, 3, 3), auto_pad=word)
        m.add("Add", m.floats(1, f, 1, 1))
        m.add("Relu")
    m.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID")
    m.add("Reshape", m.integers(-1, 8 * 36))
    m.add("MatMul", m.floats(8 * 36, 5))
    m.add("Add", m.floats(5))
    m.add("Softmax", axis=-1)
    return m


def padded():
    """zeros around a map by a node of their own, as ZeroPadding2D"""
    m = Model((3, 14, 14))
    m.add("Pad", m.integers(0, 0, 3, 3, 0, 0, 3, 3), m.constant(numpy.float32(0)))
    m.conv(3, 8, 7, strides=[2, 2])
    m.add("BatchNormalization", m.floats(8), m.floats(8), m.floats(8), m.floats(8, low=.1), epsilon=1e-3)
    m.add("Relu")
    m.add("GlobalAveragePool")
    m.add("Squeeze", m.integers(2, 3))
    m.add("Gemm", m.floats(4, 8), m.floats(4), transB=1)
    return m


def opset7():
    """operators before their attributes became inputs"""
    m = Model((3, 10, 10), 7)
    m.conv(3, 8, 3, pads=[1, 1, 1, 1])
    m.add("BatchNormalization", m.floats(8), m.floats(8), m.floats(8), m.floats(8, low=.1))
    m.add("Clip", min=0., max=6.)
    whole = m.last
    m.add("Slice", first=whole, axes=[1], starts=[0], ends=[4])
    half = m.last
    m.add("Slice", first=whole, axes=[1], starts=[4], ends=[8])
    m.add("Add", half)
    m.add("Upsample", scales=[1., 1., 2., 2.], mode="nearest")
    m.add("Dropout", ratio=.5)
    m.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    m.add("ReduceMean", axes=[2, 3], keepdims=0)
    m.add("Softmax", axis=1)
    return m


def opset9():
    m = Model((2, 6, 6), 9)
    m.conv(2, 4, 3, pads=[1, 1, 1, 1])
    m.add("LeakyRelu", alpha=.1)
    m.add("Upsample", m.constant(numpy.array([1, 1, 2, 2], "f4")), mode="nearest")
    m.conv(4, 2, 1)
    m.add("Flatten")
    m.add("MatMul", m.floats(288, 3))
    return m


def parts():
    """halves by a Split, a gate of several nodes, constants on both sides"""
    m = Model((3, 8, 8))
    m.conv(3, 8, 3, pads=[1, 1, 1, 1])
    a, b = m.add("Split", m.integers(4, 4), outputs=2, axis=1)
    m.add("Sigmoid", first=a)
    m.add("Mul", b)
    m.add("Sub", m.floats(4, 1, 1))
    m.add("Mul", m.constant(numpy.float32(.5)))
    one = m.constant(numpy.float32(1))
    m.nodes.append(helper.make_node("Sub", [one, m.last], ["mirror"]))
    m.add("Concat", a, first="mirror", axis=1)
    m.add("GlobalMaxPool")
    m.add("Flatten")
    return m


def halves():
    """weights of 16 bits, and constants by nodes"""
    m = Model((3, 8, 8), rank=4)
    half = m.constant(m.random.uniform(-1, 1, (6, 3, 3, 3)).astype("f2"))
    m.nodes.append(helper.make_node("Cast", [half], ["w"], to=TensorProto.FLOAT))
    m.add("Conv", "w")
    m.nodes.append(helper.make_node("Constant", [], ["six"], value_float=6.))
    m.nodes.append(helper.make_node("Constant", [], ["nothing"], value_float=0.))
    m.add("Clip", "nothing", "six")
    m.add("Div", "six")
    return m


def opset17():
    m = Model((3, 8, 8), 17, 4)
    m.conv(3, 6, 3, strides=[2, 2])
    m.add("HardSwish")
    m.add("ReduceMean", axes=[-2, -1])
    m.add("HardSigmoid", alpha=.2, beta=.5)
    return m


def rows():
    m = Model((12,))
    m.add("Gemm", m.floats(12, 8), m.floats(8))
    m.add("BatchNormalization", m.floats(8), m.floats(8), m.floats(8), m.floats(8, low=.1))
    m.add("Relu")
    m.add("Mul", m.floats(8))
    m.add("Gemm", m.floats(8, 3), m.constant(numpy.zeros((1, 3), "f4")))
    return m


def one_side():
    """strides with one zero more behind, or in front, as TensorFlow's MobileNet has them; zeros in front alone"""
    m = Model((3, 16, 14))
    m.conv(3, 8, 3, strides=[2, 2], auto_pad="SAME_UPPER")
    m.add("Relu")
    m.add("Pad", m.integers(0, 0, 0, 0, 0, 0, 1, 1))
    m.add("Conv", m.floats(8, 1, 3, 3), m.floats(8), strides=[2, 2], group=8)
    m.add("Clip", m.constant(numpy.float32(0)), m.constant(numpy.float32(6)))
    m.conv(8, 8, 2, auto_pad="SAME_LOWER")
    m.conv(8, 8, 3, pads=[2, 2, 0, 0])
    m.conv(8, 8, 3, dilations=[2, 2], pads=[1, 1, 2, 2])
    m.conv(8, 8, 1, strides=[2, 2], pads=[0, 0, 1, 1])
    m.add("AveragePool", kernel_shape=[2, 2], pads=[0, 0, 1, 1], count_include_pad=1)
    m.add("Flatten")
    return m


def other_pools():
    """more pads in front of a pool, or behind it, and maps that are no squares"""
    m = Model((3, 9, 7), 12)
    m.conv(3, 4, 1)
    m.add("MaxPool", kernel_shape=[2, 2], auto_pad="SAME_LOWER")
    m.add("AveragePool", kernel_shape=[3, 3], pads=[0, 0, 2, 2])
    m.add("MaxPool", kernel_shape=[3, 3], pads=[2, 1, 0, 1])
    m.add("GlobalMaxPool")
    m.add("Flatten")
    return m


def spelt():
    """what other operators say, spelt out: clips, a mean of all pixels, a sign"""
    m = Model((3, 5, 6), opset=13)
    m.conv(3, 4, 3)
    m.add("Max", m.constant(numpy.float32(0)))
    m.add("Min", m.constant(numpy.float32(6)))
    m.conv(4, 4, 1)
    m.add("Resize", "", m.constant(numpy.array([1, 1, 2, 2], "f4")), mode="nearest",
          coordinate_transformation_mode="asymmetric", nearest_mode="round_prefer_floor")
    m.add("Neg")
    m.add("Max", m.constant(numpy.zeros((1, 1, 1, 1), "f4")))
    m.add("ReduceMean", axes=[3], keepdims=0)
    m.add("ReduceMean", axes=[2], keepdims=0)
    return m


MODELS = {"same-padding": same_padding, "padded": padded, "opset7": opset7, "opset9": opset9, "parts": parts,
          "halves": halves, "opset17": opset17, "rows": rows, "one-side": one_side, "other-pools": other_pools,
          "spelt": spelt}


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    for name in names or MODELS:
        MODELS[name]().write("%s/%s.onnx" % (folder, name), inputs=name == "opset7")
        print(name)


main()
