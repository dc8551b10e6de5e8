"""Sweeps and jobs that are killed, starved, cut off and crowded: do they survive?"""
