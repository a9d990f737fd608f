/* Compares an ONNX graph with the masked network it was made from. */
#ifndef VD_EXPORT_ONNX_CHECK_H
#define VD_EXPORT_ONNX_CHECK_H

#include "export/format.h"
#include "export/onnx_graph.h"

/* run the graph, as it was built or as it was read back, on all pictures. Of a detector, boxes and scores are compared
 * with what Darknet makes of the heads, as shares of the picture's size
 *
 *   path   of the graph, for messages */
vd_difference vd_onnx_difference(const vd_exporting *e, const vd_onnx_building *b, const vd_onnx_graph *g,
                                 const char *path);

#endif
