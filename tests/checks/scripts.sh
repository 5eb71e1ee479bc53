#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if a shell script of the tree does not parse, cannot be executed, or lets unset names pass: scripts.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

problems=0
checked=0
complain() {
  echo "$1: $2"
  problems=$((problems + 1))
}
shopt -s nullglob globstar
for file in test demo bench .ci/* scripts/* tools/* tests/**/*.sh; do
  { [ -f "$file" ] && head -n 1 "$file" | grep -q '^#!.*bash'; } || continue
  checked=$((checked + 1))
  bash -n "$file" || complain "$file" "does not parse"
  [ -x "$file" ] || complain "$file" "is not executable"
  grep -qE '^set -e?uo pipefail$' "$file" || complain "$file" "lacks set -uo pipefail"
done
echo "scripts: $checked files, $problems problems"
[ "$checked" -gt 0 ] && [ "$problems" -eq 0 ]
