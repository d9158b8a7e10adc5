/* clock.c - guest time and the list of timers. Light.
 *
 * Place in the flow: chips ask for the time and arm timers; the host timer's signal makes the vCPU
 * leave guest code, board_poll() calls clock_run(). Owns the order of timers. Must not sleep and
 * makes no system call itself (the programmer that host/ installs does).
 */
#include "bus/clock_internal.h"

uint64_t clock_now_ns(struct clock *clock)
{
    if (clock->is_manual) {
        return clock->manual_ns += clock->manual_step_ns;
    }
    if (clock->is_paused) {
        return clock->last_ns;
    }
    uint64_t delta = clock_read_tsc() - clock->base_tsc;
    if ((int64_t)delta < 0) {
        return clock->last_ns; /* the host moved us to a CPU or machine whose TSC is behind */
    }
    uint64_t now =
        clock->base_ns + (uint64_t)((unsigned __int128)delta * clock->ns_per_tsc_2p32 >> 32);
    if (now < clock->last_ns) {
        return clock->last_ns;
    }
    clock->last_ns = now;
    return now;
}

uint64_t clock_tsc_hz(const struct clock *clock)
{
    return clock->tsc_hz;
}

void clock_set_manual_ns(struct clock *clock, uint64_t now_ns)
{
    BUG_ON(!clock->is_manual || now_ns < clock->manual_ns);
    clock->manual_ns = now_ns;
}

void clock_set_manual_step_ns(struct clock *clock, uint64_t step_ns)
{
    BUG_ON(!clock->is_manual);
    clock->manual_step_ns = step_ns;
}

void clock_add_timer(struct clock *clock, struct timer *timer)
{
    (void)clock;
    timer->deadline_ns = UINT64_MAX;
    timer->next = NULL;
}

static void program_head(struct clock *clock)
{
    if (clock->program && !clock->is_running && !clock->is_paused) {
        clock->program(clock->program_arg, clock_next_deadline_ns(clock));
    }
}

static void unlink_timer(struct clock *clock, struct timer *timer)
{
    for (struct timer **link = &clock->head; *link; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            break;
        }
    }
    timer->next = NULL;
    timer->deadline_ns = UINT64_MAX;
}

void clock_arm(struct clock *clock, struct timer *timer, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        clock_disarm(clock, timer);
        return;
    }
    if (timer->deadline_ns == deadline_ns) {
        return;
    }
    uint64_t before = clock_next_deadline_ns(clock);
    if (timer->deadline_ns != UINT64_MAX) {
        unlink_timer(clock, timer);
    }
    timer->deadline_ns = deadline_ns;
    struct timer **link = &clock->head;
    while (*link && (*link)->deadline_ns <= deadline_ns) {
        link = &(*link)->next;
    }
    timer->next = *link;
    *link = timer;
    if (clock_next_deadline_ns(clock) != before) {
        program_head(clock);
    }
}

void clock_disarm(struct clock *clock, struct timer *timer)
{
    if (timer->deadline_ns == UINT64_MAX) {
        return;
    }
    bool was_head = clock->head == timer;
    unlink_timer(clock, timer);
    if (was_head) {
        program_head(clock);
    }
}

/* A handler may arm its timer again for a time that has passed already (catching up). The bound
 * keeps a guest that asks for ticks faster than they can be handled from holding us here. */
static void run_due(struct clock *clock, uint64_t now)
{
    enum { MAX_EXPIRIES = 64 };
    clock->is_running = true;
    for (unsigned i = 0; i < MAX_EXPIRIES; i++) {
        struct timer *timer = clock->head;
        if (!timer || timer->deadline_ns > now) {
            break;
        }
        unlink_timer(clock, timer);
        timer->expire(timer->arg, now);
    }
    clock->is_running = false;
    program_head(clock);
}

void clock_run(struct clock *clock)
{
    run_due(clock, clock_now_ns(clock));
}

bool clock_run_only(struct clock *clock, struct timer *timer)
{
    const uint64_t now = clock_now_ns(clock);
    const struct timer *other = clock->head == timer ? timer->next : clock->head;
    if (other && other->deadline_ns <= now) {
        return false;
    }
    run_due(clock, now);
    return true;
}

uint64_t clock_next_deadline_ns(const struct clock *clock)
{
    return clock->head ? clock->head->deadline_ns : UINT64_MAX;
}

void clock_set_programmer(struct clock *clock, void (*program)(void *arg, uint64_t deadline_ns),
                          void *arg)
{
    clock->program = program;
    clock->program_arg = arg;
    program_head(clock);
}
