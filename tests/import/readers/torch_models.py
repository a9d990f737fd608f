# torch_models.py FOLDER [NAME...]: networks as PyTorch users write them, with random weights, each exported by
# torch.onnx.export to FOLDER/NAME.onnx. Those of torchvision are there where it is. Prints the names
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional

warnings.filterwarnings("ignore")


def conv_norm(c, filters, size, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(c, filters, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(filters)]
    return nn.Sequential(*layers, *([act()] if act else []))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Dropout(),
                         nn.Linear(500, 10), nn.Softmax(1))


class ByView(nn.Module):
    """LeNet with functions and view(), as in PyTorch's own example for MNIST"""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1), nn.Conv2d(32, 64, 3, 1)
        self.drop1, self.drop2 = nn.Dropout2d(.25), nn.Dropout(.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        x = self.drop1(functional.max_pool2d(x, 2))
        x = functional.relu(self.fc1(x.view(x.size(0), -1)))
        return functional.softmax(self.fc2(self.drop2(x)), dim=1)


class Block(nn.Module):
    def __init__(self, c, filters, stride):
        super().__init__()
        self.a = conv_norm(c, filters, 3, stride)
        self.b = conv_norm(filters, filters, 3, act=None)
        self.short = conv_norm(c, filters, 1, stride, act=None) if c != filters or stride > 1 else nn.Identity()

    def forward(self, x):
        return functional.relu(self.b(self.a(x)) + self.short(x))


def resnet():
    return nn.Sequential(conv_norm(3, 16, 3), Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class PreActivation(nn.Module):
    """a residual block of the second kind: normalisation and activation before each convolution"""

    def __init__(self, c):
        super().__init__()
        self.n1, self.n2 = nn.BatchNorm2d(c), nn.BatchNorm2d(c)
        self.c1, self.c2 = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.c2(functional.relu(self.n2(self.c1(functional.relu(self.n1(x))))))


def resnet_v2():
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), PreActivation(16), PreActivation(16), nn.BatchNorm2d(16),
                         nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(16 * 64, 10))


def vgg():
    layers, c = [], 3
    for f in 16, "M", 32, "M", 64, 64, "M":
        layers += [nn.MaxPool2d(2, 2)] if f == "M" else [nn.Conv2d(c, f, 3, padding=1), nn.BatchNorm2d(f), nn.ReLU(True)]
        c = c if f == "M" else f
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d((4, 4)), nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(True),
                         nn.Dropout(), nn.Linear(128, 10))


class SqueezeExcite(nn.Module):
    def __init__(self, c, gate=nn.Sigmoid):
        super().__init__()
        self.pool, self.down, self.up, self.gate = nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, 4, 1), nn.Conv2d(4, c, 1), gate()

    def forward(self, x):
        return x * self.gate(self.up(functional.relu(self.down(self.pool(x)))))


class Inverted(nn.Module):
    def __init__(self, c, act, gate):
        super().__init__()
        self.body = nn.Sequential(conv_norm(c, 4 * c, 1, act=act), conv_norm(4 * c, 4 * c, 3, groups=4 * c, act=act),
                                  SqueezeExcite(4 * c, gate), conv_norm(4 * c, c, 1, act=None))

    def forward(self, x):
        return x + self.body(x)


def mobile(act, gate=nn.Sigmoid):
    return nn.Sequential(conv_norm(3, 8, 3, 2, act=act), Inverted(8, act, gate), Inverted(8, act, gate),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 16, 3, 2)
        self.one, self.three = conv_norm(16, 8, 1), nn.Sequential(conv_norm(16, 4, 1), conv_norm(4, 8, 3))
        self.mean = nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.AvgPool2d(3, 1, 1, count_include_pad=False),
                                  conv_norm(16, 8, 1))
        self.most = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_norm(16, 8, 1))
        self.last = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([self.one(x), self.three(x), self.mean(x), self.most(x)], 1)
        return self.last(x.mean([2, 3]))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = conv_norm(1, 8, 3), conv_norm(8, 16, 3)
        self.c, self.out = conv_norm(24, 8, 3), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(functional.max_pool2d(a, 2))
        return torch.sigmoid(self.out(self.c(torch.cat([functional.interpolate(b, scale_factor=2), a], 1))))


class Csp(nn.Module):
    """the halves of a map, as in YOLO's later backbones"""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b = conv_norm(3, 16, 3, 2, act=nn.SiLU), conv_norm(8, 8, 3, act=nn.SiLU), None
        self.out = nn.Conv2d(24, 6, 1)

    def forward(self, x):
        first, second = self.stem(x).chunk(2, 1)
        return self.out(torch.cat([first, second, second + self.a(second)], 1))


class Shuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = conv_norm(3, 16, 3, 2), conv_norm(16, 16, 1, groups=4)

    def forward(self, x):
        return functional.relu(self.b(functional.channel_shuffle(self.a(x), 4)))


def activations(act):
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), act, nn.Conv2d(8, 8, 3, stride=2), act, nn.Flatten(),
                         nn.Linear(8 * 49, 10), act)


