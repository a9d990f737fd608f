/* The functions of the generated C, as C strings (emit.h). */
#include "base/text_file.inc"

    .section .rodata.vd_c, "a", %progbits
    file vd_c_fetch_text, "darknet-vd/export/c/fetch.inc"
    file vd_c_int8_text, "darknet-vd/export/c/int8.inc"
    file vd_c_float_text, "darknet-vd/export/c/float.inc"
    file vd_c_kernels_text, "darknet-vd/export/c/kernels.inc"
    file vd_c_decode_text, "darknet-vd/export/c/decode.inc"

    .section .note.GNU-stack, "", %progbits
