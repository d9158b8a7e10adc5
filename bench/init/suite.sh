# suite.sh - runs the benchmarks, in a guest and on the host alike, with the same busybox.
#
# From the environment: ROOT (where bin/ and bench/ are; empty in a guest), PACKAGES (where the big
# programs are), WORK (a tmpfs to work in), GROUPS_WANTED, ONLY (patterns), REPS, SCALE (percent),
# BATCH_MS. Prints result lines.
set -f
PATH=$ROOT/bin
BIN=$ROOT/bin
export PATH BIN SCALE PACKAGES
cd "$WORK" || exit 1
ONLY=$(echo "$ONLY" | tr ',' ' ')

echo "@meta kernel $(uname -r) ok"
echo "@meta clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource) ok"
wanted() { [ -z "$ONLY" ] || "$ROOT/bench/program" "$1" -w $ONLY -- "$2"; }
"$ROOT/bench/program" -c
for group in $GROUPS_WANTED; do
    case $group in
    kernels) "$ROOT/bench/kernels" -r "$REPS" -s "$SCALE" $ONLY ;;
    micro) "$ROOT/bench/micro" -t "$BATCH_MS" $ONLY ;;
    programs)
        "$ROOT/bench/mkdata" || echo "@r programs/mkdata FAIL exit code $? ok"
        "$ROOT/bench/program" -c
        for name in $(cat "$ROOT/bench/programs/list"); do
            if wanted programs "$name"; then
                "$ROOT/bench/program" programs -r "$REPS" "$name" "$BIN/sh" "$ROOT/bench/programs/$name.sh"
            fi
        done
        ;;
    packages)
        "$ROOT/bench/mkdata" && sh "$ROOT/bench/packages/run.sh" prepare || echo "@r packages/prepare FAIL exit code $? ok"
        "$ROOT/bench/program" -c
        for name in $(cat "$ROOT/bench/packages/list"); do
            if wanted packages "$name"; then
                "$ROOT/bench/program" packages -r "$REPS" "$name" "$BIN/sh" "$ROOT/bench/packages/run.sh" "$name"
            fi
        done
        ;;
    esac
done
"$ROOT/bench/program" -c
echo "@meta memory $(grep -E '^Mem(Total|Free)' /proc/meminfo | tr -s ' \n' ' ') ok"
