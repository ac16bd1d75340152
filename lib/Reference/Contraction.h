//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions (matrix products, batched products, convolutions) as blocked products of gathered matrices.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_CONTRACTION_H
#define SPNN_LIB_REFERENCE_CONTRACTION_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace mlir {
class MLIRContext;
}

namespace spnn::reference {

/// One operand of a contraction: element (b, i, j) is data[batch[b] + first[i] + second[j]], where first runs along
/// rows of the left operand and of the output and along the summed dimension of the right one, and second along
/// the other: lhs (m, k), rhs (k, n), out (m, n).
struct ContractionOperand {
  std::vector<int64_t> batch, first, second;
};

/// out[b, m, n] += sum over k of lhs[b, m, k] * rhs[b, k, n]. Distinct (b, m, n) are distinct elements of out, and
/// every offset is in bounds.
struct Contraction {
  ContractionOperand lhs, rhs, out;
  const double *lhsData = nullptr, *rhsData = nullptr;
  double *outData = nullptr;
  /// True if a zero of that operand is no factor, whatever the other one holds.
  bool lhsZerosVanish = false, rhsZerosVanish = false;
  /// Elements of the operands, to look for infinities and NaN.
  int64_t lhsSize = 0, rhsSize = 0;
};

/// Sums in an order that does not depend on the number of threads of `context`.
void contract(mlir::MLIRContext *context, Contraction &contraction);

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_CONTRACTION_H
