// onnx.js MODEL INPUTS OUTPUTS [BATCH]: answers of ONNX Runtime to the pictures of onnx_here, BATCH at a time, as
// onnx_here writes them. With `time SECONDS` for INPUTS and OUTPUTS: milliseconds of a picture, the median.
//
//     NODE_PATH=dir/node_modules node onnx.js ...     dir: where onnxruntime-node is installed
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');
const MOST = 10; // of a box's sides: see picture.h

// boxes and scores of one picture, a row for each box
function rows(boxes, scores, picture) {
  const [, n] = boxes.dims, classes = scores.dims[2], out = new Float32Array(n * (4 + classes));
  for (let i = 0; i < n; ++i) {
    for (let k = 0; k < 4; ++k) {
      const x = boxes.data[(picture * n + i) * 4 + k];
      out[i * (4 + classes) + k] = k > 1 ? Math.min(x, MOST) : x;
    }
    for (let c = 0; c < classes; ++c) out[i * (4 + classes) + 4 + c] = scores.data[(picture * n + i) * classes + c];
  }
  return out;
}

// of -nms: picture, class, score and box of each that is selected, as onnx_here's `nms` writes them
function selected({ selected, boxes, scores }, picture) {
  const out = new Float32Array(selected.dims[0] * 7), [, n, classes] = scores.dims;
  for (let i = 0; i < selected.dims[0]; ++i) {
    const [, c, box] = Array.from(selected.data.slice(3 * i, 3 * i + 3), Number);
    out.set([picture, c, scores.data[box * classes + c], ...boxes.data.slice(box * 4, box * 4 + 4)], 7 * i);
  }
  return out;
}

function answers(result, batch, picture) {
  if (result.selected) return [selected(result, picture)];
  if (result.boxes) return Array.from({ length: batch }, (_, k) => rows(result.boxes, result.scores, k));
  return [Object.values(result)[0].data];
}

async function time(session, shape, seconds) {
  const size = shape.reduce((a, b) => a * b), times = [], now = () => Number(process.hrtime.bigint()) / 1e6;
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', Float32Array.from({ length: size }, Math.random), shape) };
  for (let i = 0; i < 3; ++i) await session.run(feeds);
  for (const end = now() + 1e3 * seconds; times.length < 5 || now() < end;) {
    const start = now();
    await session.run(feeds);
    times.push(now() - start);
  }
  times.sort((a, b) => a - b);
  console.log((times[times.length >> 1] * 1000).toFixed(1));
}

async function main() {
  const [model, inputs, outputs, batch] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const [, ...shape] = session.inputMetadata[0].shape, size = shape.reduce((a, b) => a * b), n = +(batch || 1);
  if (inputs === 'time') return time(session, [1, ...shape], +outputs);
  const bytes = fs.readFileSync(inputs), x = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const out = fs.openSync(outputs, 'w');
  for (let at = 0; at < x.length; at += n * size) {
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', x.slice(at, at + n * size), [n, ...shape]) };
    for (const y of answers(await session.run(feeds), n, at / size)) fs.writeSync(out, Buffer.from(y.buffer, y.byteOffset, y.byteLength));
  }
}
main().catch(e => { console.error(String(e.message || e).split('\n')[0]); process.exit(1); });
