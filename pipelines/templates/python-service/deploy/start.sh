#!/bin/sh
# Starts the service in a session of its own, so that it outlives this script and the agent.
set -eu
app="$LOCKGATE_ROOT/app"
setsid "$app/venv/bin/tidewater" --port "$LOCKGATE_PORT" --database "$LOCKGATE_ROOT/tidewater.sqlite" \
  >"$app/tidewater.log" 2>&1 </dev/null &
echo $! >"$app/tidewater.pid"
