"""The largest realizable part of a corpus: what is kept, and why each other sample is not."""
