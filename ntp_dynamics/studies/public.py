"""Names of studies that the package offers as its own."""

from ntp_dynamics.studies.next_token.data.corpus import Corpus as Corpus
from ntp_dynamics.studies.next_token.theory.assumptions import check as check
