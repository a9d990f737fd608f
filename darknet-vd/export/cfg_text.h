/* The cfg of an exported network: the user's text, line by line, with as little changed as stock Darknet needs. */
#ifndef VD_EXPORT_CFG_TEXT_H
#define VD_EXPORT_CFG_TEXT_H

/* what is to be changed in the section of one layer, besides its name and the keys of variational layers */
typedef struct {
    int filters; /* the new value of filters= or output=, 0 to leave it */
    int fused;   /* batch_normalize goes */
} vd_cfg_change;

/* text with [vd_convolutional] and [vd_connected] renamed to the stock sections, their keys and those [net] has here
 * alone gone, [vd_cost] gone but for its comments, and flipped= gone (weights are written unflipped)
 *
 *   text      0-terminated; lines may end in \n or \r\n
 *   changes   [n] of the layers; sections behind them are only renamed
 *
 * returns a fresh string. Comments, blank lines, order, spacing and other keys are as they were. */
char *vd_cfg_text_export(const char *text, int n, const vd_cfg_change *changes);

#endif
