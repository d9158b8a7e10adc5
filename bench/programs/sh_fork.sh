# a program for each turn: fork, exec, wait
N=$((4 * SCALE + 1))
i=0; while [ $i -lt $N ]; do "$BIN/true"; i=$((i + 1)); done
echo $i
