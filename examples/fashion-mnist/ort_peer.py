#!/usr/bin/env python3
"""ONNX Runtime as a peer: times models in a process of its own, which another Python may run.

As a module, start() returns a Peer, or None where no Python at hand can import onnxruntime. As a program it is that
process: one request a line on standard input, one answer a line on standard output, both JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import time


class PeerError(Exception):
    """One sentence for the user."""


class Peer:
    def __init__(self, process, version):
        self.process = process
        self.version = version

    def time(self, model, batch, threads):
        """Median seconds of a call."""
        self.process.stdin.write(json.dumps({"model": model, "batch": batch, "threads": threads}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise PeerError("ONNX Runtime's process ended while it timed %s" % model)
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError("ONNX Runtime failed on %s: %s" % (model, answer["error"]))
        return answer["seconds"]


def start():
    """The first of python3 and $SPNN_PYTHON that has onnxruntime, as a running Peer; None if neither has."""
    for python in filter(None, (os.environ.get("SPNN_PYTHON"), sys.executable)):
        try:
            process = subprocess.Popen([python, os.path.abspath(__file__)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            continue
        line = process.stdout.readline()
        if line:
            return Peer(process, json.loads(line)["version"])
        process.wait()
    return None


def make_call(onnxruntime, numpy, model, batch, threads):
    """A call without copies: input and output are bound to memory once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    source, result = session.get_inputs()[0], session.get_outputs()[0]
    shape = [extent if isinstance(extent, int) else batch for extent in source.shape]
    data = numpy.random.default_rng(0).random(shape, dtype=numpy.float32)
    binding = session.io_binding()
    value = onnxruntime.OrtValue.ortvalue_from_numpy(data)
    output = onnxruntime.OrtValue.ortvalue_from_shape_and_type([batch, result.shape[1]], numpy.float32)
    binding.bind_ortvalue_input(source.name, value)
    binding.bind_ortvalue_output(result.name, output)
    return lambda: session.run_with_iobinding(binding)


def measure(call):
    """The median as sparse-run --bench takes it: warm up, then at least 20 runs and half a second."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.1:
        call()
    times = []
    begin = time.perf_counter()
    while len(times) < 20 or time.perf_counter() - begin < 0.5:
        start_of_run = time.perf_counter()
        call()
        times.append(time.perf_counter() - start_of_run)
    return statistics.median(times)


def serve():
    try:
        import numpy
        import onnxruntime
    except ImportError:
        sys.exit(1)
    print(json.dumps({"version": onnxruntime.__version__}), flush=True)
    calls = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = request["model"], request["batch"], request["threads"]
        try:
            # One session at a time: the threads of another one would spin beside it.
            if key not in calls:
                calls = {key: make_call(onnxruntime, numpy, *key)}
            answer = {"seconds": measure(calls[key])}
        except Exception as error:  # Whatever onnxruntime throws becomes the answer.
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
