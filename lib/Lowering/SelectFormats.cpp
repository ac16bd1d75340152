//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-select-formats: the storage format and the kernel of each product's weights, by predicted time.
//
//===----------------------------------------------------------------------===//
#include "FormatPlan.h"
#include "ModuleTarget.h"
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CandidateTimer.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace spnn {
#define GEN_PASS_DEF_SELECTFORMATS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

/// Fails with an error if the attribute, which anybody may write, is none.
static LogicalResult checkActivationDensity(MatmulOp op) {
  Attribute attr = op->getAttr(kActivationDensityAttrName);
  if (!attr)
    return success();
  auto number = dyn_cast<FloatAttr>(attr);
  if (!number || !number.getType().isF64() || !(number.getValueAsDouble() >= 0 && number.getValueAsDouble() <= 1))
    return op.emitOpError() << "attribute '" << kActivationDensityAttrName << "' must be an f64 in [0, 1], got "
                            << attr;
  return success();
}

namespace {
/// A product to decide about.
struct Product : OpenProduct {
  cost::MatrixStatistics statistics;
  bool keepsEncoding = false; ///< its weights come with their format; only the kernel is open

  // What was chosen:
  const Candidate *chosen = nullptr;
  double layoutMicroseconds = 0;
  StringRef home; ///< where the network's weights live
};

struct SelectFormats : public spnn::impl::SelectFormatsBase<SelectFormats> {
  using SelectFormatsBase::SelectFormatsBase;

  void runOnOperation() override;

private:
  /// The candidates for `op`, or std::nullopt where there is nothing to choose.
  std::optional<Product> consider(MatmulOp op, const CandidateFinder &finder);
  /// Chooses an eligible candidate for each product of one function: its predicted time is least.
  void choose(MutableArrayRef<Product> products, const CandidateFinder &finder) const;
  /// Chooses for each function.
  void chooseAll(MutableArrayRef<Product> products, const CandidateFinder &finder) const;
  /// Measures the likeliest of the eligible candidates of each product; the others are no longer eligible.
  LogicalResult measure(MutableArrayRef<Product> products, const cost::TargetDescription &target);
  void apply(const Product &product);
  std::string explain(const Product &product) const;
  void write(const Product &product, StringRef reason);
};
} // namespace

void SelectFormats::write(const Product &product, StringRef reason) {
  Builder b(&getContext());
  const Candidate &chosen = *product.chosen;
  SmallVector<Attribute> all;
  for (const Candidate &candidate : product.candidates) {
    SmallVector<NamedAttribute> entry{b.getNamedAttr("format", b.getStringAttr(candidate.format))};
    if (candidate.kernel)
      entry.push_back(b.getNamedAttr("kernel", b.getStringAttr(candidate.kernel->name())));
    if (candidate.measured)
      entry.push_back(b.getNamedAttr("measured_us", b.getF64FloatAttr(roundToDigits(*candidate.measured))));
    if (candidate.excluded.empty())
      entry.push_back(b.getNamedAttr("predicted_us", b.getF64FloatAttr(roundToDigits(candidate.microseconds))));
    else
      entry.push_back(b.getNamedAttr("excluded", b.getStringAttr(candidate.excluded)));
    all.push_back(b.getDictionaryAttr(entry));
  }
  SmallVector<NamedAttribute> decision{
      b.getNamedAttr("format", b.getStringAttr(chosen.format)),
      b.getNamedAttr("kernel", b.getStringAttr(chosen.kernel ? chosen.kernel->name() : StringRef("onednn"))),
      b.getNamedAttr("density", b.getF64FloatAttr(roundToDigits(product.statistics.density))),
      b.getNamedAttr("reason", b.getStringAttr(reason)),
      b.getNamedAttr("candidates", b.getArrayAttr(all)),
  };
  if (std::isfinite(chosen.microseconds)) {
    decision.push_back(b.getNamedAttr("predicted_us", b.getF64FloatAttr(roundToDigits(chosen.microseconds))));
    decision.push_back(b.getNamedAttr("layout_us", b.getF64FloatAttr(roundToDigits(product.layoutMicroseconds))));
    decision.push_back(b.getNamedAttr("weights_in", b.getStringAttr(product.home)));
  }
  if (chosen.measured)
    decision.push_back(b.getNamedAttr("measured_us", b.getF64FloatAttr(roundToDigits(*chosen.measured))));
  if (chosen.parameters)
    decision.push_back(b.getNamedAttr("parameters", chosen.parameters));
  MatmulOp op = product.op;
  op->setAttr(kDecisionAttrName, b.getDictionaryAttr(decision));
}

std::optional<Product> SelectFormats::consider(MatmulOp op, const CandidateFinder &finder) {
  auto weights = cast<RankedTensorType>(op.getLhs().getType());
  Product product;
  product.op = op;
  product.keepsEncoding = weights.getEncoding() != nullptr;
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs());
  bool isInKernelForm = matrix && !op.getTransposeLhs();
  Type element = getElementTypeOrSelf(op.getType());
  if (product.keepsEncoding)
    emitRemark(op.getLoc()) << "keeps the encoding of its weights, " << weights.getEncoding();
  else if (!isInKernelForm)
    emitRemark(op.getLoc()) << "kept dense: its lhs is not a constant in kernel form";
  else if (!element.isF32())
    emitRemark(op.getLoc()) << "kept dense: CPU kernels compute in f32, the weights are " << weights.getElementType();
  if (!isInKernelForm || !element.isF32()) {
    product.keepsEncoding ? ++numSparse : ++numDense;
    return std::nullopt;
  }
  // A decision that is there already is somebody's own; spnn-select-kernels follows it.
  auto decision = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName);
  if (product.keepsEncoding && decision && decision.get("kernel")) {
    ++numSparse;
    return std::nullopt;
  }
  cost::MeasureOptions measured;
  if (weights.getElementType().isBF16())
    measured.floatType = format::FloatType::BF16;
  product.statistics = cost::measure(*matrix, measured);
  product.extent = ProductExtent::of(op);
  product.candidates = product.keepsEncoding ? finder.enumerateKernels(op, product.extent, *matrix)
                                             : finder.enumerate(op, product.extent, *matrix, product.statistics);
  ForcedChoice forced{format, kernel};
  for (auto [i, candidate] : llvm::enumerate(product.candidates))
    if (forced.allows(candidate, product.keepsEncoding))
      product.eligible.push_back(i);
  if (product.eligible.empty() && product.keepsEncoding) {
    // spnn-select-kernels says what is wrong, or takes the first kernel that can.
    ++numSparse;
    return std::nullopt;
  }
  if (product.eligible.empty())
    product.eligible.push_back(0); // A forced format or kernel that is not legal here: dense always is.
  return product;
}

