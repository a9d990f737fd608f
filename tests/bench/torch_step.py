#!/usr/bin/python3
# torch_step.py CFG SECONDS [STEPS]: as step.c, in PyTorch (python3-torch): times training steps of a classifier's cfg on
# random data. The variational layers are those of the paper's code: two products, of the input with theta and of its
# square with sigma2, and the noise on their outputs (local reparameterisation). DARKNET_THREADS threads. Both of
# PyTorch's layouts are timed, pictures by channel and by pixel; the line is that of the faster one.
import os
import resource
import statistics
import sys
import time

THREADS = os.environ.get("DARKNET_THREADS", str(os.cpu_count()))
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = THREADS  # read when they are loaded

import torch
from torch import nn
from torch.nn import functional


def sections_of(path):
    sections = []
    for line in open(path):
        line = line.split("#")[0].replace(" ", "").strip()
        if line.startswith("["):
            sections.append((line.strip("[]"), {}))
        elif line:
            key, value = line.split("=")
            sections[-1][1][key] = value
    return sections


class Plain(nn.Module):
    """A connected or convolutional layer."""

    def __init__(self, shape, product, bias):
        super().__init__()
        self.theta = nn.Parameter(torch.randn(shape) * (2 / shape[1:].numel()) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.product = product

    def forward(self, x):
        return self.product(x, self.theta, self.bias)


class Variational(Plain):
    """One with a noise variance for each weight."""

    def __init__(self, shape, product, bias):
        super().__init__(shape, product, bias)
        self.log_sigma2 = nn.Parameter(torch.full(shape, -10.0))

    def forward(self, x):
        mean = self.product(x, self.theta, self.bias)
        variance = self.product(x * x, torch.exp(self.log_sigma2), None)
        return mean + torch.sqrt(variance + 1e-8) * torch.randn_like(mean)

    def kl(self):  # Molchanov et al. 2017, equation 14
        log_alpha = self.log_sigma2 - torch.log(self.theta * self.theta + 1e-8)
        sigmoid = torch.sigmoid(1.87320 + 1.48695 * log_alpha)
        return (0.63576 - 0.63576 * sigmoid + 0.5 * functional.softplus(-log_alpha)).sum()


ACTIVATIONS = {"linear": lambda x: x, "relu": torch.relu, "leaky": lambda x: functional.leaky_relu(x, 0.1)}


class Network(nn.Module):
    def __init__(self, sections):
        super().__init__()
        net = sections[0][1]
        self.batch, self.input = int(net["batch"]), [int(net.get(key, 1)) for key in ("channels", "height", "width")]
        if int(net.get("subdivisions", 1)) != 1:
            sys.exit("torch_step.py: subdivisions is not 1")
        self.sections, self.layers, self.plan = sections[1:], nn.ModuleList(), []
        with torch.no_grad():
            x, outputs = torch.zeros(1, *self.input), []
            for name, keys in self.sections:
                self.add(name, keys, x, outputs)
                x = self.plan[-1](x, outputs)
                outputs.append(x)

    def keep(self, module):
        self.layers.append(module)
        return module

    def add(self, name, keys, x, outputs):
        activation = ACTIVATIONS[keys.get("activation", "linear")]
        kind = Variational if name.startswith("vd_") else Plain
        normalised = keys.get("batch_normalize") == "1"
        if name in ("convolutional", "vd_convolutional"):
            filters, size, stride = int(keys["filters"]), int(keys["size"]), int(keys["stride"])
            pad = size // 2 if keys.get("pad") == "1" else 0
            layer = self.keep(kind(torch.Size((filters, x.shape[1], size, size)),
                                   lambda x, w, b: functional.conv2d(x, w, b, stride, pad), not normalised))
            norm = self.keep(nn.BatchNorm2d(filters)) if normalised else nn.Identity()
            step = lambda x, outputs: activation(norm(layer(x)))
        elif name in ("connected", "vd_connected"):
            layer = self.keep(kind(torch.Size((int(keys["output"]), x[0].numel())), functional.linear, True))
            step = lambda x, outputs: activation(layer(x.flatten(1)))
        elif name == "batchnorm":
            norm = self.keep(nn.BatchNorm2d(x.shape[1]))
            step = lambda x, outputs: norm(x)
        elif name == "activation":
            step = lambda x, outputs: activation(x)
        elif name == "maxpool":
            size, stride = int(keys["size"]), int(keys["stride"])
            step = lambda x, outputs: functional.max_pool2d(x, size, stride)
        elif name == "avgpool":
            step = lambda x, outputs: x.mean((2, 3))
        elif name in ("route", "shortcut"):
            other = len(outputs) + int(keys["layers" if name == "route" else "from"])
            step = lambda x, outputs: activation(outputs[other] + x) if name == "shortcut" else outputs[other]
        elif name in ("softmax", "vd_cost"):
            step = lambda x, outputs: x
        else:
            sys.exit(f"torch_step.py: [{name}] is not built")
        self.plan.append(step)

    def forward(self, x):
        outputs = []
        for step in self.plan:
            x = step(x, outputs)
            outputs.append(x)
        return x

    def kl(self):
        return sum(layer.kl() for layer in self.layers if isinstance(layer, Variational))


def optimiser_of(net, keys):
    rate, decay = float(keys["learning_rate"]), float(keys.get("decay", 0.0001))
    if keys.get("adam") == "1":
        return torch.optim.Adam(net.parameters(), rate)
    return torch.optim.SGD(net.parameters(), rate, momentum=float(keys.get("momentum", 0.9)), weight_decay=decay)


def time_steps(sections, seconds, before, layout):
    net = Network(sections).to(memory_format=layout)
    optimiser = optimiser_of(net, sections[0][1])
    x = torch.rand(net.batch, *net.input).to(memory_format=layout)
    truth = torch.randint(0, net(x).shape[1], (net.batch,))
    samples = 60000

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(net(x), truth)
        kl = net.kl()
        (loss + kl / samples).backward()
        optimiser.step()

    for _ in range(before):
        step()
    times, cpu, began = [], time.process_time(), time.perf_counter()
    while len(times) < 5 or time.perf_counter() - began < seconds:
        last = time.perf_counter()
        step()
        times.append(time.perf_counter() - last)
    cpu = time.process_time() - cpu
    return statistics.median(times), net.batch, cpu / len(times)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: torch_step.py CFG SECONDS [STEPS]")
    torch.set_num_threads(int(THREADS))
    sections, seconds = sections_of(sys.argv[1]), float(sys.argv[2])
    before = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    layouts = torch.contiguous_format, torch.channels_last
    median, batch, cpu = min(time_steps(sections, seconds, before, layout) for layout in layouts)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{1e3 * median:.4f} {batch / median:.1f} {mib:.1f} {1e3 * cpu:.4f}")


main()
