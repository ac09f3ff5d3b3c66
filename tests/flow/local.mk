# SPDX-License-Identifier: Apache-2.0
flow_tests = %D%/run.sh %D%/core.sh %D%/lifecycle.sh %D%/recycled.sh %D%/exec.sh %D%/hooks.sh %D%/mounts.sh \
	%D%/namespaces.sh %D%/process.sh %D%/resources.sh %D%/badinput.sh %D%/fallback.sh \
	%D%/plan.sh %D%/config.sh %D%/manual.sh %D%/plugin_table.sh %D%/swap.sh %D%/security.sh %D%/rootless.sh %D%/faults.sh %D%/podman.sh \
	%D%/debian_root.sh %D%/completion.sh %D%/linked.sh %D%/races.sh %D%/many.sh \
	%D%/checklist.sh %D%/checkpoint.sh
shell_tests += $(flow_tests)
vm_tests += %D%/checkpoint.sh %D%/resources.sh %D%/lifecycle.sh
