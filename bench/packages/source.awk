# source.awk - writes C for the compiler: -v n=N times eight functions of different kinds, no header needed.
function random(limit) { seed = seed * 16807 % 2147483647; return seed % limit }
BEGIN {
    seed = 1993
    print "struct node { struct node *next; int key, value; char name[24]; };"
    print "static int table[256]; static double grid[16][16]; static unsigned char bytes[1024];"
    for (i = 0; i < n; i++) {
        a = random(1000) + 1; b = random(61) + 2; c = random(29) + 3
        printf "struct node *insert%d(struct node *list, struct node *add) {\n", i
        printf "  struct node **at = &list;\n  while (*at && (*at)->key * %d < add->key + %d) at = &(*at)->next;\n", b, a
        print "  add->next = *at; *at = add;\n  for (struct node *n = list; n; n = n->next) n->value += n->name[n->key & 15];\n  return list;\n}"
        printf "int scan%d(const char *text) {\n  int state = %d, count = 0;\n  for (; *text; text++) switch (state) {\n", i, random(4)
        for (s = 0; s < 6; s++)
            printf "    case %d: if (*text == %d) state = %d; else if (*text >= '%c') count += %d; else state = *text %% 6; break;\n", s, random(90) + 33, random(6), 97 + random(20), random(50)
        print "    default: state = count & 3;\n  }\n  return count;\n}"
        printf "double smooth%d(double weight) {\n  double sum = 0;\n  for (int y = 1; y < 15; y++) for (int x = 1; x < 15; x++) {\n", i
        printf "    double v = (grid[y - 1][x] + grid[y + 1][x]) * weight + grid[y][x - 1] * %d.5 - grid[y][x + 1];\n    if (v > %d) v /= %d.25;\n    sum += grid[y][x] = v;\n  }\n  return sum;\n}\n", b, a, c
        printf "unsigned mix%d(const unsigned char *data, int length) {\n  unsigned h = %du, k = 0;\n", i, random(2000000000)
        printf "  while (length >= 4) { k = data[0] | data[1] << 8 | data[2] << 16 | (unsigned)data[3] << 24; k *= %du; k ^= k >> %d; h = (h << %d | h >> %d) ^ k; data += 4; length -= 4; }\n", random(1000000) * 2 + 1, b % 31 + 1, c % 31 + 1, 32 - (c % 31 + 1)
        print "  switch (length) { case 3: h ^= data[2] << 16; case 2: h ^= data[1] << 8; case 1: h ^= data[0]; }\n  return h ^ h >> 15;\n}"
        printf "static inline int step%d(int x) { return x & 1 ? x * %d + 1 : x / %d; }\n", i, c, b
        printf "int walk%d(int x, int depth) { return depth <= 0 ? x : walk%d(step%d(x), depth - 1) + (x %% %d ? step%d(x + depth) : walk%d(x / 2, depth - %d)); }\n", i, i, i, c, i, i, c
        printf "unsigned long long wide%d(unsigned long long x, long long y) {\n  for (int i = 0; i < %d; i++) { x = x * %dull + (y >> %d); y = y / %d - (long long)(x %% %d); if (x > %d000000ull) x ^= (unsigned long long)y << %d; }\n  return x;\n}\n", i, b, a, c, c, a, a, c
        printf "static int apply%d(int (*f)(int, int), int from, int to) { int s = 0; for (int i = from; i < to; i++) s = f(s, table[i & 255]); return s; }\n", i
        printf "static int fold%d(int s, int v) { return s * %d ^ v; }\nint both%d(int n) { return apply%d(fold%d, %d, n) + (n > %d ? apply%d(walk%d, 0, 3) : 0); }\n", i, c, i, i, i, random(9), a, i, i
        printf "void move%d(int from, int to, int length) {\n  for (int i = 0; i < length; i++) bytes[(to + i) & 1023] = bytes[(from + i) & 1023] + %d;\n  for (int i = 0; i < 256; i += %d) table[i] = table[255 - i] > %d ? bytes[i] : -bytes[i * 3];\n}\n", i, random(256), c % 4 + 1, a
    }
}
