//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled integer divisions: what the reference evaluator refuses is an error of the call and ends no process.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "spnn/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

#include "gtest/gtest.h"

#include <cstring>
#include <limits>

using namespace spnn;
using namespace spnn::test;

namespace {

using Ints = std::vector<int64_t>;

std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// "T" and "OP" stand for an element type and an op; nothing else has these letters.
const char *const kOnTensors = R"mlir(
func.func @main(%a: tensor<?xT>, %b: tensor<?xT>) -> tensor<?xT> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?xT>
  %e = tensor.empty(%n) : tensor<?xT>
  %r = linalg.map ins(%a, %b : tensor<?xT>, tensor<?xT>) outs(%e : tensor<?xT>) (%x: T, %y: T, %o: T) {
    %q = OP %x, %y : T
    linalg.yield %q : T
  }
  return %r : tensor<?xT>
}
)mlir";

/// A loop that OpenMP spreads over threads, on memory.
const char *const kInParallel = R"mlir(
func.func @main(%a: memref<?xT>, %b: memref<?xT>, %out: memref<?xT>)
    attributes {spnn.inputs = 2 : i64, spnn.result_extents = [[array<i64: 0, 0>]]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c0 : memref<?xT>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %x = memref.load %a[%i] : memref<?xT>
    %y = memref.load %b[%i] : memref<?xT>
    %q = OP %x, %y : T
    memref.store %q, %out[%i] : memref<?xT>
    scf.reduce
  }
  return
}
)mlir";

std::string makeModel(const char *text, const std::string &type, const std::string &op) {
  return replaceAll(replaceAll(text, "OP", op), "T", type);
}

size_t bytesOf(const std::string &type) { return type == "i8" ? 1 : type == "i32" ? 4 : 8; }

/// The low bytes of the integers.
std::vector<uint8_t> toBytes(const std::string &type, const Ints &values) {
  std::vector<uint8_t> bytes(values.size() * bytesOf(type));
  for (size_t i = 0; i < values.size(); ++i)
    std::memcpy(&bytes[i * bytesOf(type)], &values[i], bytesOf(type));
  return bytes;
}

/// A compiled model of two inputs and an output of one type and one length.
class Division {
public:
  Division(const std::string &text, const std::string &type, int threads) : type(type) {
    model = compile(text, "threads=" + std::to_string(threads), folder.file("m.so"));
    if (model)
      EXPECT_EQ(model->createContext(threads, context), std::nullopt);
  }

  /// The sentence of spnn_context_error, or "" with the result in `result`.
  std::string run(const Ints &a, const Ints &b, std::vector<uint8_t> &result) {
    if (!model)
      return "was not compiled";
    runtime::DType dtype = model->description().functions[0].inputs[0].dtype;
    std::vector<int64_t> shape{static_cast<int64_t>(a.size())};
    std::vector<uint8_t> left = toBytes(type, a), right = toBytes(type, b);
    result.assign(left.size(), 0);
    runtime::Error error =
        model->run(model->description().functions[0], {{dtype, shape, left.data()}, {dtype, shape, right.data()}},
                   {{dtype, shape, result.data()}}, context);
    return error ? error->substr(error->find("failed: ") + 8) : "";
  }

private:
  TemporaryFolder folder;
  std::string type;
  std::unique_ptr<runtime::Model> model;
  runtime::Context context;
};

/// What the evaluator says: the sentence, or "" with the result in `result`.
std::string evaluate(const std::string &text, const Ints &a, const Ints &b, std::vector<uint8_t> &result) {
  std::string errors;
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  EXPECT_TRUE(module) << errors;
  mlir::ScopedDiagnosticHandler handler(&getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && errors.empty())
      errors = diagnostic.str();
    return mlir::success();
  });
  auto main = *module->getOps<mlir::func::FuncOp>().begin();
  mlir::Type element = mlir::cast<mlir::ShapedType>(main.getArgumentTypes()[0]).getElementType();
  auto makeTensor = [&](const Ints &values) {
    reference::Tensor tensor = reference::Tensor::zeros(element, {static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), tensor.ints.begin());
    return tensor;
  };
  auto results = reference::evaluate(main, {makeTensor(a), makeTensor(b)});
  if (mlir::succeeded(results))
    result = (*results)[0].toBytes();
  return errors;
}

/// All pairs of interesting numbers, one division a call: every outcome is the evaluator's.
TEST(Division, AgreesWithTheEvaluator) {
  for (const char *type : {"i8", "i32", "i64", "index"}) {
    unsigned width = 8 * bytesOf(type);
    int64_t smallest = std::numeric_limits<int64_t>::min() >> (64 - width);
    const int64_t numbers[] = {smallest, smallest + 1, -7, -1, 0, 1, 2, 5, ~smallest};
    for (const char *op : {"arith.divsi", "arith.divui", "arith.remsi", "arith.remui", "arith.ceildivsi",
                           "arith.ceildivui", "arith.floordivsi"}) {
      std::string text = makeModel(kOnTensors, type, op);
      SCOPED_TRACE(text);
      Division division(text, type, 1);
      int faults = 0;
      for (int64_t a : numbers)
        for (int64_t b : numbers) {
          std::vector<uint8_t> computed, expected;
          std::string error = division.run({a}, {b}, computed), wanted = evaluate(text, {a}, {b}, expected);
          faults += !error.empty();
          // The compiled model names the line as well.
          ASSERT_EQ(error.substr(0, error.find(" (")), wanted) << a << " and " << b;
          if (error.empty())
            ASSERT_EQ(computed, expected) << a << " and " << b;
        }
      bool isSigned = std::strstr(op, "si");
      EXPECT_EQ(faults, static_cast<int>(std::size(numbers)) + isSigned);
    }
  }
}

