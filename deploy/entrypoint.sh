#!/bin/sh
# Runs the bot in a container. Docker restarts on every exit code but 0 and cannot be told that 2 means "it cannot
# start like this": so 2 is said in the log and becomes 0, and `restart: on-failure` leaves the container stopped.
python -m bot "$@" &
bot=$!
trap 'kill -TERM "$bot" 2>/dev/null' TERM INT
wait "$bot"
code=$?
# A signal ends `wait` early, with the bot still stopping.
while kill -0 "$bot" 2>/dev/null; do
    wait "$bot"
    code=$?
done
if [ "$code" -eq 2 ] && [ "$#" -eq 0 ]; then
    echo "Not started again: mend what the line above says, then run docker compose up." >&2
    exit 0
fi
exit "$code"
