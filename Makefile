# make            build everything: artifacts/bin/pyco-run, artifacts/lib/libpyco.so
# make demo       three unmodified programs, three addresses, one virtual Ethernet
# make test       format check, all tests; the last line tells the count
# make bench      measure beside kernel hosts (as root): on veth pairs, and with TAPs on a stock switch
# make install    PREFIX=/usr/local DESTDIR=
# make RID=linux-arm64    for another machine: needs gcc-aarch64-linux-gnu

PREFIX ?= /usr/local
DESTDIR ?=
HOST_RID := $(if $(filter aarch64,$(shell uname -m)),linux-arm64,linux-x64)
RID ?= $(HOST_RID)
# What is built for another machine must not take the place of what runs here.
OUT := artifacts$(if $(filter-out $(HOST_RID),$(RID)),/$(RID))
NAMES := pyco-run pyco-net pyco-wrapper pyco-vde-setup

ifneq ($(RID),$(HOST_RID))
ifeq ($(RID),linux-arm64)
CROSS := -p:CppCompilerAndLinker=aarch64-linux-gnu-gcc -p:ObjCopyName=aarch64-linux-gnu-objcopy
CROSS_TOOLS := arm64
endif
endif

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

BUILD_RULES := Directory.Build.props Directory.Build.targets Directory.Packages.props global.json .editorconfig
CLI_SOURCES := $(shell find cli network host vde posix stack -name '*.cs' -o -name '*.c' -o -name '*.csproj' | grep -v /obj/)
SHIM_SOURCES := $(shell find shim native host/Protocol -type f 2>/dev/null | grep -vE '/(obj|bin)/') stack/Errno.cs posix/Constants.cs posix/OptionNumbers.cs

.PHONY: all setup build programs test check format demo bench install uninstall clean
all: programs build

setup:
	@scripts/setup build $(CROSS_TOOLS)

build: | setup
	dotnet build PycoShim.sln -c Release -v quiet

programs: $(OUT)/bin/pyco $(OUT)/lib/libpyco.so

$(OUT)/bin/pyco: $(CLI_SOURCES) $(BUILD_RULES) | setup
	dotnet publish cli -c Release -r $(RID) $(CROSS) -v quiet -o $(OUT)/publish/cli
	install -D -m 755 $(OUT)/publish/cli/pyco $@
	for name in $(NAMES); do ln -sf pyco $(OUT)/bin/$$name; done

$(OUT)/lib/libpyco.so: $(SHIM_SOURCES) $(BUILD_RULES) | setup
	dotnet publish shim -c Release -r $(RID) $(CROSS) -v quiet -o $(OUT)/publish/shim
	install -D -m 755 $(OUT)/publish/shim/libpyco.so $@

# Tests run with the assertions of a Debug build; the programs they start are the released ones.
test:
	scripts/setup build test
	$(MAKE) --no-print-directory programs
	dotnet build PycoShim.sln -c Debug -v quiet
	@scripts/test

check: | setup
	dotnet format PycoShim.sln --verify-no-changes
	dotnet build PycoShim.sln -c Debug -v quiet
	scripts/test test/Tidy

format:
	dotnet format PycoShim.sln

demo:
	scripts/setup build demo
	$(MAKE) --no-print-directory programs
	scripts/demo

bench:
	scripts/setup build bench
	$(MAKE) --no-print-directory programs
	scripts/bench $(BENCH_OPTIONS)

install: programs
	install -D -m 755 $(OUT)/bin/pyco $(DESTDIR)$(PREFIX)/bin/pyco
	for name in $(NAMES); do ln -sf pyco $(DESTDIR)$(PREFIX)/bin/$$name; done
	install -D -m 755 $(OUT)/lib/libpyco.so $(DESTDIR)$(PREFIX)/lib/libpyco.so
	for page in docs/man/*.1; do \
	  [ ! -e "$$page" ] || install -D -m 644 "$$page" $(DESTDIR)$(PREFIX)/share/man/man1/$$(basename "$$page"); done
	[ ! -e native/pyco.h ] || install -D -m 644 native/pyco.h $(DESTDIR)$(PREFIX)/include/pyco.h

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/pyco $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(NAMES))
	rm -f $(DESTDIR)$(PREFIX)/lib/libpyco.so $(DESTDIR)$(PREFIX)/include/pyco.h
	for page in docs/man/*.1; do rm -f $(DESTDIR)$(PREFIX)/share/man/man1/$$(basename "$$page"); done

clean:
	rm -rf artifacts
	find . -type d \( -name bin -o -name obj -o -name TestResults \) -not -path './.git/*' -prune -exec rm -rf {} +