void SelectFormats::choose(MutableArrayRef<Product> products, const CandidateFinder &finder) const {
  SmallVector<const OpenProduct *> open;
  for (const Product &product : products)
    open.push_back(&product);
  std::vector<cost::LayoutNode> nodes = makeLayoutNodes(open, finder);

  // Every product's weights are read once a call, so where they live depends on what all of them take together: plan
  // for each cache, and keep the fastest plan that fits the one that it was made for.
  double least = std::numeric_limits<double>::infinity();
  // A plan for weights in `home` with a price of so many microseconds a byte. False if it does not fit.
  auto tryPlan = [&](size_t home, double price) {
    auto timeOf = [&](const Candidate &candidate) { return getPlannedMicroseconds(candidate, home); };
    for (auto [product, node] : llvm::zip_equal(products, nodes))
      for (auto [i, choice] : llvm::zip_equal(product.eligible, node.choices)) {
        const Candidate &candidate = product.candidates[i];
        choice.microseconds = timeOf(candidate) + price * static_cast<double>(candidate.weightBytes);
      }
    std::vector<size_t> plan = cost::planLayouts(nodes);
    uint64_t bytes = 0;
    double total = 0;
    SmallVector<double> layoutTimes;
    // Slices of the columns that have a kernel in common have its weights in common too.
    DenseSet<std::tuple<Value, const CpuKernel *, Attribute>> counted;
    for (auto [i, product] : llvm::enumerate(products)) {
      const Candidate &candidate = product.candidates[product.eligible[plan[i]]];
      if (counted.insert({product.op.getLhs(), candidate.kernel, candidate.parameters}).second)
        bytes += candidate.weightBytes;
      int64_t from = nodes[i].producer;
      layoutTimes.push_back(cost::getLayoutCost(nodes[i], nodes[i].choices[plan[i]].layout,
                                                from < 0 ? 0 : nodes[from].unpackResult,
                                                from < 0 ? 0 : nodes[from].choices[plan[from]].layout));
      total += timeOf(candidate) + layoutTimes.back();
    }
    if (!finder.fits(bytes, kHomeKinds[home]))
      return false;
    if (total >= least && products.front().chosen)
      return true;
    least = total;
    for (auto [i, product] : llvm::enumerate(products)) {
      for (Candidate &candidate : product.candidates)
        candidate.microseconds = candidate.times[home];
      product.chosen = &product.candidates[product.eligible[plan[i]]];
      product.layoutMicroseconds = layoutTimes[i];
      product.home = kHomeNames[home];
    }
    return true;
  };
  // Where the fastest plan does not fit, its bytes get a price (a Lagrange multiplier), up to twice the time that they
  // take from memory: some product may do with fewer.
  for (size_t home = 0; home < kHomes; ++home)
    for (double price : {0.0, 0.25, 0.5, 1.0, 2.0})
      if (tryPlan(home, price * finder.getMicrosecondsPerDramByte()))
        break;
}

