/* pc_testdev.c - QEMU's pc-testdev, as the command line of kvm-unit-tests wants it: a latch to try
 * IN and OUT of every size on, a level per interrupt line, 64 KiB behind MMIO.
 *
 * Place in the flow: board/ puts it there with -device pc-testdev only. Light. Owns its latch and
 * its memory. DEVIATION: flushing a page has no effect, there is nothing that could be stale; lines
 * above 15 lead nowhere, the machine has no I/O APIC. Source: the tests' own use of it.
 */
#include "dev/pc_testdev.h"

static uint32_t latch_read(void *arg, uint32_t port, unsigned size_bytes)
{
    const struct pc_testdev *testdev = arg;
    (void)size_bytes;
    return testdev->latch >> 8 * (port & 3);
}

static void latch_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct pc_testdev *testdev = arg;
    const unsigned shift = 8 * (port & 3);
    const uint32_t mask = (size_bytes == 4 ? UINT32_MAX : (1u << 8 * size_bytes) - 1) << shift;
    testdev->latch = (testdev->latch & ~mask) | (value << shift & mask);
}

static uint32_t flush_read(void *arg, uint32_t port, unsigned size_bytes)
{
    (void)arg, (void)port, (void)size_bytes;
    return 0;
}

static void irq_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct pc_testdev *testdev = arg;
    (void)size_bytes;
    if (port < ARRAY_SIZE(testdev->irq)) {
        irq_set(&testdev->irq[port], value != 0);
    }
}

static uint32_t mem_read(void *arg, uint32_t off, unsigned size_bytes)
{
    const struct pc_testdev *testdev = arg;
    uint32_t value = 0;
    for (unsigned i = 0; i < size_bytes && off + i < PC_TESTDEV_MEM_BYTES; i++) {
        value |= (uint32_t)testdev->mem[off + i] << 8 * i;
    }
    return value;
}

static void mem_write(void *arg, uint32_t off, unsigned size_bytes, uint32_t value)
{
    struct pc_testdev *testdev = arg;
    for (unsigned i = 0; i < size_bytes && off + i < PC_TESTDEV_MEM_BYTES; i++) {
        testdev->mem[off + i] = (uint8_t)(value >> 8 * i);
    }
}

const struct bus_ops pc_testdev_latch_ops = {latch_read, latch_write};
const struct bus_ops pc_testdev_flush_ops = {flush_read, NULL};
const struct bus_ops pc_testdev_irq_ops = {NULL, irq_write};
const struct bus_ops pc_testdev_mem_ops = {mem_read, mem_write};
