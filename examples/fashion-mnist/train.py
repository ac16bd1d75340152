#!/usr/bin/env python3
"""Trains and prunes the three Fashion-MNIST models of this folder.

Every model is a 784-1024-1024-1024-10 perceptron with ReLU.  A dense network is
trained first; each sparse model starts from it, is pruned step by step with the
cubic schedule of Zhu & Gupta (2017), fine-tuned with a decaying learning rate,
and then fine-tuned further with its weights rounded to a small codebook, so
that the compact file costs no accuracy that was not already measured.

Inputs are raw pixel/255 in [0, 1].  There is no input normalisation: the batch
normalisation behind each hidden layer absorbs it, and is itself folded into the
row scales and the biases on export.
"""

import argparse
import hashlib
import json
import math
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import fashion_mnist
import spz

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTHS = (784, 1024, 1024, 1024, 10)

# Per layer: pattern and final fraction of zeros.  `levels` is the codebook's
# size: the 2:4 model keeps ten times the weights of the 95 % model, so it gets
# the smallest codebook to stay well below a megabyte.
MODELS = {
    "mlp-unstructured-95": {
        "levels": 32,
        # The last layer is 0.35 % of the weights but each output needs its
        # evidence, so it is pruned less and the others slightly more than 95 %.
        "layers": [("unstructured", 0.951)] * 3 + [("unstructured", 0.80)],
    },
    "mlp-2-4": {
        "levels": 8,
        "layers": [("2:4", 0.5)] * 4,
    },
    "mlp-block-4x1-90": {
        "levels": 32,
        # Ten rows are no multiple of four, so the last layer stays dense.
        "layers": [("4x1", 0.9)] * 3 + [("dense", 0.0)],
    },
}


