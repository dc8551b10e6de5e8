"""How a claim is judged: laws, bounds, rates, verdicts."""
