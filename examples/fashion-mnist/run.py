#!/usr/bin/env python3
"""The main job: the three pruned networks of this folder, from ONNX to fast code, checked and timed.

For each network: import it, explain the choices, compile it, classify the 10,000 test images, compare every answer with
the reference evaluator, and time an image at batch 1, 16 and 256 with 1 and 2 threads beside two dense peers: the same
network compiled with format=dense, whose products are oneDNN's sgemm called from the same kind of compiled model, and
ONNX Runtime where python3 (or the Python that SPNN_PYTHON names) can import onnxruntime.

Exit status 1 if the network with 95 % zeros classifies fewer than 88.5 % of the images right, or if any answer differs
from the reference evaluator's. Needs the standard library only.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import fashion_mnist
import ort_peer
import rebuild_onnx

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = ["mlp-unstructured-95", "mlp-block-4x1-90", "mlp-2-4"]
TITLES = {
    "mlp-unstructured-95": "95 % unstructured",
    "mlp-block-4x1-90": "4x1 blocks, 90 %",
    "mlp-2-4": "2:4",
}
BATCHES = [1, 16, 256]
THREADS = [1, 2]
MINIMUM_ACCURACY = {"mlp-unstructured-95": 88.5}
BEGIN = "<!-- The main job's table: written by ./run --readme, not by hand. -->"
END = "<!-- End of the main job's table. -->"


class JobError(Exception):
    """One sentence for the user."""


def say(text=""):
    print(text, flush=True)


def progress(text):
    """A line that the next one replaces, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


class Tools:
    """The built tools, called as a user would."""

    def __init__(self, build):
        self.folder = os.path.join(build, "bin")
        for name in ("sparse-import", "sparse-opt", "sparse-run"):
            if not os.path.exists(os.path.join(self.folder, name)):
                raise JobError("no %s in %s; run ./run, which builds it" % (name, self.folder))

    def call(self, name, *arguments, check=True):
        command = [os.path.join(self.folder, name), *arguments]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, errors="replace", check=False)
        if check and result.returncode != 0:
            raise JobError("%s failed: %s" % (" ".join([name, *arguments]), result.stderr.strip() or "no message"))
        return result

    def run_json(self, *arguments, check=True):
        """sparse-run's report as a dictionary, and its exit status."""
        result = self.call("sparse-run", *arguments, "--json", "-", check=check)
        if result.returncode != 0 and not result.stdout.strip():
            raise JobError("sparse-run %s failed: %s" % (" ".join(arguments), result.stderr.strip()))
        return json.loads(result.stdout), result.returncode

    def stamp(self):
        """Changes whenever a tool or the library that models link is another file."""
        parts = []
        for path in [os.path.join(self.folder, name) for name in ("sparse-import", "sparse-opt")] + [
                os.path.join(self.folder, "..", "lib", name)
                for name in ("libSPNNRuntime.a", "libSPNNRuntimeDense.a")]:
            status = os.stat(path)
            parts.append("%d-%d" % (status.st_size, status.st_mtime_ns))
        return " ".join(parts)


class Cache:
    """Remembers from what each file of the output folder was made, so that a second run makes nothing again."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "cache.json")
        try:
            with open(self.path) as stream:
                self.known = json.load(stream)
        except (OSError, ValueError):
            self.known = {}

    def make(self, paths, key, function):
        """Calls `function` unless `paths` were all made from `key` and are still there."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        name = os.path.basename(paths[0])
        if self.known.get(name) == digest and all(os.path.exists(path) for path in paths):
            return
        progress("making " + name + " ...")
        self.known.pop(name, None)
        function()
        progress("")
        self.known[name] = digest
        rebuild_onnx.write_atomically(self.path, json.dumps(self.known, indent=1).encode())


