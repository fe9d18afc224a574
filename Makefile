# What people type. Each line's reasons are in the script that it calls.
SHELL := /bin/bash
BUILD := swift build -c release -Xswiftc -enable-testing

.PHONY: help demo build test bench soak consensus-seeds lint s3-tests clean

help:
	@echo 'make demo       build, start a whole network here, store a sample object, show it all'
	@echo 'make build      build everything, tests included (release)'
	@echo 'make test       all tests, with real clients and a browser; prints the time of each suite'
	@echo 'make lint       formatting, and the tidy test (imports, purity, documentation)'
	@echo 'make bench      speed, as ratios against floors measured in the same run; only=put,get picks'
	@echo 'make soak       longer fuzzing and the killer, for an hour or SOAK_SECONDS=n'
	@echo 'make consensus-seeds   a thousand seeded runs of four ledgers, or SEEDS=n'
	@echo 'make s3-tests CHECKOUT=DIR   ceph/s3-tests, from a checkout that you have'
	@echo 'make clean      remove what was built and what the tests left'

demo:
	@scripts/system-packages.sh demo
	@echo '── building (the first time takes some minutes; later ones seconds)'
	@$(BUILD) --product trellis
	@.build/release/trellis up --sample $(ARGS)

build:
	@scripts/system-packages.sh demo
	@$(BUILD) --build-tests

test:
	@scripts/system-packages.sh test
	@$(BUILD) --build-tests
	@scripts/test.sh $(FILTER)

bench:
	@scripts/system-packages.sh test
	@scripts/bench.sh $(ARGS) $(if $(only),only=$(only)) $(if $(medium),medium=$(medium))

soak:
	@scripts/system-packages.sh test
	@$(BUILD) --build-tests
	@TRELLIS_SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) scripts/test.sh

consensus-seeds:
	@scripts/system-packages.sh test
	@$(BUILD) --build-tests
	@TRELLIS_CONSENSUS_SEEDS=$(or $(SEEDS),1000) swift test -c release -Xswiftc -enable-testing \
	  --skip-build --disable-xctest --filter '^ABCITests\.ConsensusSimulationTests'

lint:
	@scripts/lint.sh

s3-tests:
	@test -n '$(CHECKOUT)' || { echo 'say where ceph/s3-tests is: make s3-tests CHECKOUT=DIR'; exit 2; }
	@scripts/system-packages.sh test
	@$(BUILD) --product trellis
	@scripts/s3-tests.sh '$(CHECKOUT)'

clean:
	rm -rf .build .trellis
