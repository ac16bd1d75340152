"""One contestant of bench/gnn.py layers, in a process of its own, which obeys commands.

A process each keeps the OpenMP of torch and that of compiled models apart, and lets the memory of one be read off.
"""
import contextlib
import ctypes
import gc
import itertools
import mmap
import os
import pathlib
import statistics
import sys
import time
import warnings

import numpy as np

import gnn_cases
import gnn_common
from gnn_priority import realtime

# The share of a call that its threads may wait for a core: beyond, the call says more about other programs.
DISTURBED = 0.03


def page_aligned(shape):
    """An array in fresh pages, none of which is resident before it is written."""
    count = int(np.prod(shape))
    return np.frombuffer(mmap.mmap(-1, max(4 * count, 4)), np.float32, count).reshape(shape)


class Ours:
    """A library with @layer and @layer_gradients, by docs/runtime-abi.md."""

    def __init__(self, case, graph, arrays, options):
        self.arrays = {}
        for name, array in arrays.items():
            self.arrays[name] = page_aligned(array.shape)
            self.arrays[name][...] = array
        self.library = ctypes.CDLL(options["library"])
        self.library.spnn_context_create.restype = ctypes.c_void_p
        self.library.spnn_context_destroy.argtypes = [ctypes.c_void_p]
        self.library.spnn_context_error.restype = ctypes.c_char_p
        self.threads, self.context = options["threads"], None
        self.names = ["y", *gnn_cases.parameter_shapes(case), "x"]
        text = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(self.library, "spnn_model_description"))).decode()
        self.functions, function = {}, None
        for words in map(str.split, text.splitlines()):
            if words[:1] == ["function"]:
                function = self.functions[words[1]] = {"input": [], "output": []}
            elif words[:1] in (["input"], ["output"]):
                function[words[0]].append((words[1], [int(extent) for extent in words[4:]]))
        self.outputs, self.bound = {}, {}
        self.begin()

    def begin(self):
        """A new context, without working memory, and results that are not in memory yet."""
        self.context = ctypes.c_void_p(self.library.spnn_context_create(ctypes.c_int32(self.threads)))
        for name, signature in self.functions.items():
            outputs = {output: page_aligned(shape) for output, shape in signature["output"]}
            inputs = [self.arrays["dy" if array == "grad:y" else array] for array, _ in signature["input"]]
            pointers = [array.ctypes.data for array in [*inputs, *outputs.values()]]
            self.outputs[name] = outputs
            self.bound[name] = self.library[f"spnn_entry_{name}"], (ctypes.c_void_p * len(pointers))(*pointers)

    def end(self):
        self.library.spnn_context_destroy(self.context)
        self.outputs, self.bound = {}, {}

    def call(self, name):
        entry, data = self.bound[name]
        if entry(self.context, data, None):
            sys.exit(f"bench/gnn.py: {self.library.spnn_context_error(self.context).decode()}")

    def forward(self):
        self.call("layer")

    def both(self):
        self.call("layer_gradients")

    def results(self):
        self.forward()
        forward = self.outputs["layer"]["y"]
        self.both()
        outputs = self.outputs["layer_gradients"]
        return {"forward": forward, **{name: outputs["y" if name == "y" else f"grad:{name}"] for name in self.names}}


class Scipy:
    """Forward alone: the product of scipy has one thread, those of numpy as many as its BLAS."""

    def __init__(self, case, graph, arrays, options):
        import scipy.sparse
        module = gnn_common.Module(graph)
        self.a, values = arrays, edge_values(case, module)
        s = self.matrix = scipy.sparse.csr_matrix((values, module.indices, module.positions), shape=(module.nodes,) * 2)
        a = arrays
        variants = {
            "gcn": {"tf": lambda: s @ (a["x"] @ a["weight"]) + a["bias"], "pf": lambda: (s @ a["x"]) @ a["weight"] + a["bias"]},
            "sage": {"tf": lambda: a["x"] @ a["root"] + s @ (a["x"] @ a["neighbours"]) + a["bias"],
                     "pf": lambda: a["x"] @ a["root"] + (s @ a["x"]) @ a["neighbours"] + a["bias"]},
            "gin": {"tf": lambda: self.perceptron((1 + a["epsilon"]) * (h := a["x"] @ a["weight1"]) + s @ h),
                    "pf": lambda: self.perceptron(((1 + a["epsilon"]) * a["x"] + s @ a["x"]) @ a["weight1"])},
        }[case.layer]
        self.variant = choose({name: (call,) for name, call in variants.items()}, options.get("variant"))
        self.forward = variants[self.variant]

    def perceptron(self, h):
        a = self.a
        return np.maximum(h + a["bias1"], 0) @ a["weight2"] + a["bias2"]

    def results(self):
        return {"forward": self.forward()}


