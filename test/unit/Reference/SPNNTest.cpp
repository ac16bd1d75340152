//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of the graph-level spnn ops: every encoding, orientation, bias axis and activation.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/AsmParser/AsmParser.h"

#include <cmath>

using namespace spnn::reference;

namespace {
using Doubles = std::vector<double>;

const std::pair<const char *, const char *> kEncodings[] = {
    {"dense", ""},
    {"csr", "#sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>"},
    {"csc", "#sparse_tensor.encoding<{map = (i, j) -> (j : dense, i : compressed)}>"},
    {"coo", "#sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton)}>"},
    {"coo-soa", "#sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton(soa))}>"},
    {"bsr", "#sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j floordiv 4 : compressed, "
            "i mod 2 : dense, j mod 4 : dense)}>"},
    {"nm", "#sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4])}>"},
    {"bitmap", "#spnn.bitmap"}};

std::string typeOf(llvm::ArrayRef<int64_t> shape, const std::string &encoding = "") {
  std::string result = "tensor<";
  for (int64_t extent : shape)
    result += std::to_string(extent) + "x";
  return result + "f32" + (encoding.empty() ? "" : ", " + encoding) + ">";
}

/// Random numbers of which each aligned group of 4 in a row has 2 nonzeros at most, so that every format holds them.
Tensor makeSparse(std::mt19937 &generator, int64_t rows, int64_t cols) {
  Tensor result = makeRandom(generator, {rows, cols}, 0.3);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      if (generator() % 2 == (j / 2) % 2)
        result.floats[i * cols + j] = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t group = 0; group < cols; group += 4) {
      int kept = 0;
      for (int64_t j = group; j < std::min(cols, group + 4); ++j)
        if (result.floats[i * cols + j] != 0 && ++kept > 2)
          result.floats[i * cols + j] = 0;
    }
  return result;
}

double activate(const std::string &name, double x) {
  if (name == "relu")
    return x > 0 ? x : 0;
  if (name == "gelu_erf")
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  if (name == "gelu_tanh")
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * std::pow(x, 3))));
  if (name == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (name == "tanh")
    return std::tanh(x);
  if (name == "silu")
    return x * (1 / (1 + std::exp(-x)));
  return x;
}

struct Product {
  int64_t m, k, n;
  bool transposeLhs = false, transposeRhs = false;
  int biasAxis = -1;
  std::string activation = "none", lhsEncoding, rhsEncoding;
};

void checkProduct(std::mt19937 &generator, const Product &p) {
  Tensor a = p.transposeLhs ? makeSparse(generator, p.k, p.m) : makeSparse(generator, p.m, p.k);
  Tensor b = p.transposeRhs ? makeSparse(generator, p.n, p.k) : makeSparse(generator, p.k, p.n);
  Tensor bias = makeRandom(generator, {p.biasAxis == 1 ? p.n : p.m});
  std::string ta = typeOf(a.shape), tb = typeOf(b.shape), tbias = typeOf(bias.shape), ty = typeOf({p.m, p.n});
  std::string sa = typeOf(a.shape, p.lhsEncoding), sb = typeOf(b.shape, p.rhsEncoding);
  std::string attributes = std::string(p.transposeLhs ? "transpose_lhs, " : "") +
                           (p.transposeRhs ? "transpose_rhs, " : "") +
                           "bias_axis = " + std::to_string(std::max(p.biasAxis, 0)) + " : i64";
  std::string source = "func.func @f(%a: " + ta + ", %b: " + tb + ", %bias: " + tbias + ") -> " + ty +
                       " {\n%sa = spnn.convert %a : " + ta + " to " + sa + "\n%sb = spnn.convert %b : " + tb + " to " +
                       sb + "\n%y = spnn.matmul %sa, %sb " + (p.biasAxis < 0 ? "" : "bias(%bias : " + tbias + ") ") +
                       (p.activation == "none" ? "" : "activation(" + p.activation + ") ") + "{" + attributes +
                       "} : (" + sa + ", " + sb + ") -> " + ty + "\nreturn %y : " + ty + "}";
  auto result = run(source, {a, b, bias});
  Doubles expected;
  for (int64_t i = 0; i < p.m; ++i)
    for (int64_t j = 0; j < p.n; ++j) {
      double sum = p.biasAxis < 0 ? 0 : bias.floats[p.biasAxis == 0 ? i : j];
      for (int64_t q = 0; q < p.k; ++q)
        sum +=
            a.floats[p.transposeLhs ? q * p.m + i : i * p.k + q] * b.floats[p.transposeRhs ? j * p.k + q : q * p.n + j];
      expected.push_back(activate(p.activation, sum));
    }
  SCOPED_TRACE(source);
  expectNear(floatsOf(result), expected);
}

