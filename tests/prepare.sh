#!/bin/sh
# Installs what the tests need beside Python: Chromium and a PostgreSQL server. Debian and Ubuntu; elsewhere
# install both by hand. Does nothing when they are there.
set -eu
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
need=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
  command -v google-chrome >/dev/null 2>&1 || need="$need chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 ||
  need="$need postgresql"
[ -z "$need" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "please install:$need" >&2
  exit 1
fi
root apt-get update -qq
# shellcheck disable=SC2086  # a list of packages
root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
