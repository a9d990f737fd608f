#!/bin/sh
# Question   Darknet's cfgs may have adam=1, with B1, B2 and eps. What does a training on a processor do with it?
# Guess      Adam: the first step of a weight is about the learning rate, however small its gradient is.
# Seen       Nothing: the weights are, byte for byte, those of the same cfg without these keys, which steps by gradient
#            descent with momentum, at a rate that was chosen for Adam. It says nothing; only the code for GPUs looks at them.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    A cfg that trains on a GPU hardly learns here, and comparisons of optimisers compare one with itself.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads up to 75 MB.
set -eu
darknet=0.0.0+git20180914.61c9d02e-2+b4

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "darknet=$darknet" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: darknet=$darknet (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
dark=root/usr/bin/darknet
[ -x "$dark" ] || dark=darknet

{ printf 'P6\n8 8\n255\n'; head -c 192 /dev/zero | tr '\0' '\200'; } > cat.ppm
echo "$tmp/cat.ppm" > list
printf 'cat\ndog\n' > labels
mkdir backup
printf 'classes=2\ntrain=list\nvalid=list\nlabels=labels\nbackup=backup\ntop=1\n' > net.data

# three batches of one grey picture, from weights of 0.01: the weights at the end, and the first weight's first step
train() { # $1: keys of [net], $2: batches
    {
        printf '[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\nlearning_rate=.001\ndecay=0\nmax_batches=%s\n%b' "$2" "$1"
        printf '[connected]\noutput=2\nactivation=linear\n[softmax]\n'
    } > net.cfg
    perl -e 'print pack("l<3q<", 0, 2, 0, 0), pack("f<*", 0, 0, (.01) x 384)' > start.weights
    LD_LIBRARY_PATH=$libs $dark classifier train net.data net.cfg start.weights > train.log 2>&1 || { cat train.log; exit 2; }
}
first_step() {
    train "$1" 1
    perl -e 'local $/; open F, "backup/net.weights"; my @w = unpack("x20 f<*", <F>); printf "%.6f", $w[2] - .01'
}
train 'adam=1\nB1=.9\nB2=.999\neps=.0000001\n' 3
with=$(sha256sum < backup/net.weights)
train '' 3
without=$(sha256sum < backup/net.weights)
if [ "$with" = "$without" ]; then same='the same bytes'; else same='other bytes'; fi
seen="$same, first step $(first_step 'adam=1\n')"
recorded='the same bytes, first step 0.000251'
printf '%s\n%s (recorded)\n%s (expected)\n' "$seen" "$recorded" 'other bytes, first step 0.001000'
[ "$seen" = "$recorded" ]
