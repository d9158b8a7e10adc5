# run.sh NAME - runs NAME.sh of this directory, which calls programs of Debian packages by `package PROGRAM
# ARG...`: with their own loader and libraries, so that the host needs none. prepare.sh is run like a test.
#
# From the environment: PACKAGES (bin/ and lib/, made by tools/fetch-guest programs), SCALE (percent). What
# would differ between machines but is not the engine's doing is fixed: hash seeds, locale, configuration.
HERE=${0%/*}
export LC_ALL=C OPENSSL_CONF=/dev/null PERL_HASH_SEED=0 PYTHONHASHSEED=0
export PYTHONHOME="$PACKAGES" PYTHONDONTWRITEBYTECODE=1
package() {
    program=$1
    shift
    "$PACKAGES/lib/ld-linux.so.2" --library-path "$PACKAGES/lib" "$PACKAGES/bin/$program" "$@"
}
# The garbage collector's steps would depend on the machine's RAM.
compile() { package cc1 -quiet -nostdinc --param ggc-min-expand=100 --param ggc-min-heapsize=65536 "$@"; }
# shellcheck disable=SC1090
. "$HERE/$1.sh"
