/* Start of a Cortex-M0 or M4F: the vector table, static data, and the floating-point unit where code is compiled for
 * one. On a board of your own, its vendor's startup code does this. */
#include <stdint.h>

extern uint32_t data_from, data_begin, data_end, bss_begin, bss_end, stack_end; /* cortex-m.ld */
int main(void);

void reset(void);

static void hang(void)
{
    for (;;) {
    }
}

/* the first two words are the stack and the entry, then come the exceptions */
__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void)) & stack_end, reset, hang, hang, hang, hang, hang, 0, 0, 0, 0, hang, hang, 0, hang, hang,
};

void reset(void)
{
    const uint32_t *from = &data_from;
    for (uint32_t *to = &data_begin; to != &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_begin; to != &bss_end;) *to++ = 0;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: coprocessors 10 and 11 are the floating-point unit */
    __asm__ volatile("dsb\n\tisb");
#endif
    main();
    hang();
}
