#!/bin/sh
# Reads lines "case result [measurement units]" and reports them; lines of a set are between marks.
while read -r line; do
    case "$line" in
        "lava-test-set "*) eval "$line" ;;
        *)
            # shellcheck disable=SC2086
            set -- $line
            if [ $# -eq 2 ]; then
                lava-test-case "$1" --result "$2"
            else
                lava-test-case "$1" --result "$2" --measurement "$3" --units "$4"
            fi
            ;;
    esac
done < "$1"
