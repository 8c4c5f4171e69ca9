#!/bin/sh
# Install the site into a bare Debian root as docs/installation.md says, start it, and ask for a page.
#   sudo testing/drills/bare_root.sh FOLDER
# Needs mmdebstrap and curl. Prints the time of each step. The certificates of this machine's own
# authorities are taken along, as an operator puts them into deploy/ca.
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
root=$1
port=18999
as_site="setpriv --reuid=testbank --regid=testbank --init-groups .venv/bin/python manage.py"

step() {
  echo "$1: $(($(date +%s) - started)) s"
  started=$(date +%s)
}
inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
    HTTP_PROXY="${HTTP_PROXY:-}" HTTPS_PROXY="${HTTPS_PROXY:-}" sh -euc "$1"
}

started=$(date +%s)
mmdebstrap --variant=minbase --quiet bookworm "$root"
step "bare root"

mkdir -p "$root/tmp/testbank"
(cd "$project" && git ls-files -z | tar --null -T - -c) | tar -C "$root/tmp/testbank" -x
for certificate in /usr/local/share/ca-certificates/*.crt; do
  [ ! -e "$certificate" ] || cp "$certificate" "$root/tmp/testbank/deploy/ca/"
done
inside /tmp/testbank/deploy/build.sh
step "deploy/build.sh"

cat > "$root/srv/testbank/.env" <<END
STRIPE_PUBLIC_KEY=pk_test_51NobodyIsCalled
STRIPE_SECRET_KEY=sk_test_51NobodyIsCalled
SITE_URL=https://shop.example.org
BEHIND_TLS_PROXY=1
HASHED_STATIC=1
STATIC_ROOT=/srv/testbank/static-files
WORKER=1
BIND=127.0.0.1:$port
END
inside "chown root:testbank /srv/testbank/.env; chmod 640 /srv/testbank/.env"
inside "cd /srv/testbank; $as_site upgrade"
inside "cd /srv/testbank; DJANGO_SUPERUSER_PASSWORD='a long password' $as_site createsuperuser --no-input --email you@example.org"
step "database and first account"

inside "cd /srv/testbank; exec $as_site serve" &
server=$!
trap 'kill $server' EXIT
tries=0
until curl --silent --fail --noproxy '*' --output /dev/null --header 'X-Forwarded-Proto: https' \
  --header 'Host: shop.example.org' "http://127.0.0.1:$port/"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ]
  sleep 1
done
step "first page"

inside "cd /srv/testbank; $as_site backup"
step "backup"
