"""One job, from configuration to verdict."""
