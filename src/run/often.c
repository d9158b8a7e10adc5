/* often.c - which sites fault often: the fault handler asks of each hidden fault, and the monitor
 * then makes the site look its pages up (monitor/site.c).
 *
 * A small table by host address, of the last fault there and how many came close together. Only a
 * hint: an entry that is overwritten begins anew. How many are often is learned: big programs
 * go on to use nearly all pages that they touch first by sites that never looked up, loops that
 * fill pages do not (docs/decisions/0008). Reached from signal handlers.
 */
#include "run/run.h"

enum {
    FAULTS_BEFORE_LOOKUP = 4, /* a re-made site costs as much as two or three */
    NEVER = UINT16_MAX,
    MOST_DOUBLINGS = 12, /* each try leaves some 300 bytes in the cache until it is flushed */
    /* Of the TSC, in units of 1024: 0.1 s at 2.6 GHz. What lies farther apart costs nothing. */
    CLOSE = 1 << 18,
};

static uint32_t now_tsc(void)
{
    return (uint32_t)(__builtin_ia32_rdtsc() >> 10);
}

/* The site's entry, or the one of its four that is the longest unused. */
static struct run_often *often_slot(struct run *run, uint32_t off)
{
    enum { WAYS = 4 };
    struct run_often *ways = &run->often[(off * 2654435761u) >> 16 & (RUN_OFTEN - WAYS)];
    struct run_often *oldest = ways;
    uint32_t now = now_tsc();
    for (unsigned i = 0; i < WAYS; i++) {
        if (ways[i].host_off == off) {
            return &ways[i];
        }
        oldest = now - ways[i].tsc > now - oldest->tsc ? &ways[i] : oldest;
    }
    return oldest;
}

static uint16_t first_limit(const struct run *run)
{
    return run->lookup_at_once ? 1 : (uint16_t)(FAULTS_BEFORE_LOOKUP << run->often_doubt);
}

bool run_faults_often(struct run *run, uint64_t host)
{
    uint32_t off = (uint32_t)(host - run->cache->exec);
    uint32_t now = now_tsc();
    struct run_often *often = often_slot(run, off);
    if (often->host_off != off) {
        *often = (struct run_often){.host_off = off, .limit = first_limit(run)};
    }
    often->n = now - often->tsc < CLOSE ? often->n : 0;
    often->tsc = now;
    often->n += often->n < NEVER - 1;
    return often->n >= often->limit;
}

/* Pages are spared if all that use them look them up. So whoever is in the way of others that do
 * needs no more than the least patience. */
void run_faults_behind_lookup(struct run *run, uint64_t host)
{
    struct run_often *often = often_slot(run, (uint32_t)(host - run->cache->exec));
    const unsigned n = often->n + (1u << run->often_doubt) - 1;
    if (often->limit != NEVER) {
        often->n = (uint16_t)(n < NEVER - 1 ? n : NEVER - 1);
    }
}

bool run_may_fault_more(struct run *run, uint64_t host, unsigned n_given_back)
{
    uint32_t off = (uint32_t)(host - run->cache->exec);
    struct run_often *often = often_slot(run, off);
    unsigned doublings = n_given_back < MOST_DOUBLINGS ? n_given_back : MOST_DOUBLINGS;
    unsigned limit = (unsigned)first_limit(run) << doublings;
    limit = limit < NEVER - 1 ? limit : NEVER - 1;
    bool more = often->host_off == off && often->n < limit;
    *often = (struct run_often){
        .host_off = off, .n = more ? often->n : 0, .tsc = often->tsc, .limit = (uint16_t)limit};
    return more;
}

void run_never_often(struct run *run, uint64_t host)
{
    uint32_t off = (uint32_t)(host - run->cache->exec);
    *often_slot(run, off) = (struct run_often){.host_off = off, .tsc = now_tsc(), .limit = NEVER};
}

void run_forget_often(struct run *run)
{
    for (unsigned i = 0; i < RUN_OFTEN; i++) {
        run->often[i] = (struct run_often){0};
    }
}
