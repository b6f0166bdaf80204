"""A download is complete or absent, and made once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from deploy.local.cache import cache_home, cached_folder


def put_a_file(target: Path) -> None:
    (target / "a.jar").write_text("x")


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    fillings: list[Path] = []

    def fill(target: Path) -> None:
        fillings.append(target)
        put_a_file(target)

    first, second = (cached_folder("kafka-1", fill, tmp_path) for _ in range(2))
    assert first == second == tmp_path / "kafka-1"
    assert (first / "a.jar").read_text() == "x"
    assert len(fillings) == 1


def test_an_interrupted_download_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def broken(target: Path) -> None:
        put_a_file(target)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder("kafka-1", broken, tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    assert (cached_folder("kafka-1", put_a_file, tmp_path) / "a.jar").exists()


def test_two_downloads_at_once_are_one(tmp_path: Path) -> None:
    fillings: list[Path] = []
    together = Barrier(4)

    def fill(target: Path) -> None:
        fillings.append(target)
        put_a_file(target)

    def ask() -> Path:
        together.wait()
        return cached_folder("kafka-1", fill, tmp_path)

    with ThreadPoolExecutor(4) as threads:
        folders = [asked.result() for asked in [threads.submit(ask) for _ in range(4)]]
    assert set(folders) == {tmp_path / "kafka-1"}
    assert len(fillings) == 1


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_home() == tmp_path / "pulang"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_home() == Path.home() / ".cache" / "pulang"
