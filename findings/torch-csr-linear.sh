#!/bin/sh
# Question   Weights are a sparse matrix in CSR form. Does it matter whether a layer's product is written linear(x, w), as
#            its dense twin has it, or w @ x.T?
# Guess      No: the same products of the same numbers. A transposed copy of the pictures costs a little.
# Seen       As long for one picture, but for 128 of them linear() takes some 120 times as long: 235 ms instead of 1.8, with
#            10 % of a 1024 x 1024 matrix left. Answers agree.
# Versions   Debian 12: python3-torch 1.13.1+dfsg-4
# Date       2026-11-30
# Matters    Whether pruned weights pay in such a comparison is decided by how the product is written. A torch.nn.Linear
#            whose weight has been made CSR uses the slow one.
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

# seconds of the fastest of five. A ratio of 10 is enough: machines differ
cat > product.py << 'END'
import time, torch
def seconds(run):
    run()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)
torch.set_num_threads(1)
torch.manual_seed(1)
dense = torch.randn(1024, 1024)
dense[torch.rand(1024, 1024) > .1] = 0
w = dense.to_sparse_csr()
for pictures, least, most in (1, 0, 2), (128, 10, 9999):
    x = torch.randn(pictures, 1024)
    columns = x.t().contiguous()
    ways = (lambda: torch.nn.functional.linear(x, w)), (lambda: (w @ columns).t())
    linear, product = map(seconds, ways)
    same = torch.allclose(ways[0](), ways[1](), atol=1e-3)
    ok = same and least <= linear / product <= most
    print(f'{pictures} pictures: linear(x, w) {1e3 * linear:.2f} ms, w @ x.T {1e3 * product:.2f} ms, '
          f'{linear / product:.1f} times; answers {"agree" if same else "differ"}; {"as recorded" if ok else "changed"}')
END
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore product.py > seen 2> python.log ||
    { cat python.log; exit 2; }
echo "expected: both take about as long"
cat seen
! grep -q changed seen
