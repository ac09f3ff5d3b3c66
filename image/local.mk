# SPDX-License-Identifier: Apache-2.0
# barrer-image is Python: it needs nothing that is built, but knows where that is.
bin_SCRIPTS += bin/barrer-image
CLEANFILES += bin/barrer-image
EXTRA_DIST += %D%/barrer-image.in
imagedatadir = $(pkgdatadir)/image
# What every image comes with.
dist_doc_DATA = LICENSE NOTICE
dist_imagedata_DATA = %D%/boot.conf %D%/one.conf %D%/disk.conf
bin/barrer-image: image/barrer-image.in Makefile
	$(AM_V_GEN)$(MKDIR_P) bin && sed \
	  -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' \
	  -e 's|@libdir[@]|$(libdir)|g' -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' -e 's|@docdir[@]|$(docdir)|g' \
	  -e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|g' -e 's|@abs_top_builddir[@]|$(abs_top_builddir)|g' \
	  -e 's|@abs_top_srcdir[@]|$(abs_top_srcdir)|g' $(srcdir)/image/barrer-image.in >$@.new && chmod +x $@.new && mv $@.new $@
