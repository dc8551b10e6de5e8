"""Everything the study claims: theorems of arXiv 2511.22069, and what was derived beside them."""

from ntp_dynamics.studies.score_matching.claims.ball import BALL
from ntp_dynamics.studies.score_matching.claims.clump import CLUMP
from ntp_dynamics.studies.score_matching.claims.far import FAR
from ntp_dynamics.studies.score_matching.claims.random import RANDOM

CLAIMS = [*BALL, *CLUMP, *RANDOM, *FAR]
