/* machine_tables.h - the fuzzed guest's system tables, and words put into its memory. */
#ifndef FUZZ_MACHINE_TABLES_H
#define FUZZ_MACHINE_TABLES_H

#include "machine.h"
#include "x86/desc.h"

void put16(uint8_t *ram, uint32_t at, uint32_t value);
void put32(uint8_t *ram, uint32_t at, uint32_t value);
void fuzz_put_gdt(struct random *random, uint8_t *ram);
/* The IVT of real mode too, and the handlers' code. After fuzz_put_tss(). */
void fuzz_put_idt(struct random *random, uint8_t *ram);
void fuzz_put_tss(struct random *random, uint8_t *ram, uint32_t cr3);
/* Returns CR3. */
uint32_t fuzz_put_page_tables(struct random *random, uint8_t *ram, bool pae);

#endif
