# SPDX-License-Identifier: Apache-2.0
# Not of "make check": a .NET SDK and a virtual machine; stage image of test.sh runs it.
EXTRA_DIST += %D%/image.sh %D%/guest.sh %D%/boot.conf
