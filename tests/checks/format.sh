#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if a tracked C++ file is not as clang-format-16 would write it. Exit 77: the formatter is not there.
#   tests/checks/format.sh         name what differs
#   tests/checks/format.sh --fix   rewrite it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v clang-format-16 >/dev/null; then
  echo "skipped: clang-format-16 is not installed (scripts/deps installs it)"
  exit 77
fi
if [ -e .git ]; then
  mapfile -t files < <(git -c safe.directory='*' ls-files -- '*.cc' '*.h')
else
  mapfile -t files < <(find src tests fuzz bench tools -name '*.cc' -o -name '*.h')
fi
present=()
for file in "${files[@]}"; do
  [ -f "$file" ] && present+=("$file")
done
if [ "${#present[@]}" -eq 0 ]; then
  echo "format: found no file to check"
  exit 1
fi
if [ "${1:-}" = --fix ]; then
  clang-format-16 -i "${present[@]}"
  exit 0
fi
clang-format-16 --dry-run -Werror --ferror-limit=3 "${present[@]}" || {
  echo "remedy: tests/checks/format.sh --fix"
  exit 1
}
echo "format: ${#present[@]} files"
