#!/bin/sh
# Question   TensorFlow.js has two layers of Keras that enlarge a map linearly, upSampling2d and resizing. A row of 0 1
#            2 3 is made twice as long. Do both give 0 0.25 0.75 1.25 1.75 2.25 2.75 3, as the Keras of TensorFlow 2?
# Guess      Yes: models of Keras are loaded into these layers by their names.
# Seen       Neither does, and they differ: upSampling2d takes a pixel for the corner of its square, resizing lays first
#            on first and last on last. Numbers come out up to a quarter of a step away, with larger factors up to half.
#            The function below them can do it, by halfPixelCenters, which no layer sets.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-11-30
# Matters    A segmenter or detector that was trained in Keras answers shifted in the browser, by up to half a pixel of
#            the small map, which is many of the large one, and no error says so. Nearest neighbours by whole factors
#            are the same everywhere.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 30 MB.
set -eu
tfjs=4.22.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-core@$tfjs" \
    "@tensorflow/tfjs-layers@$tfjs" "@tensorflow/tfjs-backend-cpu@$tfjs" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: TensorFlow.js $tfjs"; exit 2; }

cat > run.js << 'EOF'
const tf = require('@tensorflow/tfjs-core'), {layers} = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
(async () => { // the row 0 1 2 3, so many times as long
    const [by, factor] = process.argv.slice(2), n = Number(factor), x = tf.tensor4d([0, 1, 2, 3], [1, 1, 4, 1]);
    await tf.setBackend('cpu');
    const y = by === 'upSampling2d' ? layers.upSampling2d({size: [1, n], interpolation: 'bilinear'}).apply(x) :
        by === 'resizing' ? layers.resizing({height: 1, width: 4 * n, interpolation: 'bilinear'}).apply(x) :
        by === 'nearest' ? layers.upSampling2d({size: [1, n]}).apply(x) :
        tf.image.resizeBilinear(x, [1, 4 * n], false, true);
    console.log(Array.from(y.dataSync(), v => String(+v.toFixed(2))).join(' '));
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: layer or function, $2: factor, $3: recorded, $4: expected
    node run.js "$1" "$2" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%-16s x %s  %s\n%21s %s (recorded)\n%21s %s (expected)\n' "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
twice='0 0.25 0.75 1.25 1.75 2.25 2.75 3'
check halfPixelCenters 2 "$twice" "$twice"
check upSampling2d 2 '0 0.5 1 1.5 2 2.5 3 3' "$twice"
check resizing 2 '0 0.43 0.86 1.29 1.71 2.14 2.57 3' "$twice"
thrice='0 0 0.33 0.67 1 1.33 1.67 2 2.33 2.67 3 3'
check halfPixelCenters 3 "$thrice" "$thrice"
check upSampling2d 3 '0 0.33 0.67 1 1.33 1.67 2 2.33 2.67 3 3 3' "$thrice"
check resizing 3 '0 0.27 0.55 0.82 1.09 1.36 1.64 1.91 2.18 2.45 2.73 3' "$thrice"
check nearest 2 '0 0 1 1 2 2 3 3' '0 0 1 1 2 2 3 3'
exit $changed
