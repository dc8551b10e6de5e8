"""Mistakes that only this study knows: overrides, and what the line says."""

BAD = [
    (["participants=12"], "error: participants: 12 > clients 10; choose 1..10"),
    (["batch=80", "phases=[train]"], "error: batch: 80 > samples 60; choose 1..60"),
    (
        ["smoothing=0"],
        "error: smoothing: must be > 0 (got 0); use fedavg for true gradients",
    ),
    (
        ["directions=coordinate"],
        "directions=coordinate needs num_directions = dim 10 (got 4); set num_directions=10",
    ),
    (
        ["schedule=constant", "step_size=1.3", "phases=[train]"],
        "error: step_size: 1.3 is above the mean-square limit 0.6027; the mean diverges although "
        "runs may not (set allow_unstable=true)",
    ),
    (
        ["noise.theta=4"],
        "error: noise.theta: 4 > 3; its second moment cannot be seen in this horizon",
    ),
    (["staleness=50", "rounds=40"], "error: staleness: 50 > rounds 40; choose 0..40"),
    (
        ["claims=[fz.stability.convex]", "tasks=[quadratic]"],
        "error: claims: fz.stability.convex needs a Lipschitz task; quadratic has none",
    ),
    (
        ["copies.replace=pooled"],
        "error: replace: alternatives must come from the same client; use copies.replace=same, "
        "or claims=[fz.stability.exact]",
    ),
    (["claims=[fz.moment]"], "there is no claim 'fz.moment'; did you mean 'fz.moments'?"),
    (["batch=30"], "error: batch: 30 > copies.samples 20; choose 1..20"),
    (
        ["copies.samples=[4]", "copies.replaced=30"],
        "error: copies.replaced: 30 > 20 samples; choose 1..20",
    ),
    (
        ["phases=[budget]", "budget.participants=[11]"],
        "error: budget.participants: 11 > clients 10; choose 1..10",
    ),
    (["tasks=[quadratic,quadratic]"], "error: tasks: a value stands twice; name each once"),
    (
        ["dim=100"],
        "error: dim: 100 > 24, too many for the exact moments of limit, bias, tails; "
        "use phases=[estimator,train,copies,delay]",
    ),
    (["tasks=[user]"], "error: task_file: tasks=[user] needs one; name a Python file"),
    (["schedule_file=s.py"], "error: schedule_file: nothing reads it; use schedule=user"),
    (
        ["tasks=[user]", "task_file=none.py"],
        "error: task_file: 'none.py' cannot be imported: FileNotFoundError",
    ),
    (
        ["tasks=[sigmoid]", "lam=0", "phases=[train]"],
        "error: schedule: decay needs a curvature at the minimum; sigmoid has none; "
        "set lam > 0, or schedule=constant",
    ),
]
