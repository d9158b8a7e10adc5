# start of a program with 5 MB of libraries
N=$((20 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do package openssl dgst -sha1 tiny.c || exit 1; i=$((i + 1)); done