void SelectFormats::chooseAll(MutableArrayRef<Product> products, const CandidateFinder &finder) const {
  // A call of one function reads the weights of that function only.
  for (size_t begin = 0, end; begin < products.size(); begin = end) {
    auto functionOf = [&](size_t i) { return products[i].op->getParentOfType<FunctionOpInterface>(); };
    for (end = begin + 1; end < products.size() && functionOf(end) == functionOf(begin);)
      ++end;
    choose(products.slice(begin, end - begin), finder);
  }
}

LogicalResult SelectFormats::measure(MutableArrayRef<Product> products, const cost::TargetDescription &target) {
  ModuleOp module = getOperation();
  auto *dialect = getContext().getLoadedDialect<SPNNDialect>();
  const auto *timer = dialect ? dialect->getRegisteredInterface<CandidateTimer>() : nullptr;
  if (!timer)
    return module.emitError() << "option 'tune' needs a program that compiles and runs code, such as sparse-opt";
  std::vector<TimingRequest> requests;
  SmallVector<Product *> asked;
  for (Product &product : products) {
    SmallVector<double> predicted;
    int64_t dense = -1;
    for (auto [i, number] : llvm::enumerate(product.eligible)) {
      predicted.push_back(product.candidates[number].microseconds);
      if (!product.candidates[number].kernel)
        dense = i;
    }
    SmallVector<size_t> likely = getShortlist(predicted, dense);
    if (likely.size() < 2)
      continue;
    // A candidate that nobody measured must not win by a prediction that is too good.
    product.eligible = llvm::map_to_vector(likely, [&](size_t i) { return product.eligible[i]; });
    TimingRequest request;
    request.op = product.op;
    request.columns = getLikelyColumns(request.op.getColumns(), expectedColumns);
    request.weightsIn = product.home.str();
    for (size_t number : product.eligible) {
      const Candidate &candidate = product.candidates[number];
      request.candidates.push_back(
          {candidate.format, candidate.encoding, candidate.kernel, candidate.parameters, candidate.weightBytes});
    }
    requests.push_back(std::move(request));
    asked.push_back(&product);
  }
  TimingSummary summary;
  TimingJob job{module->getAttrOfType<TargetAttr>(kTargetAttrName), target, tuneCache};
  if (std::optional<std::string> error = timer->time(job, requests, summary))
    return module.emitError() << *error;
  if (!summary.warning.empty())
    module.emitWarning() << summary.warning;
  for (auto [product, request] : llvm::zip_equal(asked, requests))
    for (auto [number, time] : llvm::zip_equal(product->eligible, request.microseconds))
      product->candidates[number].measured = time * static_cast<double>(product->extent.runs);
  numMeasured += summary.measured;
  numRemembered += summary.fromCache;
  module.emitRemark() << "tuned " << requests.size() << " products: " << summary.measured << " candidates measured, "
                      << summary.fromCache << " known from "
                      << (summary.cacheFile.empty() ? "before" : summary.cacheFile);
  return success();
}

