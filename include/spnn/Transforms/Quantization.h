//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding of matrices of f32 to narrower element types, on plain arrays.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_QUANTIZATION_H
#define SPNN_TRANSFORMS_QUANTIZATION_H

#include "spnn/Format/FloatType.h"
#include "spnn/Format/SparseFormat.h"

#include <optional>
#include <string>
#include <vector>

namespace spnn {

struct QuantizedMatrix {
  format::DenseMatrix matrix;
  std::vector<float> scales; ///< of i8: one a row, or a column; else empty
};

/// `matrix`, of f32, in F16 or BF16, rounded to the nearest value, ties to even; infinities and NaN stay what they are.
/// std::nullopt, with the reason in `reason`, if a finite value would become infinite.
std::optional<QuantizedMatrix> roundMatrix(const format::DenseMatrix &matrix, format::FloatType type,
                                           std::string &reason);

/// `matrix`, of f32, as integers q in [-127, 127] of 8 bits, symmetric for each row (or column): scale = max|w| / 127,
/// 1 for a row of zeros (or of values so small that their scale is not a normal number, which become zeros), and q the
/// nearest integer to w / scale, ties to even. std::nullopt, with the reason in `reason`, for infinities and NaN.
std::optional<QuantizedMatrix> quantizeMatrix(const format::DenseMatrix &matrix, bool byColumns, std::string &reason);

} // namespace spnn

#endif // SPNN_TRANSFORMS_QUANTIZATION_H
