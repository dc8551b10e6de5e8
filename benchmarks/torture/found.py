"""The faults that these experiments found, and what became of each."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """A fault: the row that found it, what it was, and how it was mended."""

    row: str
    what: str
    mended: str


FOUND = (
    Found(
        "R2, R3",
        "A job on its own that was killed between its first status and its configuration could not "
        "be gone on with: `config.yaml` was missing, and `ntp-resume` said the record was damaged.",
        "It goes on by its overrides, if they give the identity that the status names.",
    ),
    Found(
        "R3",
        "After a power cut a job on its own could say `done` and lack a file; `ntp-resume` refused "
        "it, while a sweep would have done it again.",
        "What is not as its manifest has it is done again, in a job as in a sweep.",
    ),
    Found(
        "R3",
        "The rename that puts `plan.json` in its place could be lost while jobs of the sweep were "
        "kept: the command then refused the folder as one that holds records.",
        "The folder is flushed after the plan is written, before any job begins.",
    ),
    Found(
        "R7",
        "HDF5 keeps a file open that it could not write: its room was not given back until the "
        "process ended (110 kB of a disk of 131 kB), and the status, which then had no room, "
        "stayed at `running`.",
        "The file is cut to nothing before it is removed; the status says `failed`.",
    ),
    Found(
        "R7",
        "A full disk was told as `netcdf: hdf error`, without bytes.",
        "The system is asked itself; the line names the path, what was to be written and what is "
        "free.",
    ),
    Found(
        "R7",
        "A record was announced at its bare numbers: 10 kB where it took 298 kB, 304 kB for "
        "637 kB; small disks were not refused beforehand.",
        "Frames of variables, verdicts and laws are counted: 1.04 to 1.44 times what five smoke "
        "jobs take.",
    ),
    Found(
        "R7",
        "A line of the log that a full disk did not take was told as a file that something else "
        "had changed; `laws.nc` on a disk with 80 kB left as `netcdf: hdf error`.",
        "The log says itself that it is not whole; a disk with less than a megabyte to spare "
        "counts as full where HDF5 gives no reason.",
    ),
    Found(
        "R9",
        "Unsealed records: 47 of 380 damaged ones opened with wrong numbers, and one flipped bit "
        "made HDF5 go round for ever.",
        "The status vouches for every file until there is a manifest; trajectories are parsed in a "
        "process of their own.",
    ),
    Found(
        "R8",
        "A sweep into a folder whose name is too long ended in a traceback; so did a job in one "
        "whose name is not UTF-8, after it was trained.",
        "Both are one line, before any compute.",
    ),
    Found(
        "R8",
        "A sweep into a folder named `${seed}` ended in a traceback.",
        "Hydra is handed the name so that it reads it as it stands.",
    ),
    Found(
        "R10",
        "A path length, a growth or a position that was made nan was recorded as nan to the end, "
        "and nothing said so; a start of nan or 1e308 ended score matching's flow in a traceback.",
        "A scalar of the study that becomes nan is a note of the record, with its first step; what "
        "the flow's solver refuses is `non-finite at step ...`.",
    ),
    Found(
        "R10",
        "A unit of Adam's memory that was made nan froze the matrix, a position that became nan was"
        " recorded so, and nothing said it; measures of what had overflowed printed numpy's "
        "warnings beside the one line.",
        "A rule whose memory is no number is `non-finite at step ...`; arrays of a study are "
        "looked at as its scalars are; the record tells what is no number, and warnings do not.",
    ),
    Found(
        "W1",
        "A server that refuses, keeps silent or answers 500 cost 5.2 to 5.7 s beyond an offline "
        "mirror.",
        "A server is waited for 4 s.",
    ),
    Found(
        "R1",
        "`hooks=light` in a sweep ended in a traceback (`is refused and not refused`).",
        "A preset of hooks can be swept.",
    ),
)
