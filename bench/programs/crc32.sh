# CRC of 512 KiB
N=$((150 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do crc32 text; i=$((i + 1)); done
