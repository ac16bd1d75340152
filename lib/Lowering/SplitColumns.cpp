//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-split-columns: products computed slice by slice of their columns, where that is predicted to be faster.
//
//===----------------------------------------------------------------------===//
#include "ColumnRegions.h"
#include "FormatPlan.h"
#include "ModuleTarget.h"
#include "ProductChains.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FormatVariadic.h"

#include <limits>
#include <map>

namespace spnn {
#define GEN_PASS_DEF_SPLITCOLUMNS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
using Slices = SmallVector<SliceRun>;

/// "4 x 128 + 1".
std::string print(ArrayRef<SliceRun> slices) {
  std::string text;
  for (auto [count, size] : slices)
    text += (text.empty() ? "" : " + ") + (count > 1 ? std::to_string(count) + " x " : "") + std::to_string(size);
  return text;
}

SmallVector<int64_t> flatten(ArrayRef<SliceRun> slices) {
  SmallVector<int64_t> sizes;
  for (auto [count, size] : slices)
    sizes.append(count, size);
  return sizes;
}

/// Each size as often as it fits into what is left of `columns`, and then what is left.
Slices fillColumns(int64_t columns, ArrayRef<int64_t> sizes) {
  Slices slices;
  for (int64_t size : sizes) {
    if (int64_t count = columns / size)
      slices.push_back({count, size});
    columns %= size;
  }
  if (columns > 0)
    slices.push_back({1, columns});
  return slices;
}

/// What the attribute of a product asks for.
struct Wish {
  bool isSlice = false; ///< of something that was cut before
  std::optional<Slices> slices;
};

/// Predicts a region of products for slices of its columns.
class RegionTimes {
public:
  RegionTimes(const ColumnRegion &region, const CandidateFinder &finder, ForcedChoice forced);

  /// False if there is a product that spnn-select-formats would not decide about, or one that another product feeds
  /// from outside: then nothing can be said about slices.
  bool isKnown(std::string &reason) const;
  /// Of all slices together.
  double predict(ArrayRef<SliceRun> slices);
  /// Whether weights and activations of the whole would stay in L2 anyway.
  bool staysInL2();

private:
  struct Weights {
    format::DenseMatrix matrix;
    cost::MatrixStatistics statistics;
  };
  /// Of one slice, for each home of the weights.
  struct Times {
    std::array<double, kHomes> microseconds{};
    std::array<uint64_t, kHomes> weightBytes{};
  };
  const Times &get(int64_t columns);

  const ColumnRegion &region;
  const CandidateFinder &finder;
  ForcedChoice forced;
  SmallVector<std::optional<Weights>> weights; ///< of each product; nothing where kernels do not take it
  std::map<int64_t, Times> known;
};

struct SplitColumns : public spnn::impl::SplitColumnsBase<SplitColumns> {
  using SplitColumnsBase::SplitColumnsBase;

  void runOnOperation() override;

private:
  /// Reads the option `columns`, and fails with an error if it is nothing known.
  LogicalResult parseOption();
  FailureOr<Wish> readWish(MatmulOp op) const;
  /// The fastest slices, with a remark.
  Slices choose(const ColumnRegion &region, const CandidateFinder &finder, DictionaryAttr &record);
  DictionaryAttr makeRecord(ArrayRef<SliceRun> slices, std::optional<std::pair<double, double>> times);

  SmallVector<int64_t> sizes; ///< that the option asks for
};
} // namespace

RegionTimes::RegionTimes(const ColumnRegion &region, const CandidateFinder &finder, ForcedChoice forced)
    : region(region), finder(finder), forced(forced) {
  for (MatmulOp op : region.products) {
    std::optional<format::DenseMatrix> matrix;
    if (getElementTypeOrSelf(op.getType()).isF32())
      matrix = getConstantMatrix(op.getLhs());
    if (!matrix) {
      weights.emplace_back();
      continue;
    }
    cost::MeasureOptions options;
    if (getElementTypeOrSelf(op.getLhs()).isBF16())
      options.floatType = format::FloatType::BF16;
    cost::MatrixStatistics statistics = cost::measure(*matrix, options);
    weights.push_back(Weights{std::move(*matrix), statistics});
  }
}

bool RegionTimes::isKnown(std::string &reason) const {
  if (llvm::any_of(weights, [](const std::optional<Weights> &known) { return !known; })) {
    reason = "one of their products is not for kernels";
    return false;
  }
  llvm::SmallPtrSet<Operation *, 8> ours;
  for (MatmulOp op : region.products)
    ours.insert(op);
  bool isWhole = true;
  region.block->walk([&](MatmulOp op) {
    if (MatmulOp producer = findProducer(op); producer && ours.contains(op) != ours.contains(producer))
      isWhole = false;
  });
  if (!isWhole)
    reason = "activations may stay packed between these products and others, which cannot be cut alike";
  return isWhole;
}

