/* ex_threads.c - threads, locks, futexes and thread-local storage (segment registers with a base).
 */
#include "exercise.h"

#include <pthread.h>

enum { N_THREADS = 8, N_ROUNDS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static uint32_t locked_count, xadd_count;
static uint64_t cas_count;
static __thread uint32_t own_count = 100;
static unsigned turn;

static void *count(void *arg)
{
    uint32_t id = (uint32_t)(uintptr_t)arg;
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        locked_count++;
        pthread_mutex_unlock(&lock);
        __atomic_fetch_add(&xadd_count, 3, __ATOMIC_SEQ_CST);
        uint64_t old = __atomic_load_n(&cas_count, __ATOMIC_SEQ_CST);
        while (!__atomic_compare_exchange_n(&cas_count, &old, old + 0x100000001ull, false,
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        }
        own_count += id;
    }
    return (void *)(uintptr_t)own_count;
}

static void counting(void)
{
    pthread_t threads[N_THREADS];
    unsigned bad = 0;
    for (uintptr_t i = 0; i < N_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, count, (void *)i)) {
            check(false, "create", "thread %u", (unsigned)i);
            return;
        }
    }
    for (uintptr_t i = 0; i < N_THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        bad += (uintptr_t)result != 100 + i * N_ROUNDS;
    }
    check_equal("mutex", locked_count, N_THREADS * N_ROUNDS);
    check_equal("lock-xadd", xadd_count, 3 * N_THREADS * N_ROUNDS);
    check_equal("cmpxchg8b", cas_count, 0x100000001ull * (N_THREADS * N_ROUNDS));
    check_equal("thread-local", bad, 0);
}

static void *ping(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < 2000; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != me) {
            pthread_cond_wait(&turn_changed, &lock);
        }
        turn++;
        pthread_cond_broadcast(&turn_changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* Each thread keeps other values in the FPU across forced switches. */
static void *keep_float(void *arg)
{
    double mine = 1.0 + (double)(uintptr_t)arg, x = mine;
    long double y = mine;
    uintptr_t bad = 0;
    for (int i = 0; i < 3000; i++) {
        x = x * 1.5 / 1.5;
        y = y * 2 - mine;
        if (i % 16 == 0) {
            usleep(0);
        }
        bad += x < mine - 1e-9 || x > mine + 1e-9 || y != mine;
    }
    return (void *)bad;
}

static void *nothing(void *arg)
{
    return arg;
}

void ex_threads(void)
{
    counting();

    pthread_t threads[N_THREADS];
    for (uintptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, ping, (void *)i);
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    check_equal("ping-pong", turn, 4000);

    uintptr_t bad = 0;
    for (uintptr_t i = 0; i < N_THREADS; i++) {
        pthread_create(&threads[i], NULL, keep_float, (void *)i);
    }
    for (uintptr_t i = 0; i < N_THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        bad += (uintptr_t)result;
    }
    check_equal("float-per-thread", bad, 0);

    for (uintptr_t i = 0; i < 300; i++) {
        void *result = NULL;
        pthread_create(&threads[0], NULL, nothing, (void *)i);
        pthread_join(threads[0], &result);
        bad += (uintptr_t)result != i;
    }
    check_equal("300-threads", bad, 0);
}
