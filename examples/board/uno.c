/* A generated network on an Arduino Uno (ATmega328P, 16 MHz): reads a picture over its serial port, a row at a time,
 * and answers with a line. 115200 baud, 8N1.
 *
 *     board      >                  give me a row
 *     computer   NET_WIDTH bytes    pixels 0..255, one channel
 *     ... NET_HEIGHT times
 *     board      7 123 1650         the digit, bytes of stack used so far, bytes of static data */
#include "net.h"

#include <avr/io.h>

#if NET_CHANNELS != 1
#error the rows that are sent have one channel
#endif

static void send(char c)
{
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = (uint8_t)c;
}

static uint8_t receive(void)
{
    while (!(UCSR0A & (1 << RXC0))) {
    }
    return UDR0;
}

static void send_number(uint16_t x)
{
    char digits[5];
    uint8_t n = 0;
    do digits[n++] = (char)('0' + x % 10), x /= 10;
    while (x);
    while (n) send(digits[--n]);
}

/* ---- the stack: painted before main(), then looked at ---- */

extern uint8_t __heap_start, __data_start; /* the first byte behind static data; its first byte */
enum { PAINT = 0xA5 };

__attribute__((naked, used, section(".init3"))) static void paint_stack(void)
{
    for (uint8_t *at = &__heap_start; at < (uint8_t *)SP; ++at) *at = PAINT;
}

static uint16_t stack_used(void)
{
    const uint8_t *at = &__heap_start;
    while (at < (uint8_t *)RAMEND && *at == PAINT) ++at;
    return (uint16_t)((uint8_t *)RAMEND + 1 - at);
}

/* ---- pictures ---- */

static uint8_t row[NET_WIDTH];
static int32_t output[NET_OUTPUTS];

static uint8_t largest(void)
{
    uint8_t best = 0;
    for (uint8_t i = 1; i < NET_OUTPUTS; ++i)
        if (output[i] > output[best]) best = i;
    return best;
}

int main(void)
{
    UBRR0 = 16; /* 115200 baud at twice the speed */
    UCSR0A = 1 << U2X0;
    UCSR0B = (1 << RXEN0) | (1 << TXEN0);
    for (;;) {
        net_begin();
        for (uint8_t y = 0; y < NET_HEIGHT; ++y) {
            send('>');
            for (uint8_t x = 0; x < NET_WIDTH; ++x) row[x] = receive();
            net_row(row, 0, output);
        }
        send((char)('0' + largest()));
        send(' ');
        send_number(stack_used());
        send(' ');
        send_number((uint16_t)(&__heap_start - &__data_start));
        send('\n');
    }
}
