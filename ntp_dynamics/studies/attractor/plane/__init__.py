"""The network on a torus: its own problem, dynamics, observables and claims."""
