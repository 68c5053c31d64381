#!/usr/bin/env python3
# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""spawn.py <seconds> <count> <in flight> <resident MiB>: starts /bin/true again and again; prints the amount and the
seconds.
"""

import os
import pathlib
import select
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.dont_write_bytecode = True
import measure  # noqa: E402


def one_at_a_time(run):
    while True:
        if subprocess.Popen(["/bin/true"]).wait() != 0:
            sys.exit("the child has failed")
        if not run.add(1):
            return


def several(run, count):
    ready, children = select.epoll(), {}

    def start():
        child = subprocess.Popen(["/bin/true"])
        pidfd = os.pidfd_open(child.pid)
        children[pidfd] = child
        ready.register(pidfd, select.EPOLLIN)

    for _ in range(count):
        start()
    while children:
        for pidfd, _ in ready.poll():
            if children.pop(pidfd).wait() != 0:
                sys.exit("the child has failed")
            ready.unregister(pidfd)
            os.close(pidfd)
            if run.add(1):
                start()


memory = measure.resident_memory(int(sys.argv[4]))
run = measure.Run(float(sys.argv[1]), int(sys.argv[2]))
if sys.argv[3] == "1":
    one_at_a_time(run)
else:
    several(run, int(sys.argv[3]))
print(run.amount, run.seconds)
