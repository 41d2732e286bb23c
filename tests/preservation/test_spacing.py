from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import InvalidRequest
from recon.preservation.spacing import require_same

ONE, OTHER = Path("one.nii"), Path("other.nii")


def test_a_hundredth_is_what_headers_round_and_more_is_another_size() -> None:
    require_same(ONE, (0.7, 3.0), OTHER, (0.706, 3.0), "do another thing")
    with pytest.raises(InvalidRequest) as refused:
        require_same(ONE, (0.7, 3.0), OTHER, (0.7, 3.1), "do another thing")
    assert str(refused.value) == "other.nii has voxels of 0.7 x 3.1 mm, one.nii of 0.7 x 3 mm; do another thing"
