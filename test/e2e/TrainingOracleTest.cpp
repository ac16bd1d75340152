//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled dropout, losses, optimisers and elementwise ops against the reference evaluator.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"

#include "gtest/gtest.h"

using namespace spnn;
using namespace spnn::test;

namespace {

const char *const kCpus[] = {"native", "haswell", "x86-64"};

struct Shape {
  int64_t rows, columns;
};
const Shape kShapes[] = {{0, 3}, {1, 1}, {5, 7}, {13, 16}, {61, 33}, {2, 300}, {700, 97}};

Tensor makeSeed(int64_t seed) { return makeIntegers(64, {}, {seed}); }

/// The words {t}, {f} and {n} stand for the tensor, its element type and its rows.
std::string expand(std::string text, Shape shape, const std::string &element, bool isDynamic = false) {
  auto extent = [&](int64_t value) { return isDynamic ? std::string("?") : std::to_string(value); };
  text = replaceAll(text, "{t}", "tensor<" + extent(shape.rows) + "x" + extent(shape.columns) + "x" + element + ">");
  text = replaceAll(text, "{n}", extent(shape.rows));
  return replaceAll(text, "{f}", element);
}

TEST(Training, DropoutFollowsSeedAndStream) {
  std::mt19937 generator(1);
  int64_t number = 0;
  for (Shape shape : kShapes)
    for (bool isDynamic : {false, true}) {
      std::string element = number % 3 == 2 ? "f64" : "f32", rate = number % 4 == 3 ? "0.9" : "0.3";
      SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns) + (isDynamic ? " dynamic" : ""));
      std::string text = expand("func.func @main(%x: {t}, %s: i64) -> {t} {\n"
                                "  %y = spnn.dropout %x seed(%s) rate(" +
                                    rate + ") stream(5) : {t}\n  return %y : {t}\n}\n",
                                shape, element, isDynamic);
      Tensor x = makeFloats(element, {shape.rows, shape.columns}, 1, generator);
      if (x.size() > 0)
        x.floats[0] = std::nan("");
      int64_t seed = static_cast<int64_t>((uint64_t(generator()) << 32) | generator());
      checkModel(text, kCpus[number++ % 3], {x, makeSeed(seed)}, 1e-6);
    }
}

TEST(Training, Adam) {
  std::mt19937 generator(2);
  int64_t number = 0;
  for (Shape shape : kShapes) {
    std::string element = number % 3 == 1 ? "f64" : "f32",
                attributes =
                    number % 2 ? "{weight_decay = 5.0e-02 : f64, decoupled}" : "{weight_decay = 5.0e-02 : f64}";
    std::string text = expand("func.func @main(%p: {t}, %g: {t}, %m: {t}, %v: {t}, %t: i64) -> ({t}, {t}, {t}) {\n"
                              "  %np, %nm, %nv = spnn.adam %p, %g, %m, %v step(%t) rate(0.01) " +
                                  attributes + " : {t}\n  return %np, %nm, %nv : {t}, {t}, {t}\n}\n",
                              shape, element, /*isDynamic=*/number % 2);
    std::vector<Tensor> arguments;
    for (int i = 0; i < 4; ++i)
      arguments.push_back(makeFloats(element, {shape.rows, shape.columns}, 1, generator));
    for (double &variance : arguments[3].floats)
      variance = std::fabs(variance);
    arguments.push_back(makeSeed(1 + number * 37));
    checkModel(text, kCpus[number++ % 3], arguments, element == "f64" ? 1e-14 : 2e-6);
  }
}

TEST(Training, GradientDescent) {
  std::mt19937 generator(3);
  for (const char *attributes : {"", "{momentum = 0.9 : f64}", "{momentum = 0.5 : f64, weight_decay = 0.1 : f64}"}) {
    std::string text = expand("func.func @main(%p: {t}, %g: {t}, %v: {t}) -> ({t}, {t}) {\n"
                              "  %np, %nv = spnn.sgd %p, %g, %v rate(0.1) " +
                                  std::string(attributes) + " : {t}\n  return %np, %nv : {t}, {t}\n}\n",
                              {37, 19}, "f32");
    std::vector<Tensor> arguments;
    for (int i = 0; i < 3; ++i)
      arguments.push_back(makeFloats("f32", {37, 19}, 1, generator));
    checkModel(text, "native", arguments, 1e-6);
  }
}

