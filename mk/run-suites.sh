#!/bin/sh
# run-suites.sh PROGRAM SUITE...: suites of the test program, one after the other, under $UNDER where it is set; status 1
# when one fails
set -f
program=$1 status=0
shift
for suite; do
    # shellcheck disable=SC2086 # a command with its options
    CK_RUN_SUITE=$suite ${UNDER:-} "$program" || status=1
done
exit $status
