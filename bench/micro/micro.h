/* micro.h - the list of system microbenchmarks: one kernel service or one CPU event each, in the
 * spirit of lmbench and of Adams and Agesen's nanobenchmarks.
 *
 * run(n) does the thing n times, checks every answer it gets (bench_require), and returns a number
 * that depends on n and on those answers alone. setup() comes first, untimed. Each test has a
 * process and a process group of its own; what is left of them is killed afterwards.
 */
#ifndef MICRO_H
#define MICRO_H

#include "bench.h"

#define MICRO(name, setup) uint32_t micro_##name(unsigned n);
#include "micro.def"
#undef MICRO

void setup_nothing(void);
void setup_descriptors(void);
void setup_fault_page(void);
void setup_traps(void);
void setup_file(void);
void setup_directory(void);
void setup_pipe_process(void);
void setup_pipe_threads(void);
void setup_futex_threads(void);
void setup_yield_pair(void);
void setup_unix_stream(void);
void setup_unix_datagram(void);
void setup_ring_2(void);
void setup_ring_8(void);
void setup_ring_8_64k(void);
void setup_crowd(void);
void setup_pipe_sink(void);
void setup_bandwidth(void);
void setup_tlb(void);
void setup_cow(void);
void setup_fds(void);

#endif
