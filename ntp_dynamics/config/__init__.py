"""The lab's part of a job's configuration: what every study shares, read, checked and stored."""
