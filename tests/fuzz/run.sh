#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/fuzz/run.sh FOLDER [SECONDS]: build the fuzz targets with libFuzzer and sanitizers in FOLDER,
# replay the corpus, and fuzz each target for some seconds (20). What crashes stays in FOLDER.
set -euo pipefail
[ $# -ge 1 ] || {
    sed -n '4,5s/^# //p' "$0"
    exit 2
}
mkdir -p "$1"
folder=$(cd "$1" && pwd) seconds=${2:-20}
cd "$(dirname "$0")/../.."
clang=$(command -v clang || command -v clang-14) || {
    echo "no clang here"
    exit 1
}
flags=(-std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
    -D_GNU_SOURCE -DBARRER_LIBFUZZER -DBARRER_PLUGIN_DIR='"/nonexistent"' -DBARRER_LIB_DIR='"/nonexistent"'
    -DBARRER_CONF_DIR='"/nonexistent"' -DBARRER_RUN_DIR='"/nonexistent"' -DBARRER_PROGRAM='"/nonexistent"' -DPACKAGE_VERSION='"0"' -Iinclude -Icore)
build() { # TARGET LIBRARY SOURCE...
    local target=$1 library=$2
    shift 2
    # shellcheck disable=SC2046
    "$clang" "${flags[@]}" $(pkg-config --cflags "$library") -o "$folder/$target" "tests/fuzz/$target.c" "$@" \
        $(pkg-config --libs "$library")
}
build fuzz_spec json-c core/oci/[a-z]*.c core/base/[a-z]*.c
build fuzz_config inih core/config/[a-z]*.c core/base/[a-z]*.c
build fuzz_boot inih core/boot/{control,service_process,supervisor,output,machine,reader,tune,disks,mounts,group,faults,rescue,cmdline,needs,table,words,message}.c \
    core/config/[a-z]*.c core/base/[a-z]*.c
launcher=plugins/clrhost/launcher
flags+=(-DLAUNCHER_IN_CONTAINER=0 -I"$launcher")
build fuzz_launcher json-c $launcher/{config,image,properties,say,versions}.c
cd "$folder"
corpus=$OLDPWD/tests/fuzz/corpus
for target in fuzz_spec fuzz_config fuzz_boot fuzz_launcher; do
    mkdir -p "new-$target"
    "./$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
        "new-$target" "$corpus/${target#fuzz_}"
done
