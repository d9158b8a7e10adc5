# classes, dictionaries, regular expressions, sorting
package python3 -S -c '
import re, sys
class Item:
    def __init__(self, n):
        self.n = n
    def weight(self, m):
        return self.n * m % 977
n = int(sys.argv[1])
found = {}
for i in range(n):
    item = Item(i)
    key = item.weight(i & 15)
    found[key] = found.get(key, 0) + 1
words = open("text").read().split()[:n // 4]
text = re.sub("[aeiou](?=[^aeiou])", "", " ".join(words))
pairs = sorted(((w, len(w) * i % 101) for i, w in enumerate(words)), key=lambda pair: (pair[1], pair[0]))
print(len(found), max(found.items()), len(text), pairs[:20], "%.9f" % sum(i ** 0.5 for i in range(n)))' $((1500 * SCALE))