TEST(ReferenceSPNN, EveryEncodingOnEitherSide) {
  std::mt19937 generator(1);
  for (auto [leftName, left] : kEncodings)
    for (auto [rightName, right] : kEncodings)
      checkProduct(generator, {6, 8, 12, false, false, 0, "relu", left, right});
}

TEST(ReferenceSPNN, TranspositionsAndBias) {
  std::mt19937 generator(2);
  for (bool transposeLhs : {false, true})
    for (bool transposeRhs : {false, true})
      for (int biasAxis : {-1, 0, 1})
        for (auto [m, k, n] :
             {std::array<int64_t, 3>{4, 8, 12}, {1, 7, 5}, {0, 3, 2}, {3, 0, 5}, {2, 3, 0}, {131, 17, 3}})
          checkProduct(generator, {m, k, n, transposeLhs, transposeRhs, biasAxis, "silu", "#spnn.bitmap", ""});
}

TEST(ReferenceSPNN, Activations) {
  std::mt19937 generator(3);
  for (const char *activation : {"none", "relu", "gelu_erf", "gelu_tanh", "sigmoid", "tanh", "silu"})
    checkProduct(generator, {5, 8, 4, false, false, 1, activation, kEncodings[1].second, ""});
  // NaN stays NaN under relu.
  auto relu = run("func.func @f(%a: tensor<1x1xf32>, %b: tensor<1x1xf32>) -> tensor<1x1xf32> {\n"
                  "%y = spnn.matmul %a, %b activation(relu) : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>\n"
                  "return %y : tensor<1x1xf32>}",
                  {makeFloats({1, 1}, {NAN}), makeFloats({1, 1}, {1})});
  EXPECT_TRUE(std::isnan(floatsOf(relu)[0]));
}

TEST(ReferenceSPNN, ScalesAndIntegers) {
  // Sums of i8 are i32 before they are scaled, and the bias comes last: 2 * 0.5 * (3 * 4 + -5 * 6) + 100.
  auto result = run("func.func @f(%a: tensor<1x2xi8>, %b: tensor<2x1xi8>, %s: tensor<1xf32>, %t: tensor<1xf32>,\n"
                    "              %c: tensor<1xf32>) -> tensor<1x1xf32> {\n"
                    "%y = spnn.matmul %a, %b lhs_scales(%s : tensor<1xf32>) rhs_scales(%t : tensor<1xf32>)\n"
                    "    bias(%c : tensor<1xf32>) : (tensor<1x2xi8>, tensor<2x1xi8>) -> tensor<1x1xf32>\n"
                    "return %y : tensor<1x1xf32>}",
                    {makeInts("i8", {1, 2}, {3, -5}), makeInts("i8", {2, 1}, {4, 6}), makeFloats({1}, {2}),
                     makeFloats({1}, {0.5}), makeFloats({1}, {100})});
  EXPECT_EQ(floatsOf(result)[0], 82);
}

