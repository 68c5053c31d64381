# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""What the Python implementations have in common with bench.hpp."""

import mmap
import time


class Run:
    """The same clock as bench::run."""

    def __init__(self, seconds, count):
        self.length, self.count = seconds, count
        self.made, self.begun, self.over = time.monotonic(), None, False
        self.amount = self.seconds = self.operations = 0

    def add(self, amount):
        if self.over:
            return False
        now = time.monotonic()
        if self.begun is None:
            if now - self.made >= self.length / 10:
                self.begun = now
            return True
        self.amount += amount
        self.operations += 1
        self.seconds = now - self.begun
        self.over = self.operations >= self.count if self.count else self.seconds >= self.length
        return not self.over


def resident_memory(mib):
    """Memory that is really there, in small pages."""
    if mib == 0:
        return None
    memory = mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for at in range(0, mib << 20, 4096):
        memory[at] = 1
    return memory
