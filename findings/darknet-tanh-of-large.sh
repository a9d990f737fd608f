#!/bin/sh
# Question   tanh is between -1 and 1, whatever its argument. Is a Darknet layer with activation=tanh?
# Guess      Yes; for large numbers it is 1.
# Seen       Up to 354. From 355 on it is NaN: it is computed as (e^2x - 1)/(e^2x + 1), where both are infinite, and so is
#            every number behind it. For large negative numbers it is -1. elu has the same fault from 710 on,
#            where the factor 0 of the other branch meets an infinite power.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    A network of tanh that has learned large weights predicts NaN for some pictures; a training stops learning
#            there without an error, because its weights become NaN too.
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
printf 'cat\ndog\n' > labels
printf 'classes=2\nnames=labels\nlabels=labels\ntop=2\n' > net.data

# one picture of 128/255; the layer's input is a times the sum of its 192 numbers; then the output and its negative are
# compared by a softmax: 0.88 of the first is tanh = 1
predict() { # $1: activation, $2: the layer's input
    {
        printf '[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\n[connected]\noutput=1\nactivation=%s\n' "$1"
        printf '[connected]\noutput=2\nactivation=linear\n[softmax]\n'
    } > net.cfg
    perl -e 'print pack("l<3q<", 0, 2, 0, 0), pack("f<*", 0, ($ARGV[0] / 192 / (128 / 255)) x 192, 0, 0, 1, -1)' \
        -- "$2" > net.weights
    LD_LIBRARY_PATH=$libs $dark classifier predict net.data net.cfg net.weights cat.ppm > out 2> log || { cat log; exit 2; }
    sed -n 's/^ *\(-*[a-z0-9.]*\)%: cat/\1/p' out
}
changed=0
check() { # $1: activation, $2: input, $3: recorded, $4: expected
    seen=$(predict "$1" "$2")
    printf '%-5s of %5s: class of +output, in %%: %s\n%38s %s (recorded)\n%38s %s (expected)\n' "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
check tanh 354 88.08 88.08
check tanh 355 -nan 88.08
check tanh -400 11.92 11.92
check elu 709 100.00 100.00
check elu 710 -nan 100.00
exit $changed
