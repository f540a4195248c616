#!/bin/sh
# Stops the running service, if there is one.
set -eu
pid_file="$LOCKGATE_ROOT/app/tidewater.pid"
[ -f "$pid_file" ] || exit 0
pid=$(cat "$pid_file")
kill "$pid" 2>/dev/null || true
for _ in $(seq 100); do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
rm -f "$pid_file"
