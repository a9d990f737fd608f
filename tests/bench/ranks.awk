# What R ranks would give (docs/clusters.md), from what one rank and one network take:
#   awk -v picture=S -v update=S -v bytes=N -v latency=S -v bandwidth=BYTES -v each=PICTURES -f tests/bench/ranks.awk
# picture: seconds of a picture, forward and backward; update: of a step beside them, which the ranks share; bytes: of
# all gradients; each: pictures of a rank in a step. Recursive halving and doubling sends 2 bytes (1 - 1/R) in
# 2 log2(R) messages. Prints R, seconds of a step, pictures a second, and their share of R times those of one rank.
function seconds(ranks) {
    return each * picture + update / ranks + 2 * log(ranks) / log(2) * latency + 2 * bytes * (1 - 1 / ranks) / bandwidth
}
BEGIN {
    split("1 2 8 64 512", all, " ")
    for (i = 1; i in all; ++i) {
        r = all[i]
        printf "| %d | %.2f s | %.1f | %.2f |\n", r, seconds(r), r * each / seconds(r), seconds(1) / seconds(r)
    }
}
