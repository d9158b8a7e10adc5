# what configure scripts do: small files, sed, grep, expr, test
N=$((SCALE * 14 / 10 + 1))
i=0; while [ $i -lt $N ]; do
    echo "#define HAVE_$i 1" >conf.h
    if grep HAVE conf.h >/dev/null 2>&1; then r=yes; else r=no; fi
    v=$(sed -n 's/.*HAVE_\([0-9]*\).*/\1/p' conf.h)
    expr $v + 1 >>conf.log
    [ -r conf.h ] && rm conf.h
i=$((i + 1)); done
tail -n 3 conf.log; echo $r; rm conf.log
