/* output.c - opens and closes what output_light.c writes to. */
#include "host/output.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int host_output_open(struct host_output *output, const char *path, void (*on_first)(void *arg),
                     void *arg)
{
    output->fd = STDOUT_FILENO;
    output->owns_fd = path != NULL;
    output->is_broken = false;
    output->n_bytes = 0;
    output->on_first = on_first;
    output->arg = arg;
    if (path) {
        output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    return output->fd < 0 ? -errno : 0;
}

void host_output_close(struct host_output *output)
{
    host_output_flush(output);
    if (output->owns_fd && output->fd >= 0) {
        close(output->fd);
    }
    output->fd = -1;
}
