#!/usr/bin/env bash
# Vets and tests every module of the tree on both databases and counts the outcome. Arguments go to
# go test: scripts/test.sh -race
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/need.sh postgres
export LOJAL_NEVER_SKIP=1

tally=$(mktemp -d)
trap 'rm -rf "$tally"' EXIT
go build -o "$tally/tally" ./internal/lab/tally

modules() {
  find . -name go.mod -not -path '*/node_modules/*' -not -path '*/testdata/*' -exec dirname {} \; | sort
}

each() {
  local status=0 dir
  for dir in $(modules); do
    (cd "$dir" && go vet ./... 2>&1) || status=1
    (cd "$dir" && go test -json -timeout 30m "$@" ./...) || status=1
  done
  return $status
}

# The first steps of a stranger: the tour of the README against a fresh demo. It comes first, so that the
# run closes with its summary.
timeout 600 scripts/tour.sh
each "$@" | "$tally/tally"
