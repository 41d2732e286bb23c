from __future__ import annotations

import numpy as np

from recon.io.preview import grey, tile_row


def test_every_line_of_a_title_is_drawn_above_the_pictures() -> None:
    tile = ("nothing", grey(np.zeros((64, 64), np.float32), 0, 1))
    one, two = (tile_row([tile] * 2, title) for title in ("first", "first\nsecond"))
    added = two.size[1] - one.size[1]
    assert added > 20
    second = np.asarray(two)[added : 2 * added - 4]
    assert second.max() > 200
    np.testing.assert_array_equal(np.asarray(two)[2 * added :], np.asarray(one)[added:])
