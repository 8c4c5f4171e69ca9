#!/bin/sh
# Install Testbank from the current folder into /srv/testbank of a Debian system, as the user
# testbank. The Dockerfile runs it, and it works on a machine as well. Run it as root.
#
# Behind a proxy, set HTTP_PROXY and HTTPS_PROXY. If the proxy intercepts TLS, put your company's
# CA certificate into deploy/ca/ as NAME.crt.
#
# To upgrade, run it again: it replaces the code, and leaves .env and var/ as they are.
set -eu
umask 022

source=$(cd "$(dirname "$0")/.." && pwd)
target=/srv/testbank
python=$target/.venv/bin/python

# apt-get reads the lower-case names.
export http_proxy="${http_proxy:-${HTTP_PROXY:-}}" https_proxy="${https_proxy:-${HTTPS_PROXY:-}}"
export DEBIAN_FRONTEND=noninteractive

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  ca-certificates gpg gpg-agent postgresql-client python3 python3-venv >/dev/null
for certificate in "$source"/deploy/ca/*.crt; do
  [ -e "$certificate" ] || continue
  cp "$certificate" /usr/local/share/ca-certificates/
  export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
done
update-ca-certificates >/dev/null 2>&1

id testbank >/dev/null 2>&1 || useradd --uid 10001 --no-log-init --home-dir "$target" --shell /usr/sbin/nologin testbank
mkdir -p "$target"
[ "$source" = "$target" ] || "$source/deploy/copy_code.sh" "$source" "$target"

[ -x "$python" ] || python3 -m venv "$target/.venv"
"$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r "$target/requirements/base.txt"
"$python" -m compileall -q "$target" -x "$target/.venv" || true

# The code belongs to root: the site can write its data only.
install -d -o testbank -g testbank -m 0750 "$target/var"
cd "$target"
# Only to read the settings: keys of no account, no .env, and static files outside of var/, which is
# a volume.
env TESTBANK_ENV_FILE=/dev/null SECRET_KEY=build STRIPE_PUBLIC_KEY=pk_test_51BuildBuild STRIPE_SECRET_KEY=sk_test_51BuildBuild \
  HASHED_STATIC=1 STATIC_ROOT="$target/static-files" \
  "$python" manage.py collectstatic --no-input --verbosity 0
rm -rf /var/lib/apt/lists/*
echo "Testbank is installed in $target"
