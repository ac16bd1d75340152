//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Changes of shape: the same elements under other extents, by collapse_shape and expand_shape.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spnn::onnximport;

namespace {
/// A run of old dimensions that becomes a run of new ones.
struct Group {
  int64_t oldBegin, oldEnd, newBegin, newEnd;
};
} // namespace

/// The number, or kDynamic.
static int64_t extentOf(OpFoldResult size) { return getConstantIntValue(size).value_or(ShapedType::kDynamic); }

/// Cuts both shapes into the smallest runs with equal products of static extents; whatever stands between two such
/// runs and has a `?` becomes one run. same(i, j): old dimension i and new dimension j have the one dynamic extent.
static SmallVector<Group> groupDims(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                                    llvm::function_ref<bool(int64_t, int64_t)> same) {
  int64_t oldRank = from.size(), newRank = to.size();
  // Static runs are taken from the front, then from the back; a `?` in the middle ends both.
  SmallVector<Group> front, back;
  int64_t i = 0, j = 0, iEnd = oldRank, jEnd = newRank;
  auto isDynamic = [](int64_t extent) { return ShapedType::isDynamic(extent); };
  bool anyDynamic = llvm::any_of(from, isDynamic) || llvm::any_of(to, isDynamic);
  auto takeFront = [&] {
    if (same(i, j)) {
      front.push_back({i, i + 1, j, j + 1});
      ++i, ++j;
      return true;
    }
    int64_t p = i, q = j, product = 1, other = 1;
    do {
      bool left = product <= other ? p < iEnd : q >= jEnd && p < iEnd;
      if (!left && q >= jEnd)
        return false;
      int64_t extent = left ? from[p++] : to[q++];
      if (isDynamic(extent))
        return false;
      (left ? product : other) *= extent;
    } while (product != other || p == i || q == j);
    front.push_back({i, p, j, q});
    i = p, j = q;
    return true;
  };
  auto takeBack = [&] {
    if (same(iEnd - 1, jEnd - 1)) {
      back.push_back({iEnd - 1, iEnd, jEnd - 1, jEnd});
      --iEnd, --jEnd;
      return true;
    }
    int64_t p = iEnd, q = jEnd, product = 1, other = 1;
    do {
      bool left = product <= other ? p > i : q <= j && p > i;
      if (!left && q <= j)
        return false;
      int64_t extent = left ? from[--p] : to[--q];
      if (isDynamic(extent))
        return false;
      (left ? product : other) *= extent;
    } while (product != other || p == iEnd || q == jEnd);
    back.push_back({p, iEnd, q, jEnd});
    iEnd = p, jEnd = q;
    return true;
  };
  while (i < iEnd && j < jEnd && takeFront()) {
  }
  while (anyDynamic && i < iEnd && j < jEnd && takeBack()) {
  }
  SmallVector<Group> groups = std::move(front);
  if (i < iEnd || j < jEnd) {
    // What is left on one side alone (extents of 1) joins a neighbour.
    if (i == iEnd || j == jEnd) {
      if (!groups.empty()) {
        groups.back().oldEnd = iEnd;
        groups.back().newEnd = jEnd;
      } else if (!back.empty()) {
        back.back().oldBegin = i;
        back.back().newBegin = j;
      } else {
        groups.push_back({i, iEnd, j, jEnd});
      }
    } else {
      groups.push_back({i, iEnd, j, jEnd});
    }
  }
  groups.append(back.rbegin(), back.rend());
  return groups;
}

static ReassociationIndices range(int64_t begin, int64_t end) {
  ReassociationIndices indices;
  for (int64_t d = begin; d < end; ++d)
    indices.push_back(d);
  return indices;
}

Value spnn::onnximport::reshape(Node &n, Value value, ArrayRef<int64_t> shape) {
  return reshape(n, value, llvm::map_to_vector(shape, [&](int64_t extent) { return number(n, extent); }));
}

