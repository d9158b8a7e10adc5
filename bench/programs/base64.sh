# there and back
N=$((25 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do base64 <text | base64 -d | tail -n 20; i=$((i + 1)); done
