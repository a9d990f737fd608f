/* The page's template, and Chart.js with its licence, as C strings: VD_CHART is the path of its file, undefined without it. */
#include "base/text_file.inc"

    .section .rodata.vd_page, "a", %progbits
    file vd_page_template, "darknet-vd/training/page.html"
#ifdef VD_CHART
    file vd_page_licence, "darknet-vd/training/chart-licence.txt"
    file vd_page_chart, VD_CHART
#endif

    .section .note.GNU-stack, "", %progbits
