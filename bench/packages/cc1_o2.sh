# the C compiler: 36 MB of code, little of it twice
compile -O2 source.c -o out.s && cat out.s
