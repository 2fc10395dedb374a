# Everything a newcomer, a contributor and CI call. `make demo` and `make test` are all the set-up there is.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench sanitize clean

demo: .venv/installed
	$(BIN)/oncohort demo --out demo-run

test: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto

check: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto tests/unit tests/golden tests/architecture src

bench: .venv/tested
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/kernels.py --write

# The compiled kernel and its tests under the sanitizers of gcc.
sanitize: .venv/tested
	rm -rf build/sanitize && mkdir -p build/sanitize && cp -r src/oncohort build/sanitize/
	rm -f build/sanitize/oncohort/stats/*.so
	gcc -std=gnu11 -O1 -g -Wno-psabi -fsanitize=address,undefined -fno-sanitize-recover=all -fPIC -shared \
		-I$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('include'))") \
		kernel/*.c -lm -o build/sanitize/oncohort/stats/_compiled.abi3.so
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
		PYTHONPATH=build/sanitize $(BIN)/pytest -p no:cacheprovider tests/unit/test_kernel_*.py \
		tests/unit/test_stepwise_resamples.py tests/unit/test_cox*.py tests/golden/test_cox_against_r.py

.venv/installed: pyproject.toml setup.py $(wildcard kernel/*)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q src  # pip compiles what it copies; an editable install would compile in the first run
	@touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

clean:
	rm -rf .venv demo-run .pytest_cache .ruff_cache .import_linter_cache .hypothesis
