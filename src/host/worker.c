/* worker.c - the background thread of worker.h. Owns that thread; knows nothing of its work. */
#include "host/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct host_worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    unsigned period_ms;
    bool is_asked, must_end;
    uint64_t n_rounds;
    void (*work)(void *arg);
    void *arg;
};

static struct timespec time_after(unsigned ms)
{
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_sec += ms / 1000;
    when.tv_nsec += (long)(ms % 1000) * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

static void *worker_thread(void *arg)
{
    struct host_worker *worker = arg;
    bool last = false;
    pthread_mutex_lock(&worker->mutex);
    while (!last) {
        struct timespec when = time_after(worker->period_ms);
        while (!worker->is_asked && !worker->must_end &&
               pthread_cond_timedwait(&worker->wake, &worker->mutex, &when) == 0) {
        }
        worker->is_asked = false;
        last = worker->must_end;
        pthread_mutex_unlock(&worker->mutex);
        worker->work(worker->arg);
        pthread_mutex_lock(&worker->mutex);
        worker->n_rounds++;
        pthread_cond_broadcast(&worker->done);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

int host_worker_start(struct host_worker **out, unsigned period_ms, void (*work)(void *arg),
                      void *arg)
{
    struct host_worker *worker = calloc(1, sizeof *worker);
    if (!worker) {
        return -ENOMEM;
    }
    worker->period_ms = period_ms;
    worker->work = work;
    worker->arg = arg;
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wake, NULL);
    pthread_cond_init(&worker->done, NULL);
    sigset_t all, before; /* signals of the process belong to the vCPU thread */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, worker_thread, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(worker);
        return -error;
    }
    *out = worker;
    return 0;
}

void host_worker_wake(struct host_worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    worker->is_asked = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

void host_worker_sync(struct host_worker *worker, unsigned timeout_ms)
{
    struct timespec when = time_after(timeout_ms);
    pthread_mutex_lock(&worker->mutex);
    uint64_t n_rounds = worker->n_rounds;
    worker->is_asked = true;
    pthread_cond_signal(&worker->wake);
    while (worker->n_rounds == n_rounds &&
           pthread_cond_timedwait(&worker->done, &worker->mutex, &when) == 0) {
    }
    pthread_mutex_unlock(&worker->mutex);
}

void host_worker_stop(struct host_worker *worker)
{
    if (!worker) {
        return;
    }
    pthread_mutex_lock(&worker->mutex);
    worker->must_end = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    free(worker);
}
