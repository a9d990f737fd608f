// Times ONNX Runtime on the convolutional layers of a cfg, with random weights, one thread: ms of the median picture.
//
//     NODE_PATH=dir/node_modules node onnx.js CFG SECONDS      dir: where onnxruntime-node is installed
//
// It reads [convolutional] (batch normalisation counts as folded; leaky and linear), [maxpool], [route] and [upsample].
// Other sections pass their input on. It writes the model itself: an ONNX file is a few protobuf messages.
'use strict';
const fs = require('fs');

// ---- protobuf ----
const varint = n => { const b = []; for (n = BigInt.asUintN(64, BigInt(n)); n > 127n; n >>= 7n) b.push(Number(n & 127n) | 128); return Buffer.from([...b, Number(n)]); };
const number = (field, n) => Buffer.concat([varint(field << 3), varint(n)]);
const bytes = (field, b) => Buffer.concat([varint(field << 3 | 2), varint(b.length), b]);
const text = (field, s) => bytes(field, Buffer.from(s));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

// ---- ONNX: the numbers are the fields of onnx.proto ----
const floats = (name, dims, data) => message(5, ...dims.map(d => number(1, d)), number(2, 1), text(8, name),
  bytes(9, Buffer.from(data.buffer)));
const places = (name, list) => message(5, number(1, list.length), number(2, 7), text(8, name),
  bytes(9, Buffer.from(BigInt64Array.from(list, BigInt).buffer)));
const integers = (name, list) => message(5, text(1, name), ...list.map(n => number(8, n)), number(20, 7));
const real = (name, x) => { const b = Buffer.alloc(5); b[0] = 2 << 3 | 5; b.writeFloatLE(x, 1); return message(5, text(1, name), b, number(20, 1)); };
const words = (name, s) => message(5, text(1, name), text(4, s), number(20, 3));
const value = (field, name, dims) => message(field, text(1, name),
  message(2, message(1, number(1, 1), message(2, ...dims.map(d => message(1, number(1, d)))))));

function model(cfg) {
  const sections = [];
  for (const raw of fs.readFileSync(cfg, 'utf8').split('\n')) {
    const line = raw.replace(/[#;].*/, '').replace(/\s/g, ''), pair = line.split('=');
    if (line[0] === '[') sections.push({ type: line.slice(1, -1) });
    else if (pair.length === 2) sections[sections.length - 1][pair[0]] = pair[1];
  }
  const net = sections.shift(), nodes = [], weights = [], ends = [];
  const shape = { name: 'input', c: +(net.channels || 3), h: +net.height, w: +net.width }, layers = [];
  let at = shape;
  const node = (type, inputs, output, ...attributes) =>
    nodes.push(message(1, ...inputs.map(i => text(1, i)), text(2, output), text(4, type), ...attributes));
  sections.forEach((s, i) => {
    const name = `layer${i}`, type = s.type.replace('vd_', ''), k = +(s.size || 1), stride = +(s.stride || 1);
    if (type === 'convolutional') {
      const n = +s.filters, pad = s.pad === '1' ? k >> 1 : +(s.padding || 0), rectified = s.activation !== 'linear';
      const size = n * at.c * k * k, bound = Math.sqrt(6 / (at.c * k * k));
      weights.push(floats(`w${i}`, [n, at.c, k, k], Float32Array.from({ length: size }, () => bound * (2 * Math.random() - 1))));
      weights.push(floats(`b${i}`, [n], new Float32Array(n).fill(.1)));
      node('Conv', [at.name, `w${i}`, `b${i}`], rectified ? `sum${i}` : name, integers('kernel_shape', [k, k]),
        integers('strides', [stride, stride]), integers('pads', [pad, pad, pad, pad]));
      if (rectified) node('LeakyRelu', [`sum${i}`], name, real('alpha', .1));
      at = { name, c: n, h: Math.floor((at.h + 2 * pad - k) / stride) + 1, w: Math.floor((at.w + 2 * pad - k) / stride) + 1 };
    } else if (type === 'maxpool') {
      const pad = s.padding ? +s.padding : k - 1, before = pad >> 1;
      const out = n => Math.floor((n + pad - k) / stride) + 1, after = n => Math.max(0, (out(n) - 1) * stride + k - before - n);
      node('MaxPool', [at.name], name, integers('kernel_shape', [k, k]), integers('strides', [stride, stride]),
        integers('pads', [before, before, after(at.h), after(at.w)]));
      at = { name, c: at.c, h: out(at.h), w: out(at.w) };
    } else if (type === 'upsample') {
      weights.push(floats(`scales${i}`, [4], Float32Array.from([1, 1, stride, stride])));
      node('Resize', [at.name, '', `scales${i}`], name, words('mode', 'nearest'), words('nearest_mode', 'floor'),
        words('coordinate_transformation_mode', 'asymmetric'));
      at = { name, c: at.c, h: at.h * stride, w: at.w * stride };
    } else if (type === 'route') {
      const groups = +(s.groups || 1), from = s.layers.split(',').map(n => layers[+n < 0 ? i + +n : +n]).map((l, k) => {
        if (groups === 1) return l;
        const part = { name: `part${i}_${k}`, c: l.c / groups, h: l.h, w: l.w }, first = +(s.group_id || 0) * part.c;
        weights.push(places(`first${i}_${k}`, [first]), places(`end${i}_${k}`, [first + part.c]), places(`axis${i}_${k}`, [1]));
        node('Slice', [l.name, `first${i}_${k}`, `end${i}_${k}`, `axis${i}_${k}`], part.name);
        return part;
      });
      if (from.length === 1) at = from[0];
      else {
        node('Concat', from.map(l => l.name), name, message(5, text(1, 'axis'), number(3, 1), number(20, 2)));
        at = { name, c: from.reduce((sum, l) => sum + l.c, 0), h: from[0].h, w: from[0].w };
      }
    } else if (type === 'yolo' || type === 'region') ends.push(at);
    layers.push(at);
  });
  if (!ends.length) ends.push(at);
  const dims = l => [1, l.c, l.h, l.w];
  const graph = Buffer.concat([...nodes, text(2, 'net'), ...weights, value(11, 'input', dims(shape)),
    ...ends.map(l => value(12, l.name, dims(l)))]);
  return { shape: dims(shape), bytes: Buffer.concat([number(1, 8), bytes(7, graph), message(8, number(2, 13))]) };
}

async function main() {
  let ort;
  try { ort = require('onnxruntime-node'); } catch (e) {
    console.error('onnxruntime-node is not there: npm install --ignore-scripts onnxruntime-node@1.30.0 in a folder of its own, then ORT=folder');
    process.exit(1);
  }
  if (process.argv.length < 4) { console.error('onnx.js CFG SECONDS'); process.exit(1); }
  const m = model(process.argv[2]), size = m.shape.reduce((a, b) => a * b);
  const session = await ort.InferenceSession.create(new Uint8Array(m.bytes), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = { input: new ort.Tensor('float32', Float32Array.from({ length: size }, Math.random), m.shape) };
  const times = [], now = () => Number(process.hrtime.bigint()) / 1e6, end = now() + 1e3 * process.argv[3];
  for (let i = 0; i < 3; ++i) await session.run(feeds);
  while (times.length < 5 || now() < end) { const start = now(); await session.run(feeds); times.push(now() - start); }
  times.sort((a, b) => a - b);
  console.log(times[times.length >> 1].toFixed(2) + ' ms');
}
main();
