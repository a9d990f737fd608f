#!/bin/sh
# Question   scikit-learn's MLPRegressor and MLPClassifier have a penalty on weights, `alpha`. Is its strength the same
#            for every batch_size?
# Guess      Yes. The manual divides it by the number of samples, which is that of the training data.
# Seen       It is divided by the pictures of a batch. A line through 100 points of y = x has with alpha=1 a slope of
#            0.50 with batches of 1, of 0.91 with 10, of 0.99 with 100; the last is what the manual's formula gives for
#            all, and what solver='lbfgs' finds, which takes all data at once.
# Versions   Debian 12: python3-sklearn 1.2.1+dfsg-1
# Date       2026-12-01
# Matters    An alpha that was found for batches of 200, the default, is 300 times weaker for lbfgs with 60,000
#            pictures. Who doubles the batch halves the penalty, and how many weights fall below a threshold of pruning
#            changes with it.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 40 MB.
set -eu
sklearn=1.2.1+dfsg-1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 \
        -o APT::Sandbox::User= -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "python3-sklearn=$sklearn" "python3-sklearn-lib=$sklearn" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > slope.py << 'END'
import sys, numpy as np
from sklearn.neural_network import MLPRegressor
def slope(solver, batch): # (1, 1) and (-1, -1) in turn, 50 times each
    x = np.tile([[1.], [-1.]], (50, 1))
    net = MLPRegressor(hidden_layer_sizes=(), solver=solver, batch_size=batch, alpha=1, learning_rate_init=.01,
                       momentum=0, max_iter=2000, n_iter_no_change=2000, tol=1e-12, shuffle=False, random_state=0)
    net.fit(x, x.ravel())
    return f'{net.coefs_[0][0, 0]:.2f}'
changed = 0
for solver, batch, recorded in ('sgd', 1, '0.50'), ('sgd', 10, '0.91'), ('sgd', 100, '0.99'), ('lbfgs', 'auto', '0.99'):
    seen = slope(solver, batch)
    print(f'{solver}, batch_size {batch}: slope {seen}, {recorded} (recorded), 0.99 (expected)')
    changed |= seen != recorded
sys.exit(changed)
END
status=0
LD_LIBRARY_PATH=$libs PYTHONPATH=$tmp/root/usr/lib/python3/dist-packages "$python" -W ignore slope.py \
    > seen 2> python.log || status=$?
cat seen
[ ! -s python.log ] || { cat python.log; exit 2; }
exit $status
