/* pointers.c - dependent loads: lists, a hash table, a tree. */
#include "kernels.h"

#include <stdlib.h>

struct node {
    struct node *next;
    uint32_t value[3];
};

/* A ring through all nodes in random order (Sattolo's shuffle). */
static struct node *make_ring(struct node *nodes, unsigned n_nodes)
{
    uint32_t seed = 47;
    uint32_t *order = malloc(n_nodes * sizeof *order);
    bench_require(order);
    for (unsigned i = 0; i < n_nodes; i++)
        order[i] = i;
    for (unsigned i = n_nodes - 1; i > 0; i--) {
        unsigned j = bench_random(&seed) % i;
        uint32_t swap = order[i];
        order[i] = order[j], order[j] = swap;
    }
    for (unsigned i = 0; i < n_nodes; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % n_nodes]];
        nodes[order[i]].value[0] = i;
    }
    free(order);
    return nodes;
}

static uint32_t walk(const struct node *node, uint32_t n_steps)
{
    uint32_t sum = 0;
    while (n_steps--) {
        sum += node->value[0];
        node = node->next;
    }
    return sum ^ node->value[0];
}

/* 16 KiB: in the first-level cache. */
uint32_t kernel_list_cached(unsigned n)
{
    static struct node nodes[1024];
    static struct node *ring;
    if (!ring)
        ring = make_ring(nodes, 1024);
    return walk(ring, n * 10000);
}

/* 16 MiB: beyond the caches and the TLB. */
uint32_t kernel_list_memory(unsigned n)
{
    static struct node nodes[1 << 20];
    static struct node *ring;
    if (!ring)
        ring = make_ring(nodes, 1 << 20);
    return walk(ring, n * 1000);
}

/* Chained hash table: insert, find, remove; the nodes come from malloc. */
struct entry {
    struct entry *next;
    uint32_t key, value;
};

uint32_t kernel_hash_table(unsigned n)
{
    enum { BUCKETS = 4096 };
    static struct entry *buckets[BUCKETS];
    uint32_t seed = 53, sum = 0;
    while (n--) {
        for (int i = 0; i < 500; i++) {
            uint32_t key = bench_random(&seed) % 16384;
            struct entry **at = &buckets[key * 0x9E3779B1u >> 20];
            while (*at && (*at)->key != key)
                at = &(*at)->next;
            if (!*at) {
                struct entry *fresh = malloc(sizeof *fresh);
                bench_require(fresh);
                *fresh = (struct entry){NULL, key, i};
                *at = fresh;
            } else if (seed & 64) {
                struct entry *old = *at;
                sum += old->value;
                *at = old->next;
                free(old);
            } else {
                sum ^= (*at)->value++;
            }
        }
    }
    for (int i = 0; i < BUCKETS; i++)
        while (buckets[i]) {
            struct entry *old = buckets[i];
            sum = bench_mix(sum, old->value);
            buckets[i] = old->next;
            free(old);
        }
    return sum;
}

struct tree {
    struct tree *child[2];
};

static struct tree *grow_tree(int depth)
{
    struct tree *tree = malloc(sizeof *tree);
    bench_require(tree);
    for (int i = 0; i < 2; i++)
        tree->child[i] = depth > 0 ? grow_tree(depth - 1) : NULL;
    return tree;
}

static uint32_t fell_tree(struct tree *tree)
{
    if (!tree)
        return 0;
    uint32_t n_nodes = 1 + fell_tree(tree->child[0]) + fell_tree(tree->child[1]);
    free(tree);
    return n_nodes;
}

uint32_t kernel_binary_tree(unsigned n)
{
    uint32_t sum = 0;
    while (n--)
        sum += fell_tree(grow_tree(9));
    return sum;
}
