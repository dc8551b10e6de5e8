"""Everything the study claims, question by question."""

from ntp_dynamics.studies.knowledge_gradient.claims.best_arm import BEST_ARM
from ntp_dynamics.studies.knowledge_gradient.claims.sets import SETS

CLAIMS = [*BEST_ARM, *SETS]
