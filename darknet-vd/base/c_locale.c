#include "base/c_locale.h"
#include "base/fail.h"

#include <pthread.h>

static locale_t c_locale;

static void make(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", 0);
}

locale_t vd_c_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make);
    if (!c_locale) vd_die("out of memory: no locale");
    return c_locale;
}
