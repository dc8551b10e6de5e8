"""Compiled: counter-based draws, special functions, indices, policies and the loop over pulls."""
