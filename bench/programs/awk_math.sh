# an interpreter adding doubles
awk -v n=$((2300 * SCALE)) 'BEGIN { x = 0.5; for (i = 0; i < n; i++) { x = 3.7 * x * (1 - x); s += int(x * 100) % 7 } print s; printf "%.6f\n", x < 1 }'
