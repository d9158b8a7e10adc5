# start of an interpreter, a line each
N=$((60 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do package perl -e 'print "$_\n" for @ARGV' $i || exit 1; i=$((i + 1)); done
