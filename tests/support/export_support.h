/* What the tests of the exporter share: networks with chosen filters pruned, exported in this process. */
#ifndef TEST_EXPORT_SUPPORT_H
#define TEST_EXPORT_SUPPORT_H

#include "support/support.h"

#include "export/export.h"

/* parse a cfg and fill weights, biases and batch norm with random numbers that are not 0 */
network *random_network(const char *cfg, unsigned seed);

/* make weights zero at test time: by log_sigma2 in a variational layer, by hand in a plain one
 *
 *   prune_filter   all of filter or unit f of layer i
 *   prune_input    all that read one input channel, `first` weights into a filter and n long */
void prune(layer l, size_t weight);
void prune_filter(network *net, int i, int f);
void prune_input(network *net, int i, int first, int n);

/* filters or units, and weights of one of them */
int filters_of(layer l);
int columns_of(layer l);

/* save net as FOLDER/net.cfg and .weights and export it to FOLDER/out.cfg and .weights; the process ends when the
 * exporter finds a difference. Compared here again, on other inputs. A [connected] with batch normalisation is always
 * fused */
vd_export_result export_network(const char *folder, const char *cfg, network *net, int fuse, int compact);

/* the line of layer i; ends the test when there is none */
vd_export_line line_of(vd_export_result r, int i);

#endif
