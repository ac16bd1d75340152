//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LIBXSMM's product of a sparse and a dense matrix (spmdm) as a peer. It chooses its instructions at run time.
//
//===----------------------------------------------------------------------===//
#include "Peers.h"

#ifdef SPNN_BENCH_LIBXSMM
#include <libxsmm.h>

using namespace spnn::bench;

namespace {
/// A matrix cut into slices, each a CSR matrix with 16-bit indices.
struct Sliced {
  libxsmm_spmdm_handle handle = {};
  libxsmm_CSR_sparseslice *slices = nullptr;

  Sliced(const Matrix &matrix, int64_t columns) {
    libxsmm_spmdm_init(static_cast<int>(matrix.rows), static_cast<int>(columns), static_cast<int>(matrix.cols),
                       /*max_threads=*/1, &handle, &slices);
    if (!isComplete())
      return;
    for (int i = 0, count = libxsmm_spmdm_get_num_createSparseSlice_blocks(&handle); i < count; ++i)
      libxsmm_spmdm_createSparseSlice_fp32_thread(&handle, 'N', matrix.dense.data(), slices, i, /*tid=*/0,
                                                  /*nthreads=*/1);
  }
  Sliced(const Sliced &) = delete;
  Sliced &operator=(const Sliced &) = delete;
  ~Sliced() { libxsmm_spmdm_destroy(&handle); }

  /// Whether there was memory for the slices and for the scratch of a thread.
  bool isComplete() const { return slices && handle.memory_for_scratch_per_thread; }

  void multiply(const float *x, float *y) {
    const float alpha = 1, beta = 0;
    for (int i = 0, count = libxsmm_spmdm_get_num_compute_blocks(&handle); i < count; ++i)
      libxsmm_spmdm_compute_fp32_thread(&handle, 'N', 'N', &alpha, slices, x, 'N', &beta, y, i, /*tid=*/0,
                                        /*nthreads=*/1);
  }
};
} // namespace

std::string spnn::bench::libxsmmVersion() { return LIBXSMM_CONFIG_VERSION; }

std::vector<PeerVariant> spnn::bench::makeLibxsmmPeers(const std::vector<Matrix> &matrices, const Operands &operands) {
  libxsmm_init();
  std::vector<std::shared_ptr<Sliced>> all;
  for (const Matrix &matrix : matrices) {
    all.push_back(std::make_shared<Sliced>(matrix, operands.columns));
    if (!all.back()->isComplete())
      return {};
  }
  const libxsmm_spmdm_handle &handle = all[0]->handle;
  // 96 columns with AVX-512, 48 with AVX2: which code was taken.
  std::string variant = std::string("spmdm, ") + libxsmm_get_target_arch() + ", slices " + std::to_string(handle.bm) +
                        "x" + std::to_string(handle.bk) + ", " + std::to_string(handle.bn) + " columns";
  const float *x = operands.x;
  float *y = operands.y;
  auto run = [=](int i) { all[i]->multiply(x, y); };
  return {{"libxsmm", variant, false, false, static_cast<int>(all.size()), run}};
}
#else
std::string spnn::bench::libxsmmVersion() { return ""; }
std::vector<spnn::bench::PeerVariant> spnn::bench::makeLibxsmmPeers(const std::vector<Matrix> &, const Operands &) {
  return {};
}
#endif
