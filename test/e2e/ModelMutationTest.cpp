//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Damaged model texts: whatever they hold, they are parsed, verified and compiled or refused, but nothing crashes.
// SPNN_LONG_TESTS=1 runs ten times more.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>
#include <random>

using namespace mlir;
using namespace spnn;

namespace {

const char *const kModel = R"mlir(
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
module {
  func.func @main(%x: tensor<?x4xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
    %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                        values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
    %y = spnn.matmul %x, %w bias(%b : tensor<2xf32>) activation(relu) {bias_axis = 1 : i64, transpose_rhs}
        : (tensor<?x4xf32>, tensor<2x4xf32, #CSR>) -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }
  func.func @two(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
    %d = arith.constant dense<[[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0], [5.0, 6.0, 0.0, 0.0]]> : tensor<4x4xf32>
    %p = spnn.prune %d method(magnitude) pattern(<unstructured, 0.5>) : tensor<4x4xf32>
    %n = spnn.convert %d : tensor<4x4xf32> to tensor<4x4xf32, #NM>
    %y = spnn.matmul %n, %x activation(gelu_tanh) : (tensor<4x4xf32, #NM>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %e = tensor.empty() : tensor<4x3xf32>
    %z = arith.constant 0.0 : f32
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
    %q = linalg.matmul ins(%d, %y : tensor<4x4xf32>, tensor<4x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
    return %q : tensor<4x3xf32>
  }
}
)mlir";

/// The model after the first two stages, so that mutations reach the kernel ops and the passes behind them too.
std::string getKernelLevelText() {
  static const std::string text = [] {
    std::string errors;
    OwningOpRef<ModuleOp> module = test::parse(kModel, errors);
    EXPECT_TRUE(module) << errors;
    PassManager pm(&test::getContext());
    CpuPipelineOptions options;
    options.targetCpu = "x86-64";
    buildCpuGraphStage(pm, options);
    buildCpuKernelStage(pm, options);
    EXPECT_TRUE(succeeded(pm.run(*module)));
    std::string result;
    llvm::raw_string_ostream os(result);
    module->print(os);
    return result;
  }();
  return text;
}

/// The same module in the generic form, in which no attribute is taken for granted.
std::string printGeneric(const std::string &text) {
  std::string errors, result;
  OwningOpRef<ModuleOp> module = test::parse(text, errors);
  llvm::raw_string_ostream os(result);
  module->print(os, OpPrintingFlags().printGenericOpForm());
  return result;
}

/// Runs of digits, runs of letters and single characters.
struct Token {
  size_t at, length;
};

std::vector<Token> findTokens(const std::string &text) {
  auto kind = [&](size_t i) { return isdigit(text[i]) ? 1 : isalpha(text[i]) || text[i] == '_' ? 2 : 0; };
  std::vector<Token> result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    while (kind(i) && end < text.size() && kind(end) == kind(i))
      ++end;
    if (!isspace(static_cast<unsigned char>(text[i])))
      result.push_back({i, end - i});
    i = end;
  }
  return result;
}

void replaceAll(std::string &text, const std::string &from, const std::string &to) {
  // From back to front, so that positions stay valid.
  std::vector<Token> tokens = findTokens(text);
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token)
    if (text.compare(token->at, token->length, from) == 0)
      text.replace(token->at, token->length, to);
}

std::string mutate(std::string text, std::mt19937 &generator) {
  const char *const numbers[] = {
      "0", "1", "2", "3", "5", "8", "16", "255", "65537", "4294967296", "9223372036854775807"};
  const char *const words[] = {"f64",    "f16",    "bf16",  "i32",        "i8",     "index",  "true",
                               "unit",   "csr",    "nm",    "block",      "none",   "matvec", "relu",
                               "tensor", "memref", "dense", "compressed", "private"};
  const char *const others[] = {"?", "-", "\"\"", "[", "}", "0x7FC00000", "1.0e40", ""};
  auto pick = [&](const auto &list) { return std::string(list[generator() % std::size(list)]); };
  for (size_t i = 0, count = 1 + generator() % 2; i < count && !text.empty(); ++i) {
    std::vector<Token> tokens = findTokens(text);
    Token token = tokens[generator() % tokens.size()];
    std::string old = text.substr(token.at, token.length);
    // Of the same kind, so that it often still parses.
    std::string fresh = isdigit(old[0]) ? pick(numbers) : isalpha(old[0]) ? pick(words) : pick(others);
    bool isNumber = isdigit(old[0]) && (token.at == 0 || !isalpha(text[token.at - 1]) || text[token.at - 1] == 'x');
    // Mostly extents and other numbers, which the parser lets pass and our code has to judge.
    if (isNumber && generator() % 4 != 0) {
      if (generator() % 3 == 0)
        text.replace(token.at, token.length, fresh);
      else
        replaceAll(text, old, fresh);
      continue;
    }
    if (generator() % 2 == 0) {
      --i;
      continue;
    }
    switch (generator() % 8) {
    case 0: // one byte becomes another
      text[generator() % text.size()] = static_cast<char>(generator() % 256);
      break;
    case 1: // a token disappears
      text.erase(token.at, token.length);
      break;
    case 2: { // a token takes the place of another
      Token from = tokens[generator() % tokens.size()];
      text.replace(token.at, token.length, text.substr(from.at, from.length));
      break;
    }
    case 3: // a token changes everywhere: extents stay consistent
    case 4:
      replaceAll(text, old, fresh);
      break;
    case 5: { // an entry of a list or dictionary disappears
      size_t end = text.find_first_of(",}>", token.at), begin = text.find_last_of("{,<", token.at);
      if (end != std::string::npos && begin != std::string::npos)
        text.erase(begin + 1, end - begin - (text[end] == ',' ? 0 : 1));
      break;
    }
    default: // a token becomes another of its kind
      text.replace(token.at, token.length, fresh);
      break;
    }
  }
  return text;
}

/// Parses and compiles `text`; whether that works does not matter here. Counts what parsed and what compiled.
void process(const std::string &text, bool isKernelLevel, int &parsed, int &compiled) {
  // A crash leaves the text behind.
  if (const char *path = std::getenv("SPNN_MUTATION_DUMP"))
    std::ofstream(path) << text;
  test::setCrashNote(text);
  ScopedDiagnosticHandler handler(&test::getContext(), [](Diagnostic &) { return success(); });
  std::string errors;
  OwningOpRef<ModuleOp> module = test::parse(text, errors);
  if (!module)
    return;
  ++parsed;
  PassManager pm(&test::getContext());
  CpuPipelineOptions options;
  options.targetCpu = "x86-64";
  if (!isKernelLevel) {
    buildCpuGraphStage(pm, options);
    buildCpuKernelStage(pm, options);
  }
  buildCpuLoopStage(pm, options);
  buildCpuLLVMStage(pm, options);
  compiled += succeeded(pm.run(*module));
}

void processMany(const std::string &text, bool isKernelLevel, int rounds, unsigned seed) {
  const char *isLong = std::getenv("SPNN_LONG_TESTS");
  if (isLong && std::string(isLong) == "1")
    rounds *= 10;
  int parsed = 0, compiled = 0;
  process(text, isKernelLevel, parsed, compiled);
  ASSERT_EQ(compiled, 1) << "the model itself does not compile";
  std::mt19937 generator(seed);
  std::string generic = printGeneric(text);
  for (int i = 0; i < rounds; ++i)
    process(mutate(i % 2 ? generic : text, generator), isKernelLevel, parsed, compiled);
  testing::Test::RecordProperty("parsed", parsed);
  testing::Test::RecordProperty("compiled", compiled);
  // Mutations that all fail in the parser would test nothing of ours.
  EXPECT_GT(parsed, rounds / 40);
}

TEST(ModelMutation, GraphLevel) { processMany(kModel, false, 500, 11); }
TEST(ModelMutation, KernelLevel) { processMany(getKernelLevelText(), true, 300, 12); }

} // namespace
