#include "commands/words.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

int vd_words_count(int argc, char **argv)
{
    int n = 0;
    while (n < argc && argv[n]) ++n;
    return n;
}

int vd_words_have(int argc, char **argv, const char *word)
{
    for (int i = 2; i < argc && argv[i]; ++i)
        if (!strcmp(argv[i], word)) return 1;
    return 0;
}

int vd_word_is_help(const char *word)
{
    return !strcmp(word, "-h") || !strcmp(word, "--help");
}

int vd_words_help(int argc, char **argv, const char *usage)
{
    for (int i = 1; i < argc && argv[i]; ++i) {
        if (!vd_word_is_help(argv[i])) continue;
        fputs(usage, stdout);
        return 1;
    }
    return 0;
}

/* the word behind the option; needs: what it should be */
static const char *value(vd_words *w, const char *needs)
{
    const char *option = w->argv[w->at];
    if (w->at + 1 >= w->argc || !w->argv[w->at + 1])
        vd_die("darknet %s: %s needs %s; see -h", w->command, option, needs);
    return w->argv[++w->at];
}

const char *vd_word_text(vd_words *w)
{
    return value(w, "a value");
}

double vd_word_number(vd_words *w, double least, double most)
{
    double number;
    const char *option = w->argv[w->at], *text = value(w, "a number");
    if (!vd_parse_double(text, &number) || number < least || number > most)
        vd_die("darknet %s: %s %s is not a number from %g to %g", w->command, option, text, least, most);
    return number;
}

long vd_word_integer(vd_words *w, long least, long most)
{
    long number;
    const char *option = w->argv[w->at], *text = value(w, "an integer");
    if (!vd_parse_long(text, &number) || number < least || number > most)
        vd_die("darknet %s: %s %s is not an integer from %ld to %ld", w->command, option, text, least, most);
    return number;
}
