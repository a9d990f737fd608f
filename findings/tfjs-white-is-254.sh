#!/bin/sh
# Question   A picture in bytes that is grey already, its red, green and blue being equal, goes through TensorFlow.js's
#            image.rgbToGrayscale(). Does it come out as it was?
# Guess      Yes: red, green and blue are weighed, and the weights of a grey scale sum to 1.
# Seen       Every grey but black is darker by 1: white is 254, 1 is 0. The weights (0.2989, 0.587, 0.114) sum to
#            0.9999, and the way back to integers cuts off what is behind the point. Done three times, white is 252. As
#            floats 255 is 254.97.
# Versions   npm: @tensorflow/tfjs-core, -backend-cpu 4.22.0
# Date       2026-11-30
# Matters    White paper around a digit is not white, faint pixels are gone, and a test for 255 never holds. A network
#            that was trained here on one channel sees other pictures there. Take one of the three channels of a grey
#            picture.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 15 MB.
set -eu
tfjs=4.22.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-core@$tfjs" \
    "@tensorflow/tfjs-backend-cpu@$tfjs" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: TensorFlow.js $tfjs"; exit 2; }

cat > run.js << 'EOF'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
(async () => { // a grey of this type, so many times through the function; or how many greys of bytes change
    const [type, grey, times] = process.argv.slice(2);
    await tf.setBackend('cpu');
    const once = x => tf.image.rgbToGrayscale(tf.tile(x, [1, 1, 3]));
    if (grey === 'all') {
        const before = Array.from({length: 256}, (_, i) => i);
        const after = once(tf.tensor3d(before, [1, 256, 1], type)).dataSync();
        return console.log(before.filter(i => after[i] === i - 1).length, 'darker by 1');
    }
    let x = tf.tensor3d([Number(grey)], [1, 1, 1], type);
    for (let i = 0; i < Number(times); ++i) x = once(x);
    console.log(String(+x.dataSync()[0].toFixed(2)));
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: type, $2: grey, $3: times, $4: recorded, $5: expected
    node run.js "$1" "$2" "$3" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%-8s %-4s %s times  %s\n%21s %s (recorded)\n%21s %s (expected)\n' "$1" "$2" "$3" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
check int32 255 1 254 255
check int32 1 1 0 1
check int32 0 1 0 0
check int32 all 1 '255 darker by 1' '0 darker by 1'
check int32 255 3 252 255
check float32 255 1 254.97 255
exit $changed
