#!/bin/sh
# Question   ONNX has a version converter, to bring a model to a newer opset. Does the model compute the same then?
# Guess      Yes, or it raises an error: that is its purpose, and it adds nodes where an operator has changed.
# Seen       Two that it converts, and ONNX's checker accepts, compute something else. PRelu of opset 6 has a slope for
#            each channel; in opset 13 its slopes are left as they are, and now belong to the columns of the map. Where
#            there are as many columns as channels it runs. Resize of opset 10 with mode=linear begins at the corner of
#            a pixel; in opset 13 it begins half a pixel later, because the key that says so is not written.
# Versions   Debian 12: python3-onnx 1.12.0-2+b4; npm: onnxruntime-node 1.30.0
# Date       2026-11-30
# Matters    A reader that asks for a newer opset sends people to the converter. An old face or style network comes out
#            with slopes in the wrong places, a segmenter shifted. Export such a model again instead.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 130 MB.
set -eu
onnx=1.12.0-2+b4 runtime=onnxruntime-node@1.30.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "python3-onnx=$onnx"
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$runtime" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: $runtime"; exit 2; }

cat > convert.py << 'END'
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

def save(name, opset, op, shape, out, constant, **keys):
    graph = helper.make_graph([helper.make_node(op, ["x", "c"], ["y"], **keys)], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
                              [numpy_helper.from_array(numpy.array(constant, "f4"), "c")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 7
    onnx.save(model, name + ".onnx")
    converted = version_converter.convert_version(model, 13)
    onnx.checker.check_model(converted)
    onnx.save(converted, name + "-13.onnx")

save("prelu", 6, "PRelu", [1, 3, 2, 3], [1, 3, 2, 3], [.1, .2, .3])
save("nearest", 10, "Resize", [1, 1, 1, 4], [1, 1, 1, 8], [1, 1, 1, 2], mode="nearest")
save("linear", 10, "Resize", [1, 1, 1, 4], [1, 1, 1, 8], [1, 1, 1, 2], mode="linear")
END
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages /usr/bin/python3 convert.py > log 2>&1 ||
    { cat log; exit 2; }

cat > run.js << 'END'
const ort = require('onnxruntime-node');
(async () => {
    const [file, shape, x] = process.argv.slice(2), of = s => s.split(',').map(Number);
    const session = await ort.InferenceSession.create(file, {logSeverityLevel: 3});
    const y = (await session.run({x: new ort.Tensor('float32', Float32Array.from(of(x)), of(shape))})).y;
    console.log(Array.from(y.data, v => String(+v.toFixed(2))).join(' '));
})().catch(e => { console.log(String(e)); process.exit(2); });
END

changed=0
check() { # $1: model, $2: shape, $3: input, $4: recorded, $5: expected
    seen=$(node run.js "$1.onnx" "$2" "$3") || { echo "$seen"; exit 2; }
    printf '%-10s %s\n%10s %s (recorded)\n%10s %s (expected)\n' "$1" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
ones=-1,-1,-1,-1,-1,-1
check nearest 1,1,1,4 1,2,3,4 '1 1 2 2 3 3 4 4' '1 1 2 2 3 3 4 4'
check nearest-13 1,1,1,4 1,2,3,4 '1 1 2 2 3 3 4 4' '1 1 2 2 3 3 4 4'
check linear 1,1,1,4 1,2,3,4 '1 1.5 2 2.5 3 3.5 4 4' '1 1.5 2 2.5 3 3.5 4 4'
check linear-13 1,1,1,4 1,2,3,4 '1 1.25 1.75 2.25 2.75 3.25 3.75 4' '1 1.5 2 2.5 3 3.5 4 4'
check prelu-13 1,3,2,3 $ones,$ones,$ones \
    '-0.1 -0.2 -0.3 -0.1 -0.2 -0.3 -0.1 -0.2 -0.3 -0.1 -0.2 -0.3 -0.1 -0.2 -0.3 -0.1 -0.2 -0.3' \
    '-0.1 -0.1 -0.1 -0.1 -0.1 -0.1 -0.2 -0.2 -0.2 -0.2 -0.2 -0.2 -0.3 -0.3 -0.3 -0.3 -0.3 -0.3'
exit $changed
