#!/bin/sh
# shellcheck source=../../../lib/sh-test-lib
. ../../../lib/sh-test-lib
[ -e /dev/no-such-disk ] || fatal "no disk <sda> to test"
