/* points.c - gdb's breakpoints and watchpoints: any number, none of them in the guest's memory or
 * debug registers. Owns the list; what makes them work is the monitor's (rules.h, debug.h).
 */
#include <stdlib.h>

#include "gdb/gdb_internal.h"
#include "monitor/breaks.h"

static struct point *find(const struct gdb *gdb, enum point_kind kind, uint32_t lin,
                          uint32_t n_bytes)
{
    for (unsigned i = 0; i < gdb->n_points; i++) {
        struct point *point = &gdb->points[i];
        bool same_length = kind <= POINT_HARDWARE || point->n_bytes == n_bytes;
        if (point->kind == kind && point->lin == lin && same_length) {
            return point;
        }
    }
    return NULL;
}

const struct point *points_at(const struct gdb *gdb, uint32_t lin)
{
    const struct point *point = find(gdb, POINT_HARDWARE, lin, 0);
    return point ? point : find(gdb, POINT_SOFTWARE, lin, 0);
}

const struct point *points_of_watch(const struct gdb *gdb, int watch)
{
    for (unsigned i = 0; i < gdb->n_points; i++) {
        if (watch > 0 && gdb->points[i].watch == watch) {
            return &gdb->points[i];
        }
    }
    return NULL;
}

/* Both kinds of breakpoint are one to the machine: it is set with the first, cleared with the last
 * at its address. */
static bool arm(struct gdb *gdb, struct point *point)
{
    if (point->kind <= POINT_HARDWARE) {
        return points_at(gdb, point->lin) || machine_break_set(gdb->machine, point->lin);
    }
    point->watch = machine_watch_add(gdb->machine, point->lin, point->n_bytes,
                                     point->kind != POINT_WRITE, point->kind != POINT_READ);
    return point->watch > 0;
}

static void disarm(struct gdb *gdb, const struct point *point)
{
    if (point->kind > POINT_HARDWARE) {
        machine_watch_remove(gdb->machine, point->watch);
    } else if (!points_at(gdb, point->lin)) {
        machine_break_clear(gdb->machine, point->lin);
    }
}

bool points_add(struct gdb *gdb, enum point_kind kind, uint32_t lin, uint32_t n_bytes)
{
    struct point point = {.kind = kind, .lin = lin, .n_bytes = n_bytes};
    if (find(gdb, kind, lin, n_bytes)) {
        return true; /* a packet may come twice (GDB manual, "Packets": Z is idempotent) */
    }
    struct point *points = realloc(gdb->points, (gdb->n_points + 1) * sizeof *points);
    if (!points) {
        return false;
    }
    gdb->points = points;
    if (!arm(gdb, &point)) {
        return false;
    }
    points[gdb->n_points++] = point;
    return true;
}

bool points_remove(struct gdb *gdb, enum point_kind kind, uint32_t lin, uint32_t n_bytes)
{
    struct point *found = find(gdb, kind, lin, n_bytes);
    if (!found) {
        return false;
    }
    struct point point = *found;
    *found = gdb->points[--gdb->n_points];
    disarm(gdb, &point);
    return true;
}

void points_clear(struct gdb *gdb)
{
    while (gdb->n_points) {
        struct point point = gdb->points[--gdb->n_points];
        disarm(gdb, &point);
    }
    free(gdb->points);
    gdb->points = NULL;
}
