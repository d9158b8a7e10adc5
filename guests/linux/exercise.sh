#!/bin/sh
# exercise.sh - what the test guest runs: busybox programs with known answers, then the exercise
# program. Prints "T begin", a line "T ok NAME" or "T FAIL NAME: why" per check, "T end".

is() { # is NAME GOT EXPECTED
    if [ "$2" = "$3" ]; then echo "T ok $1"; else echo "T FAIL $1: got '$2', expected '$3'"; fi
}

echo "T begin"
echo "T info kernel $(uname -r)"
echo "T info cpu $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo)"
echo "T info flags $(sed -n 's/^flags[^:]*: //p' /proc/cpuinfo)"
echo "T info memory $(sed -n 's/^MemTotal: *//p' /proc/meminfo)"
echo "T info bogomips $(sed -n 's/^bogomips[^:]*: //p' /proc/cpuinfo)"
echo "T info clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "T info booted $(cut -d ' ' -f 1 /proc/uptime)"

is sh.cpuinfo "$(grep -c '^processor' /proc/cpuinfo)" 1

# Text that every run makes anew. The answers come from GNU tools and Python on a real PC.
seq 1 200000 >numbers
is sh.seq-bytes "$(wc -c <numbers)" 1288895
is sh.sha256sum "$(sha256sum <numbers | cut -d ' ' -f 1)" 5af7b95208fdcff454bab3f5eddf567a688a3796c703d4fef91072e38645c062
is sh.sha512sum "$(sha512sum <numbers | cut -c 1-32)" b5fd978b41dd6da3ce93ced1d2805ffd
is sh.md5sum "$(md5sum <numbers | cut -d ' ' -f 1)" 0e10426a1d5bddffcef02f1345787128
gzip -c numbers >numbers.gz
is sh.gzip "$(gzip -dc numbers.gz | md5sum | cut -d ' ' -f 1)" "$(md5sum <numbers | cut -d ' ' -f 1)"
bzip2 -c numbers >numbers.bz2
is sh.bzip2 "$(bunzip2 -c numbers.bz2 | cmp - numbers && echo same)" same
is sh.sort "$(sort -r numbers | md5sum | cut -d ' ' -f 1)" c54a1db0cc1a6431e21edccc476fdb1c
is sh.sort-numeric "$(sort -rn numbers | sort -n | cmp - numbers && echo same)" same
is sh.awk-float "$(awk 'BEGIN { for (i = 1; i <= 200000; i++) { s += 1 / i; p = p * 0.75 + i / 7.3 }
    printf "%.12f %.9f %.6e", s, p, s * p }')" "12.783290810430 109587.397260274 1.400888e+06"
is sh.awk-fields "$(awk '{ n[$1 % 97] += $1 } END { for (i = 0; i < 97; i++) x = x + n[i] * i % 1000003; print x }' numbers)" 48526969
is sh.sed "$(sed -n 's/\([0-9]\)\(.*\)\1$/\2/p' numbers | md5sum | cut -d ' ' -f 1)" a4fa4fd8e51fb631ee131ac85d810be2
is sh.grep "$(grep -c '7.*7' numbers)" 16292
is sh.bc "$(echo '2^400 % 1000007; 355/113' | bc | tr '\n' ' ')" "455208 3 "
is sh.factor "$(factor 1000000007000000049)" "1000000007000000049: 3 73 10069 103549 4379491"
is sh.expr "$(expr 123456789 \* 1000003 % 998244353)" 287257445
i=0
while [ $i -lt 300 ]; do
    /bin/true && i=$((i + 1))
done
is sh.fork-exec $i 300
is sh.pipes "$(seq 1 5000 | tr 0-9 a-j | rev | sort | uniq | tail -n 3 | tr '\n' ' ')" "jjjc jjjd jjje "
is sh.subshells "$(for a in 1 2 3 4 5; do (for b in 1 2 3; do (echo $((a * b))); done); done | tr '\n' ' ')" \
    "1 2 3 2 4 6 3 6 9 4 8 12 5 10 15 "
sh -c 'kill -TERM $$' 2>/dev/null
is sh.killed-by-term $? 143
(sleep 100) & sleeper=$!
kill $sleeper
wait $sleeper 2>/dev/null
is sh.kill-background $? 143
dd if=/dev/zero bs=64k count=64 2>/dev/null | tr '\0' x >big
is sh.dd "$(md5sum <big | cut -d ' ' -f 1)" 44981362d3ba9b5bacaf017c2f29d355
mkdir -p tree/a/b/c
for name in 1 2 3 4 5 6 7 8 9; do echo $name >tree/a/b/$name; done
tar cf tree.tar tree && rm -r tree && tar xf tree.tar
is sh.tar "$(cat tree/a/b/[1-9] | tr -d '\n')" 123456789
before=$(date +%s)
sleep 2
elapsed=$(($(date +%s) - before))
is sh.sleep-2 $((elapsed >= 2 && elapsed <= 4)) 1

/exercise

# What the kernel thought of all this. One line per complaint is enough.
dmesg >dmesg
complaints=$(grep -viE 'command line:' dmesg | grep -E 'BUG:|Oops|Call Trace|soft lockup|hung task|[Uu]nknown NMI|unchecked MSR|invalid opcode:|general protection fault|double fault|WARNING: CPU|rcu.*detected.*stall|Kernel panic|clocksource.*unstable|Segmentation' | head -n 5)
if [ -z "$complaints" ]; then
    echo "T ok dmesg"
else
    echo "$complaints" | sed 's/^/T FAIL dmesg: /'
fi
echo "T info finished $(cut -d ' ' -f 1 /proc/uptime)"
echo "T end"
