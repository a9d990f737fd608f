#!/bin/sh
# Question   Does Darknet's softmax give equal probabilities for equal logits? Does a loop over expf() give equal numbers for
#            equal numbers?
# Guess      Of course; with -Ofast perhaps others than with -O2, but the same ones throughout the array.
# Seen       In Debian's libdarknet.so the first and the last of 50 classes, with equal logits, have different probabilities in
#            45 % of all cases (from 31 classes on, unless they are a multiple of 4). So it is for any loop over
#            expf() that gcc -Ofast compiles, and for logf() in a quarter of them: four numbers at a time go through libmvec's
#            vector function, what is left over through libm's scalar one, and the two round differently. With -O3 never.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4, gcc-12 12.2.0, libc6 2.36; x86-64
# Date       2026-11-28
# Matters    Which of two equal classes is the answer is a matter of their numbers. An element-wise function of a picture can
#            depend on the picture's place in the batch, and a result on how an array is cut among threads.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 70 MB; needs gcc-12 and libc6-dev of Debian 12.
set -eu
darknet=0.0.0+git20180914.61c9d02e-2+b4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

has() { # package, beginning of its version
    have=$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null || :)
    case $have in "$2"*) echo "$1 $have" ;; *) echo "needs $1 $2*, has ${have:-none}: apt-get install $1"; exit 2 ;; esac
}
has gcc-12 12.2.0-
has libc6-dev 2.36-
[ "$(uname -m)" = x86_64 ] || { echo "needs x86-64"; exit 2; }

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "darknet=$darknet" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: darknet=$darknet (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=$tmp:$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
library=$tmp/root/usr/lib/darknet/libdarknet.so
[ -e "$library" ] || library=/usr/lib/darknet/libdarknet.so

cat > softmax.c << 'END'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
enum { CLASSES = 50 };
int main(int argc, char **argv) /* how many logits of -10, -9.99, ..., -.01 differ in probability, class 0 against 49 */
{
    void *library = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : NULL;
    void (*softmax)(float *, int, float, int, float *);
    int differ = 0;
    if (!library) return printf("%s\n", dlerror()), 2;
    *(void **)&softmax = dlsym(library, "softmax");
    if (!softmax) return printf("%s\n", dlerror()), 2;
    for (int i = -1000; i < 0; ++i) {
        float in[CLASSES] = {0}, out[CLASSES];
        in[0] = in[CLASSES - 1] = (float)i / 100;
        softmax(in, CLASSES, 1, 1, out);
        differ += memcmp(out, out + CLASSES - 1, sizeof(*out)) != 0;
    }
    printf("%d\n", differ);
    return 0;
}
END
cat > equal.c << 'END'
#include <math.h>
#include <stdio.h>
#include <string.h>
enum { N = 11, FROM = -5000, TO = 5000 };
__attribute__((noinline)) static void exps(int n, const float *x, float *y)
{
    for (int i = 0; i < n; ++i) y[i] = expf(x[i]);
}
__attribute__((noinline)) static void logs(int n, const float *x, float *y)
{
    for (int i = 0; i < n; ++i) y[i] = logf(x[i]);
}
static int differ(void (*f)(int, const float *, float *), float value)
{
    float x[N], y[N];
    for (int i = 0; i < N; ++i) x[i] = value;
    f(N, x, y);
    return memcmp(y, y + N - 1, sizeof(*y)) != 0;
}
int main(void) /* per thousand of the numbers -5, -4.999, ..., 5 (.001 to 10 for the logarithm) */
{
    int e = 0, l = 0;
    for (int i = FROM; i < TO; ++i) {
        e += differ(exps, (float)i / 1000);
        l += differ(logs, (float)(i - FROM + 1) / 1000);
    }
    printf("%d %d\n", e / 10, l / 10);
    return 0;
}
END
changed=0
gcc-12 -O1 softmax.c -o softmax || exit 2
seen=$(LD_LIBRARY_PATH=$libs ./softmax "$library")
echo "libdarknet's softmax: classes 0 and 49 of 50 differ for $seen of 1000 equal logits; recorded over 100; expected 0"
[ "$seen" -gt 100 ] || changed=1
for flags in -O2 -O3 -Ofast '-Ofast -mavx2 -mfma'; do
    case $flags in *mavx2*) grep -q ' avx2 ' /proc/cpuinfo || continue ;; esac
    # shellcheck disable=SC2086 # the flags are several words
    gcc-12 $flags equal.c -o equal -lm || exit 2
    seen=$(./equal)
    case $flags in -Ofast*) recorded='over 100 of both' ;; *) recorded='0 of both' ;; esac
    echo "$flags: first and last of an array of equals differ for (exp, log) $seen of 1000 numbers; recorded $recorded; expected 0"
    case $flags in
        -Ofast*) [ "${seen% *}" -gt 100 ] && [ "${seen#* }" -gt 100 ] || changed=1 ;;
        *) [ "$seen" = '0 0' ] || changed=1 ;;
    esac
done
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
