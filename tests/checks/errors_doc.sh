#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if the committed page differs from what the program prints: errors_doc.sh PROGRAM PAGE
set -euo pipefail
if ! "$1" | diff -u "$2" -; then
  echo "remedy: $(basename "$1") > docs/errors.md, and read what changed: a shipped code keeps its meaning"
  exit 1
fi
