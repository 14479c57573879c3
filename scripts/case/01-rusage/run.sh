#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
exec /usr/bin/env python3 "$(dirname "${BASH_SOURCE[0]}")/study.py" "$@"
