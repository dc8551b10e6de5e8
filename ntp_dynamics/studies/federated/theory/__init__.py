"""What is known of federated zeroth-order optimisation without running it."""
