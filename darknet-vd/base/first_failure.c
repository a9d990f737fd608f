#include "base/first_failure.h"
#include "base/fail.h"

#include <stdlib.h>

int vd_catch_failure(vd_first_failure *first, void (*run)(void *context), void *context)
{
    char *message;
    if (!vd_fail_catch(run, context, &message)) return 0;
    if (atomic_exchange(&first->failed, 1)) free(message);
    else first->message = message;
    return 1;
}
