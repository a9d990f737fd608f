/* The cfg of an exported network: the user's text, line by line, with only the changes that stock Darknet needs. */
#ifndef VD_EXPORT_CFG_TEXT_H
#define VD_EXPORT_CFG_TEXT_H

/* what changes in the section of one layer, besides its name and the keys of variational layers */
typedef struct {
    int filters; /* the new value of filters= or output=; 0: no change */
    int fused;   /* batch_normalize= is left out */
} vd_cfg_change;

/* the text with [vd_convolutional] and [vd_connected] renamed to the stock sections, without their keys and without the
 * keys of [net] that stock Darknet does not have; without [vd_cost] except for its comments; and without flipped=
 * (weights are written unflipped)
 *
 *   text      0-terminated; lines may end in \n or \r\n
 *   changes   [n] of the layers; sections after them are only renamed
 *
 * Returns a string the caller frees. Comments, blank lines, order, spacing and other keys stay as they are. */
char *vd_cfg_text_export(const char *text, int n, const vd_cfg_change *changes);

#endif