const RegionTimes::Times &RegionTimes::get(int64_t columns) {
  auto [entry, isNew] = known.try_emplace(columns);
  Times &times = entry->second;
  if (!isNew)
    return times;
  std::vector<OpenProduct> products;
  for (auto [number, weight] : llvm::enumerate(weights)) {
    MatmulOp op = region.products[number];
    OpenProduct product;
    product.op = op;
    product.extent = {columns, ProductExtent::of(op).runs};
    bool keepsEncoding = cast<RankedTensorType>(op.getLhs().getType()).getEncoding() != nullptr;
    product.candidates = keepsEncoding ? finder.enumerateKernels(op, product.extent, weight->matrix)
                                       : finder.enumerate(op, product.extent, weight->matrix, weight->statistics);
    for (auto [i, candidate] : llvm::enumerate(product.candidates))
      if (forced.allows(candidate, keepsEncoding))
        product.eligible.push_back(i);
    // As in spnn-select-formats: dense is what remains, and encoded weights without a kernel are its error.
    if (product.eligible.empty() && !keepsEncoding)
      product.eligible.push_back(0);
    if (product.eligible.empty()) {
      times.microseconds.fill(std::numeric_limits<double>::infinity());
      return times;
    }
    products.push_back(std::move(product));
  }
  SmallVector<const OpenProduct *> open;
  for (const OpenProduct &product : products)
    open.push_back(&product);
  std::vector<cost::LayoutNode> nodes = makeLayoutNodes(open, finder);
  for (size_t home = 0; home < kHomes; ++home) {
    for (auto [product, node] : llvm::zip_equal(products, nodes))
      for (auto [i, choice] : llvm::zip_equal(product.eligible, node.choices))
        choice.microseconds = getPlannedMicroseconds(product.candidates[i], home);
    std::vector<size_t> plan = cost::planLayouts(nodes);
    for (auto [product, node, choice] : llvm::zip_equal(products, nodes, plan)) {
      int64_t from = node.producer;
      times.microseconds[home] +=
          node.choices[choice].microseconds +
          cost::getLayoutCost(node, node.choices[choice].layout, from < 0 ? 0 : nodes[from].unpackResult,
                              from < 0 ? 0 : nodes[from].choices[plan[from]].layout);
      times.weightBytes[home] += product.candidates[product.eligible[choice]].weightBytes;
    }
  }
  return times;
}

double RegionTimes::predict(ArrayRef<SliceRun> slices) {
  double least = std::numeric_limits<double>::infinity();
  for (size_t home = 0; home < kHomes; ++home) {
    double total = 0;
    uint64_t bytes = 0;
    for (auto [count, size] : slices) {
      const Times &times = get(size);
      total += static_cast<double>(count) * times.microseconds[home];
      bytes += times.weightBytes[home];
    }
    if (finder.fits(bytes, kHomeKinds[home]))
      least = std::min(least, total);
  }
  return least;
}

bool RegionTimes::staysInL2() {
  uint64_t bytes = get(region.columns).weightBytes[0];
  for (auto [value, dim] : region.columnDims) {
    auto type = cast<RankedTensorType>(value.getType());
    bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
  }
  return finder.fits(bytes, cost::KernelWork::Home::L2);
}

LogicalResult SplitColumns::parseOption() {
  if (columns == "auto" || columns == "off")
    return success();
  SmallVector<StringRef> parts;
  StringRef(columns).split(parts, '+');
  for (StringRef part : parts) {
    int64_t size;
    if (part.getAsInteger(10, size) || size < 1)
      return getOperation().emitError() << "option 'columns' must be auto, off or sizes like 128 or 16+1, got '"
                                        << columns << "'";
    sizes.push_back(size);
  }
  return success();
}

FailureOr<Wish> SplitColumns::readWish(MatmulOp op) const {
  Attribute attr = op->getAttr(kColumnsAttrName);
  if (!attr)
    return Wish();
  auto record = dyn_cast<DictionaryAttr>(attr);
  auto wanted = record ? record.getAs<DenseI64ArrayAttr>("slices") : DenseI64ArrayAttr();
  if (!wanted || llvm::any_of(wanted.asArrayRef(), [](int64_t size) { return size < 1; }))
    return op.emitOpError() << "attribute '" << kColumnsAttrName
                            << "' must be a dictionary with positive sizes, slices = array<i64: ...>, got " << attr;
  Wish wish;
  Slices slices;
  int64_t sum = 0;
  for (int64_t size : wanted.asArrayRef()) {
    sum += size;
    if (slices.empty() || slices.back().size != size)
      slices.push_back({0, size});
    ++slices.back().count;
  }
  // The record of what was cut names the slices of all of it.
  wish.isSlice = wanted.size() > 1 && op.getColumns() < sum;
  if (wish.isSlice)
    return wish;
  if (sum != op.getColumns())
    return op.emitOpError() << "attribute '" << kColumnsAttrName << "' has slices of " << sum
                            << " columns together, the product has "
                            << (ShapedType::isDynamic(op.getColumns()) ? "a number that is dynamic"
                                                                       : std::to_string(op.getColumns()));
  wish.slices = slices;
  return wish;
}

