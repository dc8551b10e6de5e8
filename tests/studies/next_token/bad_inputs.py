"""Mistakes that only this study knows: overrides, and what the line says."""

BAD = [
    (["vary=init"], "every run would be the same"),
    (["embedding.dim=3"], "orthonormal vectors need at least as many"),
    (["dataset.queries=21"], "there are more queries than tokens"),
    (["train.stages=[attention]"], "attention has no gradient"),
    (["optimizer.weight_decay=2"], "optimizer.weight_decay: times a step size it exceeds 1"),
    (["optimizer.momentum=1"], "optimizer.momentum"),
    (["optimizer=adam", "optimizer.epsilon=-1"], "optimizer.epsilon"),
    (["dataset=file", "runs=1", "dataset.path=none.jsonl"], "none.jsonl"),
]
