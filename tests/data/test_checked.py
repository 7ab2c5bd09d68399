"""A cache that was changed anywhere is refused when the changed rows are read, and not before."""

import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data.checked import BLOCK
from latentassay.data.rendered import cache_store

X = np.random.default_rng(0).integers(0, 256, (1000, 5000), dtype=np.uint8)


@pytest.mark.parametrize("row", [0, 501, 999])
@pytest.mark.parametrize("change", [b"\0" * 400, b"?"])
def test_any_changed_byte_is_found_at_its_first_use(tmp_path, row, change):
    path = tmp_path / "x.npy"
    np.testing.assert_array_equal(cache_store(X, path)[[3, 0, 3]], X[[3, 0, 3]])
    place = path.stat().st_size - X.nbytes + row * 5000 + 17
    with path.open("r+b") as stream:
        stream.seek(place)
        before = stream.read(len(change))
        stream.seek(place)
        stream.write(bytes(byte ^ 1 for byte in before))
    with pytest.raises(FileError, match=r"was changed or is damaged|holds other images"):
        cache_store(X, path)[np.array([row])]
    far = [each for each in range(1000) if abs(each - row) * 5000 > BLOCK + 5000]
    if row == 501:  # rows that are probed at once lie elsewhere
        np.testing.assert_array_equal(cache_store(X, path)[far[:5]], X[far[:5]])
