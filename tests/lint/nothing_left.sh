#!/bin/sh
# Runs after every other test, and checks that the tests left no block and no folder of a manager.
#
# Other programs of this user may make blocks at the same time. So a block counts only if this user
# made it after the tests began, if its name is a test's or a random one, and if no process uses it.
set -eu
stamp=$top_builddir/tests/begin.stamp
test -f "$stamp" || { echo "$stamp does not exist: the tests have not begun"; exit 1; }
status=0
for file in $(find /dev/shm -maxdepth 2 -type f -user "$(id -u)" -newer "$stamp" \
  \( -name 'psm_*' -o -name '*test-*' -o -name 'demo-*' -o -name '.shareable-*' -o -name 'bench-*' \) 2>/dev/null); do
  inode=$(stat -c %i "$file" 2>/dev/null) || continue # it was removed
  # Search for the inode: in the maps of the creator, the file has no name.
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
