# SPDX-License-Identifier: Apache-2.0
# The only one that is linked with libsystemd; not among plugins that are linked in, where every
# start of the program would pay for that.
if SYSTEMD
PLUGINS += %D%/systemd.la
%C%_systemd_la_SOURCES = %D%/systemd.c %D%/bus.c %D%/bus.h %D%/properties.c %D%/properties.h \
	%D%/unit.c %D%/unit.h
%C%_systemd_la_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_systemd_la_LIBADD = plugins/cgroup/libcgroup.la plugins/cgroup1/libcgroup1.la $(SYSTEMD_LIBS)
%C%_systemd_la_LDFLAGS = $(PLUGIN_LDFLAGS)
endif
