"""`python -m shared.events.contracts write|check|release`: exit 0 done, 1 found wrong, 2 misuse."""

import argparse
import sys
from pathlib import Path

from shared.events.contracts import asyncapi, schemas, table
from shared.events.registry import Registry, registry

ROOT = Path(__file__).resolve().parents[3]


def generated(reg: Registry) -> dict[Path, str]:
    """Every file that follows from models and topics, by its path in the repository."""
    return {
        **schemas.current(reg),
        Path("docs/asyncapi.yaml"): asyncapi.document(reg),
        Path("docs/events.md"): table.page(reg),
    }


def outdated(root: Path, reg: Registry) -> list[Path]:
    """Generated files that are missing, differ, or belong to no type any more."""
    files = generated(reg)
    wrong = [path for path, text in files.items() if not (root / path).exists() or _read(root / path) != text]
    present = {path.relative_to(root) for path in (root / schemas.SCHEMAS).glob("*.json")}
    return sorted([*wrong, *(present - files.keys())])


def write(root: Path, reg: Registry) -> None:
    """Bring the generated files up to date."""
    files = generated(reg)
    for path in outdated(root, reg):
        if path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], "utf-8")
        else:
            (root / path).unlink()


def check(root: Path, reg: Registry) -> list[str]:
    """What is wrong, a line for each."""
    stale = [f"{path}: not up to date, run `make docs`" for path in outdated(root, reg)]
    return stale + schemas.broken_promises(root, reg)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run one verb; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m shared.events.contracts", description=__doc__)
    parser.add_argument("verb", choices=("write", "check", "release"))
    verb = parser.parse_args(arguments).verb
    if verb == "check":
        wrong = check(root, registry())
        sys.stderr.writelines(f"{line}\n" for line in wrong)
        return 1 if wrong else 0
    write(root, registry())
    if verb == "release":
        return _release(root)
    return 0


def _release(root: Path) -> int:
    try:
        added = schemas.release(root, registry())
    except ValueError as broken:
        sys.stderr.write(f"{broken}\n")
        return 1
    sys.stdout.writelines(f"{path}\n" for path in added)
    return 0


def _read(path: Path) -> str:
    return path.read_text("utf-8")


if __name__ == "__main__":
    sys.exit(main())
