/* What the tests of C exports share: networks written as C, compiled and run in the test's folder. */
#ifndef TEST_C_EXPORT_H
#define TEST_C_EXPORT_H

#include "support/export_support.h"

/* save net as FOLDER/net.cfg and .weights */
void save_net(const char *cfg, network *net);

/* the same, and FOLDER/net1.c and .h of it; values: 0 for floats, or the bits of values in integers */
vd_export_result export_c(const char *cfg, network *net, int values);

/* random weights, of which a fifth is left in each variational layer */
network *sparse_network(const char *cfg);

/* pixels of a picture of the network, 0..255; the caller's to free */
unsigned char *noise_of(const network *net, unsigned seed);

extern const char strict_c99[];    /* options: no warning is left */
extern const char sanitized_gcc[]; /* a compiler whose programs end at undefined behaviour */
int is_installed(const char *program);

/* run a command in the folder: it must end with status 0. The cfg is for the message */
void expect_command(const char *command, const char *cfg);

/* NET1_OUTPUT_STEP of FOLDER/net1.h, 0 when there is none */
double c_output_step(void);

/* the status of a program that runs the self test of FOLDER/net1.c twice: 7 when one fails */
int self_test(const char *compiler);
void expect_self_test(const char *compiler, const char *cfg);

/* five random networks from a number on: in C they answer as masked, to `most` of the largest output */
enum { RANDOM_GROUPS = 4, IN_A_RANDOM_GROUP = 5 };
void expect_random_networks(int first, int values, double most);

/* NAME_decode() of a network with two heads of three classes, [yolo] as it was (0) or with new_coords=1 (1), gives the
 * boxes that Darknet makes of the same maps */
void expect_boxes_of_darknet(int new_coords, int values);

/* the command ends with status 1 and this part of a line, and writes nothing; options end with a null */
void expect_not_written(const char *cfg, network *net, const char *const options[4], const char *part);

/* pools, two variational convolutions and two connected layers; wider than high */
extern const char small_cfg[];

#define TINY \
    "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=4\n[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=relu\n"

#endif
