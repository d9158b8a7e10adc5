/* worker.h - a background thread that does a little work now and then: what the vCPU thread has
 * left in a queue goes to a file.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include <stdint.h>

struct host_worker;
/* Calls work(arg) every period_ms and whenever host_worker_wake() asks for it, on a thread of its
 * own that takes no signals. 0 or -errno. */
int host_worker_start(struct host_worker **worker, unsigned period_ms, void (*work)(void *arg),
                      void *arg);
/* Any thread. */
void host_worker_wake(struct host_worker *worker);
/* Wakes it and waits until work() has returned once more, at most timeout_ms. */
void host_worker_sync(struct host_worker *worker, unsigned timeout_ms);
/* Ends the thread after one last work(arg), and frees. NULL is allowed. */
void host_worker_stop(struct host_worker *worker);

#endif
