# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/support.sh
boot_tests = %D%/check.sh %D%/services.sh %D%/init.sh %D%/faults.sh
shell_tests += $(boot_tests)
