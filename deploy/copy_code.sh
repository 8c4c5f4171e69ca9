#!/bin/sh
# Copy the code of one folder into another, where an older version may be: deploy/copy_code.sh FROM TO.
# Everybody may read it. Data and secrets (.env, var, secrets) are neither copied nor touched.
set -eu
source=$1
target=$2

tar -C "$source" --exclude=./.git --exclude=./.venv --exclude=./var --exclude=./.env --exclude=./secrets \
  --exclude=__pycache__ --mode=u=rwX,go=rX -c . | tar -C "$target" --no-same-owner --no-overwrite-dir -x
# Delete what the new version no longer has, such as a module or a migration.
for folder in "$source"/*/; do
  name=$(basename "$folder")
  case $name in var | secrets) continue ;; esac
  (cd "$target" && find "$name" -type f ! -path '*/__pycache__/*') | while IFS= read -r file; do
    [ -e "$source/$file" ] || rm "$target/$file"
  done
done
