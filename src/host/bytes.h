/* bytes.h - how a chip exchanges bytes with the outside. Both functions are light and never block
 * for input.
 */
#ifndef HOST_BYTES_H
#define HOST_BYTES_H

#include "base/base.h"

struct byte_sink {
    void (*put)(void *arg, uint8_t byte); /* NULL: bytes vanish */
    void *arg;
};
struct byte_source {
    bool (*take)(void *arg, uint8_t *byte); /* false: nothing there now; NULL: never anything */
    void *arg;
};

static inline void byte_put(const struct byte_sink *sink, uint8_t byte)
{
    if (sink->put) {
        sink->put(sink->arg, byte);
    }
}
static inline bool byte_take(const struct byte_source *source, uint8_t *byte)
{
    return source->take && source->take(source->arg, byte);
}

#endif
