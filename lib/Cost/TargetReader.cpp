//===- TargetReader.cpp - Target descriptions from JSON -------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads target descriptions from JSON, checking every field.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/TargetDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace spnn::cost;
using llvm::StringRef;
using llvm::Twine;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {

/// The first thing wrong with a file; later ones are dropped.
class Report {
public:
  explicit Report(StringRef fileName) : fileName(fileName) {}

  void add(const Twine &field, const Twine &rule) {
    if (message.empty())
      message = (fileName + ": " + field + ": " + rule).str();
  }
  llvm::Error take() const {
    return message.empty() ? llvm::Error::success() : makeError(message);
  }

private:
  std::string fileName, message;
};

/// Reads the fields of one JSON object; remembers which, so that misspelt ones
/// are found.
class ObjectReader {
public:
  ObjectReader(const llvm::json::Value *value, std::string path, Report &report)
      : object(value ? value->getAsObject() : nullptr), path(std::move(path)),
        report(report) {
    if (!object)
      report.add(this->path.empty() ? "document" : this->path,
                 value ? "must be an object" : "is missing");
  }

  std::string pathOf(StringRef field) const {
    return path.empty() ? field.str() : path + "." + field.str();
  }

  const llvm::json::Value *get(StringRef field) {
    known.push_back(field);
    return object ? object->get(field) : nullptr;
  }

  std::string readString(StringRef field) {
    const llvm::json::Value *value = get(field);
    std::optional<StringRef> text = value ? value->getAsString() : std::nullopt;
    if (!text)
      report.add(pathOf(field), value ? "must be a string" : "is missing");
    return text.value_or("").str();
  }

  bool readBool(StringRef field) {
    const llvm::json::Value *value = get(field);
    std::optional<bool> flag = value ? value->getAsBoolean() : std::nullopt;
    if (!flag)
      report.add(pathOf(field), value ? "must be true or false" : "is missing");
    return flag.value_or(false);
  }

  int64_t readInteger(StringRef field, int64_t least) {
    const llvm::json::Value *value = get(field);
    std::optional<int64_t> number =
        value ? value->getAsInteger() : std::nullopt;
    if (!number)
      report.add(pathOf(field), value ? "must be an integer" : "is missing");
    else if (*number < least)
      report.add(pathOf(field), "must be at least " + Twine(least) + ", got " +
                                    Twine(*number));
    return number.value_or(least);
  }

  /// A number above 0, or from 0 on where `mayBeZero`.
  double readNumber(StringRef field, bool mayBeZero) {
    const llvm::json::Value *value = get(field);
    std::optional<double> number = value ? value->getAsNumber() : std::nullopt;
    if (!number) {
      report.add(pathOf(field), value ? "must be a number" : "is missing");
      return 1;
    }
    if (!std::isfinite(*number) || *number < 0 ||
        (*number == 0 && !mayBeZero)) {
      report.add(
          pathOf(field),
          Twine(mayBeZero ? "must not be negative" : "must be positive") +
              ", got " + llvm::Twine(std::to_string(*number)));
      return 1;
    }
    return *number;
  }

  /// Like readBool, false where the field is absent.
  bool readOptionalBool(StringRef field) {
    known.push_back(field);
    return object && object->get(field) && readBool(field);
  }

  /// Like readNumber, 0 where the field is absent.
  double readOptionalNumber(StringRef field) {
    known.push_back(field);
    return object && object->get(field) ? readNumber(field, true) : 0;
  }

  /// Call after the last read.
  void refuseUnknownFields() {
    if (!object)
      return;
    for (const auto &entry : *object)
      if (!llvm::is_contained(known, StringRef(entry.first)))
        report.add(pathOf(entry.first), "is not a known field");
  }

private:
  const llvm::json::Object *object;
  std::string path;
  Report &report;
  std::vector<StringRef> known;
};

} // namespace

static void readKappa(const llvm::json::Value *value, const std::string &path,
                      KernelCoefficients &kernel, Report &report) {
  const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array || array->empty()) {
    report.add(path, value ? "must be an array with at least one point"
                           : "is missing");
    return;
  }
  for (const llvm::json::Value &point : *array) {
    std::string pointPath =
        path + "[" + std::to_string(kernel.kappa.size()) + "]";
    ObjectReader reader(&point, pointPath, report);
    KappaPoint next{reader.readNumber("density", false),
                    reader.readNumber("cycles", false)};
    reader.refuseUnknownFields();
    if (next.density > 1)
      report.add(pointPath + ".density",
                 "must be at most 1, got " +
                     Twine(std::to_string(next.density)));
    if (!kernel.kappa.empty()) {
      const KappaPoint &last = kernel.kappa.back();
      if (next.density <= last.density)
        report.add(pointPath + ".density",
                   "must be more than the density before it");
      if (next.density * next.cycles < last.density * last.cycles)
        report.add(pointPath + ".cycles",
                   "times the density must not be less than at the point "
                   "before it: a denser matrix must not cost less");
    }
    kernel.kappa.push_back(next);
  }
}

