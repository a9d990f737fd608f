#!/bin/sh
# run-suites.sh PROGRAM SUITE...: suites of the test program, one after the other, under $UNDER where it is set; then the
# sums of their last lines, and the names of those that failed, with status 1
set -f
program=$1
shift
results=$(mktemp -d) || exit 1
trap 'rm -r "$results"' EXIT
: > "$results/failed"
for suite; do
    # shellcheck disable=SC2086 # a command with its options
    { CK_RUN_SUITE=$suite ${UNDER:-} "$program" || echo "$suite" >> "$results/failed"; } | tee -a "$results/lines"
done
awk -v suites=$# -v failed="$(tr '\n' ' ' < "$results/failed")" '
    / passed, [0-9]+ failed/ { passed += $1; lost += $3; skipped += $5 }
    END { printf "%d suites: %d passed, %d failed, %d skipped", suites, passed, lost, skipped
          if (failed) printf "; failed: %s", failed
          printf "\n" }' "$results/lines"
test ! -s "$results/failed"
