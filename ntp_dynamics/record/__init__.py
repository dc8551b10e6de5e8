"""What a job leaves behind: written, sealed, read."""
