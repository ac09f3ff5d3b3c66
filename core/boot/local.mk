# SPDX-License-Identifier: Apache-2.0
# barrer-init and what it shares with barrerctl (the messages) and barrer-config (the table).
dist_man_MANS += man/barrer-init.8 man/barrerctl.1 man/barrer-boot.conf.5
EXTRA_DIST += docs/boot-protocol.md

boot_table_sources = %D%/machine.h %D%/needs.c %D%/needs.h %D%/table.c %D%/table.h %D%/words.c %D%/words.h
boot_message_sources = %D%/message.c %D%/message.h

boot_sources = %D%/main.c %D%/boot.c %D%/boot.h %D%/cmdline.c %D%/cmdline.h %D%/control.c %D%/control.h %D%/disks.c %D%/disks.h \
	%D%/faults.c %D%/faults.h %D%/group.c %D%/group.h %D%/launch.c %D%/launch.h %D%/mounts.c %D%/mounts.h \
	%D%/output.c %D%/output.h %D%/machine.c %D%/reader.c %D%/reader.h %D%/rescue.c %D%/rescue.h %D%/rootfs.c %D%/rootfs.h \
	%D%/shutdown.c %D%/shutdown.h %D%/signals.c %D%/signals.h \
	%D%/service_process.c %D%/service_process.h %D%/service_spec.c %D%/service_spec.h %D%/spawner.c %D%/spawner.h %D%/supervisor.c \
	%D%/supervisor.h %D%/tune.c %D%/tune.h $(boot_table_sources) $(boot_message_sources) \
	$(base_sources) $(oci_sources) $(config_sources) $(plugin_sources) $(flow_sources)

sbin_PROGRAMS = sbin/barrer-init
sbin_barrer_init_SOURCES = $(boot_sources) $(plugin_file_sources)
sbin_barrer_init_LDFLAGS = $(PROGRAM_FLAGS) $(BUILTIN_FLAGS)
sbin_barrer_init_LDADD = $(INIH_LIBS) $(JSONC_LIBS) $(LTDL_LIBS)
EXTRA_sbin_barrer_init_DEPENDENCIES = $(BUILTIN_MODULES)

# For images: static, with the shipped plugins linked in.
if LINKED_PROGRAM
pkglibexec_PROGRAMS += sbin/barrer-init-static
sbin_barrer_init_static_SOURCES = $(boot_sources) $(plugin_sealed_sources)
nodist_sbin_barrer_init_static_SOURCES = core/plugin/linked.c
sbin_barrer_init_static_LDFLAGS = $(AM_LDFLAGS) -all-static
sbin_barrer_init_static_LDADD = plugins/liblinked.la $(INIH_LIBS) $(JSONC_LIBS) $(SECCOMP_LIBS) -lcap
endif
