# SPDX-License-Identifier: Apache-2.0
# The C# programs. They take minutes and the packages of a native compiler, so "make" leaves them out
# unless configure was told --enable-managed; "make managed" builds them at any time.
# Not the folder as a whole: that is the name of the target, which dist would build.
EXTRA_DIST += managed/build.sh managed/Directory.Build.props managed/DevMgr managed/Init managed/Linux managed/Log \
	managed/Net managed/Programs managed/tests
managed: $(srcdir)/managed/build.sh
	$(AM_V_GEN)$(srcdir)/managed/build.sh '$(abs_builddir)/dotnet'
.PHONY: managed
if MANAGED
manageddir = $(libdir)/barrer/dotnet
dotnet/aot/barrerd: $(srcdir)/managed/build.sh
	$(AM_V_GEN)$(srcdir)/managed/build.sh '$(abs_builddir)/dotnet'
all-local: dotnet/aot/barrerd
install-data-local: dotnet/aot/barrerd
	for i in aot trimmed one framework; do \
	  $(MKDIR_P) '$(DESTDIR)$(manageddir)'/$$i && \
	  cp -R dotnet/$$i/. '$(DESTDIR)$(manageddir)'/$$i || exit 1; \
	done
uninstall-local:
	rm -rf '$(DESTDIR)$(manageddir)'
endif
clean-local:
	rm -rf dotnet
