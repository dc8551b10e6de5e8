"""Functions of studies that the package offers as its own; apart from `public`, whose names load no
tensors."""

from ntp_dynamics.studies.watch.door import watch as watch
