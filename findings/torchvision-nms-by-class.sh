#!/bin/sh
# Question   torchvision's batched_nms() suppresses boxes within each class. Can a box of another class change what is
#            left?
# Guess      No: that is what it is for.
# Seen       Yes, with up to 1,000 boxes: classes are moved apart by the largest coordinate, and a box that begins left
#            of and above the picture, as detectors give them, then lies in the class before its own. A box in the right
#            lower corner of that class suppresses it. With 1,001 boxes, wherever the others lie, it stays: from there
#            on each class has its own pass. Moved coordinates are coarser, too: in a picture of 4,000 pixels two boxes
#            of class 600 that overlap by 0.509 both stay at a threshold of 0.5; of two of class 1 one goes.
# Versions   Debian 12: python3-torchvision 0.14.1-2, python3-torch 1.13.1+dfsg-4
# Date       2026-12-01
# Matters    Precision of a detector depends on how many boxes the first threshold lets through and on the numbers of
#            its classes. Cut boxes at the rim of the picture first, as torchvision's own detectors do.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 135 MB.
set -eu
torch=1.13.1+dfsg-4 torchvision=0.14.1-2

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
debian "python3-torchvision=$torchvision" "python3-torch=$torch" "libtorch1.13=$torch" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > nms.py << 'END'
import sys, torch
from torchvision.ops import batched_nms
def left(boxes, classes, more=0): # of boxes of falling scores; `more` of class 0 and lower scores, which touch none
    small = [[200 + 2 * (i % 32), 2 * (i // 32), 201 + 2 * (i % 32), 2 * (i // 32) + 1] for i in range(more)]
    scores = [.9 - i / 10000 for i in range(len(boxes) + more)]
    kept = batched_nms(torch.tensor(boxes + small, dtype=torch.float), torch.tensor(scores),
                       torch.tensor(classes + [0] * more), .5)
    return ' '.join(str(i) for i in sorted(kept.tolist()) if i < len(boxes))
changed = 0
def check(what, seen, recorded, expected):
    global changed
    print(f'{what}: left {seen}; {recorded} (recorded), {expected} (expected)')
    changed |= seen != recorded
# a picture of 640 pixels: box 0 in its right lower corner, box 1 of the next class over its left upper one
corner = [[600, 600, 640, 640], [-41, -41, -1, -1]]
check('alone', left(corner, [0, 1]), '0', '0 1')
check('both of class 0', left(corner, [0, 0]), '0 1', '0 1')
check('998 other boxes', left(corner, [0, 1], 998), '0', '0 1')
check('999 other boxes', left(corner, [0, 1], 999), '0 1', '0 1')
# a picture of 4,000 pixels: 1 and 2 overlap by 5.4 / 10.6 = 0.509
pair = [[0, 0, 4000, 4000], [10.3, 10.3, 18.3, 18.3], [12.9, 10.3, 20.9, 18.3]]
for c, recorded in (1, '0 1'), (600, '0 1 2'):
    check(f'two boxes of class {c}', left(pair, [0, c, c]), recorded, '0 1')
check('the same, and 998 other boxes', left(pair, [0, 600, 600], 998), '0 1', '0 1')
sys.exit(changed)
END
status=0
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore nms.py \
    > seen 2> python.log || status=$?
cat seen
[ ! -s python.log ] || { cat python.log; exit 2; }
exit $status
