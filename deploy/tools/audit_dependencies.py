"""`make audit`: whether a locked dependency has a published vulnerability. Needs the network.

Exit 0: every locked version was looked up and none is known to be vulnerable. 1: some are. 2: the advisories could not
be had, for all or for some, so that nothing is proved; AUDIT_OFFLINE=ok turns that, and only that, into a warning.
pip-audit by itself calls a package that an index does not know "skipped" and ends with 0.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLEAN, VULNERABLE, UNCHECKED = 0, 1, 2
TIMEOUT_S = 300


@dataclass(frozen=True)
class Verdict:
    """What to say, and the exit code."""

    code: int
    text: str


def judge(report: Mapping[str, Any] | None, *, offline_ok: bool) -> Verdict:
    """The verdict on pip-audit's report; None where it made none."""
    found = report["dependencies"] if report else []
    wrong = [f"{each['name']} {each['version']}: {_ids(each)}" for each in found if each.get("vulns")]
    if wrong:
        return Verdict(VULNERABLE, "vulnerable:\n" + "\n".join(wrong))
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if found and not skipped:
        return Verdict(CLEAN, f"{len(found)} locked packages, no advisory")
    missing = f"no advisories for {len(skipped)} of {len(found)} packages" if found else "no advisory database answered"
    return Verdict(CLEAN if offline_ok else UNCHECKED, f"NOT CHECKED: {missing}")


def _ids(dependency: Mapping[str, Any]) -> str:
    return ", ".join(each["id"] for each in dependency["vulns"])


def audit(lock: str) -> Mapping[str, Any] | None:
    """pip-audit's report on a hashed lock, or None where it could not make one."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run(
        [*command, "--format", "json", "-r", lock], capture_output=True, timeout=TIMEOUT_S, check=False
    )
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        print(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2], file=sys.stderr)
        return None
    return report


def main() -> int:
    """Audit the lock that everything is installed from."""
    verdict = judge(audit("requirements/dev.txt"), offline_ok=os.environ.get("AUDIT_OFFLINE") == "ok")
    print(verdict.text)
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
