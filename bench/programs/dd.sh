# small blocks: two system calls each
dd if=/dev/zero of=/dev/null bs=512 count=$((4000 * SCALE)) 2>/dev/null
echo done
