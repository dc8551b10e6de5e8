"""A plain MLP on small drawn digits, Adam, minibatches.   python digits.py [steps]"""

import sys

import torch
from torch import nn

import ntp_dynamics as ntp

FONT = (
    "01110 10001 10011 10101 11001 10001 01110|00100 01100 00100 00100 00100 00100 01110|"
    "01110 10001 00001 00010 00100 01000 11111|11111 00010 00100 00010 00001 10001 01110|"
    "00010 00110 01010 10010 11111 00010 00010|11111 10000 11110 00001 00001 10001 01110|"
    "00110 01000 10000 11110 10001 10001 01110|11111 00001 00010 00100 01000 01000 01000|"
    "01110 10001 10001 01110 10001 10001 01110|01110 10001 10001 01111 00001 00010 01100"
)
GLYPHS = torch.tensor([[[float(c) for c in row] for row in g.split()] for g in FONT.split("|")])


def draw(n, generator):
    """n pictures of 8 x 8: a digit, moved about, of some strength, with noise."""
    y = torch.randint(10, (n,), generator=generator)
    pictures = torch.zeros(n, 8, 8)
    down, right = (
        torch.randint(2, (n,), generator=generator),
        torch.randint(4, (n,), generator=generator),
    )
    for i in range(n):
        pictures[i, down[i] : down[i] + 7, right[i] : right[i] + 5] = GLYPHS[y[i]]
    pictures *= 0.5 + torch.rand(n, 1, 1, generator=generator)
    return (pictures + 0.3 * torch.randn(n, 8, 8, generator=generator)).flatten(1), y


def main(steps=2000, directory=None, every=100):
    torch.manual_seed(1)
    images, labels = draw(2000, torch.Generator().manual_seed(1))
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    with ntp.watch(net, every=every, directory=directory, settings={"lr": 1e-3}) as record:
        for _ in range(steps):
            batch = torch.randint(len(images), (64,))
            loss = criterion(net(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            record.step(loss)
    return record


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
