# substitutions with regular expressions
N=$((16 * SCALE / 100 + 1))
head -c 131072 text >part
i=0; while [ $i -lt $N ]; do sed -e 's/\([a-z]*\) \([a-z]*\)/\2 \1/' -e 's/ko*n/KON/g' -e '/^su/d' part; i=$((i + 1)); done
