#!/bin/sh
# Question   X-ray pictures and scans are often TIFFs in which 0 is white (PhotometricInterpretation 0), as the format
#            allows for grey. Who reads them as what they show?
# Guess      All that read TIFF; or a library reads none of them so.
# Seen       With 8 bits Pillow and OpenCV turn them, tifffile and scikit-image give the negative. With 16 bits Pillow
#            gives the negative, too, and OpenCV both: imread() with IMREAD_GRAYSCALE or IMREAD_COLOR the picture, with
#            IMREAD_UNCHANGED or IMREAD_ANYDEPTH its negative. With 8 bits all of its flags give the picture.
# Versions   Debian 12: python3-pil 9.4.0-1.1+deb12u1, python3-opencv and libopencv-imgcodecs406 4.6.0+dfsg-12,
#            python3-tifffile 20230203-1, python3-skimage 0.19.3-8
# Date       2026-12-01
# Matters    A network that was trained on pictures by one call and gets them by another sees bones black that were
#            white. Nothing fails, and what it finds is chance. Turn such files once, and compare one pixel by both
#            ways.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads up to 150 MB.
set -eu
pil=9.4.0-1.1+deb12u1 opencv=4.6.0+dfsg-12 tifffile=20230203-1 skimage=0.19.3-8

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 \
        -o APT::Sandbox::User= -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "python3-pil=$pil" "python3-opencv=$opencv" "libopencv-imgcodecs406=$opencv" "python3-tifffile=$tifffile" \
    "python3-skimage=$skimage" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > white.py << 'END'
import struct, sys, numpy as np
import cv2, skimage.io, tifffile
from PIL import Image
def write(name, bits): # 16 x 16 grey pixels, from 0 at the left to the largest number at the right; 0 is white
    row = np.arange(16) * ((1 << bits) - 1) // 15
    data = np.tile(row, (16, 1)).astype('<u2' if bits == 16 else 'u1').tobytes()
    tags = [(256, 3, 16), (257, 3, 16), (258, 3, bits), (259, 3, 1), (262, 3, 0), (273, 4, 122), (277, 3, 1),
            (278, 3, 16), (279, 4, len(data))]
    head = struct.pack('<2sHIH', b'II', 42, 8, len(tags))
    for tag, kind, value in tags:
        head += struct.pack('<HHII', tag, kind, 1, value)
    with open(name, 'wb') as file:
        file.write(head + struct.pack('<I', 0) + data)
readers = {
    'Pillow': lambda name: np.asarray(Image.open(name)),
    'OpenCV, IMREAD_GRAYSCALE': lambda name: cv2.imread(name, cv2.IMREAD_GRAYSCALE),
    'OpenCV, IMREAD_COLOR': lambda name: cv2.imread(name, cv2.IMREAD_COLOR)[..., 1],
    'OpenCV, IMREAD_UNCHANGED': lambda name: cv2.imread(name, cv2.IMREAD_UNCHANGED),
    'OpenCV, IMREAD_ANYDEPTH': lambda name: cv2.imread(name, cv2.IMREAD_ANYDEPTH),
    'tifffile': tifffile.imread,
    'scikit-image': skimage.io.imread,
}
recorded = {8: 'picture ' * 5 + 'negative negative', 16: 'negative picture picture' + ' negative' * 4}
changed = 0
for bits in 8, 16:
    write('grey.tif', bits)
    for (reader, read), was in zip(readers.items(), recorded[bits].split()):
        pixels = read('grey.tif')
        seen = 'picture' if pixels[0, 0] > pixels[0, -1] else 'negative'
        print(f'{bits:2d} bits, {reader:25s} {seen:8s}  {was:8s} (recorded)  picture (expected)')
        changed |= seen != was
sys.exit(changed)
END
status=0
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore white.py \
    > seen 2> python.log || status=$?
cat seen
[ ! -s python.log ] || { cat python.log; exit 2; }
exit $status
