"""Do two commits leave the same record bytes?  `make same BASE=REV`."""
