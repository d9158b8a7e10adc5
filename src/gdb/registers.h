/* registers.h - the guest's registers as gdb numbers and describes them. */
#ifndef GDB_REGISTERS_H
#define GDB_REGISTERS_H

#include "base/base.h"

struct machine;

enum { REGISTER_MAX_BYTES = 16 };

unsigned registers_count(void);
unsigned registers_bytes(unsigned number); /* of one, as it goes over the wire */
void registers_read(struct machine *machine, unsigned number, uint8_t *bytes);
/* False: cannot be set, or not to this. What is there already can always be set. */
bool registers_write(struct machine *machine, unsigned number, const uint8_t *bytes);
/* The target description (GDB manual, "Target Descriptions"), malloc'ed; NULL: no memory. */
char *registers_describe(void);

#endif
