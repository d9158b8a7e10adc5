# powers
echo "3 $((SCALE * 300 + 100)) ^ p" | dc
