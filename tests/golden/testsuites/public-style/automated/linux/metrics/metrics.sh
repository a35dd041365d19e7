#!/bin/sh
# shellcheck source=../../../lib/sh-test-lib
. ../../../lib/sh-test-lib
usage() { echo "Usage: $0 [-s true|false] [-n rounds] [-r ratio] [-l label] [-e empty]" 1>&2; exit 1; }
while getopts "s:n:r:l:e:h" option; do
    case "$option" in
        s) SKIP="$OPTARG" ;;
        n) ROUNDS="$OPTARG" ;;
        r) RATIO="$OPTARG" ;;
        l) LABEL="$OPTARG" ;;
        e) EMPTY="$OPTARG" ;;
        *) usage ;;
    esac
done
make_output "$OUTPUT"
distribution
info_msg "on $dist"

# A truth value of YAML comes as LAVA writes it.
test "$SKIP" = False
judge "a-truth-value"
test "$LABEL" = "two words" && test -z "$EMPTY" && test "$RATIO" = 0.5
judge "parameters"

# The tool, its log, and what of the log is a result.
first_status "for i in \$(seq \"$ROUNDS\"); do echo \"round \$i: \$((i * 10)) MB/s\"; done" "tee '$OUTPUT/log.txt'"
judge "tool" "never-1" "never-2"
echo "lava-test-set start rounds" >> "$RESULT_FILE"
awk '/^round/ { sub(":", "", $2); print "round-" $2 " pass " $3 " " $4 }' "$OUTPUT/log.txt" >> "$RESULT_FILE"
echo "lava-test-set stop" >> "$RESULT_FILE"
grep -o '[0-9]* MB/s' "$OUTPUT/log.txt" | awk '{ sum += $1 } END { print sum / NR }' > "$OUTPUT/mean"
add_metric "mean" "pass" "$(cat "$OUTPUT/mean")" "MB/s"
add_metric "count" "PASS" "$ROUNDS"
report_skip "no-hardware"
(false; judge "prerequisite" "needs-it-1" "needs-it-2"; echo never) > /dev/null
sed -i 's/^prerequisite fail/prerequisite SKIP/' "$RESULT_FILE"