TEST(ReferenceSPNN, ConstantsOfEveryFormat) {
  std::mt19937 generator(4);
  for (auto [name, encoding] : kEncodings) {
    if (!*encoding)
      continue;
    Tensor value = makeSparse(generator, 4, 8);
    auto type = llvm::cast<mlir::RankedTensorType>(mlir::parseType(typeOf(value.shape, encoding), &getContext()));
    auto format = spnn::getSparseFormat(type, [&]() { return mlir::emitError(mlir::UnknownLoc::get(&getContext())); });
    ASSERT_TRUE(format) << name;
    spnn::format::DenseMatrix matrix;
    matrix.shape = {4, 8};
    matrix.data = value.toBytes();
    ASSERT_EQ(format->checkPack(matrix), std::nullopt) << name;
    std::string buffers;
    llvm::raw_string_ostream(buffers) << spnn::writeStorage(format->pack(matrix), type, *format);
    std::string sparse = typeOf(value.shape, encoding), dense = typeOf(value.shape);
    auto result = run("func.func @f() -> " + dense + " {\n%0 = spnn.constant " + buffers + " : " + sparse +
                      "\n%1 = spnn.convert %0 : " + sparse + " to " + dense + "\nreturn %1 : " + dense + "}");
    EXPECT_EQ(floatsOf(result), value.floats) << name;
  }
}

std::string convert(const char *from, const char *to, llvm::ArrayRef<int64_t> shape) {
  std::string source = typeOf(shape, from), target = typeOf(shape, to);
  return "func.func @f(%a: " + source + ") -> " + target + " {\n%0 = spnn.convert %a : " + source + " to " + target +
         "\nreturn %0 : " + target + "}";
}

TEST(ReferenceSPNN, ConversionsKeepValues) {
  std::mt19937 generator(5);
  for (auto [fromName, from] : kEncodings)
    for (auto [toName, to] : kEncodings) {
      Tensor value = makeSparse(generator, 4, 8);
      if (from != to)
        EXPECT_EQ(floatsOf(run(convert(from, to, {4, 8}), {value})), value.floats) << fromName << " to " << toName;
    }
  std::string error = runError(convert("", kEncodings[6].second, {1, 4}), {makeFloats({1, 4}, {1, 2, 3, 0})});
  EXPECT_NE(error.find("'spnn.convert' op cannot store its operand as nm2:4"), std::string::npos) << error;
}

std::string prune(const std::string &type, const std::string &pattern) {
  return "func.func @f(%a: " + type + ") -> " + type + " {\n%0 = spnn.prune %a method(magnitude) pattern(<" + pattern +
         ">) : " + type + "\nreturn %0 : " + type + "}";
}

TEST(ReferenceSPNN, Prune) {
  Tensor a = makeFloats({2, 4}, {1, -4, 2, 3, 0.5, 0, -7, 0.25});
  EXPECT_EQ(floatsOf(run(prune("tensor<2x4xf32>", "2:4"), {a})), Doubles({0, -4, 0, 3, 0.5, 0, -7, 0}));
  EXPECT_EQ(floatsOf(run(prune("tensor<2x4xf32>", "unstructured, 0.5"), {a})), Doubles({0, -4, 2, 3, 0, 0, -7, 0}));
  // The sums of the blocks of 2 x 2 are 5.5 and 12.25.
  EXPECT_EQ(floatsOf(run(prune("tensor<2x4xf32>", "block 2x2, 0.5"), {a})), Doubles({0, 0, 2, 3, 0, 0, -7, 0.25}));
  EXPECT_EQ(floatsOf(run(prune("tensor<?x?xf32>", "1:2"), {makeFloats({0, 4}, {})})), Doubles());
  // What is kept is not rounded to its type.
  EXPECT_EQ(floatsOf(run(prune("tensor<1x2xf32>", "1:2"), {makeFloats({1, 2}, {0.1, 0.05})})), Doubles({0.1, 0}));
  std::string error = runError(prune("tensor<1x2xf32>", "1:2"), {makeFloats({1, 2}, {1, NAN})});
  EXPECT_NE(error.find("'spnn.prune' op cannot prune its operand: row 0, column 1: the weight is NaN"),
            std::string::npos)
      << error;
}

} // namespace
