# SPDX-License-Identifier: Apache-2.0
# What runs inside of a container. The launcher is linked twice from the same sources: for
# containers, whose libraries it brings along, and for the system that it is installed on.
clrdir = $(plugindir)/clrhost
clrsystemdir = $(clrdir)/system
clr_PROGRAMS = libexec/clrhost/init libexec/clrhost/dotnet
clrsystem_PROGRAMS = libexec/clrhost/system/dotnet

libexec_clrhost_init_SOURCES = %D%/init.c
if STATIC_FIRST_STAGE
libexec_clrhost_init_LDFLAGS = $(AM_LDFLAGS) -all-static
else
libexec_clrhost_init_LDFLAGS = $(AM_LDFLAGS)
endif

launcher_sources = %D%/aot.c %D%/app.c %D%/clr_abi.h %D%/config.c %D%/direct.c %D%/dump.c %D%/guard.c %D%/hostfxr.c \
	%D%/image.c %D%/image.h %D%/launcher.h %D%/main.c %D%/properties.c %D%/say.c %D%/settings.c \
	%D%/versions.c %D%/versions.h
launcher_loader = -DLAUNCHER_LOADER='"/run/barrer/lib/$(CLR_INTERPRETER)"'
launcher_libraries = $(CLR_JSONC_LIBS) $(CLR_LIBS)
libexec_clrhost_dotnet_SOURCES = $(launcher_sources)
libexec_clrhost_dotnet_CPPFLAGS = $(AM_CPPFLAGS) -DLAUNCHER_IN_CONTAINER=1 $(launcher_loader)
libexec_clrhost_dotnet_LDFLAGS = $(HARD_LDFLAGS) \
	-Wl,--dynamic-linker=/run/barrer/interpreter \
	-Wl,--disable-new-dtags -Wl,-rpath,/run/barrer/lib
libexec_clrhost_dotnet_LDADD = $(launcher_libraries)
libexec_clrhost_system_dotnet_SOURCES = $(launcher_sources)
libexec_clrhost_system_dotnet_CPPFLAGS = $(AM_CPPFLAGS) -DLAUNCHER_IN_CONTAINER=0
libexec_clrhost_system_dotnet_LDFLAGS = $(HARD_LDFLAGS)
libexec_clrhost_system_dotnet_LDADD = $(launcher_libraries)

# It has no C library, which the builder's flags may be about (sanitizers, stack protectors), and no
# relocations. Without it, on other machines, there are no payloads of .NET.
clr_SCRIPTS =
if CLR_MACHINE
clr_SCRIPTS += libexec/clrhost/interpreter
endif
interpreter_flags = -std=gnu17 -O2 -Wall -Wextra -ffreestanding -fPIE -fvisibility=hidden \
	-fno-stack-protector -fno-asynchronous-unwind-tables -static-pie -nostdlib -nostartfiles \
	-Wl,--no-dynamic-linker -Wl,-z,noexecstack -Wl,-z,text -Wl,--build-id=none
libexec/clrhost/interpreter: %D%/interpreter.c %D%/launcher.h
	$(AM_V_CCLD)$(MKDIR_P) libexec/clrhost && \
	  $(CC) $(interpreter_flags) $(launcher_loader) -o $@ $(srcdir)/%D%/interpreter.c
print-interpreter-flags:
	@echo '$(interpreter_flags)'
.PHONY: print-interpreter-flags
CLEANFILES += libexec/clrhost/interpreter
EXTRA_DIST += %D%/interpreter.c
