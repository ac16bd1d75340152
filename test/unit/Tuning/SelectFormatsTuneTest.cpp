//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Option tune of spnn-select-formats with measurements that a fake makes up, and the keys of real ones.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/TargetDescription.h"
#include "spnn/InitAll.h"
#include "spnn/Lowering/CandidateTimer.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/Passes.h"
#include "spnn/Tuning/Tuner.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <map>

using namespace mlir;
using namespace spnn;

namespace {
/// What the fake was asked and what it answers.
struct Script {
  std::map<std::string, double> times; ///< by "format/kernel"; 10 for any other
  std::optional<std::string> error;
  std::vector<std::string> asked; ///< "m x k x n in HOME: candidates"
  std::vector<std::string> keys;
  std::string cacheFile;
};

class FakeTimer : public CandidateTimer {
public:
  FakeTimer(Dialect *dialect, Script &script) : CandidateTimer(dialect), script(script) {}

  std::optional<std::string> time(const TimingJob &job, MutableArrayRef<TimingRequest> requests,
                                  TimingSummary &summary) const override {
    if (script.error)
      return script.error;
    script.cacheFile = job.cacheFile;
    for (TimingRequest &request : requests) {
      std::string asked = std::to_string(request.op.getRows()) + " x " + std::to_string(request.op.getInner()) + " x " +
                          std::to_string(request.columns) + " in " + request.weightsIn + ":";
      for (const TimingCandidate &candidate : request.candidates) {
        std::string name = candidate.format + (candidate.kernel ? "/" + candidate.kernel->name().str() : "");
        asked += " " + name;
        auto found = script.times.find(name);
        request.microseconds.push_back(found == script.times.end() ? 10 : found->second);
        script.keys.push_back(tuning::makeCacheKey(job, request, candidate));
      }
      script.asked.push_back(asked);
      summary.measured += request.candidates.size();
    }
    return std::nullopt;
  }

private:
  Script &script;
};

struct FakeExtension : public DialectExtension<FakeExtension, SPNNDialect> {
  explicit FakeExtension(Script &script) : script(script) {}
  void apply(MLIRContext *, SPNNDialect *dialect) const override {
    dialect->addInterface(std::unique_ptr<DialectInterface>(std::make_unique<FakeTimer>(dialect, script)));
  }
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FakeExtension)
  Script &script;
};

/// WEIGHTS stands for makeWeights.
constexpr const char *kModel = R"(
module attributes {spnn.target = #spnn.target<"generic-avx2", cpu = "x86-64-v3", vector_bytes = 32, threads = 1>} {
  func.func @f(%x: tensor<64x?xf32>) -> tensor<128x?xf32> {
    %w = arith.constant dense<WEIGHTS> : tensor<128x64xf32>
    %y = spnn.matmul %w, %x : (tensor<128x64xf32>, tensor<64x?xf32>) -> tensor<128x?xf32>
    return %y : tensor<128x?xf32>
  }
}
)";

/// Three values among zeros: the first, `second` in row 7, and the last.
std::string makeWeights(const std::string &first = "1.0", int second = 13) {
  std::string text = "[";
  for (int row = 0; row < 128; ++row) {
    text += row ? ", [" : "[";
    for (int column = 0; column < 64; ++column) {
      bool isSecond = row == 7 && column == second, isLast = row == 127 && column == 63;
      text += (column ? ", " : "") + (row + column == 0 ? first : isSecond || isLast ? "2.0" : "0.0");
    }
    text += "]";
  }
  return text + "]";
}

class SelectFormatsTune : public ::testing::Test {
protected:
  /// Runs the pass with `options` and returns the decision; null, with `message`, if it fails.
  DictionaryAttr run(const std::string &options, std::string model = kModel, bool canTune = true) {
    DialectRegistry registry;
    registry.insert<func::FuncDialect, arith::ArithDialect>();
    registerDialect(registry);
    if (canTune)
      registry.addExtension(TypeID::get<FakeExtension>(), std::make_unique<FakeExtension>(script));
    context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    message.clear();
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        message = diagnostic.str();
      return success();
    });
    if (size_t at = model.find("WEIGHTS"); at != std::string::npos)
      model.replace(at, 7, makeWeights());
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(model, context.get());
    if (!module) {
      ADD_FAILURE() << message;
      return {};
    }
    PassManager pm(context.get());
    std::unique_ptr<Pass> pass = createSelectFormats();
    EXPECT_TRUE(succeeded(pass->initializeOptions(options, [](const Twine &) { return failure(); })));
    pm.addPass(std::move(pass));
    if (failed(pm.run(*module)))
      return {};
    DictionaryAttr decision;
    module->walk([&](MatmulOp op) { decision = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName); });
    return decision;
  }
  std::string text(DictionaryAttr decision, StringRef name) {
    auto attr = decision.getAs<StringAttr>(name);
    return attr ? attr.getValue().str() : "none";
  }
  double number(DictionaryAttr decision, StringRef name) {
    auto attr = decision.getAs<FloatAttr>(name);
    return attr ? attr.getValueAsDouble() : -1;
  }

  std::unique_ptr<MLIRContext> context;
  Script script;
  std::string message;
};
} // namespace

