#!/bin/sh
# Question   The mean of each colour of a data set is taken with NumPy, pictures.mean(axis=(0, 1, 2)) of float32 [pictures,
#            height, width, 3]. How exact is it?
# Guess      To five digits at least: NumPy adds in pairs (pairwise summation), so any number of pictures will do.
# Seen       Of 50,000 pictures of 32 x 32 random pixels, 0 to 1, it is 0.328 for each colour; 0.500 is right, and what
#            10,000 pictures give. NumPy adds in pairs only along the last axis in memory. Here it adds one pixel after
#            the other into one float for each colour, which takes up no more numbers below 1 once it is 2^24. The
#            same pictures as [pictures, 3, height, width] give 0.500, and so does the mean of one colour at a time.
# Versions   Debian 12: python3-numpy 1:1.24.2-1+deb12u1
# Date       2026-11-30
# Matters    Such means are subtracted from every picture, and published with a network. CIFAR-10 has 51 million pixels, as
#            many as here: its means would be 0.328, three times the same, instead of 0.491, 0.482 and 0.447.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 10 MB; needs 1 GB of memory.
set -eu
numpy=1:1.24.2-1+deb12u1

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
debian "python3-numpy=$numpy" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > mean.py << 'END'
import sys, numpy as np
def floats(pixels):
    x = pixels.astype(np.float32)
    x /= 255
    return x
def check(what, means, recorded):
    seen = ' '.join(f'{mean:.3f}' for mean in means)
    print(f'{what} {seen}\n{"":31s}{recorded} (recorded)\n{"":31s}0.500 0.500 0.500 (expected)')
    return seen != recorded
changed = 0
pixels = np.random.RandomState(1).randint(0, 256, (50000, 32, 32, 3), np.uint8)
x = floats(pixels)
changed |= check('10000 pictures, colours last: ', x[:10000].mean(axis=(0, 1, 2)), '0.500 0.500 0.500')
changed |= check('50000 pictures, colours last: ', x.mean(axis=(0, 1, 2)), '0.328 0.328 0.328')
changed |= check('50000 pictures, one at a time:', [x[..., c].mean() for c in range(3)], '0.500 0.500 0.500')
del x
x = floats(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
changed |= check('50000 pictures, colours first:', x.mean(axis=(0, 2, 3)), '0.500 0.500 0.500')
sys.exit(changed)
END
status=0
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore mean.py > seen 2> python.log || status=$?
cat seen
[ ! -s python.log ] || { cat python.log; exit 2; }
exit $status