class PrunedLinear(nn.Module):
    """A linear map with a mask, and optionally weights rounded to a codebook."""

    def __init__(self, inputs, outputs, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.register_buffer("mask", torch.ones(outputs, inputs))
        self.codebook = None
        self.scales = None
        self.kept = None
        self.kept_scales = None

    def forward(self, x):
        weight = self.weight
        if self.codebook is not None:
            # Straight-through estimator: the forward pass sees the rounded
            # weights, the gradient goes to the unrounded ones.
            weight = weight + (self.rounded() - weight).detach()
        return F.linear(x, weight, self.bias)

    @torch.no_grad()
    def apply_mask(self):
        self.weight.mul_(self.mask)

    def codes(self):
        """The nearest level of each kept weight, in row-major order."""
        borders = (self.codebook[1:] + self.codebook[:-1]) / 2
        return torch.bucketize(self.weight.detach().flatten()[self.kept] / self.kept_scales,
                               borders)

    def rounded(self):
        # Only the kept weights are looked up: at 95 % zeros that is far quicker.
        dense = torch.zeros_like(self.weight)
        dense.view(-1)[self.kept] = self.codebook[self.codes()] * self.kept_scales
        return dense

    @torch.no_grad()
    def fit_codebook(self, levels, rounds):
        """Lloyd's algorithm on the kept weights, each row scaled to unit power."""
        count = self.mask.sum(1).clamp(min=1)
        self.scales = (self.weight.square().sum(1) / count).sqrt().clamp(min=1e-8)
        self.kept = self.mask.flatten().nonzero().squeeze(1)
        self.kept_scales = self.scales[self.kept // self.weight.shape[1]]
        values = self.weight.flatten()[self.kept] / self.kept_scales
        if self.codebook is None:
            # Starting between quantiles of the square root of the density puts
            # levels into the tails, where plain quantiles would put too few.
            ordered = values.sort().values
            spread = torch.linspace(-1, 1, levels)
            spots = (0.5 + 0.5 * torch.sign(spread) * (1 - (1 - spread.abs()).pow(1.5)))
            self.codebook = ordered[(spots * (len(ordered) - 1)).long()].clone()
        for _ in range(rounds):
            borders = (self.codebook[1:] + self.codebook[:-1]) / 2
            nearest = torch.bucketize(values, borders)
            count = torch.bincount(nearest, minlength=levels)
            total = torch.bincount(nearest, weights=values.double(), minlength=levels)
            mean = (total / count.clamp(min=1)).float()
            self.codebook = torch.where(count > 0, mean, self.codebook).sort().values


class Perceptron(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        last = len(WIDTHS) - 2
        self.linears = nn.ModuleList(
            PrunedLinear(WIDTHS[i], WIDTHS[i + 1], bias=i == last) for i in range(last + 1))
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTHS[i + 1]) for i in range(last))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        for linear, norm in zip(self.linears, self.norms):
            x = self.dropout(F.relu(norm(linear(x))))
        return self.linears[-1](x)


@torch.no_grad()
def update_mask(linear, pattern, sparsity):
    """Masks the smallest weights (or blocks) so that `sparsity` of them are zero.

    Pruned weights are zero already, so they stay among the smallest and the
    mask only ever grows.
    """
    size = linear.weight.abs()
    if pattern == "dense":
        return
    if pattern == "unstructured":
        score = size
    elif pattern == "4x1":
        score = size.view(-1, 4, size.shape[1]).square().sum(1)
    else:
        # Only the two smallest of each group of four may ever go: at 50 % all
        # of these candidates are gone, which is exactly 2:4.
        groups = size.view(-1, 4)
        order = groups.argsort(dim=1, stable=True)
        score = groups.scatter(1, order[:, 2:], math.inf).view_as(size)
    zeros = round(sparsity * score.numel())
    keep = torch.ones(score.numel())
    keep[score.flatten().argsort(stable=True)[:zeros]] = 0
    keep = keep.view_as(score)
    if pattern == "4x1":
        keep = keep.repeat_interleave(4, dim=0)
    linear.mask.copy_(keep)
    linear.apply_mask()


def augment(pixels, generator):
    """Shifts a batch by up to one pixel and mirrors half of its images."""
    images = F.pad(pixels.view(-1, 28, 28), (1, 1, 1, 1))
    dy, dx = torch.randint(0, 3, (2,), generator=generator).tolist()
    images = images[:, dy:dy + 28, dx:dx + 28]
    mirrored = torch.rand(len(images), 1, 1, generator=generator) < 0.5
    return torch.where(mirrored, images.flip(2), images).reshape(-1, 784)


def accuracy(forward, pixels, labels):
    hits = 0
    with torch.no_grad():
        for start in range(0, len(labels), 1000):
            x = pixels[start:start + 1000].float() / 255
            hits += (forward(x).argmax(1) == labels[start:start + 1000]).sum().item()
    return hits


class Trainer:
    def __init__(self, data, args):
        self.args = args
        self.generator = torch.Generator().manual_seed(args.seed)
        (self.pixels, self.labels), (self.watch_pixels, self.watch_labels) = data

    def epochs(self, model, count, rate, schedule, label, teacher=None, after_step=None,
               after_epoch=None):
        """Trains for `count` epochs; `schedule` maps progress in [0, 1] to a rate factor."""
        args = self.args
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=args.weight_decay,
                                      fused=True)
        steps = len(self.labels) // args.batch
        for epoch in range(count):
            started = time.time()
            model.train()
            order = torch.randperm(len(self.labels), generator=self.generator)
            total = 0.0
            for step in range(steps):
                progress = (epoch * steps + step) / (count * steps)
                for group in optimizer.param_groups:
                    group["lr"] = rate * schedule(progress)
                chosen = order[step * args.batch:(step + 1) * args.batch]
                x = augment(self.pixels[chosen].float() / 255, self.generator)
                with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
                    logits = model(x).float()
                    loss = F.cross_entropy(logits, self.labels[chosen], label_smoothing=0.1)
                    if teacher is not None:
                        with torch.no_grad():
                            target = (teacher(x).float() / 2).softmax(1)
                        loss = 0.5 * loss + 2.0 * F.kl_div(
                            (logits / 2).log_softmax(1), target, reduction="batchmean")
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                for linear in model.linears:
                    linear.apply_mask()
                if after_step:
                    after_step(epoch * steps + step, count * steps)
                total += loss.item()
            if after_epoch:
                after_epoch(epoch)
            note = ""
            if len(self.watch_labels):
                model.eval()
                hits = accuracy(model, self.watch_pixels, self.watch_labels)
                note = ", held-out accuracy %.4f" % (hits / len(self.watch_labels))
            print("%s epoch %d/%d: loss %.4f%s, %.0f s" % (
                label, epoch + 1, count, total / steps, note, time.time() - started), flush=True)


