//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eigen's sparse product; compiled for this machine, as its users are told to.
//
//===----------------------------------------------------------------------===//
#include "Peers.h"

#ifdef SPNN_BENCH_EIGEN
#include <Eigen/Sparse>

using namespace spnn::bench;

std::string spnn::bench::eigenVersion() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION);
}

std::vector<PeerVariant> spnn::bench::makeEigenPeers(const std::vector<Matrix> &matrices, const Operands &operands) {
  using Sparse = Eigen::Map<const Eigen::SparseMatrix<float, Eigen::RowMajor>>;
  using Dense = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  int64_t n = operands.columns;
  const float *x = operands.x;
  float *y = operands.y;
  const std::vector<Matrix> *all = &matrices;
  auto run = [=](int i) {
    const Matrix &matrix = (*all)[i];
    Sparse weights(matrix.rows, matrix.cols, matrix.nonzeros(), matrix.positions.data(), matrix.indices.data(),
                   matrix.values.data());
    Eigen::Map<Dense>(y, matrix.rows, n).noalias() = weights * Eigen::Map<const Dense>(x, matrix.cols, n);
  };
  return {{"eigen", "CSR x row-major", false, false, static_cast<int>(matrices.size()), run}};
}
#else
std::string spnn::bench::eigenVersion() { return ""; }
std::vector<spnn::bench::PeerVariant> spnn::bench::makeEigenPeers(const std::vector<Matrix> &, const Operands &) {
  return {};
}
#endif
