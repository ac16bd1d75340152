"""The layers that bench/gnn.py layers compares: their parameters and inputs, and their modules for our compiler.

Each layer is hidden: the gradient of its features is asked for as well as those of its parameters.
"""
import dataclasses

import numpy as np

HEADS, CHANNELS = 8, 8


@dataclasses.dataclass(frozen=True)
class Case:
    layer: str
    fan_in: int
    fan_out: int

    @property
    def name(self):
        extents = f"{self.fan_in} -> " + (f"{HEADS} x {CHANNELS}" if self.layer in ("gat", "gatv2") else f"{self.fan_out}")
        return f"{TITLES[self.layer]} {extents}"

    @property
    def loops(self):
        """Whether a node hears from itself; the mean and the sum of the other layers have a term for that."""
        return self.layer in ("gcn", "gat", "gatv2")


TITLES = {"gcn": "GCN", "sage": "SAGE mean", "gin": "GIN", "gat": "GAT", "gatv2": "GATv2"}
CASES = [Case("gcn", 64, 64), Case("gcn", 128, 128), Case("sage", 64, 64), Case("gin", 64, 64), Case("gat", 64, 64),
         Case("gatv2", 64, 64)]


def parameter_shapes(case):
    i, o = case.fan_in, case.fan_out
    heads = (HEADS, CHANNELS)
    return {
        "gcn": {"weight": (i, o), "bias": (o,)},
        "sage": {"root": (i, o), "neighbours": (i, o), "bias": (o,)},
        "gin": {"epsilon": (), "weight1": (i, o), "bias1": (o,), "weight2": (o, o), "bias2": (o,)},
        "gat": {"weight": (i, o), "target": heads, "source": heads, "bias": (o,)},
        # PyG's bias of this layer is three: on both products, and on the result. It goes without.
        "gatv2": {"source": (i, o), "target": (i, o), "attention": heads},
    }[case.layer]


def make_inputs(case, nodes):
    """Seeded arrays by name: x, the gradient dy of the result, and the parameters. The same in every process."""
    random = np.random.default_rng(0)

    def draw(shape, scale=1.0):
        return np.asarray(scale * random.standard_normal(shape, dtype=np.float32), np.float32)

    arrays = {"x": draw((nodes, case.fan_in)), "dy": draw((nodes, case.fan_out))}
    for name, shape in parameter_shapes(case).items():
        arrays[name] = draw(shape, (2 / sum(shape)) ** 0.5 if len(shape) == 2 else 0.1)
    return arrays


def tensor(*shape):
    return "tensor<" + "".join(f"{extent}x" for extent in shape) + "f32>"


def elementwise(result, operands, maps, body, rank=2, reduce=False):
    """A linalg.generic over `operands`, (name, type) each; the last is what it writes to. `body` yields %v."""
    kinds = ", ".join(['"parallel"'] * (rank - reduce) + ['"reduction"'] * reduce)
    dims = ", ".join(f"d{i}" for i in range(rank))
    affine = ", ".join(f"affine_map<({dims}) -> ({m})>" for m in maps)
    *inputs, out = operands
    blocks = ", ".join(f"%b{i}: f32" for i in range(len(inputs))) + ", %o: f32"
    return f"""  %{result} = linalg.generic {{indexing_maps = [{affine}], iterator_types = [{kinds}]}} ins({
      ", ".join(f"%{name}" for name, _ in inputs)} : {", ".join(kind for _, kind in inputs)}) outs(%{out[0]} : {out[1]}) {{
  ^bb0({blocks}):
{body}
    linalg.yield %v : f32
  }} -> {out[1]}"""


def add_bias(result, source, bias, shape):
    y = tensor(*shape)
    return f"  %{result}_empty = tensor.empty() : {y}\n" + elementwise(
        result, [(source, y), (bias, tensor(shape[1])), (f"{result}_empty", y)], ["d0, d1", "d1", "d0, d1"],
        "    %v = arith.addf %b0, %b1 : f32")


