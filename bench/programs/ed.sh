# ed: editing by script
N=$((60 * SCALE / 100 + 1))
head -n 500 text >part
i=0; while [ $i -lt $N ]; do printf '%s\n' '1,$s/ta/TA/' '/ko/d' '2,40p' 'w out.txt' 'q' | ed part | tail -n 30; i=$((i + 1)); done
rm -f out.txt