def warm_cosine(progress):
    return min(1.0, progress / 0.1) * 0.5 * (1 + math.cos(math.pi * progress))


def cosine(progress):
    return 0.5 * (1 + math.cos(math.pi * progress))


def train_dense(data, args):
    """Returns the dense network, from the work folder when it was trained before."""
    # The settings are part of the name, so that no stale network is ever reused.
    settings = [args.seed, len(data[0][1]), args.dense_epochs, args.rate, args.batch,
                args.weight_decay, args.dropout, args.bf16]
    path = os.path.join(args.work, "dense-%s.pt" % "-".join(map(str, settings)))
    torch.manual_seed(args.seed)
    model = Perceptron(args.dropout)
    if os.path.exists(path):
        model.load_state_dict(torch.load(path, weights_only=True))
        return model
    Trainer(data, args).epochs(model, args.dense_epochs, args.rate, warm_cosine, "dense")
    torch.save(model.state_dict(), path + ".part")
    os.replace(path + ".part", path)
    return model


def train_sparse(name, data, args):
    recipe = MODELS[name]
    teacher = train_dense(data, args)
    teacher.eval()
    # Dropout regularises weights that can be spared; a pruned network has few.
    model = Perceptron(args.sparse_dropout)
    model.load_state_dict(teacher.state_dict())
    torch.manual_seed(args.seed + 1)
    trainer = Trainer(data, args)

    def prune(step, steps):
        if (step + 1) % args.prune_every and step + 1 != steps:
            return
        progress = (step + 1) / steps
        for linear, (pattern, final) in zip(model.linears, recipe["layers"]):
            update_mask(linear, pattern, final * (1 - (1 - progress) ** 3))

    trainer.epochs(model, args.prune_epochs, args.rate * 0.5, lambda _: 1.0, name + " prune",
                   teacher, after_step=prune)
    trainer.epochs(model, args.tune_epochs, args.rate * 0.5, cosine, name + " tune", teacher)

    def fit(rounds):
        for linear in model.linears:
            linear.fit_codebook(recipe["levels"], rounds)

    def refit(epoch):
        # The codebooks rest in the second half, so that what is fine-tuned
        # last is what is stored.
        if 2 * (epoch + 1) <= args.round_epochs:
            fit(3)

    fit(30)
    trainer.epochs(model, args.round_epochs, args.rate * 0.1, cosine, name + " round", teacher,
                   after_epoch=refit)
    model.eval()
    return model


@torch.no_grad()
def compact_layers(model, name):
    """Folds the batch normalisation into row scales and biases."""
    layers = []
    for i, (linear, (pattern, _)) in enumerate(zip(model.linears, MODELS[name]["layers"])):
        if i < len(model.norms):
            norm = model.norms[i]
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            bias = norm.bias - gain * norm.running_mean
        else:
            gain, bias = torch.ones(linear.weight.shape[0]), linear.bias
        mask = linear.mask.numpy() > 0
        codes = linear.codes().numpy().astype(np.uint8)
        if pattern == "dense":
            support = b""
        elif pattern == "unstructured":
            support = mask.astype(np.uint8).tobytes()
        elif pattern == "4x1":
            support = mask[::4].astype(np.uint8).tobytes()
        else:
            bits = mask.reshape(-1, 4) @ np.array([1, 2, 4, 8])
            pair_of_bits = np.full(16, 255, np.uint8)
            for index, (first, second) in enumerate(spz.PAIRS):
                pair_of_bits[(1 << first) | (1 << second)] = index
            support = pair_of_bits[bits].tobytes()
        if (linear.codebook == 0).any():
            raise SystemExit("train.py: a codebook of %s holds a zero, so its kept weights "
                             "would not all be nonzero; try another --seed" % name)
        layers.append(spz.Layer(*linear.weight.shape, pattern, support, codes.tobytes(),
                                linear.codebook.tolist(), (linear.scales * gain).tolist(),
                                bias.tolist()))
    return layers


def rebuilt_hits(layers, pixels, labels):
    """Correct answers of the model as rebuild_onnx.py will write it, in float32."""
    tensors = [(torch.tensor(layer.weights()).view(layer.outputs, layer.inputs),
                torch.tensor(layer.bias)) for layer in layers]

    def forward(x):
        for weight, bias in tensors[:-1]:
            x = F.relu(F.linear(x, weight, bias))
        return F.linear(x, *tensors[-1])

    return accuracy(forward, pixels, labels)


