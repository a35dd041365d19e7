#!/bin/sh
# shellcheck source=../../../lib/sh-test-lib
. ../../../lib/sh-test-lib
TESTS="pwd,lscpu"
while getopts "s:t:h" option; do
    case "$option" in
        s) SKIP="$OPTARG" ;;
        t) TESTS="$OPTARG" ;;
        *) exit 1 ;;
    esac
done
[ "$SKIP" = true ] || info_msg "nothing is skipped"
mkdir -p "${OUTPUT}"
: > "${RESULT_FILE}"
for one in $(echo "$TESTS" | tr ',' ' '); do
    case "$one" in
        pwd) run_one pwd pwd ;;
        list) run_one list "ls -l / > /dev/null" ;;
        *) report_fail "$one" ;;
    esac
done
add_metric speed pass 12.5 MB/s
