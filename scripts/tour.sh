#!/usr/bin/env bash
# Runs the commands of the README's five-minute tour, as they stand there, against a fresh demo, and checks
# what each of them answers. LOJAL_BIN names a built binary; without it one is built.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; } 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

bin=${LOJAL_BIN:-$work/lojal}
[ -x "$bin" ] || go build -o "$bin" ./cmd/lojal
cd "$work"
"$bin" demo --listen 127.0.0.1:0 --data lojal-demo --sell 0s >demo.log 2>&1 &
server=$!
for _ in $(seq 600); do
  [ -s lojal-demo/tour.env ] && break
  kill -0 "$server" 2>/dev/null || { cat demo.log >&2; echo "tour: the demo did not start" >&2; exit 1; }
  sleep 0.5
done

# The commands are the sh blocks of the section, without the prose around them.
awk '/^## /{tour = ($0 == "## Five-minute tour")} tour && /^```$/{code = 0} tour && code; tour && /^```sh$/{code = 1}' "$root/README.md" >tour.sh
[ "$(wc -l <tour.sh)" -ge 12 ] || { echo "tour: no commands found in README.md" >&2; exit 1; }
bash -eu tour.sh >answers 2>&1 || { cat answers >&2; echo "tour: a command failed" >&2; exit 1; }

want() {
  grep -q -e "$2" answers || { cat answers >&2; echo "tour: $1: no $2 in the answers" >&2; exit 1; }
}
want identify '"session":"'
want quote '"payable":1180'
want commit '"status":"approved"'
want balance '"wallet":"points"'
want "partial return" '"clawback":'
want proof '"hashes":'
if grep -q '"code":"' answers; then
  cat answers >&2
  echo "tour: the server refused something" >&2
  exit 1
fi

# The examples are the same purchase as programs.
set -a
. lojal-demo/tour.env
set +a
bash "$root/examples/till/till.sh" | grep -qx applied || { echo "tour: examples/till/till.sh failed" >&2; exit 1; }
(cd "$root" && go run ./examples/till) | grep -q 'was applied$' || { echo "tour: examples/till failed" >&2; exit 1; }
echo "tour: every command of the README works"
