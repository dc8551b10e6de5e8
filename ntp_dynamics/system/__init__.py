"""What the lab asks of the machine, and how it speaks to its user."""
