"""What the documentation shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import studies
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.verdict.claim import Claim

ROOT = Path(__file__).parent.parent
PACKAGED = [
    folder.parent.name for folder in sorted((ROOT / "ntp_dynamics/studies").glob("*/__init__.py"))
]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_hook_of_the_documentation_works_end_to_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    a_place: Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]],
) -> None:
    """Save the module, run the command, run the script: as a reader would."""
    module, script, _ = blocks("docs/hooks.md", "python")
    assert len(module.splitlines()) < 30
    (command,) = blocks("docs/hooks.md", "sh")
    (tmp_path / "lens.py").write_text(module)
    words = command.split()
    assert words[0] == "ntp-train"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tmp_path)}
    shell = [sys.executable, "-m", "ntp_dynamics", *words[1:], "figures=none"]
    done = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "outputs/smoke").iterdir()
    entropy = ntp.load_run(record).stage("attention")["attention_entropy"]
    assert entropy.attrs["units"] == "nat"
    assert float(entropy[:, -1].max()) < float(entropy[:, 0].min())
    script = script.replace('"figures=none"]', '"figures=none"], directory="from_python"')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "lens", None)  # is forgotten afterwards
    del sys.modules["lens"]
    with a_place(tmp_path):
        exec(script, {})
    assert "attention_entropy" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_of_a_page_composes(page: Path) -> None:
    """Each `ntp-train` line, its comment aside, is a valid job (sweeps: their first values)."""
    for line in re.findall(r"^\s*ntp-train (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        words = [w for w in line.partition("  #")[0].split() if "=" in w and "DIR" not in w]
        words = [re.sub(r"=([^\[,]+),.*", r"=\1", w) for w in words]
        files = "dataset=file", "dataset=votes_file"  # which ask for one
        job = [w for w in words if "path=" not in w and w not in files]
        assert isinstance(read_config(compose_job(job)), JobConfig)


def every_claim() -> Iterator[tuple[str, Claim]]:
    """Each claim of each study of the package, and the page that should have it."""
    for name in PACKAGED:
        own = ROOT / "docs" / f"{name}.md"
        page = own.name if own.exists() else "claims.md"
        yield from ((page, claim) for claim in studies.find(name).claims)


def test_every_claim_is_documented_with_its_source() -> None:
    """One row of its page begins with the claim and names its version, source and observable."""
    for page, claim in every_claim():
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        (row,) = [
            r
            for r in text.splitlines()
            if r.startswith(f"| `{claim.id}` |") and claim.version.split(",")[0] in r.split("|")[2]
        ] or [""]
        assert row, f"{claim.id} ({claim.version}) is not in docs/{page}"
        printed = re.findall(r"\b(?:S?\d{1,2}[a-z]?)\b", claim.source)  # of theorems, equations
        assert set(printed) <= set(re.findall(r"\w+", row.split("|")[3])), claim.source
        assert f"`{claim.observable}`" in row


def test_the_corpus_of_the_readme_trains_by_its_command(a_place, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (corpus,) = re.findall(r'```\n(\{"vocab".*?)```', text, re.DOTALL)
    (command,) = re.findall(r"^ntp-train (.*dataset\.path=corpus\.jsonl.*)$", text, re.MULTILINE)
    (tmp_path / "corpus.jsonl").write_text(corpus)
    with a_place(tmp_path):
        small = ["tracking=none", "figures=none", "train.attention.steps=50"]
        record = ntp.train([*command.split(), *small], "job")
    assert record.sealed


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
