//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types of benchmarked products, and what products of those types really multiply.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_ELEMENTTYPES_H
#define SPNN_BENCH_ELEMENTTYPES_H

#include "Matrix.h"

namespace spnn::bench {

/// As the options of the pipeline.
struct ElementTypes {
  std::string weights;             ///< "f16", "bf16", "i8"; empty: f32
  std::string activations = "f32"; ///< "f32", "bf16", "i8"
};

/// Activations X[k][n] as products read them: `values` are numbers of bf16 or of 8 bits as floats, which have a scale
/// for each column, else none.
struct NarrowActivations {
  std::vector<float> values, scales;
};
NarrowActivations narrow(const std::vector<float> &x, int64_t columns, const std::string &type);

/// The same as numbers of f32.
std::vector<float> roundTo(const std::vector<float> &x, int64_t columns, const std::string &type);
Matrix roundTo(const Matrix &weights, const std::string &type);

} // namespace spnn::bench

#endif // SPNN_BENCH_ELEMENTTYPES_H