def edge_values(case, module):
    """The values of the matrix that a product needs which knows no scales."""
    degrees = np.diff(module.positions)
    if case.layer == "gcn":
        return module.scales[np.repeat(np.arange(module.nodes), degrees)] * module.scales[module.indices]
    if case.layer == "sage":
        return np.repeat((1 / np.maximum(degrees, 1)).astype(np.float32), degrees)
    return np.ones(module.edges, np.float32)


def choose(candidates, wanted=None):
    """The name of the candidate, a list of functions, whose functions take the least time together."""
    if wanted:
        return wanted
    totals = {}
    for name, calls in candidates.items():
        for call in calls:
            call()
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            for call in calls:
                call()
            times.append(time.perf_counter() - begin)
        totals[name] = min(times)
    return min(totals, key=totals.get)


class Torch:
    """What all that runs in torch shares. A subclass sets `layer`, a function of x, and `parameters`, (name, tensor,
    whether the array is its transpose) each."""

    def __init__(self, case, graph, arrays, options):
        import torch
        self.torch = torch
        torch.set_num_threads(options["threads"])
        warnings.simplefilter("ignore")
        self.case, self.arrays = case, arrays
        self.x = torch.from_numpy(arrays["x"]).requires_grad_()
        self.dy = torch.from_numpy(arrays["dy"])
        self.parameters, self.layer, self.kept = [], None, None

    def forward(self):
        with self.torch.no_grad():
            self.kept = self.layer(self.x)

    def both(self):
        y = self.layer(self.x)
        gradients = self.torch.autograd.grad(y, [tensor for _, tensor, _ in self.parameters] + [self.x], self.dy)
        self.kept = y, gradients

    def begin(self):
        pass

    def end(self):
        self.kept = None

    def results(self):
        self.forward()
        result = {"forward": self.kept.numpy()}
        self.both()
        y, gradients = self.kept
        result["y"], result["x"] = y.detach().numpy(), gradients[-1].numpy()
        for (name, _, transposed), gradient in zip(self.parameters, gradients):
            result[name] = (gradient.T if transposed else gradient).numpy().reshape(self.arrays[name].shape)
        return result