def sha256(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


class Job:
    def __init__(self, args):
        self.args = args
        self.load = os.getloadavg()[0]
        self.tools = Tools(args.build)
        self.folder = os.path.join(args.build, "fashion-mnist")
        os.makedirs(self.folder, exist_ok=True)
        self.cache = Cache(self.folder)
        self.ort = ort_peer.start()
        self.images = self.path("images.npy")
        self.labels = self.path("labels.npy")

    def path(self, name):
        return os.path.join(self.folder, name)

    def prepare_data(self):
        dataset = os.path.join(fashion_mnist.DEFAULT_FOLDER, "t10k-images-idx3-ubyte.gz")
        if not os.path.exists(dataset):
            raise JobError("no %s; Debian's package dataset-fashion-mnist has it" % dataset)
        self.cache.make([self.images, self.labels], sha256(dataset),
                        lambda: rebuild_onnx.rebuild_test_data(fashion_mnist.DEFAULT_FOLDER, self.folder))

    def prepare_model(self, name):
        """ONNX, then MLIR, then one library for each batch size (None: any), sparse and dense."""
        compact = os.path.join(HERE, name + ".spz")
        onnx = self.path(name + ".onnx")
        digest = sha256(compact) + sha256(os.path.join(HERE, "rebuild_onnx.py"))
        self.cache.make([onnx], digest, lambda: rebuild_onnx.rebuild_model(compact, self.folder))
        digest += self.tools.stamp() + platform.processor() + cpu_name()
        for batch in [None] + BATCHES:
            stem = self.stem(name, batch)
            dims = [] if batch is None else ["--dim", "batch=%d" % batch]
            self.cache.make([stem + ".mlir"], digest,
                            lambda: self.tools.call("sparse-import", onnx, *dims, "-o", stem + ".mlir"))
            for suffix, options in (("", "threads=0"), ("-dense", "threads=0 format=dense")):
                library = stem + suffix + ".so"
                self.cache.make([library], digest + options,
                                lambda: self.tools.call("sparse-opt", stem + ".mlir", "--spnn-cpu=" + options,
                                                        "--emit=so", "-o", library))

    def stem(self, name, batch):
        return self.path(name + ("" if batch is None else "-batch%d" % batch))

    def explain(self, name):
        """The table of sparse-opt --explain, for each batch size."""
        found = {}
        for batch in [None] + BATCHES:
            stem = self.stem(name, batch)
            self.cache.make([stem + ".explain.txt"], sha256(stem + ".mlir") + self.tools.stamp(), lambda: self.write(
                stem + ".explain.txt",
                self.tools.call("sparse-opt", stem + ".mlir", "--spnn-cpu-graph=threads=0", "--explain", "-o",
                                os.devnull).stderr))
            with open(stem + ".explain.txt") as stream:
                found[batch] = stream.read().rstrip()
        return found

    @staticmethod
    def write(path, text):
        rebuild_onnx.write_atomically(path, text.encode())

    def check(self, name):
        """All test images: accuracy, and every answer against the reference evaluator's."""
        progress("%s: 10,000 images, compiled and in the reference evaluator ..." % name)
        stem = self.stem(name, None)
        report, status = self.tools.run_json(stem + ".so", "--input", self.images, "--labels", self.labels,
                                             "--reference=" + stem + ".mlir", check=False)
        progress("")
        accuracy, output = report["accuracy"], report["reference"]["outputs"][0]
        result = {
            "images": accuracy["rows"],
            "correct": accuracy["correct"],
            "accuracy_percent": 100 * accuracy["correct"] / accuracy["rows"],
            "argmax_agrees": output["argmax_agrees"],
            "relative_error": output["relative_error"],
            "tolerance": output["tolerance"],
            "within_tolerance": status == 0,
        }
        # The libraries of fixed batch sizes hold other kernels, so they are compared too, on random inputs.
        for batch in BATCHES:
            stem = self.stem(name, batch)
            fixed, status = self.tools.run_json(stem + ".so", "--reference=" + stem + ".mlir", check=False)
            output = fixed["reference"]["outputs"][0]
            result["batch%d" % batch] = {"rows": output["rows"], "argmax_agrees": output["argmax_agrees"],
                                         "relative_error": output["relative_error"], "within_tolerance": status == 0}
        return result

    def measure(self, name):
        """Microseconds an image, all peers in turn, `rounds` times each: {(batch, threads): {peer: [us, ...]}}."""
        times = {(batch, threads): {} for batch in BATCHES for threads in THREADS}
        onnx = self.path(name + ".onnx")
        for turn in range(self.args.rounds):
            for batch in BATCHES:
                for threads in THREADS:
                    progress("%s: round %d of %d, batch %d, %d thread(s) ..." % (
                        name, turn + 1, self.args.rounds, batch, threads))
                    row = times[batch, threads]
                    stem = self.stem(name, batch)
                    for peer, library in (("sparse", stem + ".so"), ("onednn", stem + "-dense.so")):
                        report, _ = self.tools.run_json(library, "--bench", "--threads", str(threads))
                        row.setdefault(peer, []).append(1e6 * report["seconds"]["median"] / batch)
                    if self.ort:
                        seconds = self.ort.time(onnx, batch, threads)
                        row.setdefault("onnxruntime", []).append(1e6 * seconds / batch)
        progress("")
        return times

    def run_model(self, name):
        say("%s (%s)" % (name, TITLES[name]))
        say()
        start = time.monotonic()
        self.prepare_model(name)
        prepared = time.monotonic() - start
        tables = self.explain(name)
        for batch, table in tables.items():
            say("  any batch size" if batch is None else "  batch %d" % batch)
            say("\n".join("    " + line for line in table.splitlines()))
        say()
        checks = self.check(name)
        say("imported and compiled 8 libraries in %.1f s" % prepared)
        say("accuracy                %.2f %% (%d of %d test images)" % (
            checks["accuracy_percent"], checks["correct"], checks["images"]))
        say("agreement               %d of %d answers are the reference evaluator's; largest relative error %.2g" % (
            checks["argmax_agrees"], checks["images"], checks["relative_error"]))
        say()
        times = self.measure(name)
        rows = table_of_times(times)
        say(format_table(rows))
        say()
        return {"model": name, "checks": checks, "explain": {str(batch or "any"): text for batch, text in tables.items()},
                "us_per_image": [{"batch": batch, "threads": threads, "peers": {
                    peer: {"median": statistics.median(all_times), "min": min(all_times), "max": max(all_times)}
                    for peer, all_times in row.items()}} for (batch, threads), row in times.items()]}, rows


def format_table(rows):
    """Markdown that also reads well as text: numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * (width - 1) + ":" for width in widths) + " |")
    return "\n".join(lines)


def table_of_times(times):
    with_ort = any("onnxruntime" in row for row in times.values())
    rows = [["batch", "threads", "sparse", "oneDNN", "ratio"] + (["ONNX Runtime", "ratio"] if with_ort else [])]
    for (batch, threads), row in times.items():
        median = {peer: statistics.median(all_times) for peer, all_times in row.items()}
        cells = [str(batch), str(threads), "%.1f" % median["sparse"], "%.1f" % median["onednn"],
                 "%.1fx" % (median["onednn"] / median["sparse"])]
        if with_ort:
            cells += ["%.1f" % median["onnxruntime"], "%.1fx" % (median["onnxruntime"] / median["sparse"])]
        rows.append(cells)
    return rows


def cpu_name():
    try:
        with open("/proc/cpuinfo") as stream:
            match = re.search(r"^model name\s*:\s*(.*)$", stream.read(), re.MULTILINE)
            return match.group(1) if match else platform.machine()
    except OSError:
        return platform.machine()


def machine(job):
    parts = ["%s, %d CPUs" % (cpu_name(), os.cpu_count() or 1)]
    version = job.tools.call("sparse-run", "--version").stdout.split(",")[0].strip()
    parts.append(version)
    if job.ort:
        parts.append("ONNX Runtime " + job.ort.version)
    return "; ".join(parts)


def judge(results):
    """The sentences about what is not as it must be."""
    wrong = []
    for result in results:
        checks, name = result["checks"], result["model"]
        minimum = MINIMUM_ACCURACY.get(name)
        if minimum and checks["accuracy_percent"] < minimum:
            wrong.append("%s: accuracy %.2f %%, at least %.1f %% are needed" % (
                name, checks["accuracy_percent"], minimum))
        if checks["argmax_agrees"] != checks["images"]:
            wrong.append("%s: %d answers differ from the reference evaluator's" % (
                name, checks["images"] - checks["argmax_agrees"]))
        if not checks["within_tolerance"]:
            wrong.append("%s: relative error %.3g is beyond the tolerance %.3g" % (
                name, checks["relative_error"], checks["tolerance"]))
        for batch in BATCHES:
            fixed = checks["batch%d" % batch]
            if not fixed["within_tolerance"] or fixed["argmax_agrees"] != fixed["rows"]:
                wrong.append("%s: the library of batch %d differs from the reference evaluator" % (name, batch))
    return wrong


def summarise(job, results):
    rows = [["network", "accuracy", "answers as the reference", "batch", "1 thread", "2 threads", "over oneDNN"]]
    with_ort = job.ort is not None
    if with_ort:
        rows[0].append("over ONNX Runtime")
    for result in results:
        checks = result["checks"]
        for batch in BATCHES:
            found = {entry["threads"]: {peer: value["median"] for peer, value in entry["peers"].items()}
                     for entry in result["us_per_image"] if entry["batch"] == batch}
            cells = [TITLES[result["model"]], "%.2f %%" % checks["accuracy_percent"],
                     "%d of %d" % (checks["argmax_agrees"], checks["images"]), str(batch)]
            cells += ["%.1f us" % found[threads]["sparse"] for threads in THREADS]
            for peer in ["onednn"] + (["onnxruntime"] if with_ort else []):
                cells.append(", ".join("%.1fx" % (found[threads][peer] / found[threads]["sparse"])
                                       for threads in THREADS))
            rows.append(cells)
    lines = [format_table(rows), "",
             "Time an image, median of %s in which all peers took turns; a ratio is the peer's time over ours, with"
             % ("1 round" if job.args.rounds == 1 else "%d rounds" % job.args.rounds),
             "1 and with 2 threads. oneDNN: the same network, dense, compiled by us into calls of oneDNN's sgemm."]
    if not with_ort:
        lines.append("ONNX Runtime is not installed for python3 nor for the Python that SPNN_PYTHON names.")
    lines.append("Machine: " + machine(job) + ".")
    if job.load >= 0.5 * (os.cpu_count() or 1):
        lines.append("Other programs were busy on it when this began (load average %.1f): times may be too long." % job.load)
    return "\n".join(lines)


def update_readme(path, text):
    with open(path) as stream:
        old = stream.read()
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise JobError("%s does not hold the two marks of the table" % path)
    head, rest = old.split(BEGIN)
    rebuild_onnx.write_atomically(path, (head + BEGIN + "\n\n" + text + "\n\n" + END + rest.split(END)[1]).encode())


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="DIR",
                        help="where the tools were built (default: build)")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, metavar="MODEL",
                        help="some of: " + ", ".join(MODELS))
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="measurements of each figure (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--json", metavar="FILE", help="default: fashion-mnist/results.json in the build folder")
    parser.add_argument("--readme", action="store_true", help="write the last table into README.md too")
    args = parser.parse_args()
    if args.quick:
        args.rounds = 1
    if args.rounds < 1:
        parser.error("--rounds takes a number from 1")
    if args.readme and args.models != MODELS:
        parser.error("--readme needs all models")
    args.build = os.path.abspath(args.build)
    return args


def main():
    args = parse_arguments()
    try:
        job = Job(args)
        job.prepare_data()
        results = [job.run_model(name)[0] for name in args.models]
        summary = summarise(job, results)
        say(summary)
        report = {"machine": machine(job), "load_average": job.load, "rounds": args.rounds, "models": results, "faults": judge(results)}
        rebuild_onnx.write_atomically(args.json or job.path("results.json"),
                                      (json.dumps(report, indent=1) + "\n").encode())
        if args.readme:
            update_readme(os.path.join(ROOT, "README.md"), summary)
    except (JobError, fashion_mnist.DataError, rebuild_onnx.spz.SpzError, ort_peer.PeerError) as error:
        progress("")
        sys.exit("run.py: error: %s" % error)
    except OSError as error:
        progress("")
        sys.exit("run.py: error: '%s': %s" % (error.filename, error.strerror))
    for fault in report["faults"]:
        print("WRONG  " + fault)
    sys.exit(1 if report["faults"] else 0)


if __name__ == "__main__":
    main()
