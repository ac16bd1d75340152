"""Runs a command that must fail: exit status 1, one error that holds a sentence, and no new file in a folder.

usage: check_error.py FOLDER SENTENCE -- COMMAND...
"""
import os
import subprocess
import sys

folder, sentence, separator, *command = sys.argv[1:]
assert separator == "--"
before = sorted(os.listdir(folder))
result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
errors = result.stderr.decode(errors="replace")
problems = []
if result.returncode != 1:
    problems.append("exit status %d, expected 1" % result.returncode)
if errors.count("error:") != 1:
    problems.append("%d errors, expected one" % errors.count("error:"))
if sentence not in errors:
    problems.append("the error does not say: " + sentence)
if "Stack dump" in errors or "PLEASE" in errors:
    problems.append("it crashed")
new = sorted(set(os.listdir(folder)) - set(before))
if new:
    problems.append("left behind: " + " ".join(new))
if problems:
    sys.exit("%s\n%s\nin %s" % ("\n".join(problems), errors, " ".join(command)))
