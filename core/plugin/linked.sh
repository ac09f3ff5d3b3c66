#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# linked.sh READELF PLUGIN.so...: the table of core/plugin/linked.h, on standard output.
set -eu
readelf=$1
shift
echo '#include "plugin/linked.h"'
for file; do
    name=$(basename "$file" .so)
    echo "extern const struct barrer_plugin ${name}_LTX_barrer;"
done
echo 'const struct linked_module linked_modules[] = {'
for file; do
    name=$(basename "$file" .so)
    id=$("$readelf" -n "$file" | sed -n 's/^ *Build ID: *//p')
    [ ${#id} = 40 ] || { echo "$0: $file has no build id of 20 bytes" >&2; exit 1; }
    echo "    {\"$name\", &${name}_LTX_barrer, {$(echo "$id" | sed 's/../0x&,/g')}},"
done
echo '    {0},'
echo '};'
