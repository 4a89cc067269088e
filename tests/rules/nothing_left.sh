#!/bin/sh
# Runs after every other test: no block that this run made is left, neither under a test's name nor a made-up one, and no
# folder of a manager.
#
# Other programs of this user may make blocks meanwhile. So what counts is made since the run began, by this user, under a
# name that tests or the library give, and used by no process.
set -eu
stamp=$top_builddir/tests/begin.stamp
test -f "$stamp" || { echo "no $stamp: the run did not begin"; exit 1; }
status=0
for file in $(find /dev/shm -maxdepth 2 -type f -user "$(id -u)" -newer "$stamp" \
  \( -name 'psm_*' -o -name '*test-*' -o -name 'demo-*' -o -name '.shareable-*' -o -name 'bench-*' \) 2>/dev/null); do
  inode=$(stat -c %i "$file" 2>/dev/null) || continue # it has gone since
  # Not by its name: whoever made it has it as an unnamed file there.
  if ! grep -qsE "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ $inode( |\$)" /proc/[0-9]*/maps; then
    echo "left behind: $file"
    status=1
  fi
done
for place in $(find "${TMPDIR:-/tmp}" -maxdepth 1 -type d -user "$(id -u)" -newer "$stamp" -name 'shareable-??????'); do
  if ! grep -qsF " $place/" /proc/net/unix; then
    echo "left behind: $place"
    status=1
  fi
done
exit $status
