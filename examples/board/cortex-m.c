/* A generated network on a Cortex-M in QEMU: answers pictures of a file, counts instructions and stack.
 *
 *     digits.bin    records of a label and NET_INPUTS pixels, a byte each (pictures.c)
 *     answers.bin   the outputs, int32_t little-endian, NET_OUTPUTS for each record
 *
 * Files and text go through semihosting: calls that a debugger or QEMU answers. Under -icount shift=0 an instruction
 * takes a nanosecond of the machine's time, which SysTick counts in ticks of 1e9 / HERTZ of them. */
#include "net.h"

#include <stdint.h>

enum { SYS_OPEN = 1, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };
enum { READ_BINARY = 1, WRITE_BINARY = 5, APPLICATION_EXIT = 0x20026 };

static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* the length of a name is a part of the call */
static int open_file(const char *name, int length, int mode)
{
    const int32_t block[] = {(int32_t)(intptr_t)name, mode, length};
    return semihosting(SYS_OPEN, block);
}

/* 1 when all bytes were read, or written */
static int transfer(int operation, int file, const void *bytes, int n)
{
    const int32_t block[] = {file, (int32_t)(intptr_t)bytes, n};
    return semihosting(operation, block) == 0;
}

static void print(const char *text)
{
    semihosting(SYS_WRITE0, text);
}

static void print_number(uint32_t x)
{
    char text[11], *at = text + sizeof(text) - 1;
    *at = 0;
    do *--at = (char)('0' + x % 10), x /= 10;
    while (x);
    print(at);
}

/* ---- SysTick: counts down, 24 bits ---- */

#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)

static void start_ticks(void)
{
    SYST_RVR = 0xFFFFFF;
    SYST_CVR = 0;
    SYST_CSR = 5; /* the processor's clock, no interrupt */
}

static uint32_t instructions_since(uint32_t start)
{
    uint32_t ticks = (start - SYST_CVR) & 0xFFFFFF;
    return (uint32_t)((uint64_t)ticks * 1000000000u / HERTZ);
}

/* ---- the stack: painted, then looked at ---- */

extern uint32_t bss_end; /* cortex-m.ld */
static const uint32_t paint = 0xA5A5A5A5;

static uint32_t *stack_now(void)
{
    uint32_t *sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

static void paint_stack(void)
{
    for (volatile uint32_t *at = &bss_end; at < stack_now() - 8; ++at) *at = paint;
}

/* bytes below `from` that have been used */
static uint32_t stack_used(const uint32_t *from)
{
    const uint32_t *at = &bss_end;
    while (at < from && *at == paint) ++at;
    return (uint32_t)(from - at) * 4;
}

/* ---- pictures ---- */

static uint8_t record[1 + NET_INPUTS];
static int32_t output[NET_OUTPUTS];

static int largest(void)
{
    int best = 0;
    for (int i = 1; i < NET_OUTPUTS; ++i)
        if (output[i] > output[best]) best = i;
    return best;
}

static void print_answer(uint32_t instructions)
{
    print("digit ");
    print_number(record[0]);
    print(": answer ");
    print_number((uint32_t)largest());
    print(", ");
    print_number(instructions);
    print(" instructions\n");
}

int main(void)
{
    int in = open_file("digits.bin", 10, READ_BINARY), out = open_file("answers.bin", 11, WRITE_BINARY);
    uint32_t n = 0, wrong = 0, stack = 0;
    uint64_t all = 0;
    start_ticks();
    while (transfer(SYS_READ, in, record, sizeof(record))) {
        if (n == 0) paint_stack();
        uint32_t start = SYST_CVR;
        net_predict(record + 1, output);
        uint32_t instructions = instructions_since(start);
        if (n == 0) stack = stack_used(stack_now());
        transfer(SYS_WRITE, out, output, sizeof(output));
        if (n < SHOWN) print_answer(instructions);
        wrong += largest() != record[0];
        all += instructions;
        ++n;
    }
    print_number(n);
    print(" digits, ");
    print_number(wrong);
    print(" wrong, ");
    print_number(n ? (uint32_t)(all / n) : 0);
    print(" instructions each, ");
    print_number(stack);
    print(" bytes of stack\n");
    semihosting(SYS_EXIT, (const void *)APPLICATION_EXIT);
    return 0;
}
