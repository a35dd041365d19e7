#!/bin/sh
# Reports a file of results: "case result [measurement [units]]", and lines that open and close sets.
results="$1"
which lava-test-case > /dev/null 2>&1 || { cat "$results"; exit 0; }
[ -f "$results" ] || { echo "WARNING: there is no $results"; exit 0; }
while read -r line; do
    if echo "$line" | grep -Eiq '^lava-test-set'; then
        lava-test-set "$(echo "$line" | awk '{print $2}')" "$(echo "$line" | awk '{print $3}')"
    elif echo "$line" | grep -Eiq '^[^ ]+ +(pass|fail|skip|unknown) *$'; then
        lava-test-case "$(echo "$line" | awk '{print $1}')" --result "$(echo "$line" | awk '{print $2}')"
    elif echo "$line" | grep -Eiq '^[^ ]+ +(pass|fail|skip) '; then
        units="$(echo "$line" | awk '{print $4}')"
        set -- "$(echo "$line" | awk '{print $1}')" --result "$(echo "$line" | awk '{print $2}')" \
            --measurement "$(echo "$line" | awk '{print $3}')"
        [ -z "$units" ] || set -- "$@" --units "$units"
        lava-test-case "$@"
    fi
done < "$results"
