//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How attention kernels lay out features and heads.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONSHAPE_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONSHAPE_H

#include <algorithm>
#include <cstdint>

namespace spnn {

/// H heads of C features, in memory at h * C + c. Kernels work with heads innermost: feature c of head h is lane c * P
/// + h, with P the heads filled up to a power of two, or to a multiple of the vector where they are more. So each
/// vector of a row has every head in the same lanes, a coefficient a head multiplies without a shuffle but one
/// broadcast, and a dot product over channels is a sum of vectors, folded once. Rows are filled up to whole vectors;
/// what fills is zero.
struct AttentionShape {
  int64_t heads, channels;
  int64_t vector; ///< elements of a vector: a power of two

  int64_t features() const { return heads * channels; }
  /// P above.
  int64_t paddedHeads() const {
    if (heads >= vector)
      return (heads + vector - 1) / vector * vector;
    int64_t padded = 1;
    while (padded < heads)
      padded *= 2;
    return padded;
  }
  /// Vectors that the heads of one edge take: one, unless they are more than its elements.
  int64_t headVectors() const { return std::max<int64_t>(1, paddedHeads() / vector); }
  /// Elements of such a vector that one edge takes.
  int64_t headLanes() const { return std::min(vector, paddedHeads()); }
  /// Edges whose heads share a vector.
  int64_t edgesPerVector() const { return vector / headLanes(); }
  /// Vectors of a row of features.
  int64_t rowVectors() const {
    // Whole groups of head vectors, so that vector v belongs to head vector v modulo their number.
    int64_t vectors = (channels * paddedHeads() + vector - 1) / vector;
    return (vectors + headVectors() - 1) / headVectors() * headVectors();
  }
  int64_t rowElements() const { return rowVectors() * vector; }
  /// Vectors of a source row.
  int64_t sourceVectors() const { return (features() + vector - 1) / vector; }

  /// True if rows in memory are as kernels want them.
  bool rowsAreLaidOut() const {
    return (heads == 1 || (channels == 1 && headsAreLaidOut())) && features() == rowElements();
  }
  bool headsAreLaidOut() const { return heads == paddedHeads(); }

  /// The element of a row in memory that is lane `lane` of a row as kernels want it; -1 for one that only fills.
  int64_t sourceOf(int64_t lane) const {
    int64_t channel = lane / paddedHeads(), head = lane % paddedHeads();
    return channel < channels && head < heads ? head * channels + channel : -1;
  }

  /// Edges whose coefficients are at hand at once, a multiple of edgesPerVector: few enough to stay in L1.
  int64_t blockEdges() const {
    return std::max(edgesPerVector(),
                    std::min<int64_t>(64, 4096 / paddedHeads()) / edgesPerVector() * edgesPerVector());
  }
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONSHAPE_H