class Pyg(Torch):
    """The layer of PyTorch Geometric. `form`: edges as a plain tensor, as an EdgeIndex, as a matrix, or compiled."""

    def __init__(self, case, graph, arrays, options):
        super().__init__(case, graph, arrays, options)
        torch, form = self.torch, options["form"]
        import torch_geometric
        from torch_geometric import nn
        module = gnn_common.Module(graph)
        i, o = case.fan_in, case.fan_out
        heads = {"heads": gnn_cases.HEADS, "add_self_loops": False}
        # Normalised once: by PyG itself, which keeps the result, except where it would lose an EdgeIndex or a matrix.
        weighted = case.layer == "gcn" and form in ("index", "matrix")
        if case.layer == "gcn":
            conv = nn.GCNConv(i, o, normalize=False) if weighted else nn.GCNConv(i, o, cached=True)
            names = {"weight": conv.lin.weight, "bias": conv.bias}
        elif case.layer == "sage":
            conv = nn.SAGEConv(i, o)
            names = {"root": conv.lin_r.weight, "neighbours": conv.lin_l.weight, "bias": conv.lin_l.bias}
        elif case.layer == "gin":
            mlp = torch.nn.Sequential(torch.nn.Linear(i, o), torch.nn.ReLU(), torch.nn.Linear(o, o))
            conv = nn.GINConv(mlp, train_eps=True)
            names = {"epsilon": conv.eps, "weight1": mlp[0].weight, "bias1": mlp[0].bias, "weight2": mlp[2].weight,
                     "bias2": mlp[2].bias}
        elif case.layer == "gat":
            conv = nn.GATConv(i, gnn_cases.CHANNELS, **heads)
            names = {"weight": conv.lin.weight, "target": conv.att_dst, "source": conv.att_src, "bias": conv.bias}
        else:
            conv = nn.GATv2Conv(i, gnn_cases.CHANNELS, bias=False, **heads)
            names = {"source": conv.lin_l.weight, "target": conv.lin_r.weight, "attention": conv.att}
        with torch.no_grad():
            for name, parameter in names.items():
                transposed = parameter.dim() == 2
                value = torch.from_numpy(arrays[name])
                parameter.copy_(value.T if transposed else value.reshape(parameter.shape))
                self.parameters.append((name, parameter, transposed))
        positions, indices = (torch.from_numpy(array) for array in graph)
        targets = torch.repeat_interleave(torch.arange(module.nodes), positions.diff())
        edges = torch.stack([indices.long(), targets])
        # Its mean divides by itself.
        values = torch.ones(module.edges) if case.layer == "sage" else torch.from_numpy(edge_values(case, module))
        extra = []
        if form == "index":
            edges = torch_geometric.EdgeIndex(edges, sparse_size=(module.nodes,) * 2, sort_order="col", is_undirected=True)
            edges.fill_cache_()
            extra = [values] if weighted else []
        elif form == "matrix":
            if case.layer in ("gat", "gatv2"):
                # Edges are numbered by these indices, which must have 64 bits.
                positions, indices = positions.long(), indices.long()
            edges = torch.sparse_csr_tensor(positions, indices, values, (module.nodes,) * 2)
        conv.eval()
        if form == "compiled":
            # Fills the cache of the normalisation, which is no part of what is compiled.
            with torch.no_grad():
                conv(self.x, edges)
            conv = torch.compile(conv, dynamic=False)
        self.layer = lambda x: conv(x, edges, *extra)


class Script(Torch):
    """What one writes by hand with torch.sparse.mm: the matrix normalised and compressed by rows, its transpose kept, and
    the faster of two orders of products and of torch's two kernels."""

    def __init__(self, case, graph, arrays, options):
        super().__init__(case, graph, arrays, options)
        torch = self.torch
        module = gnn_common.Module(graph)
        import scipy.sparse
        matrix = scipy.sparse.csr_matrix((edge_values(case, module), module.indices, module.positions),
                                         shape=(module.nodes,) * 2)
        transposed = matrix.T.tocsr()
        transposed.sort_indices()

        def convert(m, dtype):
            return torch.sparse_csr_tensor(torch.from_numpy(m.indptr).to(dtype), torch.from_numpy(m.indices).to(dtype),
                                           torch.from_numpy(m.data), m.shape)

        # MKL's kernel wants 32 bits. The other is torch's own, which came with its reductions.
        kernels = {"mm": (torch.int32, torch.sparse.mm),
                   "mm-reduce": (torch.int64, lambda m, h: torch.sparse.mm(m, h, "sum"))}

        class Sum(torch.autograd.Function):
            @staticmethod
            def forward(context, h, kernel):
                context.kernel = kernel
                return kernel[2](kernel[0], h)

            @staticmethod
            def backward(context, gradient):
                return context.kernel[2](context.kernel[1], gradient), None

        for name in gnn_cases.parameter_shapes(case):
            self.parameters.append((name, torch.from_numpy(arrays[name]).requires_grad_(), False))
        p = {name: tensor for name, tensor, _ in self.parameters}

        def build(order, kernel):
            dtype, product = kernels[kernel]
            kernel = convert(matrix, dtype), convert(transposed, dtype), product

            def sums(h):
                return Sum.apply(h, kernel)

            def mlp(h):
                return torch.addmm(p["bias2"], torch.relu(h + p["bias1"]), p["weight2"])

            return {
                ("gcn", "tf"): lambda x: sums(x @ p["weight"]) + p["bias"],
                ("gcn", "pf"): lambda x: torch.addmm(p["bias"], sums(x), p["weight"]),
                ("sage", "tf"): lambda x: torch.addmm(p["bias"], x, p["root"]) + sums(x @ p["neighbours"]),
                ("sage", "pf"): lambda x: torch.addmm(torch.addmm(p["bias"], x, p["root"]), sums(x), p["neighbours"]),
                ("gin", "tf"): lambda x: mlp((1 + p["epsilon"]) * (h := x @ p["weight1"]) + sums(h)),
                ("gin", "pf"): lambda x: mlp(((1 + p["epsilon"]) * x + sums(x)) @ p["weight1"]),
            }[case.layer, order]

        if options.get("variant"):
            self.variant = options["variant"]
            self.layer = build(*self.variant.split(", "))
            return
        layers = {f"{order}, {kernel}": build(order, kernel) for order, kernel in itertools.product(("tf", "pf"), kernels)}

        def both(layer):
            self.layer = layer
            self.both()

        self.variant = choose({name: [lambda layer=layer: both(layer)] for name, layer in layers.items()})
        self.layer, self.kept = layers[self.variant], None


