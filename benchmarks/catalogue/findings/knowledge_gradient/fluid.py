"""The fluid limit."""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.knowledge_gradient.best_arm import RATIOS
from benchmarks.catalogue.findings.knowledge_gradient.rows import (
    HETERO,
    INSTANCES,
    ONE,
    SLIP,
    THREE,
    picture,
    rate,
)
from benchmarks.catalogue.labels import verdict

FLUID_RATIOS = {
    **{key: {k: v for k, v in each.items() if k != "ttei"} for key, each in RATIOS.items()},
    THREE: {"kg": 0.90115, "ikg": 0.99999, "ikg_plain": 0.99693, "ikg_variance_only": 1.0,
            "ocba": 0.98987, "tt_ids": 1.0},
}  # fmt: skip


FLUID = Finding(
    "knowledge_gradient/fluid",
    "Where shares settle",
    rows=[
        *(
            rate(key, f"fluid_{phase}", ratio, 1e-3)
            for key, each in FLUID_RATIOS.items()
            for phase, ratio in each.items()
        ),
        verdict("kg.shares", "tight"),
        *(
            verdict("ikg.rate.sharp", "tight", version=f"{kind}, {phase}")
            for kind in ("fluid", "shares")
            for phase in ("ikg", "ikg_plain", "ikg_variance_only")
        ),
        *(
            verdict("ikg.rate.printed", label, of=key, said=INSTANCES[key])
            for key, label in (
                (ONE, "tight"),
                (SLIP, "contradicted"),
                (HETERO, "tight"),
                (THREE, "contradicted"),
            )
        ),
    ],
    text=(
        "One balance law gives the shares of all three variants. The printed claim that iKG has "
        "the rate Gamma* holds of plain iKG where the best arm has one close rival, and is wrong "
        "by 25 in 1,000 where it has nine."
    ),
    picture=picture(SLIP),
    caption="Shares and rates of the fluid on slippage.",
)
