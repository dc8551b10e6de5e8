"""Update rules and the training loop that yields states."""
