"""Corpora: reading and writing, generating, recognising; embeddings."""
