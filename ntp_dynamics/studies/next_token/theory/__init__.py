"""What is true of a corpus before anything is trained: exact targets, assumptions, predictions."""
