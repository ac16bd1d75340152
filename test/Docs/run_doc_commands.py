#!/usr/bin/env python3
"""Runs the commands of a page of docs/ in an empty folder and compares what they print.

What a fenced block is for stands behind its language:

    ```sh run                      a command that is run; later blocks see its files and variables
    ```text expect                 lines that the command before it printed, in this order; `...` stands for any text
    ```mlir file=model.mlir        the block is written to that file
    ```cpp from=examples/a/b.cpp   the block is a part of that file of the repository

Any other block is only read by people. SPNN is the repository; the built tools are on the PATH.

usage: run_doc_commands.py PAGE.md WORK_FOLDER
"""

import os
import re
import shutil
import subprocess
import sys

FENCE = re.compile(r"^```(\w*) *(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Mismatch(Exception):
    pass


def words(text):
    return " ".join(text.split())


def expect(lines, output):
    """Each line, blanks and `...` aside, stands in the output behind the one before it."""
    rest = words(output)
    for line in filter(None, (words(line) for line in lines.splitlines())):
        pattern = ".*?".join(re.escape(part.strip()) for part in line.split("..."))
        found = re.search(pattern, rest)
        if not found:
            raise Mismatch("expected the output to go on with\n    %s\nin\n%s" % (line, output))
        rest = rest[found.end():]


def run(command, folder):
    """One block, in a shell that takes over the variables of the block before."""
    state = os.path.join(folder, ".variables")
    script = "set -euo pipefail\n[[ -e %s ]] && source %s\n%s\ndeclare -px >%s\n" % (state, state, command, state)
    result = subprocess.run(["bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if result.returncode != 0:
        raise Mismatch("exit status %d of\n%s\n%s" % (result.returncode, command, result.stdout))
    return result.stdout


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip().splitlines()[-1])
    page, folder = sys.argv[1], os.path.abspath(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.environ["SPNN"] = ROOT
    if shutil.which("ccache"):
        os.environ.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
        os.environ.setdefault("CCACHE_BASEDIR", folder)
    with open(page) as stream:
        text = stream.read()
    output, commands = "", 0
    for block in FENCE.finditer(text):
        language, use, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        try:
            if language == "sh" and use == "run":
                output = run(body, folder)
                commands += 1
            elif language == "text" and use == "expect":
                expect(body, output)
            elif use.startswith("file="):
                with open(os.path.join(folder, use[5:]), "w") as stream:
                    stream.write(body)
            elif use.startswith("from="):
                with open(os.path.join(ROOT, use[5:])) as stream:
                    if words(body) not in words(stream.read()):
                        raise Mismatch("the block is no part of " + use[5:])
            elif use:
                raise Mismatch("unknown use '%s' of a block" % use)
        except Mismatch as error:
            sys.exit("%s:%d: %s" % (page, line, error))
    if not commands:
        sys.exit("%s: no command to run" % page)
    print("%s: %d commands ran" % (os.path.basename(page), commands))


if __name__ == "__main__":
    main()