DictionaryAttr SplitColumns::makeRecord(ArrayRef<SliceRun> slices, std::optional<std::pair<double, double>> times) {
  Builder b(&getContext());
  SmallVector<NamedAttribute> record{b.getNamedAttr("slices", b.getDenseI64ArrayAttr(flatten(slices)))};
  std::string reason = "columns " + print(slices);
  if (times)
    reason += llvm::formatv(": {0:f1} us, {1:f1} us as a whole", times->first, times->second).str();
  else
    reason += ": as asked for";
  record.push_back(b.getNamedAttr("reason", b.getStringAttr(reason)));
  return b.getDictionaryAttr(record);
}

Slices SplitColumns::choose(const ColumnRegion &region, const CandidateFinder &finder, DictionaryAttr &record) {
  int64_t n = region.columns;
  Slices whole{{1, n}};
  MatmulOp first = region.products.front();
  int64_t vector = finder.getVectorElements(getElementTypeOrSelf(first.getType()));
  // One vector holds any fewer columns, at the same time or less.
  if (n <= vector)
    return whole;
  RegionTimes times(region, finder, {format, kernel});
  std::string reason;
  if (!times.isKnown(reason)) {
    first.emitRemark() << "columns not split: " << reason;
    return whole;
  }
  SmallVector<Slices> trials;
  // What does not fill a vector may be faster by a kernel for few columns.
  if (n % vector != 0)
    trials.push_back(fillColumns(n, {n / vector * vector}));
  // Blocks whose activations stay in a nearer cache: halves, quarters and so on, of whole panels of the kernels that
  // have the widest ones.
  constexpr int64_t kPanelVectors = 4;
  int64_t panel = kPanelVectors * vector;
  if (n > panel && !times.staysInL2())
    for (int64_t parts = 2, size; (size = llvm::alignTo(llvm::divideCeil(n, parts), panel)) < n; parts *= 2) {
      trials.push_back(fillColumns(n, {size}));
      if (int64_t rest = n % size; rest > vector && rest % vector != 0)
        trials.push_back(fillColumns(n, {size, rest / vector * vector}));
      if (size == panel)
        break;
    }
  // Predictions are off by up to ten percent, and a slice costs loops of its own. What differs in no digit that is printed
  // does not differ: of equal trials the one with the fewest slices comes first.
  constexpr double kMargin = 1.1;
  double wholeTime = times.predict(whole), least = wholeTime / kMargin;
  const Slices *best = nullptr;
  for (const Slices &trial : trials)
    if (double time = times.predict(trial); roundToDigits(time) < roundToDigits(least)) {
      least = time;
      best = &trial;
    }
  if (!best)
    return whole;
  record = makeRecord(*best, std::pair(least, wholeTime));
  return *best;
}

void SplitColumns::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(parseOption()))
    return signalPassFailure();
  FailureOr<ModuleTarget> target = ModuleTarget::load(module);
  if (failed(target))
    return signalPassFailure();
  CandidateFinder finder(target->get(), target->machine, target->threads, /*expectedColumns=*/0,
                         format == "csc" || kernel == "csc-matvec");
  SmallVector<MatmulOp> products;
  module.walk([&](MatmulOp op) { products.push_back(op); });
  llvm::SmallPtrSet<Operation *, 16> seen;
  SmallVector<std::pair<MatmulOp, Wish>> open, openAnyhow;
  for (MatmulOp op : products) {
    FailureOr<Wish> wish = readWish(op);
    if (failed(wish))
      return signalPassFailure();
    if (!wish->isSlice && isInKernelForm(op) && (columns != "off" || wish->slices))
      (wish->slices ? open : openAnyhow).push_back({op, *wish});
  }
  // What is asked for comes first: it decides for all that hangs together.
  open.append(openAnyhow);
  for (auto &[op, wish] : open) {
    if (seen.contains(op))
      continue;
    seen.insert(op);
    if (ShapedType::isDynamic(op.getColumns())) {
      op.emitRemark() << "columns not split: their number is dynamic";
      continue;
    }
    if (op.getColumns() < 2)
      continue;
    std::string reason;
    std::optional<ColumnRegion> region = findColumnRegion(op, reason);
    if (!region) {
      op.emitRemark() << "columns not split: " << reason;
      continue;
    }
    for (MatmulOp product : region->products)
      seen.insert(product);
    DictionaryAttr record;
    Slices slices;
    if (wish.slices)
      slices = *wish.slices;
    else if (!sizes.empty())
      slices = fillColumns(region->columns, sizes);
    else
      slices = choose(*region, finder, record);
    if (slices.size() == 1 && slices.front().count == 1)
      continue;
    if (!record)
      record = makeRecord(slices, std::nullopt);
    op.emitRemark() << record.getAs<StringAttr>("reason").getValue();
    ++numSplit;
    sliceRegion(*region, slices, [&](MatmulOp product) {
      product->setAttr(kColumnsAttrName, record);
      ++numSlices;
    });
  }
}
