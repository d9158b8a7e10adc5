# a subshell for each turn: fork, wait
N=$((10 * SCALE + 1))
s=0
i=0; while [ $i -lt $N ]; do (exit $((i & 7))); s=$((s + $?)); i=$((i + 1)); done
echo $s
