#!/bin/sh
# `make docker-test`: builds the image where docker is, and runs its tools and the demo in it, shut in
# as compose.yaml does it. Nothing is left behind but the image likeness:test.
set -eu
if ! command -v docker >/dev/null 2>&1; then
    echo "docker is not on this machine: the image was not built. Install it and run make docker-test again."
    exit 0
fi
if ! docker info >/dev/null 2>&1; then
    echo "docker's daemon does not answer (is it started, and may you use it?): the image was not built."
    exit 0
fi
image=likeness:test
docker build --file deploy/Dockerfile --tag "$image" "$@" .
shut_in="--rm --cap-drop ALL --security-opt no-new-privileges:true --read-only --user 1000:1000 --pids-limit 1024"
inside="$shut_in --tmpfs /studio:uid=1000,gid=1000,mode=0700 --tmpfs /tmp:size=1g,mode=1777,exec"

echo "The tools of the image:"
# shellcheck disable=SC2086
docker run $inside --entrypoint sh "$image" -c 'python -m bot --help >/dev/null && python -m bot upgrade-check'

echo "The demo:"
# Its page is no part of the image, so it is installed beside it. It is up when it prints its address.
# shellcheck disable=SC2086
docker run $inside --entrypoint sh "$image" -c '
    python -c "import tomllib; print(*tomllib.load(open(\"pyproject.toml\", \"rb\"))[\"project\"]\
[\"optional-dependencies\"][\"demo\"], sep=\"\\n\")" >/tmp/demo.txt
    pip install --quiet --target /tmp/demo --requirement /tmp/demo.txt
    PYTHONPATH=/tmp/demo python -m bot.operations.demo --no-browser --port 8765 --data /studio/demo >/tmp/said 2>&1 &
    demo=$!
    for _ in $(seq 120); do
        grep -q "open at" /tmp/said && break
        kill -0 $demo || break
        sleep 1
    done
    cat /tmp/said
    grep -q "open at" /tmp/said
    kill -INT $demo
    wait $demo'
echo "The image is whole: its tools and its demo start in it."
