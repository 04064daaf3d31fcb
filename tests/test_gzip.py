#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
import sys

sys.dont_write_bytecode = True
from tap import main

if __name__ == "__main__":
    main()
