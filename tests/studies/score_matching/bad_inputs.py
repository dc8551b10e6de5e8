"""Mistakes that only this study knows: overrides, and what the line says."""

BAD = [
    (["model.students=0"], "model.students: 0 is refused; it should be greater than or equal to 1"),
    (
        ["model={students:5,weights:[0.5,0.3,0.2]}", "phases=[descent]"],
        "model.weights: 3 weights for 5 students",
    ),
    (
        ["model={students:2,weights:[0.5,0.4]}", "phases=[descent]"],
        "model.weights: must be positive and sum to 1 (sum 0.9)",
    ),
    (
        ["init.log_spread=-inf"],
        "init.log_spread: -inf with distance > 0: identical students never separate; "
        "use a finite value or init.kind=gaussian",
    ),
    (
        ["train.step_size=1.2"],
        "train.step_size: 1.2 >= 1: the near student diverges; use less than 1",
    ),
    (
        ["expectation.kind=quadrature", "init.kind=gaussian", "model.dim=5", "phases=[descent]"],
        "expectation: quadrature needs rank <= 2 or a thin rank 3 (rank 5 here); use importance",
    ),
    (["noise.t=[0,-1]", "noise.weights=[0.5,0.5]"], "noise.t: -1 is negative"),
    (["noise={t:[0,1],weights:[0.5,0.6]}"], "noise.weights: must sum to 1"),
    (
        ["expectation.kind=monte_carlo"],
        "flow with expectation.kind=monte_carlo: the flow needs a deterministic gradient",
    ),
    (["init.distance=nan"], "init.distance"),
    (["init={kind:points,points:missing.csv}", "runs=1"], "init.points: missing.csv: No such file"),
    (["init.pattern=equispaced"], "runs: 8 equal runs: nothing is drawn at this start; use runs=1"),
    (["init={kind:ball,points:x.csv}"], "init.points: kind=ball reads no file"),
    (["init.deviations=[1,2]"], "init.deviations: pattern=gaussian reads no list"),
    (
        ["phases=[flow]"],
        "init.log_spread: a clump tighter than 1e-6 is not resolved by the flow; let ",
    ),
    (["phases=[walk]"], "phases[0]: invalid value 'walk'"),
    (["init.distence=3"], "init.distence"),
]
