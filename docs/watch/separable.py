"""Softmax regression on separable points, by hand and without an optimiser, until rounding wins.

    python separable.py [float32 | float64] [gd | ngd]

gd is plain descent, ngd divides the gradient by its norm: only so float64 is reached in this life.
"""

import sys

import torch
import torch.nn.functional as F

import ntp_dynamics as ntp

POINTS = [[2.0, 0.5], [-1.0, 2.0], [-1.5, -1.75], [1.5, -0.25], [-0.5, 1.5]]
CLASSES = [0, 1, 2, 0, 1]
STEPS = {("float32", "gd"): 3000, ("float32", "ngd"): 300, ("float64", "ngd"): 600}


def rate(rule, step):
    """The learning rate; that of gd is raised once the loss is small."""
    return 0.25 if rule == "ngd" else 1.0 if step < 100 else 256.0


def main(kind="float32", rule="gd", directory=None, every=10, steps=None):
    dtype = getattr(torch, kind)
    x, y = torch.tensor(POINTS, dtype=dtype), torch.tensor(CLASSES)
    w = torch.zeros(2, 3, dtype=dtype, requires_grad=True)
    with ntp.watch(
        {"w": w}, every=every, directory=directory, settings={"dtype": kind, "rule": rule}
    ) as record:
        for step in range(steps or STEPS[kind, rule]):
            loss = F.cross_entropy(x @ w, y)
            (w.grad,) = torch.autograd.grad(loss, w)
            with torch.no_grad():
                size = w.grad.norm() if rule == "ngd" else 1.0
                w -= rate(rule, step) * w.grad / size
            record.step(loss)
            if not w.isfinite().all():
                break
    return record


if __name__ == "__main__":
    main(*sys.argv[1:3])