def write_atomically(path, data):
    with open(path + ".part", "wb") as stream:
        stream.write(data)
    os.replace(path + ".part", path)


def record(path, name, entry):
    models = {}
    if os.path.exists(path):
        with open(path) as stream:
            models = json.load(stream)
    models[name] = entry
    write_atomically(path, (json.dumps(models, indent=2, sort_keys=True) + "\n").encode())


def load_tensors(folder, part):
    pixels, labels = fashion_mnist.load(folder, part)
    return (torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(-1, 784),
            torch.frombuffer(bytearray(labels), dtype=torch.uint8).long())


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL",
                        help="which models to train: %s (default: all)" % ", ".join(MODELS))
    parser.add_argument("--data", default=fashion_mnist.DEFAULT_FOLDER, metavar="DIR",
                        help="folder of the four .gz files (default: %(default)s)")
    parser.add_argument("--out", default=HERE, metavar="DIR",
                        help="where MODEL.spz and models.json go (default: this folder)")
    parser.add_argument("--work", default="build/fashion-mnist", metavar="DIR",
                        help="where the dense network is kept between runs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate of AdamW")
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--dropout", type=float, default=0.3, help="in the dense network")
    parser.add_argument("--sparse-dropout", type=float, default=0.1, help="in the sparse ones")
    parser.add_argument("--dense-epochs", type=int, default=40)
    parser.add_argument("--prune-epochs", type=int, default=10)
    parser.add_argument("--tune-epochs", type=int, default=20)
    parser.add_argument("--round-epochs", type=int, default=6)
    parser.add_argument("--prune-every", type=int, default=50, metavar="STEPS",
                        help="steps between two prunings (default: %(default)s)")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True,
                        help="multiply in bfloat16 while training (measuring is always float32)")
    parser.add_argument("--hold-out", type=int, default=0, metavar="N",
                        help="keep the last N training images out and report accuracy on them "
                             "after every epoch; used to choose the settings above, so that the "
                             "test images were looked at only for the final figure")
    args = parser.parse_args()
    unknown = [name for name in args.models if name not in MODELS]
    if unknown:
        raise SystemExit("train.py: there is no model '%s'; there are: %s"
                         % (unknown[0], ", ".join(MODELS)))
    return args


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    try:
        pixels, labels = load_tensors(args.data, "train")
        test = load_tensors(args.data, "t10k")
        os.makedirs(args.work, exist_ok=True)
        os.makedirs(args.out, exist_ok=True)
    except (fashion_mnist.DataError, OSError) as error:
        raise SystemExit("train.py: %s" % error)
    cut = len(labels) - args.hold_out
    data = (pixels[:cut], labels[:cut]), (pixels[cut:], labels[cut:])

    for name in args.models or MODELS:
        model = train_sparse(name, data, args)
        packed = spz.encode(name, compact_layers(model, name))
        _, layers = spz.decode(packed)
        if args.hold_out:
            # A trial: it must not peek at the test images nor replace the models.
            hits = rebuilt_hits(layers, *data[1])
            print("%s: held-out accuracy %.4f, %d bytes"
                  % (name, hits / args.hold_out, len(packed)))
            continue
        hits = rebuilt_hits(layers, *test)
        write_atomically(os.path.join(args.out, name + ".spz"), packed)
        weights = sum(layer.outputs * layer.inputs for layer in layers)
        record(os.path.join(args.out, "models.json"), name, {
            "seed": args.seed,
            "test_images": len(test[1]),
            "test_correct": hits,
            "test_accuracy": hits / len(test[1]),
            "sparsity": 1 - sum(len(layer.codes) for layer in layers) / weights,
            "layers": [{"outputs": layer.outputs, "inputs": layer.inputs,
                        "pattern": layer.pattern, "nonzeros": len(layer.codes),
                        "sparsity": layer.sparsity(), "levels": len(layer.codebook)}
                       for layer in layers],
            "file": name + ".spz",
            "bytes": len(packed),
            "sha256": hashlib.sha256(packed).hexdigest(),
        })
        print("%s: test accuracy %.4f, %d bytes" % (name, hits / len(test[1]), len(packed)))


if __name__ == "__main__":
    sys.exit(main())
