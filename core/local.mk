# SPDX-License-Identifier: Apache-2.0
# The sources of each part, in core/PART/local.mk. base: used by everything, also by the static
# first stage. state: what verbs need that load no plugin.
base_sources =
oci_sources =
config_sources =
plugin_sources =
flow_sources =
container_sources =
light_sources =
include core/base/local.mk
include core/oci/local.mk
include core/config/local.mk
include core/plugin/local.mk
include core/flow/local.mk
include core/container/local.mk
include core/boot/local.mk
include core/cli/local.mk
