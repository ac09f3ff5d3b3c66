# SPDX-License-Identifier: Apache-2.0
shell_tests += %D%/headers.sh %D%/manual.sh
EXTRA_DIST += %D%/members.awk %D%/freeze.sh
check_PROGRAMS += %D%/test_abi
TESTS += %D%/test_abi
%C%_test_abi_SOURCES = %D%/test_abi.c %D%/abi_0_1.h
