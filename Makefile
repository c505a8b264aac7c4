# Every target is one line over `python -m lessons`, which works on systems without make too.
# What stands behind the command goes on to it: make test STAGE=4 V=1

PYTHON := $(firstword $(wildcard .venv/bin/python .venv/Scripts/python.exe) python3)

COMMANDS := run redis test watch tab wire notebooks start next show work drill update hint answer doctor setup stages check write pictures book bench lock

.DEFAULT_GOAL := help
.PHONY: help tests $(COMMANDS)

help:
	@$(PYTHON) -m lessons help

tests: test  # there is a folder of that name, and make would say that nothing is to be done

$(COMMANDS):
	@$(PYTHON) -m lessons $@ $(MAKEOVERRIDES)
