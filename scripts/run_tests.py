#!/usr/bin/env python3
"""Runs the tests of a build folder and counts them one by one.

ctest runs the entries. An entry whose program leaves test-results/<entry>.xml (GoogleTest, lit, the Python tests: all
write JUnit's format) counts with its single tests, any other as one test. The last line is "N passed, N failed", and
the exit status is 1 if anything failed.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree


class Tally:
    def __init__(self):
        self.passed = self.skipped = 0
        self.failed = []

    def read_results(self, entry, path):
        """Counts the test cases of one file; False if it holds none."""
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        for case in cases:
            name = "%s: %s.%s" % (entry, case.get("classname", ""), case.get("name", ""))
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
                self.skipped += 1
            else:
                self.passed += 1
        return bool(cases)

    def add_entry(self, entry, status, why_skipped, results):
        """One ctest entry, `status` being run, fail, notrun or disabled."""
        # ctest says notrun of what it could not start, and of what ended with the status that means "skipped".
        if status == "disabled" or why_skipped.startswith("SKIP_"):
            self.skipped += 1
            return
        failures = len(self.failed)
        path = os.path.join(results, entry + ".xml")
        counted = False
        if os.path.exists(path):
            try:
                counted = self.read_results(entry, path)
            except ElementTree.ParseError:
                pass  # The program died while it wrote; its status says the rest.
        good = status == "run"
        if good and not counted:
            self.passed += 1
        # A crash or a timeout leaves no case that says so.
        if not good and len(self.failed) == failures:
            self.failed.append("%s: the program failed" % entry)


def run_ctest(build, jobs, selection):
    """Runs ctest and returns the tally, or exits with one sentence."""
    results = os.path.join(build, "test-results")
    shutil.rmtree(results, ignore_errors=True)
    os.makedirs(results)
    summary = os.path.join(results, "ctest.xml")
    environment = dict(os.environ, GTEST_OUTPUT="xml:" + results + os.sep, GTEST_COLOR="no", CTEST_OUTPUT_ON_FAILURE="1")
    command = ["ctest", "--test-dir", build, "--output-on-failure", "-j", str(jobs), "--no-tests=error",
               "--output-junit", summary] + selection
    sys.stdout.flush()
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    if not os.path.exists(summary):
        sys.exit("run_tests.py: ctest ran no test in " + build)
    tally = Tally()
    for entry in ElementTree.parse(summary).getroot().iter("testcase"):
        output = entry.findtext("system-out") or ""
        skipped = entry.find("skipped")
        tally.add_entry(entry.get("name"), entry.get("status"),
                        "" if skipped is None else skipped.get("message", ""), results)
        # What a test wants people to see stands behind its name, such as how many of the operator models pass.
        for line in re.findall("^" + re.escape(entry.get("name")) + ": .*$", output, re.MULTILINE):
            print(line)
    return tally


def run_fuzzers(build, seconds):
    """Runs each fuzz target for `seconds`, keeping what it found in build/corpus."""
    tally = Tally()
    programs = sorted(path for path in glob.glob(os.path.join(build, "bin", "fuzz_*")) if os.access(path, os.X_OK))
    if not programs:
        sys.exit("run_tests.py: no fuzz target in " + build)
    for program in programs:
        name = os.path.basename(program)
        corpus = os.path.join(build, "corpus", name)
        os.makedirs(corpus, exist_ok=True)
        print("%s for %d s" % (name, seconds), flush=True)
        result = subprocess.run(
            [program, "-max_total_time=%d" % seconds, "-artifact_prefix=" + os.path.join(build, "corpus", name + "-"),
             "-print_final_stats=1", corpus],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            # Why: test/CMakeLists.txt, SPNN_ASAN_OPTIONS.
            env=dict(os.environ, ASAN_OPTIONS="allow_user_poisoning=0"), check=False)
        if result.returncode == 0:
            tally.passed += 1
            runs = re.search(r"number_of_executed_units: *(\d+)", result.stdout)
            print("  %s inputs" % (runs.group(1) if runs else "?"))
        else:
            tally.failed.append(name)
            print(result.stdout[-8000:])
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, metavar="DIR", help="a build folder")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS", help="run the fuzz targets instead, each for so long")
    parser.add_argument("-j", dest="jobs", type=int, default=2, help="entries at a time (default: %(default)s)")
    parser.add_argument("selection", nargs="*", metavar="CTEST_OPTION", help="after --: passed to ctest, e.g. -- -R lit")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    start = time.monotonic()
    tally = run_ctest(build, args.jobs, args.selection) if args.fuzz is None else run_fuzzers(build, args.fuzz)
    print()
    for name in tally.failed:
        print("FAILED  " + name)
    print("%d skipped, %.0f s" % (tally.skipped, time.monotonic() - start))
    print("%d passed, %d failed" % (tally.passed, len(tally.failed)))
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
