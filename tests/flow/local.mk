# SPDX-License-Identifier: Apache-2.0
shell_tests += %D%/run.sh %D%/lifecycle.sh %D%/exec.sh %D%/hooks.sh %D%/mounts.sh \
	%D%/namespaces.sh %D%/process.sh
shell_tests += %D%/config.sh
