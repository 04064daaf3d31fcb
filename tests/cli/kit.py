# SPDX-License-Identifier: MIT
"""
kit: what the tests of the command share, brought into reach.

A test imports this first; then the modules of tests/kit, tests/servers and
tests/torture are found by their names, however the test was started.
"""
import os
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

sys.path[1:1] = [os.path.join(_TESTS, folder)
                 for folder in ("kit", "servers", "torture")]
