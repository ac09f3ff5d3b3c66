# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += %D%/barrer-run.1
dist_man_MANS += %D%/barrer-namespace.7 %D%/barrer-native.7
dist_man_MANS += %D%/barrer.conf.5 %D%/barrer-config.1
dist_man_MANS += %D%/barrer-plugin.7
dist_man_MANS += %D%/barrer-overlayfs.7
dist_man_MANS += %D%/barrer-process.7 %D%/barrer-seccomp.7
dist_man_MANS += %D%/barrer-cgroup.7 %D%/barrer-cgroup1.7 %D%/barrer-resctrl.7 %D%/barrer-systemd.7
dist_man_MANS += %D%/barrer-clrhost.7
dist_man_MANS += %D%/barrer-image.1
