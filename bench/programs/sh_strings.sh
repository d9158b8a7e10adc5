# functions, case, expansions; no process
N=$((400 * SCALE))
kind() { case $1 in *00) k=hundred ;; *[02468]) k=even ;; *) k=odd ;; esac; }
i=0 n=
while [ $i -lt $N ]; do
    kind $i
    name=file-$i.$k.txt
    base=${name%.txt}
    [ "${base##*.}" = hundred ] && n=$n.${#base}
    i=$((i + 1))
done
echo $n
