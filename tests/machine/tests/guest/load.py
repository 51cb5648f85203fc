# SPDX-License-Identifier: GPL-2.0-only
"""Load: load.py CASE [COUNT [SEED]]

A case is a function of responses.py, limits.py, shortage.py, unfinished.py or links.py. After it no connection
is left and all requests are served."""

import sys

import limits
import links
import responses
import shortage
import unfinished
import workload

workload.make_site()
name, arguments = sys.argv[1], [*map(int, sys.argv[2:]), 1][:2] if len(sys.argv) > 2 else ()
next(
    getattr(module, name)
    for module in (limits, links, responses, shortage, unfinished)
    if hasattr(module, name)
)(*arguments)
workload.check_recovery()
