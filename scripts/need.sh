#!/usr/bin/env bash
# Installs what the tests need and the machine lacks, where that is allowed: need.sh postgres|chromium|gcc…
# It says nothing when all is there.
set -eu

have() {
  case "$1" in
    postgres) command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb /usr/local/pgsql/bin/initdb ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    gcc) command -v gcc ;;
  esac 2>/dev/null | grep -q .
}

package() {
  case "$1" in
    postgres) echo postgresql ;;
    gcc) echo gcc libc6-dev ;;
    *) echo "$1" ;;
  esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

for thing in "$@"; do
  case "$thing" in
    postgres | chromium | gcc) ;;
    *) echo "need.sh: nobody knows what $thing is" >&2; exit 2 ;;
  esac
  have "$thing" && continue
  if ! may_install; then
    echo "need.sh: please install $thing ($(package "$thing")): there is no apt-get here, or no right to use it" >&2
    exit 1
  fi
  # The tests start servers of their own; the one that the package would start is not wanted.
  if [ "$thing" = postgres ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  log=$(mktemp)
  if ! { as_root apt-get update -qq &&
    # shellcheck disable=SC2046
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(package "$thing"); } >"$log" 2>&1; then
    cat "$log" >&2
    echo "need.sh: $thing could not be installed" >&2
    exit 1
  fi
  rm -f "$log"
done
