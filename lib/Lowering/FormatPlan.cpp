//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The products of a function as the plan of layouts sees them.
//
//===----------------------------------------------------------------------===//
#include "FormatPlan.h"
#include "ProductChains.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

bool ForcedChoice::allows(const Candidate &candidate, bool keepsEncoding) const {
  if (!format.empty() && !keepsEncoding && candidate.format != format)
    return false;
  if (!kernel.empty() && (!candidate.kernel || candidate.kernel->name() != kernel))
    return false;
  // Who asks for a kernel gets it without a prediction too.
  bool isOnlyUnpredicted = !kernel.empty() && candidate.parameters && !std::isfinite(candidate.microseconds);
  return candidate.excluded.empty() || isOnlyUnpredicted;
}

std::vector<cost::LayoutNode> spnn::makeLayoutNodes(ArrayRef<const OpenProduct *> products,
                                                    const CandidateFinder &finder) {
  DenseMap<Operation *, int64_t> numbers;
  for (auto [i, product] : llvm::enumerate(products))
    numbers[product->op] = i;
  SmallVector<PanelsAttr> layouts{PanelsAttr()}; // 0 is batch-major
  std::vector<cost::LayoutNode> nodes;
  for (const OpenProduct *product : products) {
    MatmulOp op = product->op;
    cost::LayoutNode node;
    if (MatmulOp producer = findProducer(op); producer && numbers.contains(producer))
      node.producer = numbers[producer];
    node.hasOtherUse = isUsedRowMajor(op, [&](MatmulOp product) { return numbers.contains(product); });
    node.packOperand = finder.predictRepacking(product->extent, op.getInner(), getElementTypeOrSelf(op.getRhs()));
    node.unpackResult = finder.predictRepacking(product->extent, op.getRows(), getElementTypeOrSelf(op.getType()));
    for (size_t i : product->eligible) {
      PanelsAttr panels = product->candidates[i].panels;
      auto known = llvm::find(layouts, panels);
      if (known == layouts.end())
        known = layouts.insert(layouts.end(), panels);
      node.choices.push_back({0, known - layouts.begin()});
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

double spnn::getPlannedMicroseconds(const Candidate &candidate, size_t home) {
  // Predictions are off by some percent (bench/calibrate --check), so a sparse format has to beat dense clearly.
  constexpr double kMargin = 1.05;
  return candidate.measured.value_or(candidate.times[home] * (candidate.encoding ? kMargin : 1));
}

double spnn::roundToDigits(double value) {
  if (!(value > 0) || !std::isfinite(value))
    return value;
  double scale = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}
