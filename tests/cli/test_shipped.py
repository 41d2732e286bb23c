from __future__ import annotations

from recon.cli.demonstrating import ct, mr
from recon.cli.shipped import shipped


def test_what_the_wheel_has_is_described_and_what_it_has_not_is_said() -> None:
    said: list[str] = []
    assert shipped("no_such_scan.dcm", said.append) is None
    assert said == ["no_such_scan.dcm does not ship with this pydicom; left out"]


def test_every_scan_of_the_demo_ships() -> None:
    for name in (*ct.FILES, mr.FILE):
        said: list[str] = []
        path = shipped(name, said.append)
        assert path is not None
        assert path.name == name
        assert said[0].startswith(f"input {name}: ")
