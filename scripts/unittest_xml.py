#!/usr/bin/env python3
"""Runs Python unittest files and writes what passed and failed as JUnit XML, for scripts/run_tests.py.

usage: unittest_xml.py RESULTS.xml FILE.py...
"""

import importlib.util
import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree


class Result(unittest.TextTestResult):
    """Writes down every test, also the ones that pass."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.suite = ElementTree.Element("testsuite")

    def note(self, test, kind=None, text=""):
        case = ElementTree.SubElement(self.suite, "testcase", classname=type(test).__qualname__, name=str(test))
        if kind:
            # Characters that XML cannot hold may come from anywhere.
            ElementTree.SubElement(case, kind).text = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failure", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        # A test with a failed part gets no addSuccess, so the part has to count.
        if err is not None:
            self.note(subtest, "failure", str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)


def load(path):
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip().splitlines()[-1])
    tests = unittest.TestSuite(load(os.path.abspath(path)) for path in sys.argv[2:])
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(tests)
    os.makedirs(os.path.dirname(os.path.abspath(sys.argv[1])), exist_ok=True)
    ElementTree.ElementTree(result.suite).write(sys.argv[1], encoding="utf-8")
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
