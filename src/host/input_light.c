/* input_light.c - the guest's UART takes a byte of the input. Light. */
#include "host/input.h"

bool host_input_take(void *arg, uint8_t *byte)
{
    struct host_input *input = arg;
    if (!input->n_bytes) {
        return false;
    }
    *byte = input->bytes[input->first];
    input->first = (input->first + 1) % HOST_INPUT_BYTES;
    input->n_bytes--;
    return true;
}
