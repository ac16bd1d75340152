//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What our kernels are compared with.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_PEERS_H
#define SPNN_BENCH_PEERS_H

#include "Matrix.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spnn::bench {

/// Buffers of one case: X[k][n], its transpose X[n][k], and room for the result of a peer, m * n elements.
struct Operands {
  int64_t columns = 0;
  const float *x = nullptr, *xTransposed = nullptr;
  float *y = nullptr;
};

/// One way of computing the product. A peer can offer several variants; reports show the fastest.
struct PeerVariant {
  std::string peer, variant;
  bool linear = false;      ///< X[n][k] to Y[n][m] instead of X[k][n] to Y[m][n]
  bool accumulates = false; ///< adds to y
  int matrices = 1;         ///< of the case that `run` rotates through
  std::function<void(int)> run;
};

/// oneDNN's sgemm and matmul primitive; weights in the primitive's own layout where that is faster. Dense kernels meet
/// no data-dependent branch, so they get one matrix that stays in the caches.
std::vector<PeerVariant> makeOneDnnPeers(const Matrix &matrix, const Operands &operands);
std::string oneDnnVersion();

/// Eigen's product of a row-major sparse and a row-major dense matrix, if the benchmark was built with Eigen.
std::vector<PeerVariant> makeEigenPeers(const std::vector<Matrix> &matrices, const Operands &operands);
std::string eigenVersion();

/// LIBXSMM's product of sparse slices and a dense matrix, if the benchmark was built with LIBXSMM. The slices are made
/// here, once, as the weights are constant.
std::vector<PeerVariant> makeLibxsmmPeers(const std::vector<Matrix> &matrices, const Operands &operands);
/// Empty where there is none.
std::string libxsmmVersion();

/// Intel MKL's inspector-executor product of a CSR matrix, sequential, where libmkl_rt can be opened ($SPNN_MKL names it).
std::vector<PeerVariant> makeMklPeers(const std::vector<Matrix> &matrices, const Operands &operands);
/// Empty where there is none.
std::string mklVersion();

/// MLIR's sparsifier and a plain C loop nest over CSR, compiled for this shape, in `cache`. Writes a sentence to
/// `problem` if a tool fails.
std::vector<PeerVariant> makeGeneratedPeers(const std::vector<Matrix> &matrices, const Operands &operands,
                                            const std::string &cache, std::string &problem);

} // namespace spnn::bench

#endif // SPNN_BENCH_PEERS_H
