# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What every job of the guest begins with.

# await SECONDS COMMAND...: until the command succeeds.
await() {
  end=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "waited in vain for: $*"
      return 1
    fi
    sleep 0.05
  done
}

# udevd with a few rules of Debian's alone: the guest has the host's configuration, and rules of other packages start
# programs for each USB device.
begin_udev() {
  mkdir -p /run/udev /run/lock /run/rules
  for rules in 50-udev-default 60-serial 60-persistent-storage "$@"; do
    cp "/usr/lib/udev/rules.d/$rules.rules" /run/rules/ 2>/dev/null || cp "$rules" /run/rules/
  done
  mount --bind /run/rules /usr/lib/udev/rules.d
  mount -t tmpfs none /etc/udev/rules.d
  /lib/systemd/systemd-udevd --daemon >/dev/null 2>&1
  udevadm trigger --action=add --subsystem-match=usb --subsystem-match=tty --subsystem-match=hidraw --subsystem-match=block
  udevadm settle -t 20
}

# fail TEXT: what every check ends with.
fail() {
  echo "FAILED: $*"
  exit 1
}
