#!/bin/sh
# Question   A grey PNG of 16 bits, a ramp of 256 steps from black to white, is opened with Pillow and made one of 8 bits by
#            convert('L'), or three colours by convert('RGB'), as every loader of pictures for training does. What comes out?
# Guess      A ramp from 0 to 255.
# Seen       One black pixel and 255 white ones. Pillow reads such a file as 32-bit integers (mode I), and convert() cuts
#            at 255 what it does not scale. OpenCV's imread() gives 0, 1, 2, ..., 255.
# Versions   Debian 12: python3-pil 9.4.0-1.1+deb12u1
# Date       2026-11-30
# Matters    X-rays, microscopes and depth cameras write 16 bits. A network that is trained or tested on such pictures
#            through Pillow, as PyTorch's loaders read them, has seen white paper, and Darknet reads the same files rightly.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 5 MB.
set -eu
pil=9.4.0-1.1+deb12u1

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
debian "python3-pil=$pil" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > ramp.py << 'END'
import struct, sys, zlib
from PIL import Image
def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
for bits, numbers in (8, range(256)), (16, range(0, 65536, 257)): # one row of 256 pixels
    row = b'\0' + struct.pack('>256' + 'BH'[bits == 16], *numbers)
    with open(f'{bits}.png', 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', 256, 1, bits, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(row)) + chunk(b'IEND', b''))
changed = 0
for bits, mode, recorded in (8, 'L', (1, 1)), (8, 'RGB', (1, 1)), (16, 'L', (1, 255)), (16, 'RGB', (1, 255)):
    pixels = Image.open(f'{bits}.png').convert(mode).convert('L').tobytes()
    seen = pixels.count(0), pixels.count(255)
    print(f"{bits:2d} bits, convert('{mode}'):".ljust(25), f'{seen[0]} black, {seen[1]} white of 256')
    print(f'{"":25s} {recorded[0]} black, {recorded[1]} white (recorded)\n{"":25s} 1 black, 1 white (expected)')
    changed |= seen != recorded
sys.exit(changed)
END
status=0
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore ramp.py > seen 2> python.log || status=$?
cat seen
[ ! -s python.log ] || { cat python.log; exit 2; }
exit $status
