# modular powers of 607 bits, what RSA does: is 2^607 - 1 a prime?
N=$((14 * SCALE / 100 + 1))
P=7; i=0; while [ $i -lt 151 ]; do P=${P}F; i=$((i + 1)); done
i=0; set --; while [ $i -lt $N ]; do set -- "$@" $P; i=$((i + 1)); done
package openssl prime -hex "$@"
