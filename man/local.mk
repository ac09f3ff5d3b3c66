# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += %D%/barrer-namespace.7 %D%/barrer-native.7
