# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""Runs of the tests, one suite at a time, until the first failure. Nothing that a run has started stays."""

import collections
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from .changes import ROOT, Wrong

SHORTEST_LIMIT = 5.0  # seconds that a suite may take in any case,
PATIENT_LIMIT = 20.0  # and when it is asked again
LONGEST = 240.0  # that it may take without a change
SKIPPED = 77

SAYING = threading.Lock()


def say(text):
    with SAYING:
        print(text, flush=True)


Test = collections.namedtuple("Test", "folder suite command")
Run = collections.namedtuple("Run", "failed case how seconds")  # `how`: what the test said, or that it hung

ENTERING = re.compile(r'Entering test (?:suite|case) "([^"]+)"')
LEAVING = re.compile(r"Leaving test (?:suite|case) ")
ERROR = re.compile(r': (?:fatal )?error: in "([^"]+)": (.*)')


def tests_of(build, folders):
    """{(folder, suite): Test} as CTest has them."""
    told = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, check=True)
    tests = {}
    for test in json.loads(told.stdout)["tests"]:
        labels = next((p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), [])
        for folder in folders:
            if folder in labels and "command" in test and test["name"].endswith("_test"):
                suite = test["name"].removeprefix(folder + "_")
                tests[folder, suite] = Test(folder, suite, tuple(test["command"]))
    return tests


# Containment


