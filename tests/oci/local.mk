# SPDX-License-Identifier: Apache-2.0
shell_tests += %D%/annotations.sh %D%/options.sh %D%/spec_default.sh %D%/spec_documents.sh %D%/spec_honoured.sh \
	%D%/log_targets.sh %D%/memory_policy.sh %D%/mount_options.sh %D%/mounts_verb.sh %D%/net_devices.sh %D%/notify.sh %D%/properties.sh %D%/rules.sh
EXTRA_DIST += %D%/properties.txt