TEST(Division, AnyThreadMayFail) {
  std::string text = makeModel(kInParallel, "i32", "arith.floordivsi");
  for (int threads : {1, 2}) {
    SCOPED_TRACE(threads);
    Division division(text, "i32", threads);
    const size_t n = 1001;
    std::vector<uint8_t> result;
    for (size_t at : {size_t(0), n / 2, n - 1}) {
      Ints a(n, -7), b(n, 2);
      b[at] = 0;
      std::string error = division.run(a, b, result);
      EXPECT_EQ(error.find("'arith.floordivsi' op division by zero (-:10)"), 0u) << error;
      // The context is as good as before.
      b[at] = 2;
      EXPECT_EQ(division.run(a, b, result), "");
      EXPECT_EQ(result, toBytes("i32", Ints(n, -4)));
    }
    // All threads at once.
    EXPECT_NE(division.run(Ints(n, 1), Ints(n, 0), result), "");
  }
}

TEST(Division, DivisorsInMaps) {
  std::string text = R"mlir(
#map = affine_map<(d0) -> (d0)>
func.func @main(%a: tensor<?xi64>, %b: tensor<?xi64>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?xi64>
  %e = tensor.empty(%n) : tensor<?xi64>
  %r = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<?xi64>, tensor<?xi64>) outs(%e : tensor<?xi64>) {
  ^bb0(%x: i64, %y: i64, %o: i64):
    %i = arith.index_cast %x : i64 to index
    %j = arith.index_cast %y : i64 to index
    %f = affine.apply affine_map<(i)[s] -> (i floordiv s)>(%i)[%j]
    %m = affine.apply affine_map<(i)[s] -> ((i mod s) * 100)>(%i)[%j]
    %c = affine.apply affine_map<(i)[s] -> ((i ceildiv (s floordiv 2)) * 10000)>(%i)[%j]
    %fm = arith.addi %f, %m : index
    %q = arith.addi %fm, %c : index
    %z = arith.index_cast %q : index to i64
    linalg.yield %z : i64
  } -> tensor<?xi64>
  return %r : tensor<?xi64>
}
)mlir";
  Division division(text, "i64", 1);
  std::vector<uint8_t> result, expected;
  EXPECT_EQ(division.run({7, -7}, {2, 3}, result), "");
  EXPECT_EQ(evaluate(text, {7, -7}, {2, 3}, expected), "");
  EXPECT_EQ(result, expected);
  std::string error = evaluate(text, {7, -7}, {2, 0}, expected);
  EXPECT_EQ(error, "'affine.apply' op divides by zero or a negative number");
  EXPECT_EQ(division.run({7, -7}, {2, 0}, result).find(error), 0u);
  error = evaluate(text, {7, -7}, {2, -3}, expected);
  EXPECT_EQ(error, "'affine.apply' op divides by zero or a negative number");
  EXPECT_EQ(division.run({7, -7}, {2, -3}, result).find(error), 0u);
}

TEST(Division, Vectors) {
  std::string text = R"mlir(
func.func @main(%a: tensor<?xi32>, %b: tensor<?xi32>) -> tensor<?xi32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %n = tensor.dim %a, %c0 : tensor<?xi32>
  %x = vector.transfer_read %a[%c0], %zero {in_bounds = [true]} : tensor<?xi32>, vector<8xi32>
  %y = vector.transfer_read %b[%c0], %zero {in_bounds = [true]} : tensor<?xi32>, vector<8xi32>
  %u = vector.shape_cast %x : vector<8xi32> to vector<2x4xi32>
  %v = vector.shape_cast %y : vector<8xi32> to vector<2x4xi32>
  %q = arith.remsi %u, %v : vector<2x4xi32>
  %w = vector.shape_cast %q : vector<2x4xi32> to vector<8xi32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %r = vector.transfer_write %w, %e[%c0] {in_bounds = [true]} : vector<8xi32>, tensor<?xi32>
  return %r : tensor<?xi32>
}
)mlir";
  Division division(text, "i32", 1);
  std::vector<uint8_t> result;
  EXPECT_EQ(division.run({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2, 3, 3, 3, 4, 4}, result), "");
  EXPECT_EQ(result, toBytes("i32", {1, 0, 1, 1, 2, 0, 3, 0}));
  EXPECT_EQ(division.run({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2, 3, 3, 0, 4, 4}, result).find("'arith.remsi' op division"),
            0u);
  EXPECT_EQ(division.run({1, 2, 3, INT32_MIN, 5, 6, 7, 8}, {2, 2, 2, -1, 3, 3, 4, 4}, result)
                .find("'arith.remsi' op signed overflow"),
            0u);
}

} // namespace