KINDS = {"ours": Ours, "scipy": Scipy, "pyg": Pyg, "script": Script}


def waited():
    """Nanoseconds that threads of this process were ready to run and other programs had the cores."""
    total = 0
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):
            total += int(pathlib.Path(f"/proc/self/task/{task}/schedstat").read_text().split()[1])
    return total


def time_block(call, milliseconds, wanted):
    """Seconds a call, the median of as many as fit into the time, and whether they ran without waiting for a core. If
    none does after some tries, the fastest one that did not."""
    disturbed = []
    for attempt in range(8):
        clean = []
        with realtime(wanted, pinned=True):
            # Fetches its data back into the caches. Of calls that take seconds that is no part worth another one.
            if attempt == 0 or disturbed[-1] < 1:
                call()
            end = time.perf_counter() + milliseconds / 1e3
            while not clean or time.perf_counter() < end:
                before, begin = waited(), time.perf_counter()
                call()
                seconds = time.perf_counter() - begin
                if (waited() - before) / 1e9 < DISTURBED * seconds:
                    clean.append(seconds)
                    continue
                disturbed.append(seconds)
                if not clean:
                    break
        if clean:
            return statistics.median(clean), True
        time.sleep(0.05)
    return min(disturbed), False


def status(key):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    sys.exit(f"bench/gnn.py: no {key} in /proc/self/status")


def measure_memory(contestant):
    """Bytes by which one forward and backward pass, its results included, goes beyond what is there before it."""
    libc = ctypes.CDLL(None)
    for _ in range(2):
        # Once to load all code and what libraries keep, and once from a state without results and working memory.
        contestant.end()
        gc.collect()
        libc.malloc_trim(0)
        contestant.begin()
        before = status("VmRSS")
        # The kernel forgets the highest point so far.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        contestant.both()
        peak = status("VmHWM")
    return peak - before


def keep_freed_memory():
    """What is freed stays with the process, so that no page is faulted in twice: what torch's tuning guide wants of malloc."""
    mallopt = ctypes.CDLL(None).mallopt
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 2**26)


def obey(options, connection):
    if not options["lean"]:
        keep_freed_memory()
    case = gnn_cases.Case(**options["case"])
    with realtime(options["realtime"]):
        arrays = gnn_cases.make_inputs(case, len(options["graph"][0]) - 1)
        contestant = KINDS[options["kind"]](case, options["graph"], arrays, options)
    value = getattr(contestant, "variant", None)
    while True:
        connection.send((True, value))
        command, *rest = connection.recv()
        if command == "results":
            with realtime(options["realtime"]):
                value = {name: np.array(result) for name, result in contestant.results().items()}
        elif command == "memory":
            with realtime(options["realtime"]):
                value = measure_memory(contestant)
        elif command == "end":
            return
        else:
            value = time_block(getattr(contestant, command), *rest)


def serve(options, connection):
    """Answers (True, value) once it is ready and after each command, or (False, why not)."""
    # What libraries print says nothing of the measurement.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    try:
        obey(options, connection)
    except (EOFError, BrokenPipeError):
        pass
    except (Exception, SystemExit) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        connection.send((False, lines[0]))