class Slopes(nn.Module):
    """PReLU with a slope of each channel, after the first convolution and the last layer"""

    def __init__(self):
        super().__init__()
        self.slopes = nn.ModuleDict({str(c): nn.PReLU(c) for c in (8, 10)})
        for p in self.slopes.values():
            nn.init.uniform_(p.weight, -.5, .5)

    def forward(self, x):
        return self.slopes[str(int(x.shape[1]))](x)


def mlp():
    return nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32, bias=False), nn.Tanh(),
                         nn.Linear(32, 3), nn.Softmax(-1))


class Scaled(nn.Module):
    """the picture's numbers are normalised first; matrices without a layer of their own"""

    def __init__(self):
        super().__init__()
        self.conv, self.w, self.b = conv_norm(3, 8, 3, 2), nn.Parameter(torch.randn(8, 5)), nn.Parameter(torch.randn(5))

    def forward(self, x):
        x = (x - torch.tensor([.485, .456, .406]).view(1, 3, 1, 1)) / torch.tensor([.229, .224, .225]).view(1, 3, 1, 1)
        return torch.mean(self.conv(x), dim=(2, 3)) @ self.w * 2 + self.b


rgb, grey = (3, 32, 32), (1, 28, 28)
MODELS = {
    "lenet": (lenet, grey, {}),
    "by-view": (ByView, grey, {}),
    "resnet": (resnet, rgb, {}),
    "resnet-opset9": (resnet, rgb, {"opset_version": 9}),
    "resnet-unfused": (resnet, rgb, {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}),
    "resnet-v2": (resnet_v2, rgb, {}),
    "vgg": (vgg, rgb, {}),
    "mobile-silu": (lambda: mobile(nn.SiLU), rgb, {}),
    "mobile-hardswish": (lambda: mobile(nn.Hardswish, nn.Hardsigmoid), rgb, {}),
    "mobile-relu6": (lambda: mobile(nn.ReLU6), rgb, {}),
    "inception": (Inception, rgb, {}),
    "unet": (UNet, grey, {}),
    "unet-opset9": (UNet, grey, {"opset_version": 9}),
    "csp": (Csp, rgb, {}),
    "shuffle": (Shuffle, rgb, {}),
    "mlp": (mlp, (20,), {}),
    "scaled": (Scaled, rgb, {}),
    "no-initializers": (lenet, grey, {"keep_initializers_as_inputs": True}),
    "fixed-batch": (lenet, grey, {"dynamic_axes": {}}),
    "opset16": (resnet, rgb, {"opset_version": 16}),
}
for name, act in {"leaky": nn.LeakyReLU(.1), "leaky.01": nn.LeakyReLU(), "leaky.2": nn.LeakyReLU(.2),
                  "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "elu": nn.ELU(), "selu": nn.SELU(), "mish": nn.Mish(),
                  "silu": nn.SiLU(), "hardtanh": nn.Hardtanh(), "hardswish": nn.Hardswish(), "gelu": nn.GELU(),
                  "hardsigmoid": nn.Hardsigmoid(), "prelu": nn.PReLU(), "prelu-each": Slopes(), "softplus": nn.Softplus()}.items():
    MODELS[name] = (lambda act=act: activations(act), (3, 16, 16), {})


def add_torchvision():
    from torchvision import models, transforms
    normalize = transforms.Normalize((.485, .456, .406), (.229, .224, .225))
    MODELS["normalized"] = (lambda: nn.Sequential(normalize, resnet(), nn.Softmax(1)), rgb, {})
    for name in "resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1", "densenet121", "efficientnet_b0", \
            "shufflenet_v2_x0_5", "mnasnet0_5", "googlenet", "regnet_x_400mf", "regnet_y_400mf", "alexnet":
        make = getattr(models, name)
        extra = {"init_weights": True, "aux_logits": False} if name == "googlenet" else {}
        MODELS[name] = (lambda make=make, extra=extra: make(num_classes=10, **extra), (3, 64, 64), {})
    MODELS["inception_v3"] = (lambda: models.inception_v3(num_classes=10, aux_logits=False, init_weights=False),
                              (3, 80, 80), {})


def randomize(model):
    """numbers of batch normalisation that change something"""
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.normal_(0, .2)
            m.running_var.uniform_(.5, 1.5)
            nn.init.uniform_(m.weight, .8, 1.2)
            nn.init.normal_(m.bias, 0, .2)


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    try:
        add_torchvision()
    except ImportError:
        pass
    for name in names or MODELS:
        make, shape, options = MODELS[name]
        torch.manual_seed(1)
        model = make()
        randomize(model)
        model.eval()
        options = {"opset_version": 13, "dynamic_axes": {"input": {0: "batch"}, "output": {0: "batch"}}, **options}
        try:
            torch.onnx.export(model, torch.rand(1, *shape), "%s/%s.onnx" % (folder, name), input_names=["input"],
                              output_names=["output"], **options)
        except Exception as e:
            print("%s: %s" % (name, str(e).split("\n")[0]), file=sys.stderr)
            continue
        print(name)


main()
