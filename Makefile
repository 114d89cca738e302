# make demo          build Ferry and run examples/quickstart.yaml
# make test          all tests, against real servers
# make coverage      all tests, and which lines of the product they ran
# make bench         the benchmarks, full size
# make format        the house's layout of Swift code
# make test-mysql    the database tests against a MySQL 9 from Debian sid (root only)
# make test-docker   the database tests against the containers of docker-compose.test.yml
# make fuzz          the readers against random bytes, SECONDS_EACH (60) each; faults become files of fixtures/fuzz
#
# SWIFT=…            another swift
# ROWS=10000000      rows of the demo
# FILTER=…           only the tests whose names match

SWIFT ?= swift
ROWS ?= 100000
SECONDS_EACH ?= 60
FERRY = .build/release/ferry
SERVERS = SWIFT=$(SWIFT) Tests/Testing/servers.sh Tests/Testing/run.sh

.PHONY: demo release test test-mysql test-docker coverage bench format fuzz

demo: release
	@mkdir -p .demo
	@LC_ALL=C awk -v rows=$(ROWS) -v folder=.demo -f examples/orders.awk
	@$(FERRY) run examples/quickstart.yaml -i database=.demo/quickstart.db \
	  -i "orders=file://$(CURDIR)/.demo/orders.csv" -i "customers=file://$(CURDIR)/.demo/customers.csv"

release:
	@Tests/Testing/setup.sh build
	@$(SWIFT) build -c release --static-swift-stdlib --product ferry

test:
	@Tests/Testing/setup.sh test
	@$(SWIFT) build --build-tests
	@$(SERVERS) '$(FILTER)'

test-mysql:
	@Tests/Testing/setup.sh mysql
	@$(SWIFT) build --build-tests
	@FERRY_TEST_SERVERS=mysql $(SERVERS) MySQL

test-docker:
	@Tests/Testing/setup.sh test
	@$(SWIFT) build --build-tests
	@SWIFT=$(SWIFT) Tests/Testing/containers.sh Tests/Testing/run.sh '$(FILTER)'

coverage:
	@Tests/Testing/setup.sh test
	@$(SWIFT) build --build-tests --enable-code-coverage --scratch-path .build/coverage
	@SWIFT=$(SWIFT) Tests/Testing/servers.sh Tests/Testing/coverage.sh .build/coverage

bench: release
	@Tests/Testing/setup.sh test
	@FERRY=$(CURDIR)/$(FERRY) SWIFT=$(SWIFT) FERRY_TEST_SERVERS="postgresql mariadb sqlserver" \
	  FERRY_TEST_SQLSERVER_RAW=1 Tests/Testing/servers.sh Benchmarks/run.sh

format:
	@$(SWIFT) format -i -r Core Plugins Tests Benchmarks Package.swift

fuzz:
	@Tests/Testing/setup.sh test
	@Tests/Testing/fuzz.sh $(SECONDS_EACH)
