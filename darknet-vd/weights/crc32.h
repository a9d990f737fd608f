/* The checksum of packed weights. */
#ifndef VD_WEIGHTS_CRC32_H
#define VD_WEIGHTS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* the CRC-32 of zlib, PNG and Ethernet: polynomial 0x04c11db7, reflected, initial value and final xor 0xffffffff */
uint32_t vd_crc32(const uint8_t *bytes, size_t n);

#endif
