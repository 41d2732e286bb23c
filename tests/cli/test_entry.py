from __future__ import annotations

import sys
from types import ModuleType

import pytest

from recon.cli.entry import run


def test_an_interruption_while_modules_load_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "recon.cli.main", Interrupted("recon.cli.main"))
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 130
