from ntp_dynamics.api import train as train
from ntp_dynamics.judging.door import judge_curve as judge_curve
from ntp_dynamics.observe.observable import observable as observable
from ntp_dynamics.record.record import Record as Record
from ntp_dynamics.record.record import load_run as load_run
from ntp_dynamics.record.table import load_sweep as load_sweep
from ntp_dynamics.studies.doors import watch as watch
from ntp_dynamics.studies.public import Corpus as Corpus
from ntp_dynamics.studies.public import check as check
from ntp_dynamics.system.errors import UserError as UserError
from ntp_dynamics.system.errors import UserErrors as UserErrors
from ntp_dynamics.verdict.claim import Claim as Claim
from ntp_dynamics.verdict.judge import judge as judge
from ntp_dynamics.verdict.law import Law as Law

__version__: str