/// Each loss with its gradient, with masks that select all rows, some and none.
TEST(Training, Losses) {
  std::mt19937 generator(4);
  int64_t number = 0;
  for (const char *kind : {"cross_entropy", "binary_cross_entropy", "mean_squared"})
    for (Shape shape : kShapes)
      for (int mask : {0, 1, 2}) {
        if (++number % 2 && shape.rows > 13)
          continue;
        bool hasClasses = std::string(kind) == "cross_entropy", isDynamic = number % 5 == 0;
        std::string element = number % 7 == 0 ? "f64" : "f32";
        SCOPED_TRACE(std::string(kind) + " " + std::to_string(shape.rows) + " x " + std::to_string(shape.columns) +
                     " mask " + std::to_string(mask) + (isDynamic ? " dynamic " : " ") + element);
        std::string text = expand(
            "func.func @main(%p: {t}, %t: {targets}, %g: tensor<{f}>, %m: tensor<{n}xi1>) -> (tensor<{f}>, {t}) {\n"
            "  %l = spnn.loss {kind} %p, %t {mask} : {t}, {targets} -> tensor<{f}>\n"
            "  %d = spnn.loss_backward {kind} %p, %t, %g {mask} : {t}, {targets}, tensor<{f}>\n"
            "  return %l, %d : tensor<{f}>, {t}\n}\n",
            shape, element, isDynamic);
        text = replaceAll(text, "{kind}", kind);
        text =
            replaceAll(text, "{mask}", mask == 0 ? "" : expand("mask(%m : tensor<{n}xi1>)", shape, element, isDynamic));
        text = replaceAll(text, "{targets}", expand(hasClasses ? "tensor<{n}xi32>" : "{t}", shape, element, isDynamic));
        Tensor targets = makeFloats(element, {shape.rows, shape.columns}, 1, generator);
        for (double &target : targets.floats)
          target = std::fabs(target);
        std::vector<int64_t> selected(shape.rows), classes(shape.rows);
        for (int64_t row = 0; row < shape.rows; ++row) {
          selected[row] = mask == 1 && generator() % 3 == 0;
          // What the mask leaves out may be anything.
          classes[row] = mask != 0 && !selected[row] ? -5 : generator() % shape.columns;
        }
        if (hasClasses)
          targets = makeIntegers(32, {shape.rows}, classes);
        std::vector<Tensor> arguments = {
            makeFloats(element, {shape.rows, shape.columns}, number % 3 ? 4 : 60, generator), targets,
            makeFloats(element, {}, 1, generator), makeIntegers(1, {shape.rows}, selected)};
        checkModel(text, kCpus[number % 3], arguments, element == "f64" ? 1e-12 : 4e-6);
        if (HasFatalFailure())
          return;
      }
}

TEST(Training, ClassesOutOfRangeFail) {
  for (int64_t wrong : {7, -1}) {
    std::mt19937 generator(5);
    std::string error, text = "func.func @main(%p: tensor<3x7xf32>, %t: tensor<3xi32>) -> tensor<f32> {\n"
                              "  %l = spnn.loss cross_entropy %p, %t : tensor<3x7xf32>, tensor<3xi32> -> tensor<f32>\n"
                              "  return %l : tensor<f32>\n}\n";
    runModel(text, "threads=2", 2, {makeFloats("f32", {3, 7}, 1, generator), makeIntegers(32, {3}, {0, wrong, 6})},
             &error);
    EXPECT_NE(error.find("'spnn.loss' op has a target in a selected row that is none of the classes"),
              std::string::npos)
        << error;
  }
}

/// Broadcasts, transposed and scalar operands, and indices in bodies.
TEST(Training, ElementwiseOps) {
  std::mt19937 generator(6);
  int64_t number = 0;
  for (Shape shape : kShapes)
    for (bool isDynamic : {false, true}) {
      std::string text = expand(R"mlir(
func.func @main(%x: {t}, %row: tensor<{m}x{f}>, %column: tensor<{n}x{f}>, %s: tensor<{f}>, %turned: tensor<{m}x{n}x{f}>)
    -> ({t}, {t}, {t}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  {e}
  %a, %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %row, %column, %s : {t}, tensor<{m}x{f}>, tensor<{n}x{f}>, tensor<{f}>) outs(%e, %e : {t}, {t}) {
  ^bb0(%p: {f}, %q: {f}, %r: {f}, %t: {f}, %o0: {f}, %o1: {f}):
    %one = arith.constant 1.0 : {f}
    %0 = arith.mulf %p, %q : {f}
    %1 = arith.mulf %r, %t : {f}
    %2 = arith.addf %0, %1 : {f}
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %both = arith.addi %i, %j : index
    %word = arith.index_cast %both : index to i32
    %parity = arith.trunci %word : i32 to i1
    %3 = arith.select %parity, %2, %one : {f}
    %4 = arith.maximumf %3, %r : {f}
    linalg.yield %3, %4 : {f}, {f}
  } -> ({t}, {t})
  %d = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%b, %turned : {t}, tensor<{m}x{n}x{f}>) outs(%e : {t}) {
  ^bb0(%p: {f}, %q: {f}, %o: {f}):
    %0 = arith.subf %p, %q : {f}
    linalg.yield %0 : {f}
  } -> {t}
  return %a, %b, %d : {t}, {t}, {t}
}
)mlir",
                                shape, "f32", isDynamic);
      text = replaceAll(text, "{m}", isDynamic ? "?" : std::to_string(shape.columns));
      text = replaceAll(text, "{e}",
                        isDynamic ? "%n = tensor.dim %x, %c0 : tensor<?x?xf32>\n"
                                    "  %m = tensor.dim %x, %c1 : tensor<?x?xf32>\n"
                                    "  %e = tensor.empty(%n, %m) : tensor<?x?xf32>"
                                  : expand("%e = tensor.empty() : {t}", shape, "f32"));
      auto floats = [&](std::vector<int64_t> extents) { return makeFloats("f32", extents, 1, generator); };
      SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
      checkModel(text, kCpus[number++ % 3],
                 {floats({shape.rows, shape.columns}), floats({shape.columns}), floats({shape.rows}), floats({}),
                  floats({shape.columns, shape.rows})},
                 1e-6);
    }
}

} // namespace
