"""What pages show of this study alone."""

VIEWS = ()
