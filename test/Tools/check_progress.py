"""Runs a command twice, with its output in a pipe and on a terminal, and checks what the terminal shows meanwhile.

usage: check_progress.py [--columns N] [STEP...] -- COMMAND...

Every STEP (a regular expression) must be shown, in this order, each on a line that is then erased or rewritten in place. In
the end the terminal must show what the pipe got, which has no control characters: nothing printed stands behind a line of
progress, and none is left. With --columns the terminal is that wide, and no step may be wider.
"""
import argparse
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios


def run_on_terminal(command, columns):
    """The exit status, and all that the terminal got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    received = b""
    try:
        while chunk := os.read(ours, 65536):
            received += chunk
    except OSError:
        pass  # EIO: the last writer has closed it.
    return process.wait(), received.decode(errors="replace")


def replay(received):
    """The text that is left on the screen, and every line that was erased before."""
    received = re.sub("\033\\[[0-9;]*m", "", received)  # colours
    lines, erased, column = [""], [], 0
    for token in re.findall("\033\\[K|\r|\n|\033|[^\r\n\033]+", received):
        if token == "\r":
            column = 0
        elif token == "\n":
            lines.append("")
            column = 0
        elif token == "\033[K":
            if len(lines[-1]) > column:
                erased.append(lines[-1])
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column] + token + lines[-1][column + len(token):]
            column += len(token)
    return "\n".join(lines), erased


def main():
    separator = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=0)
    parser.add_argument("steps", nargs="*")
    arguments, command = parser.parse_args(sys.argv[1:separator]), sys.argv[separator + 1:]
    piped = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expected = piped.stdout.decode(errors="replace")
    status, received = run_on_terminal(command, arguments.columns)
    screen, erased = replay(received)
    problems = []
    if "\033" in expected or "\r" in expected:
        problems.append("control characters in the pipe")
    if status != piped.returncode:
        problems.append("exit status %d on the terminal, %d with the pipe" % (status, piped.returncode))
    if screen != expected:
        problems.append("the terminal shows in the end:\n%s\nand the pipe got:\n%s" % (screen, expected))
    rest = iter(erased)
    for step in arguments.steps:
        if not any(re.fullmatch(step, line) for line in rest):
            problems.append("step '%s' is not shown in its place" % step)
    if not arguments.steps and erased:
        problems.append("it shows steps")
    if arguments.columns and any(len(line) >= arguments.columns for line in erased):
        problems.append("a step is wider than the terminal")
    if problems:
        sys.exit("%s\nsteps shown:\n%s\nin %s" % ("\n".join(problems), "\n".join(erased), " ".join(command)))


main()
