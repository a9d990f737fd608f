#!/bin/sh
# Question   Debian's darknet comes with yolo9000.cfg, whose [region] has a tree of classes (tree=). Three classes in one group
#            of such a tree are a plain softmax of three: does Darknet compute that?
# Guess      Yes: the layer without a tree does, and the paper's network was trained with one.
# Seen       No: every probability is NaN, and nothing says so. Debian's darknet is built for the CPU, where the
#            tree's softmax is given a temperature that no key of [region] sets, and 0 is divided by 0.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    No comparison with NaN is true, so a detector with a tree finds nothing in any picture on a processor. Weights and
#            picture are not to blame.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 70 MB; needs gcc and libc6-dev.
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
libs=$tmp:$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
library=$tmp/root/usr/lib/darknet/libdarknet.so
[ -e "$library" ] || library=/usr/lib/darknet/libdarknet.so

cat > predict.c << 'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) /* library cfg weights: confidence and probabilities of one box */
{
    void *library = argc == 4 ? dlopen(argv[1], RTLD_LAZY) : NULL;
    void *(*load)(char *, char *, int);
    float *(*predict)(void *, float *);
    float picture[3] = {0};
    if (!library) return printf("%s\n", dlerror()), 2;
    *(void **)&load = dlsym(library, "load_network");
    *(void **)&predict = dlsym(library, "network_predict");
    if (!load || !predict) return printf("%s\n", dlerror()), 2;
    const float *out = predict(load(argv[2], argv[3], 0), picture);
    printf("\nbox %.2f:", out[4]);
    for (int c = 5; c < 8; ++c)
        if (out[c] == out[c]) printf(" %.2f", out[c]);
        else printf(" NaN"); /* printf() may give it a sign */
    printf("\n");
    return 0;
}
END
gcc -O1 predict.c -o predict || exit 2

# weights of 0, so the outputs are the biases: confidence 2, classes 0, 1 and 2
perl -e 'print pack("l<3q<f<*", 0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2, (0) x 24)' > weights
printf 'cat -1\ndog -1\ncow -1\n' > tree
changed=0
check() { # $1: a key of [region], $2: recorded; the same is expected of both
    printf '[net]\nwidth=1\nheight=1\nchannels=3\n[convolutional]\nfilters=8\nsize=1\nactivation=linear\n' > c.cfg
    printf '[region]\nanchors=1,1\nnum=1\nclasses=3\ncoords=4\n%s\n' "$1" >> c.cfg
    seen=$(LD_LIBRARY_PATH=$libs ./predict "$library" c.cfg weights 2>/dev/null | tail -n 1)
    printf '%-10s %s\n           %s (recorded)\n           box 0.88: 0.09 0.24 0.67 (expected)\n' "$1" "$seen" "$2"
    [ "$seen" = "$2" ] || changed=1
}
check softmax=1 'box 0.88: 0.09 0.24 0.67'
check tree=tree 'box 0.88: NaN NaN NaN'
exit $changed
