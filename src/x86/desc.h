/* desc.h - segment descriptors, selectors and task state segments as they lie in guest memory
 * (SDM vol. 3, "Protected-Mode Memory Management", "Task Management"). Constants; no state.
 */
#ifndef X86_DESC_H
#define X86_DESC_H

enum { /* selector */
       SEL_RPL = 3,
       SEL_TI = 4, /* 1: LDT */
       SEL_INDEX = 0xfff8,
       SEL_ERROR = 0xfffc, /* the part that goes into an error code */
};

enum { /* error code, low bits ("Error Code") */
       ERR_EXT = 1,
       ERR_IDT = 2,
};

enum { /* type of a system descriptor: access byte & 1F (S = 0) */
       DESC_TSS16 = 1,
       DESC_LDT = 2,
       DESC_TSS16_BUSY = 3,
       DESC_CALL16 = 4,
       DESC_TASK = 5,
       DESC_INT16 = 6,
       DESC_TRAP16 = 7,
       DESC_TSS32 = 9,
       DESC_TSS32_BUSY = 11,
       DESC_CALL32 = 12,
       DESC_INT32 = 14,
       DESC_TRAP32 = 15,
       DESC_TYPE = 0x1f, /* mask in the access byte: type and S */
       DESC_BUSY = 2,    /* bit that makes an available TSS a busy one */
       DESC_IS_32 = 8,   /* bit that makes a 16-bit gate or TSS a 32-bit one */
};

enum { /* 32-bit TSS, byte offsets */
       TSS32_LINK = 0x00,
       TSS32_ESP0 = 0x04,
       TSS32_CR3 = 0x1c,
       TSS32_EIP = 0x20,
       TSS32_EFLAGS = 0x24,
       TSS32_EAX = 0x28,
       TSS32_ES = 0x48,
       TSS32_LDT = 0x60,
       TSS32_T = 0x64,
       TSS32_IOMAP = 0x66,
       TSS32_MIN_LIMIT = 0x67,
};

enum { /* 16-bit TSS, byte offsets */
       TSS16_LINK = 0x00,
       TSS16_SP0 = 0x02,
       TSS16_IP = 0x0e,
       TSS16_FLAGS = 0x10,
       TSS16_AX = 0x12,
       TSS16_ES = 0x22,
       TSS16_LDT = 0x2a,
       TSS16_MIN_LIMIT = 0x2b,
};

enum { /* debug registers ("Debug Registers") */
       DR6_FIXED = (int)0xffff0ff0,
       DR6_BD = 1 << 13,
       DR6_BS = 1 << 14,
       DR6_BT = 1 << 15,
       DR7_FIXED = 1 << 10,
       DR7_LOCAL = 0x155, /* L0-L3 and LE: cleared by a task switch */
       DR7_ENABLED = 0xff,
       DR7_GD = 1 << 13,
};

#endif
