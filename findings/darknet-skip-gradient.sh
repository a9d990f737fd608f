#!/bin/sh
# Question   In a residual block the gradient reaches the layer before it on two ways: through the block's convolutions, and
#            through the [shortcut] that goes around them. Does it, when Darknet trains on a processor?
# Guess      Yes: backward passes add to the gradient of their input.
# Seen       Not where the block begins with a 1x1 convolution, as those of Darknet-53 (YOLO v3) do: it writes its gradient over
#            what the [shortcut] has added. Behind a block whose weights are 0, which passes its input on, the layer
#            before it learns nothing. With a 3x3 convolution in its place it learns.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    Losses fall, because the convolutions learn; but the deep network is trained as if it had no shortcuts, and a
#            [route] to such an input loses its gradient in the same way.
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

# the largest change of a weight of the first layer after a batch of one grey picture; its weights are 0.1, those of the block 0
first() { # $1: the key that makes the block's convolution
    {
        printf '[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\nlearning_rate=.1\nmomentum=0\ndecay=0\nmax_batches=1\n'
        printf '[convolutional]\nfilters=2\nsize=1\nactivation=linear\n'
        printf '[convolutional]\nfilters=2\n%s\nactivation=linear\n' "$1"
        printf '[shortcut]\nfrom=-2\nactivation=linear\n[avgpool]\n[softmax]\n'
    } > net.cfg
    perl -e 'print pack("l<3q<", 0, 2, 0, 0), pack("f<*", 0, 0, (.1) x 6, (0) x 40)' > start.weights
    LD_LIBRARY_PATH=$libs $dark classifier train net.data net.cfg start.weights > train.log 2>&1 || return 1
    perl -e 'local $/; open F, "backup/net.weights"; my @w = unpack("x20 f<*", <F>); my $most = 0;
             for (@w[2 .. 7]) { my $d = abs($_ - .1); $most = $d if $d > $most }
             printf "%.4f\n", $most'
}
changed=0
check() { # $1: key, $2: recorded, $3: expected
    seen=$(first "$1") || { cat train.log; exit 2; }
    printf 'block of %-12s the weights before it move by %s\n%44s %s (recorded)\n%44s %s (expected)\n' \
        "$(echo "$1" | tr '\n' ' ')" "$seen" '' "$2" '' "$3"
    [ "$seen" = "$2" ] || changed=1
}
check 'size=1' 0.0000 0.0251
check 'size=3
pad=1' 0.0251 0.0251
exit $changed
