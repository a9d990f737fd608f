/* training/shared_update.c: the room for what ranks send each other. tests/ranks has the update itself. */
#include "support/support.h"
#include "training/shared_update.h"
#include "layer/posterior.h"

static const struct {
    int layers;
    size_t weights; /* of each, and a bias */
} nets[] = {{1, 1}, {20, 1000}, {3, VD_PIECE}, {3, VD_PIECE + 1}, {2, 100 * VD_PIECE - 1}, {4000, 1}, {100000, 2}};

START_TEST(there_is_room_for_every_piece_and_its_sums)
{
    size_t layers = (size_t)nets[_i].layers, weights = nets[_i].weights, gradients = layers * (2 * weights + 1);
    size_t pieces = layers * ((weights + VD_PIECE - 1) / VD_PIECE);
    size_t sent = layers * 2 * weights * sizeof(float) + pieces * sizeof(vd_variance_sums);
    ck_assert_uint_ge(vd_shared_packed(gradients, nets[_i].layers) * sizeof(float), sent);
}
END_TEST

SUITE_OF(shared_update)
{
    LOOP(there_is_room_for_every_piece_and_its_sums, COUNT_OF(nets));
}
