# onnx_cv.py MODEL INPUTS OUTPUTS: as onnx.js, by OpenCV's cv2 (python3-opencv). `check` alone behind MODEL: ONNX's own
# checker (python3-onnx), with the inference of shapes. `time SECONDS`: microseconds of a picture, the median
import sys
import time

import numpy

MOST = 10  # of a box's sides: see picture.h


def shape_of(path):
    import onnx
    model = onnx.load(path)
    return [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]


def check(path):
    import onnx
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    print("ok")


def load(path):
    import cv2
    cv2.setNumThreads(1)
    net = cv2.dnn.readNetFromONNX(path)
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    return net


def answer(net, names, x):
    net.setInput(x)
    if "boxes" not in names:
        return net.forward("output").reshape(-1)
    boxes, scores = net.forward(["boxes", "scores"])
    boxes = boxes.reshape(-1, 4).copy()
    boxes[:, 2:] = numpy.minimum(boxes[:, 2:], MOST)
    return numpy.concatenate([boxes, scores.reshape(len(boxes), -1)], 1).reshape(-1)


def main():
    path, inputs = sys.argv[1:3]
    if inputs == "check":
        return check(path)
    shape, net = shape_of(path), load(path)
    names = net.getUnconnectedOutLayersNames()
    names = ["boxes"] if "boxes" in names else names
    if inputs == "time":
        x, times, end = numpy.random.rand(1, *shape).astype("f4"), [], time.time() + float(sys.argv[3])
        while len(times) < 8 or time.time() < end:
            start = time.perf_counter()
            answer(net, names, x)
            times.append(time.perf_counter() - start)
        print("%.1f" % (1e6 * numpy.median(times[3:])))
        return
    x = numpy.fromfile(inputs, "f4").reshape(-1, 1, *shape)
    with open(sys.argv[3], "wb") as out:
        for picture in x:
            out.write(answer(net, names, picture).astype("f4").tobytes())


try:
    main()
except Exception as e:
    print(str(e).strip().split("\n")[0][:200], file=sys.stderr)
    sys.exit(1)