static KernelCoefficients readKernel(const llvm::json::Value *value,
                                     const std::string &path, Report &report) {
  KernelCoefficients kernel;
  ObjectReader reader(value, path, report);
  kernel.vectorizesRows = reader.readOptionalBool("vectorizesRows");
  kernel.perEntryCycles = reader.readOptionalNumber("perEntryCycles");
  kernel.perRowCycles = reader.readOptionalNumber("perRowCycles");
  kernel.perTileCycles = reader.readOptionalNumber("perTileCycles");
  kernel.perDramByteCycles = reader.readOptionalNumber("perDramByteCycles");
  kernel.perNonzeroMatvecNs = reader.readOptionalNumber("perNonzeroMatvecNs");
  kernel.perPositionMatvecNs = reader.readOptionalNumber("perPositionMatvecNs");
  kernel.perRowMatvecNs = reader.readOptionalNumber("perRowMatvecNs");
  // A kernel for one column needs no table.
  const llvm::json::Value *kappa = reader.get("kappa");
  if (kappa || !kernel.hasMatvec()) {
    kernel.panelVectors = reader.readInteger("panelVectors", 1);
    readKappa(kappa, path + ".kappa", kernel, report);
  }
  reader.refuseUnknownFields();
  return kernel;
}

static void readCaches(const llvm::json::Value *value,
                       TargetDescription &target, Report &report) {
  ObjectReader reader(value, "cacheBytes", report);
  target.l1Bytes = reader.readInteger("l1d", 1);
  target.l2Bytes = reader.readInteger("l2", 1);
  target.l3Bytes = reader.readInteger("l3", 0);
  reader.refuseUnknownFields();
  if (target.l2Bytes < target.l1Bytes)
    report.add("cacheBytes.l2", "must be at least cacheBytes.l1d, " +
                                    Twine(target.l1Bytes) + ", got " +
                                    Twine(target.l2Bytes));
  if (target.l3Bytes != 0 && target.l3Bytes < target.l2Bytes)
    report.add("cacheBytes.l3", "must be 0 or at least cacheBytes.l2, " +
                                    Twine(target.l2Bytes) + ", got " +
                                    Twine(target.l3Bytes));
}

static void readBandwidths(const llvm::json::Value *value,
                           TargetDescription &target, Report &report) {
  ObjectReader reader(value, "bandwidthGBs", report);
  target.bandwidth.l1 = reader.readNumber("l1", false);
  target.bandwidth.l2 = reader.readNumber("l2", false);
  target.bandwidth.l3 = reader.readNumber("l3", false);
  target.bandwidth.dram = reader.readNumber("dram", false);
  target.bandwidth.repack = reader.readOptionalNumber("repack");
  target.bandwidth.repackL3 = reader.readOptionalNumber("repackL3");
  reader.refuseUnknownFields();
}

static std::vector<double> readNumbers(const llvm::json::Value *value,
                                       const std::string &path,
                                       bool ascending, Report &report) {
  std::vector<double> numbers;
  const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array || array->size() < 2) {
    report.add(path, value ? "must be an array of at least two numbers"
                           : "is missing");
    return {1, 2};
  }
  for (const llvm::json::Value &entry : *array) {
    std::optional<double> number = entry.getAsNumber();
    std::string entryPath = path + "[" + std::to_string(numbers.size()) + "]";
    if (!number || !std::isfinite(*number) || *number <= 0)
      report.add(entryPath, "must be a positive number");
    else if (ascending && !numbers.empty() && *number <= numbers.back())
      report.add(entryPath, "must be more than the number before it");
    numbers.push_back(number.value_or(1));
  }
  return numbers;
}

static Grid readGrid(const llvm::json::Value *value, const std::string &path,
                     StringRef x, StringRef y, Report &report) {
  Grid grid;
  ObjectReader reader(value, path, report);
  grid.x = readNumbers(reader.get(x), reader.pathOf(x), true, report);
  grid.y = readNumbers(reader.get(y), reader.pathOf(y), true, report);
  const llvm::json::Value *values = reader.get("values");
  const llvm::json::Array *rows = values ? values->getAsArray() : nullptr;
  if (!rows || rows->size() != grid.x.size())
    report.add(path + ".values", "must have an array for each of " +
                                     Twine(grid.x.size()) + " " + x);
  else
    for (const llvm::json::Value &row : *rows) {
      std::string rowPath =
          path + ".values[" + std::to_string(grid.values.size()) + "]";
      grid.values.push_back(readNumbers(&row, rowPath, false, report));
      if (grid.values.back().size() != grid.y.size())
        report.add(rowPath, "must have a number for each of " +
                                Twine(grid.y.size()) + " " + y);
    }
  reader.refuseUnknownFields();
  return grid;
}

