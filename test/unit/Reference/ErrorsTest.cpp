//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of what the evaluator refuses: each error names the op and the rule.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

using namespace spnn::reference;

namespace {

/// Evaluating @f emits an error that holds `text`.
void expectError(const std::string &source, llvm::ArrayRef<Tensor> arguments, const std::string &text,
                 const EvaluatorOptions &options = {}) {
  std::string error = runError(source, arguments, options);
  EXPECT_NE(error.find(text), std::string::npos) << "expected: " << text << "\nfound: " << error << source;
}

Tensor zeros(llvm::ArrayRef<int64_t> shape) {
  return makeFloats(shape, std::vector<double>(*Tensor::countElements(shape), 0));
}

TEST(ReferenceErrors, Arguments) {
  std::string source = "func.func @f(%a: tensor<2x?xf32>) -> tensor<2x?xf32> {\nreturn %a : tensor<2x?xf32>}";
  expectError(source, {}, "'func.func' op takes 1 arguments, got 0");
  expectError(source, {makeInts("i32", {2, 1}, {1, 2})},
              "takes 'tensor<2x?xf32>' as argument 0, got elements of type 'i32'");
  expectError(source, {zeros({3, 2})}, "gives shape 3x2 to a value of type 'tensor<2x?xf32>'");
  expectError(source, {zeros({2})}, "gives shape 2 to a value of type 'tensor<2x?xf32>'");
  Tensor malformed = zeros({2, 2});
  malformed.floats.pop_back();
  expectError(source, {malformed}, "gets a malformed tensor as argument 0");
  malformed.shape = {-1, 3};
  expectError(source, {malformed}, "gets a malformed tensor as argument 0");
}

TEST(ReferenceErrors, UnknownOpsAndTypes) {
  expectError("func.func @f(%a: tensor<*xf32>) -> tensor<*xf32> {\nreturn %a : tensor<*xf32>}", {zeros({2})},
              "the evaluator only knows ranked tensors and scalars");
  expectError("func.func @f(%a: memref<2xf32>) {\nreturn}", {zeros({2})}, "only knows ranked tensors and scalars");
  expectError("func.func @f() -> tensor<2xf32> {\n%0 = bufferization.alloc_tensor() : tensor<2xf32>\nreturn %0 : "
              "tensor<2xf32>}",
              {}, "'bufferization.alloc_tensor' op is not an op that the reference evaluator knows");
  expectError("func.func @f() -> i128 {\n%0 = arith.constant 1 : i128\nreturn %0 : i128}", {},
              "'arith.constant' op has type 'i128', which the evaluator does not know");
  expectError("func.func @f() -> vector<2xf32> {\n%0 = arith.constant dense<1.0> : vector<2xf32>\nreturn %0 : "
              "vector<2xf32>}",
              {}, "only knows ranked tensors");
  expectError(
      "func.func @f() -> complex<f32> {\n%0 = complex.constant [1.0 : f32, 1.0 : f32] : complex<f32>\nreturn %0 "
      ": complex<f32>}",
      {}, "'complex.constant' op is not an op that the reference evaluator knows");
  expectError("func.func @f() -> tensor<2xf32> {\n%0 = ub.poison : tensor<2xf32>\nreturn %0 : tensor<2xf32>}", {},
              "'ub.poison' op is not an op");
  expectError("func.func @f(%a: i1) -> i1 {\ncf.cond_br %a, ^x, ^y\n^x:\nreturn %a : i1\n^y:\nreturn %a : i1}",
              {makeInts("i1", {}, {1})}, "has a region of several blocks");
  expectError("func.func private @f()", {}, "which has no body");
}

TEST(ReferenceErrors, Constants) {
  expectError(
      "func.func @f() -> tensor<3xf32> {\n%0 = arith.constant dense_resource<nothing> : tensor<3xf32>\nreturn %0 "
      ": tensor<3xf32>}",
      {}, "'arith.constant' op has contents that are not at hand");
  expectError(
      "func.func @f() -> tensor<3xf32> {\n%0 = arith.constant dense_resource<short> : tensor<3xf32>\nreturn %0 : "
      "tensor<3xf32>}\n{-# dialect_resources: { builtin: { short: \"0x040000000000803F\" } } #-}",
      {}, "'arith.constant' op has contents that are not at hand");
  expectError("func.func @f() -> tensor<1000000x1000000xf32> {\n%0 = arith.constant dense<1.0> : "
              "tensor<1000000x1000000xf32>\nreturn %0 : tensor<1000000x1000000xf32>}",
              {}, "'arith.constant' op asks for a tensor of shape 1000000x1000000, more than the 8589934592 bytes");
}

TEST(ReferenceErrors, IntegerDivision) {
  for (const char *op : {"divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi"})
    expectError(
        std::string("func.func @f(%a: i32, %b: i32) -> i32 {\n%0 = arith.") + op + " %a, %b : i32\nreturn %0 : i32}",
        {makeInts("i32", {}, {1}), makeInts("i32", {}, {0})}, std::string("'arith.") + op + "' op division by zero");
  expectError("func.func @f(%a: i8, %b: i8) -> i8 {\n%0 = arith.divsi %a, %b : i8\nreturn %0 : i8}",
              {makeInts("i8", {}, {-128}), makeInts("i8", {}, {-1})}, "'arith.divsi' op signed overflow");
  expectError("func.func @f(%a: index, %b: index) -> index {\n%0 = affine.apply affine_map<(a)[s] -> (a floordiv "
              "s)>(%a)[%b]\nreturn %0 : index}",
              {makeInts("index", {}, {1}), makeInts("index", {}, {0})}, "'affine.apply' op divides by zero");
  // In the body of a structured op, too.
  expectError("func.func @f(%a: tensor<3xi32>) -> tensor<3xi32> {\n%0 = linalg.map { arith.divsi } ins(%a, %a : "
              "tensor<3xi32>, tensor<3xi32>) outs(%a : tensor<3xi32>)\nreturn %0 : tensor<3xi32>}",
              {makeInts("i32", {3}, {1, 0, 2})}, "'arith.divsi' op division by zero");
}

TEST(ReferenceErrors, Shapes) {
  std::string product =
      "func.func @f(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %c: tensor<?x?xf32>) -> tensor<?x?xf32> "
      "{\n%0 = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%c : "
      "tensor<?x?xf32>) -> tensor<?x?xf32>\nreturn %0 : tensor<?x?xf32>}";
  expectError(product, {zeros({2, 3}), zeros({4, 5}), zeros({2, 5})},
              "'linalg.matmul' op has operands whose extents disagree: loop d2 runs over 3 by operand 0 and over 4 by "
              "dimension 0 of operand 1");
  expectError(product, {zeros({2, 3}), zeros({3, 5}), zeros({2, 6})},
              "'linalg.matmul' op has operands whose extents disagree");
  std::string matmul = "func.func @f(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %c: tensor<?xf32>) -> tensor<?x?xf32> "
                       "{\n%0 = spnn.matmul %a, %b bias(%c : tensor<?xf32>) : (tensor<?x?xf32>, tensor<?x?xf32>) -> "
                       "tensor<?x?xf32>\nreturn %0 : tensor<?x?xf32>}";
  expectError(matmul, {zeros({2, 3}), zeros({4, 5}), zeros({2})},
              "'spnn.matmul' op has inner extents that disagree (C2): 3 and 4");
  expectError(matmul, {zeros({2, 3}), zeros({3, 5}), zeros({5})},
              "'spnn.matmul' op has a bias of 5 values for an extent of 2 (C4)");
  expectError("func.func @f(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {\n%0 = arith.addf %a, %b : "
              "tensor<?xf32>\nreturn %0 : tensor<?xf32>}",
              {zeros({2}), zeros({3})}, "'arith.addf' op has operands of shapes 2 and 3");
  expectError("func.func @f(%a: tensor<?xf32>) -> tensor<4xf32> {\n%0 = tensor.cast %a : tensor<?xf32> to "
              "tensor<4xf32>\nreturn %0 : tensor<4xf32>}",
              {zeros({3})}, "'tensor.cast' op gives shape 3 to a value of type 'tensor<4xf32>'");
  expectError("func.func @f(%a: tensor<?xf32>, %n: index) -> tensor<?x2xf32> {\n%0 = tensor.expand_shape %a [[0, 1]] "
              "output_shape [%n, 2] : tensor<?xf32> into tensor<?x2xf32>\nreturn %0 : tensor<?x2xf32>}",
              {zeros({5}), makeInts("index", {}, {2})},
              "'tensor.expand_shape' op expands dimension 0 of extent 5 to 2x2");
  expectError("func.func @f(%a: tensor<?xf32>, %s: tensor<1xindex>) -> tensor<?xf32> {\n%0 = tensor.reshape %a(%s) : "
              "(tensor<?xf32>, tensor<1xindex>) -> tensor<?xf32>\nreturn %0 : tensor<?xf32>}",
              {zeros({5}), makeInts("index", {1}, {-5})}, "'tensor.reshape' op reshapes 5 elements");
  expectError("func.func @f(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> tensor<?x?xf32> {\n%0 = tensor.concat dim(0) "
              "%a, %b : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>\nreturn %0 : tensor<?x?xf32>}",
              {zeros({2, 3}), zeros({2, 4})}, "'tensor.concat' op concatenates shapes 2x3 and 2x4 along dimension 0");
}

TEST(ReferenceErrors, Indices) {
  auto index = [](int64_t value) { return makeInts("index", {}, {value}); };
  std::string extract = "func.func @f(%a: tensor<?xf32>, %i: index) -> f32 {\n%0 = tensor.extract %a[%i] : "
                        "tensor<?xf32>\nreturn %0 : f32}";
  expectError(extract, {zeros({3}), index(3)}, "'tensor.extract' op has index 3 in dimension 0, which has extent 3");
  expectError(extract, {zeros({3}), index(-1)}, "has index -1 in dimension 0");
  expectError(
      "func.func @f(%a: tensor<3xf32>, %x: f32, %i: index) -> tensor<3xf32> {\n%0 = tensor.insert %x into %a[%i] "
      ": tensor<3xf32>\nreturn %0 : tensor<3xf32>}",
      {zeros({3}), zeros({}), index(7)}, "'tensor.insert' op has index 7");
  expectError(
      "func.func @f(%a: tensor<3xf32>, %i: index) -> index {\n%0 = tensor.dim %a, %i : tensor<3xf32>\nreturn %0 "
      ": index}",
      {zeros({3}), index(1)}, "'tensor.dim' op asks for dimension 1 of a tensor of rank 1");
  std::string slice = "func.func @f(%a: tensor<5xf32>, %o: index, %n: index, %s: index) -> tensor<?xf32> {\n%0 = "
                      "tensor.extract_slice %a[%o] [%n] [%s] : tensor<5xf32> to tensor<?xf32>\nreturn %0 : "
                      "tensor<?xf32>}";
  expectError(slice, {zeros({5}), index(1), index(3), index(2)},
              "'tensor.extract_slice' op slices dimension 0 of extent 5 at offset 1, size 3, stride 2");
  expectError(slice, {zeros({5}), index(0), index(-1), index(1)}, "has the negative size -1 in dimension 0");
  expectError(slice, {zeros({5}), index(INT64_MAX), index(2), index(INT64_MAX)}, "slices dimension 0 of extent 5");
  expectError(slice, {zeros({5}), index(0), index(INT64_MAX), index(INT64_MAX)}, "slices dimension 0 of extent 5");
  expectError("func.func @f(%a: tensor<3x2xf32>, %i: tensor<1x1xindex>) -> tensor<1x1x2xf32> {\n%0 = tensor.gather "
              "%a[%i] gather_dims([0]) : (tensor<3x2xf32>, tensor<1x1xindex>) -> tensor<1x1x2xf32>\nreturn %0 : "
              "tensor<1x1x2xf32>}",
              {zeros({3, 2}), makeInts("index", {1, 1}, {3})}, "'tensor.gather' op has coordinate 3 in dimension 0");
  // A window that does not fit the image.
  expectError("func.func @f(%a: tensor<?xf32>, %w: tensor<?xf32>, %c: tensor<?xf32>) -> tensor<?xf32> {\n%0 = "
              "linalg.conv_1d ins(%a, %w : tensor<?xf32>, tensor<?xf32>) outs(%c : tensor<?xf32>) -> "
              "tensor<?xf32>\nreturn %0 : tensor<?xf32>}",
              {zeros({5}), zeros({3}), zeros({4})},
              "'linalg.conv_1d' op reaches index 5 in dimension 0 of operand 0, which has extent 5");
}

TEST(ReferenceErrors, Memory) {
  std::string empty = "func.func @f(%n: index) -> tensor<?x?xf32> {\n%0 = tensor.empty(%n, %n) : "
                      "tensor<?x?xf32>\nreturn %0 : tensor<?x?xf32>}";
  auto index = [](int64_t value) { return makeInts("index", {}, {value}); };
  expectError(empty, {index(-1)}, "'tensor.empty' op asks for a tensor with the negative extent -1");
  expectError(empty, {index(1 << 20)}, "'tensor.empty' op asks for a tensor of shape 1048576x1048576, more than the");
  expectError(empty, {index(INT64_MAX)}, "more than the 8589934592 bytes that one may take");
  EvaluatorOptions options;
  options.maxTensorBytes = 800;
  expectError(empty, {index(11)}, "more than the 800 bytes that one may take", options);
  // Padding and concatenation allocate as well.
  expectError("func.func @f(%a: tensor<1xf32>, %n: index) -> tensor<?xf32> {\n%c = arith.constant 0.0 : f32\n%0 = "
              "tensor.pad %a low[%n] high[%n] {\n^bb0(%i: index):\ntensor.yield %c : f32\n} : tensor<1xf32> to "
              "tensor<?xf32>\nreturn %0 : tensor<?xf32>}",
              {zeros({1}), index(INT64_MAX)}, "'tensor.pad' op pads dimension 0 to more than an index holds");
  // Three tensors of 80 kB at a time are too much, two are not: the first is dead when the third is made.
  auto chain = [](const std::string &last) {
    return "func.func @f() -> (tensor<10000xf32>, tensor<10000xf32>) {\n%0 = tensor.empty() : tensor<10000xf32>\n%1 = "
           "math.exp %0 : tensor<10000xf32>\n%2 = math.exp %" +
           last + " : tensor<10000xf32>\nreturn %" + last + ", %2 : tensor<10000xf32>, tensor<10000xf32>}";
  };
  options = {};
  options.maxTotalBytes = 200000;
  EXPECT_EQ(run(chain("1"), {}, options).size(), 2u);
  std::string third = chain("0");
  third.replace(third.find("return %0"), 9, "return %1");
  expectError(third, {}, "'math.exp' op asks for a tensor of shape 10000 while others hold 160000 bytes", options);
}

TEST(ReferenceErrors, Control) {
  auto index = [](int64_t value) { return makeInts("index", {}, {value}); };
  expectError("func.func @f(%n: index) {\nscf.for %i = %n to %n step %n {\n}\nreturn}", {index(0)},
              "'scf.for' op has step 0, which must be positive");
  expectError("func.func @f(%n: index) {\nfunc.call @f(%n) : (index) -> ()\nreturn}", {index(0)},
              "calls function 'f' deeper than the 64 calls that the evaluator follows");
  expectError("func.func private @g(index)\nfunc.func @f(%n: index) {\nfunc.call @g(%n) : (index) -> ()\nreturn}",
              {index(0)}, "'func.call' op calls function 'g', which has no body");
}

} // namespace
