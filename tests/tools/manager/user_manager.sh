#!/bin/sh
# Runs a command with a user's service manager (systemd --user) that has one unit, without a booted
# systemd. Needs root, a mount namespace of its own, and cgroups that it can create.
#
#   unshare --mount user_manager.sh UID UNIT COMMAND [ARGUMENT…]
#
# Exits with 77 if the service manager does not start. The command runs as that user.
set -eu
user=$1 unit=$2
shift 2
systemd=/lib/systemd/systemd
test -x $systemd || exit 77
mount -t tmpfs tmpfs /run || exit 77
mkdir -p /run/systemd/system /run/systemd/unit-root "/run/user/$user/home/.config/systemd/user"
cp "$unit" "/run/user/$user/home/.config/systemd/user/"
chown -R "$user:$user" "/run/user/$user"
chmod 700 "/run/user/$user"

groups=
leave() {
  for group in $groups; do
    echo $$ >"${group%/*}/cgroup.procs" || true
    for each in $(find "$group" -depth -type d); do rmdir "$each" 2>/dev/null || true; done
  done
}
trap leave EXIT
for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  test -f $root/cgroup.procs || continue
  group=$root/shareable-test-$$
  mkdir "$group" 2>/dev/null || exit 77
  groups="$groups $group"
  chown -R "$user:$user" "$group"
  echo $$ >"$group/cgroup.procs" || exit 77
done
test -n "$groups" || exit 77

export XDG_RUNTIME_DIR="/run/user/$user" HOME="/run/user/$user/home" XDG_CONFIG_HOME="/run/user/$user/home/.config" USER="$user"
# shellcheck disable=SC2016 # the inner shell expands them
setpriv --reuid "$user" --regid "$user" --clear-groups sh -c '
  '$systemd' --user --unit=basic.target >"$HOME/log" 2>&1 & manager=$!
  tries=0
  until systemctl --user show-environment >/dev/null 2>&1; do
    tries=$((tries + 1))
    test $tries -lt 100 && kill -0 $manager || { cat "$HOME/log"; exit 77; }
    sleep 0.1
  done
  "$@"
  status=$?
  kill $manager
  wait $manager
  exit $status' sh "$@"
