# digest of 512 KiB
N=$((200 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do md5sum <text; i=$((i + 1)); done
