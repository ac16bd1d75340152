//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures candidates for spnn-select-formats by compiling, loading and running them.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/Tuner.h"

#include "CandidateModule.h"

#include "spnn/Cost/Cpu.h"
#include "spnn/Cost/TargetDescription.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Tuning/Contest.h"
#include "spnn/Tuning/TuningCache.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA1.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::tuning;

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// 128 bits are enough: nobody forges a pattern.
static std::string hash(ArrayRef<uint8_t> bytes) {
  std::array<uint8_t, 20> digest = llvm::SHA1::hash(bytes);
  return llvm::toHex(ArrayRef(digest).take_front(16), /*LowerCase=*/true);
}

static std::string hash(StringRef text) {
  return hash(ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
}

/// Of the places of nonzeros alone.
static std::string hashPattern(const format::DenseMatrix &matrix) {
  std::vector<uint8_t> bits((matrix.shape.rows * matrix.shape.cols + 7) / 8);
  size_t at = 0;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col, ++at)
      bits[at / 8] |= (matrix.isZero(row, col) ? 0 : 1) << at % 8;
  return hash(bits);
}

/// What all candidates of a compilation share.
static std::string describeJob(const TimingJob &job) {
  std::string cpu = "any";
  if (job.target) {
    cost::Cpu resolved;
    (void)cost::resolveCpu(job.target.getCpu(), resolved);
    cpu = resolved.name + (resolved.features.empty() ? "" : " " + hash(resolved.features));
  }
  return "spnn " SPNN_VERSION ", cpu " + cpu + ", target " + hash(cost::printTarget(job.description)) + ", threads " +
         std::to_string(job.target ? job.target.getThreads() : 0);
}

/// What all candidates of a product share.
static std::string describeProduct(const TimingRequest &request) {
  MatmulOp op = request.op;
  std::string result;
  llvm::raw_string_ostream os(result);
  auto element = [](Value value) { return getElementTypeOrSelf(value.getType()); };
  os << op.getRows() << " x " << op.getInner() << " x " << request.columns << ", " << element(op.getLhs()) << " x "
     << element(op.getRhs()) << " -> " << element(op.getResult());
  if (std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs()))
    os << ", pattern " << hashPattern(*matrix);
  if (op.getBias())
    os << ", bias " << element(op.getBias());
  if (op.getActivation() != Activation::None)
    os << ", " << stringifyActivation(op.getActivation());
  if (auto density = op->getAttrOfType<FloatAttr>(kActivationDensityAttrName))
    os << ", activation density " << llvm::format("%.2f", density.getValueAsDouble());
  os << ", weights in " << request.weightsIn;
  return result;
}

static std::string describeCandidate(const TimingCandidate &candidate) {
  std::string result = candidate.format;
  if (candidate.kernel)
    result += "/" + candidate.kernel->name().str();
  return result;
}

static std::string makeKey(const std::string &job, const std::string &product, const TimingCandidate &candidate) {
  std::string result = job + ": " + product + ": " + describeCandidate(candidate);
  if (candidate.parameters)
    llvm::raw_string_ostream(result) << " " << candidate.parameters;
  return result;
}

std::string tuning::makeCacheKey(const TimingJob &job, const TimingRequest &request, const TimingCandidate &candidate) {
  return makeKey(describeJob(job), describeProduct(request), candidate);
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {
/// Reads as much memory as pushes the weights of a product out of the caches in which they would not be found, since a
/// network reads the weights of all its other products between two calls of this one. Weights that are larger than
/// those caches push themselves out.
class Sweep {
public:
  Sweep(const cost::TargetDescription &target, StringRef weightsIn) {
    uint64_t bytes = weightsIn == "L3" ? 2 * target.l2Bytes : weightsIn == "memory" ? 2 * target.l3Bytes : 0;
    // A description may say anything.
    memory.assign(std::min<uint64_t>(bytes, uint64_t(1) << 30) / sizeof(uint64_t), 1);
  }
  /// Elements to read beside weights of so many bytes.
  size_t getLength(uint64_t weightBytes) const {
    return memory.size() - std::min<uint64_t>(memory.size(), weightBytes / sizeof(uint64_t));
  }
  void run(size_t length) const {
    for (size_t i = 0; i < length; i += 64 / sizeof(uint64_t))
      (void)*const_cast<volatile uint64_t *>(&memory[i]);
  }

private:
  std::vector<uint64_t> memory;
};

class Tuner : public CandidateTimer {
public:
  Tuner(Dialect *dialect, TunerHooks hooks) : CandidateTimer(dialect), hooks(std::move(hooks)) {}

  std::optional<std::string> time(const TimingJob &job, MutableArrayRef<TimingRequest> requests,
                                  TimingSummary &summary) const override;

private:
  void show(const std::string &text) const {
    if (hooks.progress)
      hooks.progress(text);
  }
  /// Opens the job's cache; `summary.cacheFile` stays empty where measurements cannot be kept.
  TuningCache::Error openCache(const TimingJob &job, TuningCache &cache, TimingSummary &summary) const;
  runtime::Error measure(const TimingJob &job, TimingRequest &request) const;

  TunerHooks hooks;
};

struct TunerExtension : public DialectExtension<TunerExtension, SPNNDialect> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TunerExtension)

  explicit TunerExtension(TunerHooks hooks) : hooks(std::move(hooks)) {}
  void apply(MLIRContext *, SPNNDialect *dialect) const override {
    dialect->addInterface(std::unique_ptr<DialectInterface>(std::make_unique<Tuner>(dialect, hooks)));
  }

  TunerHooks hooks;
};
} // namespace