static void readProducts(const llvm::json::Value *value,
                         TargetDescription &target, Report &report) {
  ObjectReader reader(value, "products", report);
  target.spmmRowNs = reader.readOptionalNumber("spmmRowNs");
  target.attentionScoreNs = reader.readOptionalNumber("attentionScoreNs");
  target.attentionCoefficientEdgeNs =
      reader.readOptionalNumber("attentionCoefficientEdgeNs");
  if (const llvm::json::Value *grid = reader.get("spmmEdgeNs"))
    target.spmmEdgeNs =
        readGrid(grid, "products.spmmEdgeNs", "columns", "bytes", report);
  if (const llvm::json::Value *grid = reader.get("gemmGflops"))
    target.gemmGflops =
        readGrid(grid, "products.gemmGflops", "inner", "columns", report);
  if (const llvm::json::Value *grid = reader.get("gemmLongInnerGflops"))
    target.gemmLongInnerGflops = readGrid(
        grid, "products.gemmLongInnerGflops", "rows", "columns", report);
  reader.refuseUnknownFields();
}

/// llvm::json::parse recurses once a level, so a hostile file could exhaust the
/// stack. Brackets in strings are counted too, which errs on the safe side.
static bool isDeeplyNested(StringRef text) {
  int depth = 0;
  for (char c : text) {
    if (c == '{' || c == '[')
      ++depth;
    else if (c == '}' || c == ']')
      --depth;
    if (depth > 64)
      return true;
  }
  return false;
}

llvm::Expected<TargetDescription> spnn::cost::parseTarget(StringRef text,
                                                          StringRef fileName) {
  if (isDeeplyNested(text))
    return makeError(fileName + ": document: is nested too deeply");
  llvm::Expected<llvm::json::Value> document = llvm::json::parse(text);
  if (!document)
    return makeError(fileName + ": " + llvm::toString(document.takeError()));

  Report report(fileName);
  ObjectReader reader(&*document, "", report);
  // The version comes first: the other rules are those of this version.
  int64_t version = reader.readInteger("version", 1);
  if (version != targetFileVersion)
    report.add("version", "must be " + Twine(targetFileVersion) + ", got " +
                              Twine(version));
  TargetDescription target;
  target.name = reader.readString("name");
  if (target.name.empty())
    report.add("name", "must not be empty");
  if (reader.get("source"))
    target.source = reader.readString("source");
  target.llvmCpu = reader.readString("llvmCpu");
  int64_t vectorBytes = reader.readInteger("vectorBytes", 1);
  if (vectorBytes != 16 && vectorBytes != 32 && vectorBytes != 64)
    report.add("vectorBytes",
               "must be 16, 32 or 64, got " + Twine(vectorBytes));
  target.vectorBytes = static_cast<unsigned>(vectorBytes);
  target.hasFma = reader.readBool("hasFma");
  target.frequencyGHz = reader.readNumber("frequencyGHz", false);
  target.fmaPerCycle = reader.readNumber("fmaPerCycle", false);
  readCaches(reader.get("cacheBytes"), target, report);
  readBandwidths(reader.get("bandwidthGBs"), target, report);
  target.cores = reader.readInteger("cores", 0);
  target.parallelRegionMicroseconds =
      reader.readNumber("parallelRegionMicroseconds", true);

  if (const llvm::json::Value *products = reader.get("products"))
    readProducts(products, target, report);
  const llvm::json::Value *kernels = reader.get("kernels");
  if (const auto *object = kernels ? kernels->getAsObject() : nullptr)
    for (const auto &entry : *object)
      target.kernels[entry.first.str()] =
          readKernel(&entry.second, "kernels." + entry.first.str(), report);
  else
    report.add("kernels", kernels ? "must be an object" : "is missing");
  reader.refuseUnknownFields();
  if (llvm::Error error = report.take())
    return std::move(error);
  return target;
}

llvm::Expected<TargetDescription> spnn::cost::loadTarget(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return makeError(path + ": " + buffer.getError().message());
  return parseTarget((*buffer)->getBuffer(), path);
}

llvm::Expected<TargetDescription>
spnn::cost::resolveTarget(StringRef nameOrPath) {
  if (const TargetDescription *known = findTarget(nameOrPath))
    return *known;
  return loadTarget(nameOrPath);
}
