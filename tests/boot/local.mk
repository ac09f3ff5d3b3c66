# SPDX-License-Identifier: Apache-2.0
# machine.sh starts virtual machines: for test.sh, not for make check.
EXTRA_DIST += %D%/support.sh %D%/machine.sh %D%/guest.sh
boot_tests = %D%/badinput.sh %D%/check.sh %D%/services.sh %D%/init.sh %D%/faults.sh
shell_tests += $(boot_tests)