/// One sentence on why the product has what it has.
std::string SelectFormats::explain(const Product &product) const {
  const Candidate *chosen = product.chosen;
  if (product.keepsEncoding)
    return "the model's own encoding";
  const Candidate &dense = product.candidates.front();
  bool isForced = !format.empty() || !kernel.empty();
  if (isForced && !chosen->encoding && format != "dense") {
    std::string reason = (kernel.empty() ? format : kernel) + " is not possible here";
    StringRef separator = ": ";
    for (const Candidate &candidate : product.candidates)
      if ((format.empty() || candidate.format == format) &&
          (kernel.empty() || (candidate.kernel && candidate.kernel->name() == kernel)) && !candidate.excluded.empty()) {
        reason += separator.str() + candidate.excluded;
        separator = "; ";
      }
    return reason;
  }
  if (isForced)
    return "forced by " + (kernel.empty() ? "format=" + format : "kernel=" + kernel);
  double zeros = 100 * (1 - product.statistics.density);
  StringRef how = chosen->measured ? "measured, " : "";
  if (chosen->encoding)
    return llvm::formatv("{0}{1:f1} % zeros: {2:f2} us, dense {3:f2} us", how, zeros, chosen->getMicroseconds(),
                         dense.getMicroseconds());
  const Candidate *best = nullptr;
  for (const Candidate &candidate : product.candidates)
    if (candidate.encoding && candidate.excluded.empty() &&
        candidate.measured.has_value() == chosen->measured.has_value() &&
        (!best || candidate.getMicroseconds() < best->getMicroseconds()))
      best = &candidate;
  if (!best) {
    // Of quantised products the first excluded format says why: no kernel for the types.
    auto excluded =
        llvm::find_if(product.candidates, [](const Candidate &candidate) { return !candidate.excluded.empty(); });
    MatmulOp op = product.op;
    bool isMixed = getElementTypeOrSelf(op.getLhs()) != getElementTypeOrSelf(op.getRhs());
    return "no sparse format is possible" +
           (isMixed && excluded != product.candidates.end() ? ": " + excluded->excluded : std::string());
  }
  double margin = chosen->measured ? 1 : 1.05;
  return llvm::formatv(
      "{0}{1:f1} % zeros do not pay: dense {2:f2} us, best sparse format {3} by kernel {4} {5:f2} us{6}", how, zeros,
      dense.getMicroseconds(), best->format, best->kernel->name(), best->getMicroseconds(),
      best->getMicroseconds() * margin < dense.getMicroseconds() ? " and packing" : "");
}

void SelectFormats::apply(const Product &product) {
  MatmulOp op = product.op;
  const Candidate *chosen = product.chosen;
  std::string reason = explain(product);
  if (auto columns = op->getAttrOfType<DictionaryAttr>(kColumnsAttrName))
    if (auto split = columns.getAs<StringAttr>("reason"))
      reason += "; " + split.str();
  if (product.statistics.nans)
    emitWarning(op.getLoc()) << "the weights hold " << product.statistics.nans
                             << " NaN values; they are stored as nonzeros";
  write(product, reason);
  if (product.keepsEncoding) {
    ++numSparse;
    return;
  }
  if (!chosen->encoding) {
    emitRemark(op.getLoc()) << "kept dense: " << reason;
    ++numDense;
    return;
  }
  OpBuilder builder(op);
  auto weights = cast<RankedTensorType>(op.getLhs().getType());
  auto type = RankedTensorType::get(weights.getShape(), weights.getElementType(), chosen->encoding);
  Value converted = ConvertOp::create(builder, op.getLoc(), type, op.getLhs());
  op.getLhsMutable().assign(converted);
  emitRemark(op.getLoc()) << "format " << chosen->format << ": " << reason;
  ++numSparse;
}

void SelectFormats::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<ModuleTarget> target = ModuleTarget::load(module);
  if (failed(target))
    return signalPassFailure();
  CandidateFinder finder(target->get(), target->machine, target->threads, expectedColumns,
                         format == "csc" || kernel == "csc-matvec");
  std::vector<Product> products;
  WalkResult walk = module.walk([&](MatmulOp op) {
    if (failed(checkActivationDensity(op)))
      return WalkResult::interrupt();
    if (std::optional<Product> product = consider(op, finder))
      products.push_back(std::move(*product));
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return signalPassFailure();
  chooseAll(products, finder);
  if (tune) {
    // The predicted choice says where the weights will live, which is where candidates have to be measured.
    if (failed(measure(products, target->get())))
      return signalPassFailure();
    chooseAll(products, finder);
  }
  for (const Product &product : products)
    apply(product);
}
