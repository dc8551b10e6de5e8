"""eta_c, the step size at which the sharp laws end: by hand, by matrices, and by trajectories."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config import ChainDataset, PrefixClosedDataset, RealizableDataset
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.realizable import recognise
from ntp_dynamics.theory.max_margin import AttentionTarget, attention_target
from ntp_dynamics.theory.step_size import threshold
