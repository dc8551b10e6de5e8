"""Legend of the axis letters used in shape annotations throughout the project.

An annotation such as ``Float[Tensor, "R V Q"]`` reads: runs by vocabulary by queries.  Tokens are
integers ``0 .. V-1``; an absent token, query or continuation is ``-1``.
"""

LEGEND = {
    "R": "runs: trajectories of one job, batched on the leading axis",
    "N": "sentences of a corpus (distinct samples)",
    "K": "distinct tokens of a sentence, by first occurrence",
    "V": "vocabulary",
    "J": "what can come next: the vocabulary, or labels of their own",
    "Q": "queries: distinct last tokens",
    "D": "embedding dimension",
    "T": "recorded steps",
    "C": "checkpoints",
    "S": "replicates of a measured quantity (the runs a verdict is about)",
}
