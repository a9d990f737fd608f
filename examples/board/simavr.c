/* Runs uno.elf in simavr and sends it pictures as a computer at its serial port would.
 *
 *     simavr uno.elf digits.bin expected.bin    records and outputs as pictures.c writes them, 28 x 28 and 10
 *
 * Prints the first answers, then errors, time, stack and RAM. Status 1 when an answer is not the one of expected.bin.
 */
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 28, HEIGHT = 28, CLASSES = 10, SHOWN = 3, HERTZ = 16000000 };

typedef struct {
    uint8_t label, pixels[HEIGHT][WIDTH];
} record;

static struct {
    avr_irq_t *serial; /* to the board */
    int wants_row;
    char line[64];
    size_t n;
    int has_line;
} board;

static void hear(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    char c = (char)value;
    if (c == '>') board.wants_row = 1;
    else if (c == '\n') board.line[board.n] = 0, board.n = 0, board.has_line = 1;
    else if (board.n + 1 < sizeof(board.line)) board.line[board.n++] = c;
}

/* one picture; 0 when the program on the board has ended */
static int show(avr_t *avr, const record *r)
{
    int row = 0;
    board.has_line = 0;
    while (!board.has_line) {
        if (board.wants_row && row < HEIGHT) {
            board.wants_row = 0;
            for (int x = 0; x < WIDTH; ++x) avr_raise_irq(board.serial, r->pixels[row][x]);
            ++row;
        }
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) return 0;
    }
    return 1;
}

static avr_t *start(const char *path)
{
    elf_firmware_t firmware = {0};
    uint32_t flags = 0;
    if (elf_read_firmware(path, &firmware)) return 0;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    avr->frequency = HERTZ;
    avr_load_firmware(avr, &firmware);
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)AVR_UART_FLAG_STDIO;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), hear, 0);
    board.serial = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    return avr;
}

static int largest(const int32_t *x)
{
    int best = 0;
    for (int i = 1; i < CLASSES; ++i)
        if (x[i] > x[best]) best = i;
    return best;
}

int main(int argc, char **argv)
{
    record r;
    int32_t expected[CLASSES];
    int n = 0, wrong = 0, other = 0, digit = 0, stack = 0, data = 0;
    avr_t *avr = argc == 4 ? start(argv[1]) : 0;
    FILE *records = argc == 4 ? fopen(argv[2], "rb") : 0, *answers = argc == 4 ? fopen(argv[3], "rb") : 0;
    if (!avr || !records || !answers) {
        fprintf(stderr, "usage: simavr uno.elf digits.bin expected.bin\n");
        return 1;
    }
    while (fread(&r, sizeof(r), 1, records) == 1 && fread(expected, sizeof(expected), 1, answers) == 1) {
        if (!show(avr, &r) || sscanf(board.line, "%d %d %d", &digit, &stack, &data) != 3) {
            fprintf(stderr, "no answer to picture %d: %s\n", n, board.line);
            return 1;
        }
        if (n++ < SHOWN) printf("digit %d: answer %d\n", r.label, digit);
        wrong += digit != r.label;
        other += digit != largest(expected);
    }
    printf("%d digits, %d wrong, %.3f seconds each with the serial port, %d bytes of RAM and %d of stack\n", n, wrong,
           n ? (double)avr->cycle / HERTZ / n : 0, data, stack);
    return other != 0;
}