def namespace():
    """A prefix for a command that is to have a PID namespace; empty where it cannot have one."""
    own = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    works = subprocess.run([*own, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return own if works.returncode == 0 else []


def children_of(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Stopped(BaseException):
    """SIGTERM came."""


def contain(command):
    """`mutate --contain command...`: runs it, reaps orphans meanwhile, and kills what it has left behind."""
    def stop(*_):
        raise Stopped

    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)
    main = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    code = 128 + signal.SIGTERM
    signal.signal(signal.SIGTERM, stop)
    try:
        pid = status = 0
        while pid != main:
            pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
    except Stopped:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + 10
    while (left := children_of(os.getpid())) and time.monotonic() < end:
        for child in left:
            kill_tree(child)
        time.sleep(0.001)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    sys.exit(code if code >= 0 else 128 - code)


def kill_tree(leader):
    for child in children_of(leader):
        kill_tree(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGKILL)


class Runner:
    """Runs suites; those of load alone, because they would fail beside others."""

    def __init__(self):
        self.namespace = namespace()
        self.prefix = [*self.namespace, sys.executable, str(ROOT / "scripts" / "mutate"), "--contain"]
        self.condition = threading.Condition()
        self.running, self.alone_waits, self.alone_runs = 0, 0, False

    def enter(self, alone):
        with self.condition:
            self.alone_waits += alone
            self.condition.wait_for(lambda: not self.alone_runs and
                                    (self.running == 0 if alone else self.alone_waits == 0))
            self.alone_waits -= alone
            self.alone_runs = alone
            self.running += 1

    def leave(self):
        with self.condition:
            self.running -= 1
            self.alone_runs = False
            self.condition.notify_all()

    def run(self, test, number, limit, case=None):
        """The suite, or one of its cases, with the change of that number; 0: none."""
        self.enter(test.suite.endswith("_load_test"))
        try:
            with tempfile.TemporaryDirectory(prefix="mut", dir="/tmp", ignore_cleanup_errors=True) as temporary:
                os.chmod(temporary, 0o1777)  # as /tmp is: tests take on other users
                environment = {**os.environ, "TMPDIR": temporary, "PARLEY_MUTANT": str(number)}
                command = [*self.prefix, *test.command, *([f"--run_test={case}"] if case else [])]
                return watch(command, environment, test.suite, limit, bool(self.namespace))
        finally:
            self.leave()


def watch(command, environment, suite, limit, in_namespace):
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    hung = threading.Event()

    def stop():
        kill_tree(process.pid) if in_namespace else process.terminate()

    def stop_late():
        hung.set()
        stop()

    timer = threading.Timer(limit, stop_late)
    timer.start()
    inside, failure = [], None  # the suites and the case that have been entered
    try:
        for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            if found := ENTERING.search(text):
                inside.append(found.group(1))
            elif LEAVING.search(text) and inside:
                inside.pop()
            elif found := ERROR.search(text):
                failure = found
                break
    finally:
        timer.cancel()
        if failure or process.poll() is None:
            stop()
        code = process.wait()
        process.stdout.close()
    seconds = time.monotonic() - began
    case = "/".join(inside) or suite
    if failure:
        return Run(True, failure.group(1), failure.group(2)[:200], seconds)
    if hung.is_set():
        return Run(True, case, f"not done in {limit:.0f} s", seconds)
    if code not in (0, SKIPPED):
        return Run(True, case, f"ends with {code}", seconds)
    return Run(False, None, None, seconds)


# All runs


class Trial:
    """The tests without a change, and with each change."""

    def __init__(self, directory, changes, jobs):
        self.runner, self.jobs, self.changes = Runner(), jobs, changes
        self.seconds, self.flaky, self.lock = {}, set(), threading.Lock()
        self.memory_file = directory / "noticed.json"  # which suite noticed a change the last time
        self.memory = json.loads(self.memory_file.read_text()) if self.memory_file.is_file() else {}
        own = {change.folder for change in changes}
        named = {name for change in changes for name in change.suites()}
        known = tests_of(directory / "build", own | {folder for folder, _ in named})
        for name in sorted(named):
            if name not in known:
                raise Wrong(f"there is no such test, which a change names: {'/'.join(name)}")
        for folder in sorted(own):
            if not any(test.folder == folder for test in known.values()):
                raise Wrong(f"there are no tests of {folder}")
        self.tests = {name: test for name, test in known.items() if test.folder in own or name in named}

    def in_parallel(self, function, items):
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(function, items))

    def unchanged(self):
        """Runs each suite as it is, one that fails up to three times; what failed does not count later."""
        def passes(test):
            for _ in range(3):
                result = self.runner.run(test, 0, LONGEST)
                if not result.failed:
                    self.seconds[test] = result.seconds
                    return True
                say(f"fails without a change: {test.folder}/{result.case}: {result.how}")
                self.flaky.add((test.folder, result.case))
            return False

        tests = list(self.tests.values())
        bad = [test for test, good in zip(tests, self.in_parallel(passes, tests)) if not good]
        if bad:
            raise Wrong("fails without a change: " + ", ".join(f"{t.folder}/{t.suite}" for t in bad))

    def order(self, change):
        """Those that the change names, the one that noticed it the last time, the short ones, those of load."""
        last = tuple(self.memory.get(str(change.number), "/").split("/"))
        first = [self.tests[name] for name in [last, *change.suites()] if name in self.tests]
        rest = sorted((test for test in self.tests.values() if test.folder == change.folder),
                      key=lambda t: (t.suite.endswith("_load_test"), self.seconds[t]))
        return list(dict.fromkeys(first + rest))

    def limit(self, test, shortest=SHORTEST_LIMIT):
        return max(shortest, 3 * self.seconds[test])

    def comes_again(self, test, change, result):
        """Whether it is a failure of the change and not of chance: the case fails again alone, or in its suite."""
        case = result.case if "/" in result.case else None
        limit = self.limit(test, PATIENT_LIMIT)
        return ((case is not None and self.runner.run(test, change.number, limit, case).failed)
                or self.runner.run(test, change.number, limit).failed)

    def try_change(self, change):
        """The (Test, Run) that noticed it, or None."""
        began = time.monotonic()
        for test in self.order(change):
            result = self.runner.run(test, change.number, self.limit(test))
            if not result.failed:
                continue
            if (test.folder, result.case) in self.flaky or not self.comes_again(test, change, result):
                say(f"by chance  {test.folder}/{result.case}: {result.how} (with {change.folder}: {change.name})")
                continue
            say(f"noticed    {change.folder}: {change.name}\n"
                f"           by {test.folder}/{result.case}: {result.how} ({time.monotonic() - began:.0f} s)")
            if change.get("unnoticed"):
                say("           although its list explains why it is not: take the explanation away")
            with self.lock:
                self.memory[str(change.number)] = f"{test.folder}/{test.suite}"
                self.memory_file.write_text(json.dumps(self.memory, indent=0, sort_keys=True))
            return test, result
        say(f"{'explained ' if change.get('unnoticed') else 'UNNOTICED '} {change.folder}: {change.name} "
            f"({time.monotonic() - began:.0f} s)\n           {change.get('unnoticed') or change.where}")
        return None

    def run(self):
        """{Change: (Test, Run) or None}; says each as it comes."""
        return dict(zip(self.changes, self.in_parallel(self.try_change, self.changes)))
