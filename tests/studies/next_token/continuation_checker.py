"""An independent reader of certificates: every inequality of docs/certificates.md, with fractions
and intervals of 300 bits, from a record alone (its argument) and without code of the package."""

import json
import sys
from collections import Counter, defaultdict
from fractions import Fraction as F
from pathlib import Path

import netCDF4
import numpy as np
import yaml
from mpmath import iv

iv.prec = 300


def num(x):
    return iv.mpf(F(x).numerator) / iv.mpf(F(x).denominator)


def read_corpus(path):
    """C by relation (above, below, query), least and total weight, |V|, tokens that are known."""
    head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    place = {name: i for i, name in enumerate(head["vocab"])} | {i: i for i in range(10**5)}
    samples = [([place[t] for t in r["tokens"]], place[r["next"]], F(r["weight"])) for r in rows]
    follows = {x[0]: y for x, y, _ in samples if len(x) == 1}
    c = defaultdict(F)
    for x, y, w in samples:
        copies = Counter(x)
        (best,) = [t for t in copies if follows[t] == y]
        for t in copies.keys() - {best}:
            c[best, t, x[-1]] += w * copies[t] / copies[best]
    least = min(w for x, _, w in samples if len({*x}) > 1)
    size = len(head["vocab"]) + max(head.get("unused", 0) - 1, 0)
    return dict(c), least, sum(w for *_, w in samples), size, len(follows)


def nodes(shares, sign):
    """What relations put on their upper tokens, and with a sign on their lower ones."""
    x = defaultdict(int)
    for (a, b, q), p in shares.items():
        x[a, q] += p
        x[b, q] += sign * p
    return x


def semidefinite(m):
    """Of a symmetric matrix of fractions, by elimination."""
    if not len(m) or m[0, 0] <= 0:
        return not len(m) or (not m[0].any() and semidefinite(m[1:, 1:]))
    return semidefinite(m[1:, 1:] - np.outer(m[1:, 0], m[0, 1:]) / m[0, 0])


