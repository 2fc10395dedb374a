"""``python -m oncohort``."""

from oncohort.cli.main import main

main()
