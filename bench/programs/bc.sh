# digits of pi
echo "scale=$((SCALE * 4 + 20)); 4*a(1)" | bc -l