def check(cert, corpus, scores, eta, margin):
    """What is wrong, in words; ``scores`` {(token, query): S}, eta and margin as configured."""
    (c, least, total, v, _), bo = corpus, cert["bounds"]
    star = {tuple(map(int, r.split(","))): F(p) for r, p in cert["shares"].items()}
    x, degree = nodes(star, -1), nodes(star, 1)
    g2 = sum(y * y for y in x.values())
    slack = {(a, b, q): F(x[a, q] - x[b, q]) / g2 - 1 for a, b, q in c}
    sound = {*star} <= {*c} and min(star.values()) > 0 and sum(star.values()) == 1
    sound = sound and min(slack.values()) >= 0  # then W* = x / |x|^2, by duality
    if not (sound and F(cert["step_size"]) == F(bo["step_size"]) == F(eta)):
        return ["shares, target or step size"]
    gamma, eta, two = iv.sqrt(num(g2)), num(eta), iv.sqrt(iv.mpf(2))
    beta = iv.mpf(1.5 if {(a, q) for a, _, q in c} & {(b, q) for _, b, q in c} else 1)
    theta, root, fall = eta / gamma, iv.sqrt(beta), gamma * eta
    m = {(a, b, q): num(F(scores[a, q]) - F(scores[b, q])) for a, b, q in c}
    lc, ls = ({r: iv.log(num(p)) for r, p in of.items()} for of in (c, star))
    lz = iv.log(sum(iv.exp(lc[r] - m[r]) for r in c))
    lq = {r: lc[r] - m[r] - lz for r in c}
    kl = sum(num(p) * (ls[r] - lq[r]) for r, p in star.items())
    h = sum(num(p) * (lc[r] - ls[r]) for r, p in star.items())
    x2 = sum(y**2 for y in nodes({r: iv.exp(p) for r, p in lq.items()}, -1).values())
    along = sum(num(p) * m[r] for r, p in star.items()) / gamma
    norm = iv.sqrt(num(sum(F(y) ** 2 for y in scores.values())))
    across = iv.sqrt(norm**2 - along**2)
    d, k, e1, lam, e2, work = (num(y) for _, y in sorted(cert["closed"].items()))
    big = iv.exp(margin * lam)
    left = 1 - (v - 1 + big**2) / v * lam
    if not min(left.a, (1 - lam).a) > 0:
        return ["size of the leak"]
    kappa = margin * (1 + 2 * big / v) + (v - 1 + big**2) / v / left + 1 / (1 - lam)
    first, erred, later = kappa * lam / 2, root * theta * e1, kl + beta * theta * e2
    off, furthest = (iv.sqrt(y + beta * e2) + root * first for y in (x2 - num(g2), x2))
    at_most = [
        ("later divergence", later, k),
        ("leak", iv.exp(k + h - gamma * (along - d)) / num(least), lam),
        ("errors", first / (1 - iv.exp(-fall)), e1),
        ("squared errors", first**2 / (1 - iv.exp(-2 * fall)), e2),
        ("work", theta * (x2 - num(g2)) / 2 + furthest / gamma * later, work),
        ("deficit", work / gamma + erred, d),
        ("growth", 2 * work * theta, num(bo["growth"])),
    ]
    tilt = theta * (num(g2 * max(slack.values())) + 2 * two * off)
    for a, b, q in c if (2 * beta * theta).b > 1 else ():
        own = star.get((a, b, q), F(0))
        parts = [num(p) for p in (degree[a, q] + degree[b, q] - own, own)]
        load = 2 * theta * sum(p + k + iv.sqrt(k**2 + 2 * k * p) for p in parts)
        at_most.append(("length of a step", load * iv.exp(tilt), 1 - tilt / 6))
    p = v / (iv.exp(margin) + v - 1)
    scale = iv.log(margin * p) - iv.log(num(total)) + h
    low = scale + iv.log(1 - lam) - iv.log(1 + margin * lam * p) - gamma * along
    high = scale + 2 * margin * lam + k - gamma * (along - d)
    ends = {"fall": (fall, fall), "log_excess": (low, high), "norm": (along - d, norm)}
    ends |= {"along": (along - d, along), "across": (across - erred, across + erred)}
    ends, said = ends | {"margin": (margin, margin)}, bo | {"margin": cert["margin"]}
    if bo["held"] is not None:
        moved, spread = num(cert["drift"]["moved"]), F(cert["drift"]["spread"])
        half, lost = k / num(min(star.values())) / 2, e1 / 2
        for r in c.keys() - star.keys():  # without slack: infinite
            f = gamma * num(slack[r])
            lost += iv.exp(lq[r] + kl + two * moved + f * d) / (1 - iv.exp(-f * eta))
        carried = 2 * iv.sqrt(num(spread) * (2 + half + iv.sqrt(half**2 + 4 * half)) * k)
        at_most.append(("moved", carried + two * theta * lost, moved))
        ends["held"] = across - moved, across + moved
        for q in {q for *_, q in star}:  # spread L^2 >= L: no eigenvalue is below 1 / spread
            mine = {(a, b): p for (a, b, r), p in star.items() if r == q}
            tokens = sorted({t for pair in mine for t in pair})
            z = np.array([[F(t == a) - F(t == b) for t in tokens] for a, b in mine])
            lap = z.T @ (np.array([*mine.values()])[:, None] * z)
            at_most.append(("spread", 0, semidefinite(spread * lap @ lap - lap) - 1))
    for what, (low, high) in ends.items():
        at_most += [(what, num(said[what][0]), low), (what, high, num(said[what][1]))]
    return [what for what, x, y in at_most if not iv.mpf(x).b <= iv.mpf(y).a]


def check_record(path):
    """(run, step, what is wrong) of every certificate of a record."""
    said = yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8"))["train"]
    eta, first = said["attention"]["step_size"], said["feed_forward"]
    with netCDF4.Dataset(path / "trajectory.nc") as file:
        steps, scores = file["attention"]["checkpoint"][:].tolist(), file["attention"]["scores"][:]
        queries = file["query_id"][:].filled(-1).tolist()
    for told in json.loads((path / "certificates/continuation.json").read_text())["runs"]:
        corpus = read_corpus(path / f"corpora/{told['run']:03d}.jsonl")
        norm = iv.sqrt(num(F(corpus[4] * (corpus[3] - 1), corpus[3])))
        margin = num(first["step_size"]) * first["steps"] / norm
        margin = margin if said["margin"] is None else num(said["margin"])
        for cert in told["certificates"]:
            rows = scores[told["run"], steps.index(cert["step"])].filled(0).tolist()
            asked = enumerate(queries[told["run"]])
            at = {(t, q): row[i] for i, q in asked for t, row in enumerate(rows)}
            yield told["run"], cert["step"], check(cert, corpus, at, eta, margin)


if __name__ == "__main__":
    print(*(found := [*check_record(Path(sys.argv[1]))]), sep="\n")
    sys.exit(any(wrong for *_, wrong in found))