TEST_F(SelectFormatsTune, MeasuredTimesDecide) {
  script.times = {{"csr/csr", 3}, {"csr/pattern-tile", 2}, {"dense", 50}};
  DictionaryAttr decision = run("tune expected-columns=32");
  ASSERT_TRUE(decision) << message;
  EXPECT_EQ(text(decision, "kernel"), "pattern-tile");
  EXPECT_EQ(number(decision, "measured_us"), 2);
  EXPECT_GT(number(decision, "predicted_us"), 0);
  EXPECT_EQ(text(decision, "reason").find("measured, 100.0 % zeros: 2.00 us, dense 50.00 us"), 0u)
      << text(decision, "reason");
  script.times = {{"csr/csr", 2}, {"csr/pattern-tile", 3}, {"dense", 50}};
  EXPECT_EQ(text(run("tune expected-columns=32"), "kernel"), "csr");
}

TEST_F(SelectFormatsTune, DenseIsAlwaysMeasuredAndMayWin) {
  script.times = {{"dense", 1}};
  DictionaryAttr decision = run("tune expected-columns=32");
  ASSERT_TRUE(decision) << message;
  EXPECT_EQ(text(decision, "format"), "dense");
  EXPECT_EQ(number(decision, "measured_us"), 1);
  EXPECT_EQ(text(decision, "reason").find("measured, "), 0u);
  ASSERT_EQ(script.asked.size(), 1u);
  EXPECT_EQ(script.asked[0].find("128 x 64 x 32 in L2: dense "), 0u) << script.asked[0];
}

TEST_F(SelectFormatsTune, ShowsBothTimesOfEachCandidate) {
  DictionaryAttr decision = run("tune tune-cache=some.json");
  ASSERT_TRUE(decision) << message;
  EXPECT_EQ(script.cacheFile, "some.json");
  int measured = 0, unmeasured = 0;
  for (auto candidate : decision.getAs<ArrayAttr>("candidates").getAsRange<DictionaryAttr>()) {
    if (candidate.get("measured_us")) {
      ++measured;
      EXPECT_TRUE(candidate.get("predicted_us"));
    } else {
      ++unmeasured;
    }
  }
  EXPECT_GE(measured, 3);
  EXPECT_GE(unmeasured, 1) << "blocks are predicted to take far longer";
  // Nobody measured: the fake knows no time below 10, but one of these may be predicted to take less.
  EXPECT_EQ(number(decision, "measured_us"), 10);
}

TEST_F(SelectFormatsTune, MeasuresNothingWithoutAChoice) {
  DictionaryAttr decision = run("tune format=dense");
  ASSERT_TRUE(decision) << message;
  EXPECT_TRUE(script.asked.empty());
  EXPECT_EQ(number(decision, "measured_us"), -1);
  decision = run("");
  ASSERT_TRUE(decision) << message;
  EXPECT_TRUE(script.asked.empty());
}

TEST_F(SelectFormatsTune, SaysWhyItCannot) {
  script.error = "the machine is on fire";
  EXPECT_FALSE(run("tune"));
  EXPECT_EQ(message, "the machine is on fire");
  EXPECT_FALSE(run("tune", kModel, /*canTune=*/false));
  EXPECT_EQ(message.find("option 'tune' needs a program that compiles and runs code"), 0u) << message;
}

TEST_F(SelectFormatsTune, KeysTellPatternsNotValues) {
  auto keysOf = [&](std::string model, const std::string &options = "tune") {
    script.keys.clear();
    EXPECT_TRUE(run(options, std::move(model))) << message;
    return script.keys;
  };
  auto replaced = [](const std::string &from, const std::string &to) {
    std::string model = kModel;
    for (size_t at = 0; (at = model.find(from, at)) != std::string::npos; at += to.size())
      model.replace(at, from.size(), to);
    return model;
  };
  std::vector<std::string> keys = keysOf(kModel);
  ASSERT_GE(keys.size(), 3u);
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_EQ(keysOf(kModel), keys);
  EXPECT_EQ(keysOf(replaced("WEIGHTS", makeWeights("-7.0"))), keys);
  EXPECT_NE(keysOf(replaced("WEIGHTS", makeWeights("0.0"))), keys) << "one nonzero less";
  EXPECT_NE(keysOf(replaced("WEIGHTS", makeWeights("1.0", 14))), keys);
  EXPECT_NE(keysOf(replaced("%w, %x :", "%w, %x activation(relu) :")), keys);
  EXPECT_NE(keysOf(replaced("threads = 1", "threads = 2")), keys);
  EXPECT_NE(keysOf(kModel, "tune expected-columns=64"), keys);
}