def module_body(case, module):
    """The layer in the forms that sparse-import gives it; %s is the graph, %d the scales of its normalisation."""
    n, i, o, graph = module.nodes, case.fan_in, case.fan_out, module.type()
    x, w, y, scores = tensor(n, i), tensor(i, o), tensor(n, o), tensor(n, HEADS)

    def matmul(result, lhs, rhs, types=f"({x}, {w})"):
        return f"  %{result} = spnn.matmul %{lhs}, %{rhs} : {types} -> {y}"

    if case.layer == "gcn":
        return [matmul("h", "x", "weight"), module.aggregate("a", "h", o), add_bias("y", "a", "bias", (n, o))]
    if case.layer == "sage":
        return [matmul("r", "x", "root"), matmul("h", "x", "neighbours"),
                f"  %m = spnn.aggregate mean %s, %h : ({graph}, {y}) -> {y}", f"  %t = arith.addf %r, %m : {y}",
                add_bias("y", "t", "bias", (n, o))]
    if case.layer == "gin":
        total = "    %one = arith.constant 1.0 : f32\n    %k = arith.addf %one, %b2 : f32\n" \
                "    %p = arith.mulf %k, %b0 : f32\n    %v = arith.addf %p, %b1 : f32"
        relu = "    %zero = arith.constant 0.0 : f32\n    %v = arith.maximumf %b0, %zero : f32"
        return [matmul("h", "x", "weight1"), f"  %a = spnn.aggregate sum %s, %h : ({graph}, {y}) -> {y}",
                f"  %e = tensor.empty() : {y}",
                elementwise("t", [("h", y), ("a", y), ("epsilon", "tensor<f32>"), ("e", y)], ["d0, d1", "d0, d1", "", "d0, d1"],
                            total),
                add_bias("u", "t", "bias1", (n, o)), elementwise("z", [("u", y), ("e", y)], ["d0, d1"] * 2, relu),
                matmul("q", "z", "weight2", f"({y}, {tensor(o, o)})"), add_bias("y", "q", "bias2", (n, o))]
    if case.layer == "gat":
        split, heads = tensor(n, HEADS, CHANNELS), tensor(HEADS, CHANNELS)
        dot = "    %p = arith.mulf %b0, %b1 : f32\n    %v = arith.addf %o, %p : f32"
        lines = [matmul("h", "x", "weight"),
                 f"  %hs = tensor.expand_shape %h [[0], [1, 2]] output_shape [{n}, {HEADS}, {CHANNELS}] : {y} into {split}",
                 "  %zero = arith.constant 0.0 : f32", f"  %e = tensor.empty() : {scores}",
                 f"  %f = linalg.fill ins(%zero : f32) outs(%e : {scores}) -> {scores}"]
        for result, vector in (("r", "target"), ("l", "source")):
            lines.append(elementwise(result, [("hs", split), (vector, heads), ("f", scores)], ["d0, d1, d2", "d1, d2", "d0, d1"],
                                     dot, rank=3, reduce=True))
        lines.append(f"  %a, %lse = spnn.graph_attention gat %s, %h, %r, %l heads({HEADS}) : ({graph}, {y}, {scores}, "
                     f"{scores}) -> ({y}, {scores})")
        return lines + [add_bias("y", "a", "bias", (n, o))]
    flat = tensor(o)
    return [matmul("t", "x", "target"), matmul("h", "x", "source"),
            f"  %v = tensor.collapse_shape %attention [[0, 1]] : {tensor(HEADS, CHANNELS)} into {flat}",
            f"  %y, %lse = spnn.graph_attention gatv2 %s, %h, %t, %h attention(%v : {flat}) heads({HEADS}) : ({graph}, {y}, "
            f"{y}, {y}) -> ({y}, {scores})"]


def make_module(case, module):
    """Text with @layer, which spnn-differentiate adds @layer_gradients to."""
    shapes = {"x": (module.nodes, case.fan_in), **parameter_shapes(case)}
    arguments = ", ".join(f'%{name}: {tensor(*shape)} {{spnn.name = "{name}"}}' for name, shape in shapes.items())
    y = tensor(module.nodes, case.fan_out)
    body = "\n".join(module_body(case, module) + [f"  return %y : {y}"])
    return module.text(arguments, f'({y} {{spnn.name = "y"}})', body)
