//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which candidates are worth measuring.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/CandidateTimer.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;

SmallVector<size_t> spnn::getShortlist(ArrayRef<double> predicted, int64_t always, double factor, size_t most) {
  SmallVector<size_t> result;
  for (size_t i = 0; i < predicted.size(); ++i)
    if (std::isfinite(predicted[i]))
      result.push_back(i);
  llvm::sort(result, [&](size_t a, size_t b) { return std::pair(predicted[a], a) < std::pair(predicted[b], b); });
  double limit = result.empty() ? 0 : factor * predicted[result.front()];
  llvm::erase_if(result, [&](size_t i) { return predicted[i] > limit; });
  result.resize(std::min(result.size(), most));
  if (always >= 0 && !llvm::is_contained(result, static_cast<size_t>(always)))
    result.push_back(always);
  llvm::sort(result);
  return result;
}
