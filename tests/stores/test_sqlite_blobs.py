"""A file's name is durable only with those of all directories above it, whoever made them (STORE rule 15)."""

from __future__ import annotations

from pathlib import Path

from imapkit.stores.sqlite.blobs import Blobs
from imapkit.stores.sqlite.disk import Disk
from imapkit.wire.frame import HeldLiteral


class NotingDisk(Disk):
    """Notes which directories were synced."""

    def __init__(self) -> None:
        self.synced: list[Path] = []

    def sync_directory(self, path: Path) -> None:
        self.synced.append(path)
        super().sync_directory(path)


def test_a_directory_that_another_made_is_synced_once(tmp_path: Path) -> None:
    disk = NotingDisk()
    place = tmp_path / "blobs"
    place.mkdir()
    content = HeldLiteral(b"x" * 100_000)
    name = Blobs(place, Disk()).keep(content)
    blobs = Blobs(place, disk)
    assert blobs.keep(content) == name
    assert disk.synced == [place, place / name[:2]], "its maker may have been stopped before it was durable"
    assert blobs.keep(content) == name
    assert disk.synced[2:] == [place / name[:2]]
    assert blobs.read(name, 0, 200_000) == b"x" * 100_000
