"""A record draws what was judged: every law of the study, without its constants."""

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.draw.curves import curves
from ntp_dynamics.observe.readings import log_observed, observed_steps
from ntp_dynamics.record.written import claim_key, write_down
from ntp_dynamics.studies.next_token.theory.claims import OF_EVERY_JOB


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    overrides = ["experiment=smoke", "tracking=none", "figures=none"]
    return ntp.load_run(ntp.train(overrides, tmp_path_factory.mktemp("job") / "a").path)


def test_the_laws_of_a_record_are_those_of_its_constants_to_the_bit(record):
    tree, runs = record.trajectory, record.config.runs
    assert [law.key for law in record.laws] == [claim_key(c.id, c.version) for c in OF_EVERY_JOB]
    count = 0
    for claim, read in zip(OF_EVERY_JOB, record.laws, strict=True):
        t = observed_steps(tree, claim.stage, claim.observable).astype(float)
        log_y = log_observed(tree, claim.stage, claim.observable)
        made = write_down(claim, record.constants, t, runs)
        one, other = (list(curves(law, t, log_y)) for law in (made, read))
        assert [(c.label, c.kind) for c in one] == [(c.label, c.kind) for c in other]
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.log_y, b.log_y)
        count += len(one)
    assert count > 10


def test_laws_without_a_closed_form_are_part_of_the_sealed_record(record):
    assert any(law.curves for law in record.laws)
    path = record.path / "laws.nc"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ntp.UserError, match="it is not the file that was recorded"):
        ntp.load_run(record.path)
