"""Everything the study claims.

All claims are derived here and verified against golden results, but for what a source says
otherwise.  The theorems of Chen et al. (2023) and of Fang et al. themselves are reported, not read,
and are judged nowhere.
"""

from __future__ import annotations

from ntp_dynamics.studies.federated.claims.computed import COMPUTED
from ntp_dynamics.studies.federated.claims.copies import COPIED
from ntp_dynamics.studies.federated.claims.training import TRAINING

CLAIMS = [*TRAINING, *COPIED, *COMPUTED]
NAMES = {claim.id for claim in CLAIMS}
