#!/usr/bin/env python3
# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""capture.py <seconds> <count> <MiB> <program>: captures what `program capture --child <MiB>` writes; prints the MiB and
the seconds.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.dont_write_bytecode = True
import measure  # noqa: E402

mib, program = int(sys.argv[3]), sys.argv[4]
run = measure.Run(float(sys.argv[1]), int(sys.argv[2]))
while True:
    done = subprocess.run([program, "capture", "--child", str(mib)], capture_output=True)
    if done.returncode != 0 or len(done.stdout) != mib << 20:
        sys.exit("not what the child wrote")
    if not run.add(mib):
        break
print(run.amount, run.seconds)
