//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --explain prints: a table of the products of a module, their formats and kernels, and why.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spnn;

namespace {
using Row = SmallVector<std::string>;

double number(DictionaryAttr decision, StringRef name) {
  auto attr = dyn_cast_or_null<FloatAttr>(decision.get(name));
  return attr ? attr.getValueAsDouble() : 0;
}

std::string text(DictionaryAttr decision, StringRef name) {
  auto attr = dyn_cast_or_null<StringAttr>(decision.get(name));
  return attr ? attr.str() : "";
}

/// "4.7", or "-" where there is no such time.
std::string time(DictionaryAttr decision, StringRef name) {
  return decision.get(name) ? llvm::formatv("{0:f1}", number(decision, name)).str() : "-";
}

/// "dense 4.7, csr/csr 0.5, csr/hardcoded 0.4, bsr4x1 1.5": the kernel is named where a format has several. What was
/// measured follows in parentheses: "dense 4.7 (4.9)".
std::string printCandidates(DictionaryAttr decision) {
  SmallVector<DictionaryAttr> possible;
  llvm::StringMap<int> kernels; // by format
  if (auto candidates = dyn_cast_or_null<ArrayAttr>(decision.get("candidates")))
    for (auto candidate : candidates.getAsRange<DictionaryAttr>())
      if (candidate.get("predicted_us")) {
        possible.push_back(candidate);
        ++kernels[text(candidate, "format")];
      }
  std::string result;
  for (DictionaryAttr candidate : possible) {
    std::string name = text(candidate, "format");
    if (kernels[name] > 1)
      name += "/" + text(candidate, "kernel");
    result += (result.empty() ? "" : ", ") + name + " " + time(candidate, "predicted_us");
    if (candidate.get("measured_us"))
      result += " (" + time(candidate, "measured_us") + ")";
  }
  return result;
}

Row describe(MatmulOp op) {
  auto extent = [](int64_t value) { return ShapedType::isDynamic(value) ? std::string("?") : std::to_string(value); };
  Row row{extent(op.getRows()) + " x " + extent(op.getInner()) + " x " + extent(op.getColumns())};
  auto decision = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName);
  if (!decision) {
    bool sparse = cast<RankedTensorType>(op.getLhs().getType()).getEncoding() != nullptr;
    row.append(
        {"-", sparse ? "as given" : "dense", "-", "-", "-", "-", sparse ? "the model's own encoding" : "not decided"});
    return row;
  }
  row.append({llvm::formatv("{0:f1}", 100 * number(decision, "density")).str(), text(decision, "format"),
              text(decision, "kernel"), time(decision, "predicted_us"), time(decision, "measured_us"),
              printCandidates(decision), text(decision, "reason")});
  return row;
}

void print(ArrayRef<Row> rows, llvm::raw_ostream &os) {
  SmallVector<size_t> widths;
  for (const Row &row : rows)
    for (auto [i, cell] : llvm::enumerate(row)) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], cell.size());
    }
  for (const Row &row : rows) {
    std::string line;
    for (auto [i, cell] : llvm::enumerate(row))
      line += (i ? "  " : "") + cell + std::string(i + 1 < row.size() ? widths[i] - cell.size() : 0, ' ');
    os << line << "\n";
  }
}

/// Prints after the pass that decides, while products are still to be seen.
class Explanation : public PassInstrumentation {
public:
  explicit Explanation(llvm::raw_ostream &os) : os(os) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (pass->getArgument() == "spnn-reorder-operators")
      return printOrders(op);
    if (pass->getArgument() != "spnn-select-formats")
      return;
    SmallVector<Row> rows{{"product (m x k x n)", "density %", "format", "kernel", "predicted us", "measured us",
                           "candidates (us)", "why"}};
    op->walk([&](Operation *nested) {
      if (auto product = dyn_cast<MatmulOp>(nested))
        rows.push_back(describe(product));
      else if (nested->getName().getStringRef().starts_with("linalg.") &&
               (nested->getName().getStringRef().contains("matmul") ||
                nested->getName().getStringRef().contains("conv")))
        rows.push_back({nested->getName().getStringRef().str(), "-", "dense", "-", "-", "-", "-",
                        "no constant operand, or no sparse form yet"});
    });
    // Nothing is measured without the option tune.
    constexpr size_t kMeasured = 5;
    bool isTuned = llvm::any_of(llvm::drop_begin(rows), [](const Row &row) { return row[kMeasured] != "-"; });
    for (Row &row : rows)
      if (!isTuned)
        row.erase(row.begin() + kMeasured);
      else if (&row == rows.data())
        row[kMeasured + 1] = "candidates: predicted (measured) us";
    print(rows, os);
  }

private:
  /// All orders of each group of products with graphs; the chosen one is marked.
  void printOrders(Operation *op) {
    SmallVector<Row> rows{{"function", "order", "predicted us", "saved bytes", "products"}};
    op->walk([&](func::FuncOp function) {
      auto groups = function->getAttrOfType<ArrayAttr>(kOrdersAttrName);
      if (!groups)
        return;
      for (auto group : groups.getAsRange<DictionaryAttr>())
        for (auto candidate : group.getAs<ArrayAttr>("candidates").getAsRange<DictionaryAttr>()) {
          std::string products;
          for (auto product : candidate.getAs<ArrayAttr>("products").getAsRange<StringAttr>())
            products += (products.empty() ? "" : "; ") + product.str();
          bool isChosen = text(candidate, "order") == text(group, "order");
          rows.push_back({function.getName().str(), text(candidate, "order") + (isChosen ? " (chosen)" : ""),
                          time(candidate, "predicted_us"),
                          std::to_string(candidate.getAs<IntegerAttr>("saved_bytes").getInt()), products});
        }
    });
    if (rows.size() > 1)
      print(rows, os);
  }

  llvm::raw_ostream &os;
};
} // namespace

void spnn::addExplanation(PassManager &pm, llvm::raw_ostream &os) {
  pm.addInstrumentation(std::make_unique<Explanation>(os));
}
