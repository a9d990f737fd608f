#!/bin/sh
# Question   Two draws of normal numbers from one seed differ in length alone. Is the shorter one the beginning of the
#            longer one, as with uniform numbers?
# Guess      Yes: a generator gives one number after the other.
# Seen       Only where the shorter length is a multiple of 16. Below 16 numbers another method is used, and no number is
#            the same. From 16 on the numbers are made in blocks of 16, and where the length is no multiple of 16 the last
#            16 are drawn anew, over some that were there: of 17 only the first stays, of 40 the first 24.
# Versions   Debian 12: python3-torch 1.13.1+dfsg-4
# Date       2026-11-30
# Matters    One unit, one weight or one picture more gives a network other first weights, or a batch other noise in up to
#            16 of the numbers that it had before, or in all of them. So "the same seed" does not make two networks of
#            unequal width comparable, and the last, smaller batch of an epoch has noise of its own.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 133 MB; half a minute.
set -eu
torch=1.13.1+dfsg-4

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
debian "python3-torch=$torch" "libtorch1.13=$torch" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > draw.py << 'END'
import torch
def draw(kind, n):
    torch.manual_seed(1)
    return kind(n)
for n, m in (8, 16), (15, 16), (16, 32), (17, 32), (40, 64), (48, 64):
    same = [int((draw(kind, n) == draw(kind, m)[:n]).sum()) for kind in (torch.rand, torch.randn)]
    print(f'{n} of {m}: rand {same[0]}, randn {same[1]}')
END
seen=$(LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" draw.py 2> python.log) ||
    { cat python.log; exit 2; }
recorded='8 of 16: rand 8, randn 0
15 of 16: rand 15, randn 0
16 of 32: rand 16, randn 16
17 of 32: rand 17, randn 1
40 of 64: rand 40, randn 24
48 of 64: rand 48, randn 48'
echo "numbers that are the same in two draws from one seed (expected: all of the shorter one)"
echo "$seen"
[ "$seen" = "$recorded" ] || { printf 'recorded:\n%s\n' "$recorded"; exit 1; }