Value spnn::onnximport::reshape(Node &n, Value value, ArrayRef<OpFoldResult> sizes) {
  if (!value)
    return Value();
  auto from = typeOf(value);
  SmallVector<int64_t> to = llvm::map_to_vector(sizes, extentOf);
  SmallVector<int64_t> fixed;
  llvm::copy_if(to, std::back_inserter(fixed), [](int64_t extent) { return !ShapedType::isDynamic(extent); });
  if (llvm::Expected<int64_t> count = countElements(fixed, 1); !count)
    return n.fail(llvm::toString(count.takeError()));
  auto target = RankedTensorType::get(to, from.getElementType());
  if (from == target && from.hasStaticShape())
    return value;
  if (from.hasStaticShape() && target.hasStaticShape() && from.getNumElements() != target.getNumElements())
    return n.fail("a tensor of " + Twine(from.getNumElements()) + " elements cannot become one of " +
                  Twine(target.getNumElements()));

  // No elements: nothing is kept but the extents, which need not group.
  if (from.hasStaticShape() && from.getNumElements() != 0 && llvm::is_contained(to, 0))
    return n.fail("a tensor of " + Twine(from.getNumElements()) + " elements cannot become an empty one");
  if (llvm::is_contained(from.getShape(), 0) || llvm::is_contained(to, 0))
    return emptyTensor(n, sizes, from.getElementType());
  SmallVector<OpFoldResult> own = sizesOf(n, value);
  SmallVector<Group> groups =
      groupDims(from.getShape(), to, [&](int64_t i, int64_t j) { return isa<Value>(own[i]) && own[i] == sizes[j]; });
  // One dimension a group in between; a scalar has none.
  bool scalar = from.getRank() == 0 || to.empty();
  SmallVector<ReassociationIndices> collapse, expand;
  SmallVector<int64_t> middle;
  if (!scalar)
    for (const Group &group : groups) {
      int64_t product = 1, other = 1;
      for (int64_t d = group.oldBegin; d < group.oldEnd; ++d)
        product = ShapedType::isDynamic(from.getDimSize(d)) || product < 0 ? ShapedType::kDynamic
                                                                           : product * from.getDimSize(d);
      for (int64_t d = group.newBegin; d < group.newEnd; ++d)
        other = ShapedType::isDynamic(to[d]) || other < 0 ? ShapedType::kDynamic : other * to[d];
      if (product >= 0 && other >= 0 && product != other)
        return n.fail("extents of product " + Twine(product) + " cannot become extents of product " + Twine(other));
      collapse.push_back(range(group.oldBegin, group.oldEnd));
      expand.push_back(range(group.newBegin, group.newEnd));
      // Either side may know the number.
      middle.push_back(product >= 0 ? product : other);
    }
  auto allOne = [](ArrayRef<int64_t> shape) {
    return llvm::all_of(shape, [](int64_t extent) { return extent == 1 || ShapedType::isDynamic(extent); });
  };
  if (scalar && !(allOne(from.getShape()) && allOne(to)))
    return n.fail("a tensor of another number of elements cannot become a scalar, or the reverse");

  // Extents that only the other side knows are made static first.
  SmallVector<int64_t> source(from.getShape());
  if (scalar)
    source.assign(from.getRank(), 1);
  for (auto [group, product] : llvm::zip(groups, middle)) {
    int64_t dynamic = -1, rest = 1, count = 0;
    for (int64_t d = group.oldBegin; d < group.oldEnd; ++d) {
      bool unknown = ShapedType::isDynamic(source[d]);
      dynamic = unknown ? d : dynamic;
      count += unknown;
      rest *= unknown ? 1 : source[d];
    }
    if (count == 1 && product >= 0 && rest > 0 && product % rest == 0)
      source[dynamic] = product / rest;
    else if (count > 0 && product >= 0)
      return n.fail("extents that are not known at import cannot become known ones of product " + Twine(product));
  }
  auto sourceType = RankedTensorType::get(source, from.getElementType());
  if (sourceType != from)
    value = tensor::CastOp::create(n.b, sourceType, value);
  if (scalar) {
    if (to.empty())
      return from.getRank() == 0
                 ? value
                 : Value(tensor::CollapseShapeOp::create(n.b, target, value, SmallVector<ReassociationIndices>()));
    return tensor::ExpandShapeOp::create(
        n.b, RankedTensorType::get(SmallVector<int64_t>(to.size(), 1), from.getElementType()), value,
        SmallVector<ReassociationIndices>());
  }
  auto middleType = RankedTensorType::get(middle, from.getElementType());
  if (static_cast<int64_t>(groups.size()) != from.getRank())
    value = tensor::CollapseShapeOp::create(n.b, middleType, value, collapse);
  if (groups.size() == to.size()) {
    auto exact = RankedTensorType::get(middle, from.getElementType());
    return exact == value.getType() ? value : Value(tensor::CastOp::create(n.b, exact, value));
  }
  // Expanding a static extent needs static extents, though the model may not know them as numbers.
  SmallVector<OpFoldResult> wanted(sizes);
  SmallVector<int64_t> result(to);
  for (auto [group, product] : llvm::zip(groups, middle)) {
    if (product < 0)
      continue;
    int64_t dynamic = -1, rest = 1, count = 0;
    for (int64_t d = group.newBegin; d < group.newEnd; ++d) {
      bool unknown = ShapedType::isDynamic(result[d]);
      dynamic = unknown ? d : dynamic;
      count += unknown;
      rest *= unknown ? 1 : result[d];
    }
    if (count == 0)
      continue;
    if (count > 1 || rest == 0 || product % rest != 0)
      return n.fail("a known extent cannot become several that are not known at import");
    result[dynamic] = product / rest;
    wanted[dynamic] = number(n, result[dynamic]);
  }
  return tensor::ExpandShapeOp::create(n.b, RankedTensorType::get(result, from.getElementType()), value, expand,
                                       wanted);
}
