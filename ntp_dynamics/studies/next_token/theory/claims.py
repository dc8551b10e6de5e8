"""Every claim of the study, in the order of its sources."""

from __future__ import annotations

from ntp_dynamics.studies.next_token.theory import asymptotics, huang2024

CLAIMS = [*huang2024.CLAIMS, *asymptotics.CLAIMS]
