"""Everything the study claims of the network on a ring; `plane.claims` are those on a torus."""

from ntp_dynamics.studies.attractor.claims.bump import BUMP
from ntp_dynamics.studies.attractor.claims.motion import MOTION
from ntp_dynamics.studies.attractor.claims.randomness import RANDOM

CLAIMS = [*BUMP, *MOTION, *RANDOM]
