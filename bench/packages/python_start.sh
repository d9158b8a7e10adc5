# start of a bigger interpreter, a line each
N=$((18 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do package python3 -S -c 'import sys; print(sys.argv[1:])' $i || exit 1; i=$((i + 1)); done
