"""The golden values of Cox regression and of stepwise selection once more, with the NumPy kernel."""

import pytest
from test_cox_against_r import *  # noqa: F403
from test_stepwise_against_spss_rules import *  # noqa: F403

from oncohort.stats import kernel

pytestmark = pytest.mark.skipif(
    len(kernel.KERNELS) == 1, reason="there is no compiled kernel: NumPy's is the usual one"
)


@pytest.fixture(autouse=True)
def _numpy_kernel():
    with kernel.use("numpy"):
        yield
