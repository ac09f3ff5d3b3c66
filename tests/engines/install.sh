# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For machine.sh and unified.sh, in a machine that is thrown away: barrer installed in the folders
# that $build, the build's folder, was configured for, as "make install" would, without a relinking
# that needs a compiler.
variable() { PKG_CONFIG_PATH=$build pkg-config --variable="$1" barrer; }
prefix=$(variable prefix)
mkdir -p "$prefix/bin" "$prefix/libexec/barrer"
rm -rf "$(variable plugindir)" "$(variable confdir)"
cp "$build/bin/barrer-run" "$prefix/bin/"
find "$build/libexec/barrer" -maxdepth 1 -type f -executable -exec cp {} "$prefix/libexec/barrer/" \;
[ ! -d "$build/tests/stage/plugins" ] || {
    mkdir -p "$(variable plugindir)"
    cp "$build"/tests/stage/plugins/*.so "$(variable plugindir)"
    [ ! -d "$build/tests/stage/plugins/clrhost" ] || cp -r "$build/tests/stage/plugins/clrhost" "$(variable plugindir)"
}
# Where a distribution's package puts it, and docs/engines.md expects it.
[ "$prefix" = /usr ] || ln -sf "$prefix/bin/barrer-run" /usr/bin/barrer-run
# Another runtime in its place, to see what of a failure is the engine's, or the machine's.
[ -z "${INSTEAD:-}" ] || ln -sf "$INSTEAD" /usr/bin/barrer-run
