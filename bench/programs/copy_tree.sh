# cp, mv, rm of 200 files
N=$((30 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do cp -r tree copy && mv copy moved && ls -RA1 moved | wc -l && rm -rf moved; i=$((i + 1)); done
