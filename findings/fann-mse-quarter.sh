#!/bin/sh
# Question   fann_get_MSE() of FANN, a library of neural networks in C, is called the mean square error. What is it for
#            outputs between -1 and 1?
# Guess      The mean of the squares of output - target, as for outputs between 0 and 1 or without bounds.
# Seen       A quarter of it, for every activation between -1 and 1 (FANN_SIGMOID_SYMMETRIC, FANN_ELLIOT_SYMMETRIC and
#            others): differences are halved before they are squared. For outputs between 0 and 1 and for FANN_LINEAR it
#            is the mean of the squares. The manual speaks of the mean square error alone.
# Versions   Debian 12: libfann2 2.2.0+ds-8
# Date       2026-11-30
# Matters    fann_train_on_data() stops at this number: at desired_error=.01 a network with tanh outputs has an error of
#            .04. Beside another framework's mean square error, or another output's, it looks four times as good.
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

cat > mse.c << 'END'
#include <floatfann.h>
#include <stdio.h>
static void of(int activation) /* FANN's error beside the mean of squares, of outputs that nothing has trained */
{
    enum { PICTURES = 4, OUTPUTS = 2 };
    fann_type x[PICTURES][3] = {{0, 0, 1}, {0, 1, 2}, {1, 2, 0}, {1, 3, 5}};
    fann_type y[PICTURES][OUTPUTS] = {{-.5f, .5f}, {.5f, -.5f}, {-.5f, -.5f}, {.5f, .5f}};
    struct fann *net = fann_create_standard(3, 3, 5, OUTPUTS);
    double squares = 0;
    fann_set_activation_function_output(net, activation);
    fann_reset_MSE(net);
    for (int i = 0; i < PICTURES; ++i) {
        fann_type *out = fann_test(net, x[i], y[i]);
        for (int k = 0; k < OUTPUTS; ++k) squares += ((double)out[k] - y[i][k]) * ((double)out[k] - y[i][k]);
    }
    printf("%s %.4f\n", FANN_ACTIVATIONFUNC_NAMES[activation], fann_get_MSE(net) / (squares / (PICTURES * OUTPUTS)));
    fann_destroy(net);
}
int main(void)
{
    of(FANN_SIGMOID), of(FANN_LINEAR), of(FANN_GAUSSIAN);
    of(FANN_SIGMOID_SYMMETRIC), of(FANN_ELLIOT_SYMMETRIC), of(FANN_SIN_SYMMETRIC), of(FANN_LINEAR_PIECE_SYMMETRIC);
    return 0;
}
END
lib=$tmp/root/usr/lib/$(gcc -print-multiarch)
gcc -O1 mse.c -Iroot/usr/include "$lib/libfloatfann.so.2" -lm -o mse || exit 2
LD_LIBRARY_PATH=$lib ./mse > seen || exit 2
cat > recorded << 'END'
FANN_SIGMOID 1.0000
FANN_LINEAR 1.0000
FANN_GAUSSIAN 1.0000
FANN_SIGMOID_SYMMETRIC 0.2500
FANN_ELLIOT_SYMMETRIC 0.2500
FANN_SIN_SYMMETRIC 0.2500
FANN_LINEAR_PIECE_SYMMETRIC 0.2500
END
echo "fann_get_MSE() over the mean of squares, of one output activation (expected: 1.0000 everywhere)"
sed 's/^/seen      /' seen
sed 's/^/recorded  /' recorded
cmp -s seen recorded || exit 1