void tuning::registerTuner(DialectRegistry &registry, TunerHooks hooks) {
  registry.addExtension(TypeID::get<TunerExtension>(), std::make_unique<TunerExtension>(std::move(hooks)));
}

/// Why code for the target cannot be measured on this machine.
static std::optional<std::string> checkTarget(TargetAttr target) {
  if (!target)
    return std::nullopt;
  cost::Cpu cpu;
  if (std::optional<std::string> error = cost::resolveCpu(target.getCpu(), cpu))
    return error;
  if (std::optional<std::string> feature = cost::findMissingFeature(cpu))
    return "tuning runs code on this machine, which lacks the feature '" + *feature + "' of the target CPU '" +
           cpu.name + "'";
  return std::nullopt;
}

TuningCache::Error Tuner::openCache(const TimingJob &job, TuningCache &cache, TimingSummary &summary) const {
  bool isGiven = !job.cacheFile.empty();
  std::string path = isGiven ? job.cacheFile : TuningCache::getDefaultPath();
  if (path.empty()) {
    summary.warning = "measured times are not kept: neither XDG_CACHE_HOME nor HOME is set";
    return std::nullopt;
  }
  if (TuningCache::Error error = cache.load(path))
    return error;
  summary.cacheFile = path;
  TuningCache::Error error = cache.checkWritable();
  // Not everybody has a home that can be written; who names a file wants it.
  if (error && isGiven)
    return error;
  if (error)
    summary.warning = "measured times are not kept: " + *error;
  return std::nullopt;
}

runtime::Error Tuner::measure(const TimingJob &job, TimingRequest &request) const {
  MatmulOp op = request.op;
  std::string name =
      std::to_string(op.getRows()) + " x " + std::to_string(op.getInner()) + " x " + std::to_string(request.columns);
  std::string count = std::to_string(request.candidates.size()) + " candidates for " + name;
  show("compiling " + count + " ...");
  std::unique_ptr<CandidateModule> module;
  if (runtime::Error error = CandidateModule::compile(job, request, module))
    return error;
  show("measuring " + count + " ...");
  // Seconds of a product, and rounds in which all candidates take turns.
  constexpr double kSeconds = 0.25;
  constexpr size_t kMinRounds = 9;
  Sweep sweep(job.description, request.weightsIn);
  Contest contest(job.target ? std::max<int64_t>(job.target.getThreads(), 1) : 1);
  runtime::Error failed;
  SmallVector<size_t> entries;
  for (size_t i = 0; i < request.candidates.size(); ++i) {
    auto run = [&, i](int) {
      if (runtime::Error error = module->run(i))
        failed = error;
    };
    size_t length = sweep.getLength(request.candidates[i].weightBytes);
    auto prepare = [&, i, length] {
      sweep.run(length);
      module->touchOperands(i);
    };
    entries.push_back(contest.add(run, 1, length ? std::function<void()>(prepare) : nullptr));
  }
  contest.hold(kSeconds, kMinRounds);
  // The best round: whatever else the machine does makes a candidate slower, never faster.
  for (size_t entry : entries)
    request.microseconds.push_back(std::max(contest.get(entry).min, 1e-3));
  return failed;
}

std::optional<std::string> Tuner::time(const TimingJob &job, MutableArrayRef<TimingRequest> requests,
                                       TimingSummary &summary) const {
  if (std::optional<std::string> error = checkTarget(job.target))
    return error;
  TuningCache cache;
  if (TuningCache::Error error = openCache(job, cache, summary))
    return error;
  std::string jobText = describeJob(job);
  for (TimingRequest &request : requests) {
    std::string product = describeProduct(request);
    SmallVector<std::string> keys;
    for (const TimingCandidate &candidate : request.candidates)
      keys.push_back(makeKey(jobText, product, candidate));
    // Times of one contest are compared with each other: one that is missing makes all of them run again.
    for (const std::string &key : keys)
      if (std::optional<double> known = cache.find(key))
        request.microseconds.push_back(*known);
    if (request.microseconds.size() == keys.size()) {
      summary.fromCache += keys.size();
      continue;
    }
    request.microseconds.clear();
    if (runtime::Error error = measure(job, request))
      return error;
    summary.measured += keys.size();
    for (auto [key, time] : llvm::zip_equal(keys, request.microseconds))
      cache.add(key, time);
    // At once, so that a compilation that is interrupted has not measured in vain.
    if (!summary.cacheFile.empty() && summary.warning.empty())
      if (TuningCache::Error error = cache.save())
        return error;
  }
  show("");
  if (hooks.report)
    hooks.report("tuned " + std::to_string(requests.size()) + " products: " + std::to_string(summary.measured) +
                 " candidates measured, " + std::to_string(summary.fromCache) + " known" +
                 (summary.cacheFile.empty() ? "" : " from " + summary.cacheFile));
  return std::nullopt;
}
