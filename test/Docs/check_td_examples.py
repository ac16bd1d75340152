#!/usr/bin/env python3
"""Holds the examples in TableGen's descriptions to what the compiler accepts.

usage: check_td_examples.py in-test TEST.mlir FILE.td...    every ```mlir block stands in TEST.mlir, which a test parses
       check_td_examples.py run-pass SPARSE_OPT FILE.td...  every block with a whole function runs through the pass it is of

Blanks and line breaks do not matter. A block with "..." in it is a sketch, and left out.
"""

import re
import subprocess
import sys

BLOCK = re.compile(r"```mlir\n(.*?)```", re.DOTALL)
PASS = re.compile(r'^def \w+ : Pass<"([\w-]+)"', re.MULTILINE)


def words(text):
    return " ".join(text.split())


def blocks(path):
    """(line, text of the file before the block, block) for each complete block."""
    with open(path) as stream:
        text = stream.read()
    for found in BLOCK.finditer(text):
        if "..." not in found.group(1):
            yield text.count("\n", 0, found.start()) + 1, text[:found.start()], found.group(1)


def check_in_test(test, paths):
    with open(test) as stream:
        tested = words(stream.read())
    for path in paths:
        for line, _, block in blocks(path):
            # Aliases stand at the top of a file, away from the op.
            aliases = [row for row in block.splitlines() if row.lstrip().startswith("#") and " = " in row]
            rest = "\n".join(row for row in block.splitlines() if row not in aliases)
            if any(words(part) not in tested for part in aliases + [rest]):
                yield "%s:%d: the example does not stand in %s:\n%s" % (path, line, test, block)
            else:
                yield None


def check_run_pass(tool, paths):
    for path in paths:
        for line, before, block in blocks(path):
            if "func.func" not in block and "module" not in block:
                continue
            flag = PASS.findall(before)[-1]
            result = subprocess.run([tool, "--" + flag, "-o", "/dev/null"], input=block, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, check=False)
            if result.returncode != 0:
                yield "%s:%d: the example fails in --%s: %s" % (path, line, flag, result.stdout)
            else:
                yield None


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("in-test", "run-pass"):
        sys.exit(__doc__)
    results = list((check_in_test if sys.argv[1] == "in-test" else check_run_pass)(sys.argv[2], sys.argv[3:]))
    faults = [fault for fault in results if fault]
    print("\n".join(faults + ["%d of %d examples are true" % (len(results) - len(faults), len(results))]))
    sys.exit(1 if faults or not results else 0)


if __name__ == "__main__":
    main()
