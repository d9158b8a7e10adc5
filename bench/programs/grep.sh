# a regular expression over all lines
N=$((11 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do grep -c -E '(ta|ko)+ne.*(is|un)$' text; grep -v -F shagen text | wc -l; i=$((i + 1)); done
