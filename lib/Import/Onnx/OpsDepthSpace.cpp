//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DepthToSpace and SpaceToDepth: a reshape, a transpose and a reshape.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

using namespace mlir;
using namespace spnn::onnximport;

/// [b, c, h, w] with blocks of the depth moved to space or back: a reshape, a transpose, a reshape.
static LogicalResult importDepthSpace(Node &n) {
  bool toSpace = n.proto.op_type() == "DepthToSpace", crd = n.string("mode", "DCR") == "CRD";
  int64_t block = n.integer("blocksize", 0);
  if (n.rank(0) != 4)
    return n.refuse("its input has rank " + Twine(n.rank(0)) + ", expected 4");
  ArrayRef<int64_t> shape = n.shape(0);
  if (block <= 0 || block > INT16_MAX || ShapedType::isDynamic(shape[1]) || ShapedType::isDynamic(shape[2]) ||
      ShapedType::isDynamic(shape[3]))
    return n.refuse("its block size and the extents but the first must be known and positive");
  int64_t c = shape[1], h = shape[2], w = shape[3];
  if (toSpace ? c % (block * block) != 0 : (h % block != 0 || w % block != 0))
    return n.refuse("its extents are no multiples of the block size " + Twine(block));
  Value x = n.in(0);
  OpFoldResult batch = sizeOf(n, x, 0);
  auto sizes = [&](ArrayRef<int64_t> rest) {
    SmallVector<OpFoldResult> all = {batch};
    for (int64_t extent : rest)
      all.push_back(number(n, extent));
    return all;
  };
  if (toSpace) {
    int64_t depth = c / (block * block);
    x = reshape(n, x, crd ? sizes({depth, block, block, h, w}) : sizes({block, block, depth, h, w}));
    x = transpose(n, x, crd ? ArrayRef<int64_t>{0, 1, 4, 2, 5, 3} : ArrayRef<int64_t>{0, 3, 4, 1, 5, 2});
    return n.set(0, reshape(n, x, sizes({depth, h * block, w * block})));
  }
  x = reshape(n, x, sizes({c, h / block, block, w / block, block}));
  x = transpose(n, x, {0, 3, 5, 1, 2, 4});
  return n.set(0, reshape(n, x, sizes({c * block * block, h / block, w / block})));
}

ArrayRef<OpEntry> spnn::onnximport::depthSpaceOps() {
  static const OpEntry entries[] = {
      {"DepthToSpace", importDepthSpace, ""},
      {"SpaceToDepth", importDepthSpace, ""},
  };
  return entries;
}
