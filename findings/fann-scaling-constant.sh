#!/bin/sh
# Question   FANN scales inputs to mean 0 and a standard deviation of 1 (fann_set_scaling_params(), fann_scale_train()).
#            What does it make of an input that is 0 in all training data, as a pixel at the rim of MNIST is?
# Guess      0: there is nothing to scale. Or an error.
# Seen       NaN, without an error: fann_set_scaling_params() returns 0 for success, fann_get_errno() is 0. The network
#            then computes with it, and its outputs are numbers, but the same for every input: a sum with NaN in it
#            becomes the largest that FANN lets through. A logistic regression, whose other input tells the two classes
#            apart, answers 1 for all four rows.
# Versions   Debian 12: libfann2 2.2.0+ds-8
# Date       2026-11-30
# Matters    67 of the 784 pixels of MNIST are 0 in all 60,000 training pictures. Scaled by this function, a set of
#            pictures with such a rim trains to the end, and the network has seen none of them.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 1 MB.
set -eu
fann=2.2.0+ds-8

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --reinstall --download-only -o Debug::NoLocking=1 \
    -o APT::Sandbox::User= -o Dir::Cache::archives="$tmp/archives" install "libfann-dev=$fann" "libfann2=$fann" \
    > apt.log 2>&1 || { cat apt.log; echo "not to be had: libfann-dev=$fann (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done

cat > scale.c << 'END'
#include <floatfann.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
static float without_sign(float x) { return isnan(x) ? NAN : x; } /* the sign of NaN is the processor's */
int main(int argc, char **argv) /* four rows of two numbers; the first is the same in all but the last row */
{
    struct fann_train_data *data = fann_create_train(4, 2, 1);
    float last = argc > 1 ? (float)atof(argv[1]) : 0;
    for (int i = 0; i < 4; ++i) {
        data->input[i][0] = i == 3 ? last : 0;
        data->input[i][1] = (float)(i * i);
        data->output[i][0] = i > 1;
    }
    struct fann *net = fann_create_standard(2, 2, 1); /* a logistic regression */
    int status = fann_set_scaling_params(net, data, -1, 1, 0, 1);
    fann_scale_train(net, data);
    printf("status %d, errno %d; first input", status, (int)fann_get_errno((struct fann_error *)net));
    for (int i = 0; i < 4; ++i) printf(" %.2f", without_sign(data->input[i][0]));
    for (int i = 0; i < 500; ++i) fann_train_epoch(net, data); /* the output is whether the second number is over 2 */
    printf("; after 500 epochs:");
    for (int i = 0; i < 4; ++i) printf(" %.1f", without_sign(*fann_run(net, data->input[i])));
    printf("\n");
    fann_destroy_train(data), fann_destroy(net);
    return 0;
}
END
lib=$tmp/root/usr/lib/$(gcc -print-multiarch)
gcc -O1 scale.c -Iroot/usr/include "$lib/libfloatfann.so.2" -lm -o scale || exit 2
changed=0
check() { # $1: the first input of the last row, $2: recorded, $3: expected
    seen=$(LD_LIBRARY_PATH=$lib ./scale "$1") || exit 2
    printf 'inputs 0 0 0 %s:\n    %s\n    %s (recorded)\n    %s (expected)\n' "$1" "$seen" "$2" "$3"
    [ "$seen" = "$2" ] || changed=1
}
check 1 'status 0, errno 0; first input -0.58 -0.58 -0.58 1.73; after 500 epochs: 0.0 0.0 1.0 1.0' \
    'status 0, errno 0; first input -0.58 -0.58 -0.58 1.73; after 500 epochs: 0.0 0.0 1.0 1.0'
check 0 'status 0, errno 0; first input nan nan nan nan; after 500 epochs: 1.0 1.0 1.0 1.0' \
    'status 0, errno 0; first input 0.00 0.00 0.00 0.00; after 500 epochs: 0.0 0.0 1.0 1.0'
exit $changed
