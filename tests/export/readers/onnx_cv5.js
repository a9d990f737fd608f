// onnx_cv5.js MODEL INPUTS OUTPUTS: as onnx.js, by OpenCV 5 in WebAssembly
//
//     NODE_PATH=dir/node_modules node onnx_cv5.js ...     dir: where @techstark/opencv-js is installed
'use strict';
const fs = require('fs');
const MOST = 10; // of a box's sides: see picture.h

// the channels, rows and columns of the input: [N, C, H, W], the first thing of the message ValueInfoProto behind
// its name
function shapeOf(model) {
  const at = model.indexOf(Buffer.from([10, 5, ...Buffer.from('input'), 18])), numbers = [];
  let i = model.indexOf(Buffer.from([10, 3, 18, 1, 78]), at) + 5; // the dimension N
  while (numbers.length < 3) {
    i += 3; // 10, length, 8
    let n = 0, shift = 0;
    do { n |= (model[i] & 127) << shift; shift += 7; } while (model[i++] & 128);
    numbers.push(n);
  }
  return numbers;
}

function rows(boxes, scores) {
  const n = boxes.length / 4, classes = scores.length / n, out = new Float32Array(n * (4 + classes));
  for (let i = 0; i < n; ++i) {
    for (let k = 0; k < 4; ++k) out[i * (4 + classes) + k] = k > 1 ? Math.min(boxes[i * 4 + k], MOST) : boxes[i * 4 + k];
    for (let c = 0; c < classes; ++c) out[i * (4 + classes) + 4 + c] = scores[i * classes + c];
  }
  return out;
}

async function main() {
  const [path, inputs, outputs] = process.argv.slice(2), model = fs.readFileSync(path);
  let cv = require('@techstark/opencv-js');
  if (cv instanceof Promise) cv = await cv;
  if (!cv.Mat) await new Promise(done => { cv.onRuntimeInitialized = done; });
  cv.FS_createDataFile('/', 'model.onnx', model, true, false, false);
  const net = cv.readNetFromONNX('/model.onnx'), shape = shapeOf(model), size = shape.reduce((a, b) => a * b);
  if (![1, 3, 4].includes(shape[0])) process.exit(3); // there is no blob of so many channels
  const bytes = fs.readFileSync(inputs), x = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const detects = model.includes(Buffer.from([10, 5, ...Buffer.from('boxes'), 18])), out = fs.openSync(outputs, 'w');
  const forward = name => { const m = net.forward(name), y = Float32Array.from(m.data32F); m.delete(); return y; };
  for (let at = 0; at < x.length; at += size) {
    // a blob can only be made of a picture
    const pixels = interleaved(x.subarray(at, at + size), shape);
    const picture = cv.matFromArray(shape[1], shape[2], cv['CV_32FC' + shape[0]], pixels);
    const blob = cv.blobFromImage(picture, 1, new cv.Size(shape[2], shape[1]), new cv.Scalar(0, 0, 0, 0), false, false, cv.CV_32F);
    net.setInput(blob, 'input', 1, new cv.Scalar(0, 0, 0, 0));
    const y = detects ? rows(forward('boxes'), forward('scores')) : forward('output');
    fs.writeSync(out, Buffer.from(y.buffer, y.byteOffset, y.byteLength));
    picture.delete();
    blob.delete();
  }
}

// planes one after the other as pixels one after the other
function interleaved(x, [c, h, w]) {
  const y = new Float32Array(x.length);
  for (let k = 0; k < c; ++k) for (let i = 0; i < h * w; ++i) y[i * c + k] = x[k * h * w + i];
  return y;
}
main().catch(e => { console.error(String(e.message || e).split('\n')[0].slice(0, 200)); process.exit(1); });
