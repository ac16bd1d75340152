//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn.prune on one matrix: from the pattern attribute to the plain C++ of MagnitudePruning.h.
//
//===----------------------------------------------------------------------===//
#include "spnn/Transforms/PatternPruning.h"

#include "spnn/Transforms/MagnitudePruning.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spnn;

static std::optional<format::FloatType> getFloatType(Type type) {
  if (type.isF16())
    return format::FloatType::F16;
  if (type.isBF16())
    return format::FloatType::BF16;
  if (type.isF32())
    return format::FloatType::F32;
  if (type.isF64())
    return format::FloatType::F64;
  return std::nullopt;
}

std::optional<std::string> spnn::pruneToPattern(format::DenseMatrix &matrix, Type elementType, PruneMethod method,
                                                PatternAttr pattern) {
  std::optional<format::FloatType> floatType = getFloatType(elementType);
  if (!floatType) {
    std::string reason;
    llvm::raw_string_ostream(reason) << "elements of type " << elementType << " cannot be pruned";
    return reason;
  }
  if (method != PruneMethod::Magnitude)
    return "the pruning method '" + stringifyPruneMethod(method).str() + "' is not known";
  pruning::Weights weights{&matrix, *floatType};
  pruning::KeepMask mask;
  std::optional<std::string> broken;
  switch (pattern.getKind()) {
  case PatternKind::Unstructured:
    broken = pruning::pruneByMagnitude(weights, pattern.getFraction(), {}, mask);
    break;
  case PatternKind::Block: {
    pruning::Granularity granularity;
    granularity.blockRows = pattern.getRows();
    granularity.blockCols = pattern.getCols();
    broken = pruning::pruneByMagnitude(weights, pattern.getFraction(), granularity, mask);
    break;
  }
  case PatternKind::NM:
    broken = pruning::pruneToNm(weights, pattern.getRows(), pattern.getCols(), mask);
    break;
  case PatternKind::NMG:
    broken = pruning::pruneToNmg(weights, {pattern.getRows(), pattern.getCols(), pattern.getGroup()}, mask);
    break;
  }
  if (broken)
    return broken;
  pruning::applyMask(mask, matrix);
  return std::nullopt;
}
