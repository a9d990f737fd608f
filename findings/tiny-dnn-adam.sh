#!/bin/sh
# Question   Adam divides its two means by 1 - 0.9^t and 1 - 0.999^t in step t. With a gradient that is always 1 each step is
#            the learning rate, from the first on. So it is in a network of any depth trained by tiny-dnn?
# Guess      Yes, to rounding.
# Seen       The first step is 0.744 of the rate in the first layer, 0.639 in the second, 0.482 in the tenth; at batch 37 of
#            ten layers it is 2.86 times the rate. tiny-dnn counts t up before each array of weights, not before each
#            batch, and begins at 1: t is 2 for the first array in the first batch, 3 for the next. So both corrections
#            end as many times too early as there are arrays.
# Versions   Debian 12: tiny-dnn 1.0.0a3+ds-3, libcereal-dev 1.3.2+dfsg-4, rapidjson-dev 1.1.0+dfsg2-7.1,
#            libstb-dev 0.0~git20220908.8b5f1f3+ds-1
# Date       2026-11-30
# Matters    Rates do not carry over: one that trains a network in Darknet or PyTorch is up to three times as large here
#            in the first thousand batches, by the depth. Where that diverges, Adam or the network gets the blame.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 1 MB; half a minute.
set -eu
tiny=1.0.0a3+ds-3 cereal=1.3.2+dfsg-4 rapidjson=1.1.0+dfsg2-7.1 stb=0.0~git20220908.8b5f1f3+ds-1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

apt-get -qq -o APT::Sandbox::User= download "tiny-dnn=$tiny" "libcereal-dev=$cereal" "rapidjson-dev=$rapidjson" \
    "libstb-dev=$stb" > apt.log 2>&1 || { cat apt.log; echo "not to be had (apt-get update first?)"; exit 2; }
for deb in *.deb; do dpkg-deb -x "$deb" root; done
mkdir root/usr/include/third_party # where tiny-dnn looks for it
ln -s ../stb root/usr/include/third_party/stb

cat > steps.cpp << 'END'
#include <tiny_dnn/tiny_dnn.h>
#include <cstdio>
using namespace tiny_dnn;
// x -> w1 w2 ... wn x, all weights 1, trained for one batch: the steps of the first and last, as shares of the rate
static void fit(int layers)
{
    network<sequential> net;
    for (int i = 0; i < layers; ++i) net << fully_connected_layer<activation::identity>(1, 1, false);
    net.weight_init(weight_init::constant(1));
    net.init_weight();
    adam optimizer;
    std::vector<vec_t> x{{1}}, y{{3}};
    net.fit<mse>(optimizer, x, y, 1, 1);
    printf("%.3f %.3f", ((*net[0]->weights()[0])[0] - 1) / .001, ((*net[layers - 1]->weights()[0])[0] - 1) / .001);
}
// the same optimizer with gradients that are always 1: the largest step of 1000 batches, as a share of the rate
static void largest(int layers)
{
    adam optimizer;
    std::vector<vec_t> w(layers, vec_t(1)), ones(layers, vec_t(1, 1));
    double largest = 0;
    for (int batch = 0; batch < 1000; ++batch)
        for (int i = 0; i < layers; ++i) {
            double was = w[i][0];
            optimizer.update(ones[i], w[i], false);
            largest = std::max(largest, (was - w[i][0]) / .001);
        }
    printf(" %.2f\n", largest);
}
int main(int argc, char **argv)
{
    int layers = atoi(argv[argc - 1]);
    fit(layers);
    largest(layers);
}
END
g++ -std=c++14 -w -O0 -Iroot/usr/include steps.cpp -o steps -lpthread || exit 2

changed=0
check() { # $1: layers, $2: recorded
    seen=$(./steps "$1") || exit 2
    printf '%2s layers: first step of the first and last, largest step: %s\n%60s%s (recorded)\n%60s1.000 1.000 1.00 (expected)\n' \
        "$1" "$seen" '' "$2" ''
    [ "$seen" = "$2" ] || changed=1
}
check 1 '0.744 0.744 1.01'
check 2 '0.744 0.639 1.40'
check 10 '0.744 0.482 2.86'
exit $changed
