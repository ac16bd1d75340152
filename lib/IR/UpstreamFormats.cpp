//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's #sparse_tensor.encoding as a SparseFormatInterface: which format an encoding means.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/SparseTensor/IR/SparseTensor.h"

using namespace mlir;
using namespace mlir::sparse_tensor;
using namespace spnn;

namespace {
/// A zero width in the encoding means `index`.
unsigned widthInBytes(unsigned bits) { return bits == 0 ? 8 : bits / 8; }

bool isPlain(LevelType level, LevelFormat format) {
  return level.getLvlFmt() == format && isOrderedLT(level) && isUniqueLT(level);
}

/// n and m of `(i : dense, j floordiv m : dense, j mod m : structured[n, m])`, whose map has three results.
bool matchNm(SparseTensorEncodingAttr encoding, int64_t &n, int64_t &m) {
  ArrayRef<LevelType> levels = encoding.getLvlTypes();
  if (levels.size() != 3 || !isPlain(levels[0], LevelFormat::Dense) || !isPlain(levels[1], LevelFormat::Dense) ||
      !isNOutOfMLT(levels[2]))
    return false;
  n = levels[2].getN();
  m = levels[2].getM();
  MLIRContext *context = encoding.getContext();
  AffineExpr i = getAffineDimExpr(0, context), j = getAffineDimExpr(1, context);
  return encoding.getDimToLvl() == AffineMap::get(2, 0, {i, j.floorDiv(m), j % m}, context);
}

/// The levels of blocks of r x c: (i floordiv r : dense, j floordiv c : compressed, i mod r : dense, j mod c : dense).
/// Upstream folds `j floordiv 1` to j and cannot invert `j mod 1`, so an extent of 1 has no inner level.
void getBlockLevels(MLIRContext *context, int64_t r, int64_t c, SmallVectorImpl<LevelType> &levels,
                    SmallVectorImpl<AffineExpr> &exprs) {
  AffineExpr i = getAffineDimExpr(0, context), j = getAffineDimExpr(1, context);
  levels.assign({LevelFormat::Dense, LevelFormat::Compressed});
  exprs.assign({i.floorDiv(r), j.floorDiv(c)});
  for (auto [dim, extent] : {std::pair(i, r), std::pair(j, c)}) {
    if (extent == 1)
      continue;
    levels.push_back(LevelFormat::Dense);
    exprs.push_back(dim % extent);
  }
}

/// r and c if the encoding has the levels of blocks.
bool matchBsr(SparseTensorEncodingAttr encoding, int64_t &r, int64_t &c) {
  AffineMap map = encoding.getDimToLvl();
  if (map.getNumResults() < 3)
    return false;
  auto divisor = [](AffineExpr expr) -> int64_t {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    auto constant = binary && binary.getKind() == AffineExprKind::FloorDiv
                        ? dyn_cast<AffineConstantExpr>(binary.getRHS())
                        : AffineConstantExpr();
    return constant ? constant.getValue() : 1;
  };
  r = divisor(map.getResult(0));
  c = divisor(map.getResult(1));
  SmallVector<LevelType> levels;
  SmallVector<AffineExpr> exprs;
  getBlockLevels(encoding.getContext(), r, c, levels, exprs);
  return llvm::equal(encoding.getLvlTypes(), levels) && map == AffineMap::get(2, 0, exprs, encoding.getContext());
}

struct UpstreamFormat : public SparseFormatInterface::ExternalModel<UpstreamFormat, SparseTensorEncodingAttr> {
  std::unique_ptr<format::SparseFormat> getFormat(Attribute attr, RankedTensorType type, std::string &reason) const {
    auto encoding = cast<SparseTensorEncodingAttr>(attr);
    if (type.getRank() != 2) {
      reason = "the type must have rank 2";
      return nullptr;
    }
    if (encoding.getExplicitVal() || encoding.getImplicitVal() || !encoding.getDimSlices().empty()) {
      reason = "explicit values, implicit values and slices are not supported";
      return nullptr;
    }
    format::IndexWidths widths{widthInBytes(encoding.getPosWidth()), widthInBytes(encoding.getCrdWidth())};
    ArrayRef<LevelType> levels = encoding.getLvlTypes();
    if (levels.size() == 2 && isPlain(levels[0], LevelFormat::Dense) && isPlain(levels[1], LevelFormat::Compressed)) {
      if (encoding.isIdentity())
        return format::makeCsr(widths);
      if (encoding.isPermutation())
        return format::makeCsc(widths);
    }
    if (levels.size() == 2 && encoding.isIdentity() && levels[0].getLvlFmt() == LevelFormat::Compressed &&
        isOrderedLT(levels[0]) && !isUniqueLT(levels[0]) && levels[1].getLvlFmt() == LevelFormat::Singleton &&
        isOrderedLT(levels[1]) && isUniqueLT(levels[1]))
      return format::makeCoo(widths, levels[1].isa<LevelPropNonDefault::SoA>());
    int64_t a, b;
    if (matchBsr(encoding, a, b))
      return format::makeBsr(a, b, widths);
    if (matchNm(encoding, a, b))
      return format::makeNm(a, b, widths);
    reason = "its levels are none of CSR, CSC, COO, BSR or N:M";
    return nullptr;
  }
};
} // namespace

void spnn::registerUpstreamFormats(MLIRContext *context) {
  SparseTensorEncodingAttr::attachInterface<UpstreamFormat>(*context);
}

//===----------------------------------------------------------------------===//
// The encodings that passes choose from
//===----------------------------------------------------------------------===//

/// 32 bits hold every matrix the compiler packs and halve the index traffic of `index`.
static constexpr unsigned kIndexBits = 32;

static Attribute getEncoding(MLIRContext *context, ArrayRef<LevelType> levels, ArrayRef<AffineExpr> exprs) {
  return SparseTensorEncodingAttr::get(context, levels, AffineMap::get(2, 0, exprs, context), AffineMap(), kIndexBits,
                                       kIndexBits);
}

Attribute spnn::getCsrEncoding(MLIRContext *context) {
  return getEncoding(context, {LevelFormat::Dense, LevelFormat::Compressed},
                     {getAffineDimExpr(0, context), getAffineDimExpr(1, context)});
}

Attribute spnn::getCscEncoding(MLIRContext *context) {
  return getEncoding(context, {LevelFormat::Dense, LevelFormat::Compressed},
                     {getAffineDimExpr(1, context), getAffineDimExpr(0, context)});
}

Attribute spnn::getBsrEncoding(MLIRContext *context, int64_t blockRows, int64_t blockCols) {
  SmallVector<LevelType> levels;
  SmallVector<AffineExpr> exprs;
  getBlockLevels(context, blockRows, blockCols, levels, exprs);
  return getEncoding(context, levels, exprs);
}

Attribute spnn::getNmEncoding(MLIRContext *context, int64_t n, int64_t m) {
  AffineExpr i = getAffineDimExpr(0, context), j = getAffineDimExpr(1, context);
  LevelType nm = *LevelType::buildLvlType(LevelFormat::NOutOfM, /*ordered=*/true, /*unique=*/true, n, m);
  return SparseTensorEncodingAttr::get(
      context, {LevelFormat::Dense, LevelFormat::Dense, nm},
      AffineMap::get(2, 0, {i, j.floorDiv(m), j % m}, context), AffineMap(), /*posWidth=*/kIndexBits, /*crdWidth=*/8);
}
