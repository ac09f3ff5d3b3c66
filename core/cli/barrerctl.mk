# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bin/barrerctl
bin_barrerctl_SOURCES = core/cli/barrerctl.c core/cli/barrerctl.h core/cli/barrerctl_chart.c \
	core/cli/barrerctl_enable.c core/boot/machine.h core/config/composition.h core/config/name.c \
	$(boot_message_sources) $(base_sources)
bin_barrerctl_LDFLAGS = $(PROGRAM_FLAGS)
bin_barrerctl_LDADD = $(JSONC_LIBS)
if LINKED_PROGRAM
pkglibexec_PROGRAMS += bin/barrerctl-static
bin_barrerctl_static_SOURCES = $(bin_barrerctl_SOURCES)
bin_barrerctl_static_LDFLAGS = $(AM_LDFLAGS) -all-static
bin_barrerctl_static_LDADD = $(JSONC_LIBS)
endif
