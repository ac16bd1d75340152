//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of upstream ops, products, dropout and losses against differences of the functions.
//
//===----------------------------------------------------------------------===//
#include "CheckGradients.h"

using namespace spnn::reference;
using llvm::SmallVector;

namespace {
using W = FunctionWriter;

template <typename Body> void forSeeds(unsigned count, Body body) {
  for (unsigned seed = 0; seed < count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    W w(seed);
    body(w);
  }
}

//===----------------------------------------------------------------------===//
// Scalar ops
//===----------------------------------------------------------------------===//

struct Scalar {
  std::string op;
  int operands = 1;
  double low = -1.5, high = 1.5; ///< where the op is differentiable
};

const Scalar kScalars[] = {{"arith.addf", 2},
                           {"arith.subf", 2},
                           {"arith.mulf", 2},
                           {"arith.divf", 2, 0.4, 2},
                           {"arith.negf"},
                           {"arith.maximumf", 2},
                           {"arith.minimumf", 2},
                           {"arith.maxnumf", 2},
                           {"arith.minnumf", 2},
                           {"math.absf"},
                           {"math.exp"},
                           {"math.exp2"},
                           {"math.expm1"},
                           {"math.log", 1, 0.3, 2},
                           {"math.log2", 1, 0.3, 2},
                           {"math.log10", 1, 0.3, 2},
                           {"math.log1p", 1, -0.5, 2},
                           {"math.sqrt", 1, 0.3, 2},
                           {"math.rsqrt", 1, 0.3, 2},
                           {"math.cbrt", 1, 0.3, 2},
                           {"math.sin"},
                           {"math.cos"},
                           {"math.tanh"},
                           {"math.atan"},
                           {"math.erf"},
                           {"math.floor", 1, 0.1, 0.9},
                           {"math.powf", 2, 0.3, 2},
                           {"math.fma", 3}};

/// Each op on tensors, and in the body of a linalg.generic.
TEST(TensorGradients, ScalarOps) {
  for (const Scalar &scalar : kScalars) {
    SCOPED_TRACE(scalar.op);
    forSeeds(3, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent();
      std::string type = W::tensor({rows, columns}), operands, scalars, types, arguments, maps;
      for (int i = 0; i < scalar.operands; ++i) {
        std::string comma = i ? ", " : "", number = std::to_string(i);
        operands += comma + w.argument({rows, columns}, scalar.low, scalar.high);
        scalars += comma + "%x" + number;
        arguments += "%x" + number + ": f32, ";
        types += comma + type;
        maps += "affine_map<(i, j) -> (i, j)>, ";
      }
      w.returns(w.define(scalar.op + " " + operands + " : " + type), type);
      std::string empty = w.define("tensor.empty() : " + type);
      std::string y = w.define("linalg.generic {indexing_maps = [" + maps +
                               "affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(" +
                               operands + " : " + types + ") outs(" + empty + " : " + type + ") {\n  ^bb0(" +
                               arguments + "%o: f32):\n    %r = " + scalar.op + " " + scalars +
                               " : f32\n    linalg.yield %r : f32\n  } -> " + type);
      w.returns(y, type);
      checkGradients(w);
    });
  }
}

/// Bodies of activations, as exporters spell them.
TEST(TensorGradients, Activations) {
  const char *bodies[] = {
      // relu, leaky relu and elu by selection
      "%p = arith.cmpf ugt, %x, %zero : f32\n %r = arith.select %p, %x, %zero : f32",
      "%p = arith.cmpf ogt, %x, %zero : f32\n %s = arith.mulf %x, %half : f32\n %r = arith.select %p, %x, %s : f32",
      "%p = arith.cmpf ogt, %x, %zero : f32\n %e = math.exp %x : f32\n %m = arith.subf %e, %one : f32\n"
      " %r = arith.select %p, %x, %m : f32",
      // relu by a maximum, and one that is clipped
      "%r = arith.maximumf %zero, %x : f32",
      "%m = arith.maximumf %x, %zero : f32\n %r = arith.minimumf %m, %half : f32",
      // sigmoid and silu
      "%n = arith.negf %x : f32\n %e = math.exp %n : f32\n %d = arith.addf %one, %e : f32\n %r = arith.divf %one, %d : "
      "f32",
      "%n = arith.negf %x : f32\n %e = math.exp %n : f32\n %d = arith.addf %e, %one : f32\n %r = arith.divf %x, %d : "
      "f32",
      // softplus, square, a power
      "%e = math.exp %x : f32\n %r = math.log1p %e : f32", "%r = arith.mulf %x, %x : f32",
      "%r = math.fpowi %x, %three : f32, i32",
      // conversions
      "%e = arith.extf %x : f32 to f64\n %s = math.exp %e : f64\n %r = arith.truncf %s : f64 to f32"};
  for (const char *body : bodies) {
    SCOPED_TRACE(body);
    forSeeds(3, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent();
      std::string type = W::tensor({rows, columns}), x = w.argument({rows, columns}, -1.5, 1.5);
      std::string empty = w.define("tensor.empty() : " + type);
      std::string y = w.define(
          "linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], "
          "iterator_types = [\"parallel\", \"parallel\"]} ins(" +
          x + " : " + type + ") outs(" + empty + " : " + type +
          ") {\n  ^bb0(%x: f32, %o: f32):\n %zero = arith.constant 0.0 : f32\n %half = arith.constant 0.5 : f32\n"
          " %one = arith.constant 1.0 : f32\n %three = arith.constant 3 : i32\n " +
          body + "\n    linalg.yield %r : f32\n  } -> " + type);
      w.returns(y, type);
      checkGradients(w);
    });
  }
}

//===----------------------------------------------------------------------===//
// linalg
//===----------------------------------------------------------------------===//

std::string matmulMaps(bool transposeLhs, bool transposeRhs) {
  return std::string("indexing_maps = [affine_map<(m, n, k) -> ") + (transposeLhs ? "(k, m)" : "(m, k)") +
         ">, affine_map<(m, n, k) -> " + (transposeRhs ? "(n, k)" : "(k, n)") + ">, affine_map<(m, n, k) -> (m, n)>]";
}

TEST(TensorGradients, LinalgMatmul) {
  for (bool transposeLhs : {false, true})
    for (bool transposeRhs : {false, true})
      forSeeds(6, [&](W &w) {
        int64_t m = w.extent(), k = w.extent(), n = w.extent();
        SmallVector<int64_t> ls{m, k}, rs{k, n};
        if (transposeLhs)
          std::swap(ls[0], ls[1]);
        if (transposeRhs)
          std::swap(rs[0], rs[1]);
        std::string l = w.argument(ls), r = w.argument(rs), init = w.argument({m, n}), type = W::tensor({m, n});
        w.returns(w.define("linalg.matmul " + matmulMaps(transposeLhs, transposeRhs) + " ins(" + l + ", " + r + " : " +
                           W::tensor(ls) + ", " + W::tensor(rs) + ") outs(" + init + " : " + type + ") -> " + type),
                  type);
        checkGradients(w);
      });
}

TEST(TensorGradients, LinalgBatchMatmul) {
  forSeeds(8, [](W &w) {
    int64_t b = w.extent(), m = w.extent(), k = w.extent(), n = w.extent();
    std::string l = w.argument({b, m, k}), r = w.argument({b, k, n}), init = w.argument({b, m, n});
    std::string type = W::tensor({b, m, n});
    w.returns(w.define("linalg.batch_matmul ins(" + l + ", " + r + " : " + W::tensor({b, m, k}) + ", " +
                       W::tensor({b, k, n}) + ") outs(" + init + " : " + type + ") -> " + type),
              type);
    checkGradients(w);
  });
}

TEST(TensorGradients, LinalgMatvec) {
  forSeeds(6, [](W &w) {
    int64_t m = w.extent(), k = w.extent();
    std::string l = w.argument({m, k}), r = w.argument({k}), init = w.data({m}), type = W::tensor({m});
    w.returns(w.define("linalg.matvec ins(" + l + ", " + r + " : " + W::tensor({m, k}) + ", " + W::tensor({k}) +
                       ") outs(" + init + " : " + type + ") -> " + type),
              type);
    checkGradients(w);
  });
}

/// Ops with names, that compute each element alone.
TEST(TensorGradients, LinalgElementwise) {
  const Scalar ops[] = {{"linalg.add", 2},
                        {"linalg.sub", 2},
                        {"linalg.mul", 2},
                        {"linalg.div", 2, 0.4, 2},
                        {"linalg.max", 2},
                        {"linalg.min", 2},
                        {"linalg.powf", 2, 0.3, 2},
                        {"linalg.exp"},
                        {"linalg.log", 1, 0.3, 2},
                        {"linalg.abs"},
                        {"linalg.negf"},
                        {"linalg.sqrt", 1, 0.3, 2},
                        {"linalg.tanh"},
                        {"linalg.rsqrt", 1, 0.3, 2},
                        {"linalg.erf"},
                        {"linalg.square"},
                        {"linalg.reciprocal", 1, 0.4, 2},
                        {"linalg.copy"}};
  for (const Scalar &scalar : ops) {
    SCOPED_TRACE(scalar.op);
    forSeeds(3, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent();
      std::string type = W::tensor({rows, columns}), operands, types;
      for (int i = 0; i < scalar.operands; ++i) {
        operands += (i ? ", " : "") + w.argument({rows, columns}, scalar.low, scalar.high);
        types += (i ? ", " : "") + type;
      }
      std::string empty = w.define("tensor.empty() : " + type);
      w.returns(
          w.define(scalar.op + " ins(" + operands + " : " + types + ") outs(" + empty + " : " + type + ") -> " + type),
          type);
      checkGradients(w);
    });
  }
}

TEST(TensorGradients, LinalgMapAndElementwise) {
  forSeeds(6, [](W &w) {
    int64_t rows = w.extent(), columns = w.extent();
    std::string type = W::tensor({rows, columns}), x = w.argument({rows, columns}), y = w.argument({rows, columns});
    std::string empty = w.define("tensor.empty() : " + type);
    std::string z = w.define("linalg.map { arith.mulf } ins(" + x + ", " + y + " : " + type + ", " + type + ") outs(" +
                             empty + " : " + type + ")");
    w.returns(w.define("linalg.elementwise kind=#linalg.elementwise_kind<exp> ins(" + z + " : " + type + ") outs(" +
                       empty + " : " + type + ") -> " + type),
              type);
    checkGradients(w);
  });
}

/// A bias that is broadcast along rows or columns: its gradient is a sum.
TEST(TensorGradients, BroadcastBias) {
  for (std::string axis : {"i", "j"})
    forSeeds(6, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent();
      SmallVector<int64_t> shape{axis == "i" ? rows : columns};
      std::string type = W::tensor({rows, columns}), x = w.argument({rows, columns}), b = w.argument(shape);
      std::string empty = w.define("tensor.empty() : " + type);
      w.returns(
          w.define("linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (" + axis +
                   ")>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(" + x + ", " +
                   b + " : " + type + ", " + W::tensor(shape) + ") outs(" + empty + " : " + type +
                   ") {\n  ^bb0(%x: f32, %b: f32, %o: f32):\n    %s = arith.addf %x, %b : f32\n    %r = math.tanh %s : "
                   "f32\n    linalg.yield %r : f32\n  } -> " +
                   type),
          type);
      checkGradients(w);
    });
}

/// A sum of products over a loop that is neither of both operands, and one whose terms leave a loop without an operand.
TEST(TensorGradients, GenericSums) {
  for (std::string body : {"arith.mulf", "arith.addf"})
    forSeeds(8, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent();
      std::string type = W::tensor({rows, columns}), out = W::tensor({rows});
      std::string x = w.argument({rows}), y = w.argument({rows, columns}), init = w.argument({rows});
      w.returns(w.define("linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>, "
                         "affine_map<(i, j) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]} ins(" +
                         x + ", " + y + " : " + out + ", " + type + ") outs(" + init + " : " + out +
                         ") {\n  ^bb0(%x: f32, %y: f32, %o: f32):\n    %p = " + body +
                         " %x, %y : f32\n    %r = arith.addf %o, %p : f32\n    linalg.yield %r : f32\n  } -> " + out),
                out);
      checkGradients(w);
    });
}

TEST(TensorGradients, LinalgReduce) {
  for (std::string op : {"arith.addf", "arith.maximumf", "arith.minimumf"})
    forSeeds(6, [&](W &w) {
      int64_t rows = w.extent(), columns = w.extent(1);
      std::string type = W::tensor({rows, columns}), out = W::tensor({rows}), x = w.argument({rows, columns});
      double low = op == "arith.addf" ? -1 : op == "arith.maximumf" ? -9 : 9;
      std::string init = w.data({rows}, low, low);
      w.returns(w.define("linalg.reduce { " + op + " } ins(" + x + " : " + type + ") outs(" + init + " : " + out +
                         ") dimensions = [1]"),
                out);
      checkGradients(w);
    });
}

TEST(TensorGradients, LinalgSoftmax) {
  forSeeds(6, [](W &w) {
    int64_t rows = w.extent(), columns = w.extent(1);
    std::string type = W::tensor({rows, columns}), x = w.argument({rows, columns});
    std::string empty = w.define("tensor.empty() : " + type);
    w.returns(w.define("linalg.softmax dimension(1) ins(" + x + " : " + type + ") outs(" + empty + " : " + type +
                       ") -> " + type),
              type);
    checkGradients(w);
  });
}

TEST(TensorGradients, LinalgTransposeAndBroadcast) {
  forSeeds(6, [](W &w) {
    int64_t a = w.extent(), b = w.extent(), c = w.extent();
    std::string x = w.argument({a, b}), tx = W::tensor({a, b}), tb = W::tensor({a, b, c}), tt = W::tensor({c, a, b});
    std::string y = w.define("linalg.broadcast ins(" + x + " : " + tx + ") outs(" + w.define("tensor.empty() : " + tb) +
                             " : " + tb + ") dimensions = [2]");
    w.returns(w.define("linalg.transpose ins(" + y + " : " + tb + ") outs(" + w.define("tensor.empty() : " + tt) +
                       " : " + tt + ") permutation = [2, 0, 1]"),
              tt);
    checkGradients(w);
  });
}

/// Two results, one of which the other reads in another form.
TEST(TensorGradients, GenericWithTwoResults) {
  forSeeds(6, [](W &w) {
    int64_t n = w.extent();
    std::string type = W::tensor({n}), x = w.argument({n}), y = w.argument({n}),
                e = w.define("tensor.empty() : " + type);
    std::string r = w.define("#");
    std::string id = "affine_map<(i) -> (i)>";
    w.replaceLast(
        ":2 = linalg.generic {indexing_maps = [" + id + ", " + id + ", " + id + ", " + id +
        "], iterator_types = [\"parallel\"]} ins(" + x + ", " + y + " : " + type + ", " + type + ") outs(" + e + ", " +
        e + " : " + type + ", " + type +
        ") {\n  ^bb0(%x: f32, %y: f32, %o: f32, %q: f32):\n    %p = arith.mulf %x, %y : f32\n    %s = math.exp "
        "%p : f32\n    linalg.yield %s, %p : f32, f32\n  } -> (" +
        type + ", " + type + ")");
    w.returns(r + "#0", type);
    w.returns(r + "#1", type);
    checkGradients(w);
  });
}

/// A condition for each element, and conversions, outside of any body.
TEST(TensorGradients, SelectAndConvert) {
  forSeeds(4, [](W &w) {
    int64_t n = w.extent();
    std::string x = w.argument({n}), y = w.argument({n}), type = W::tensor({n}), wide = W::tensor({n}, "f64");
    std::string p = w.integers("i1", {n}, 2);
    std::string s = w.define("arith.select " + p + ", " + x + ", " + y + " : " + W::tensor({n}, "i1") + ", " + type);
    s = w.define("arith.extf " + s + " : " + type + " to " + wide);
    s = w.define("math.sin " + s + " : " + wide);
    w.returns(w.define("arith.truncf " + s + " : " + wide + " to " + type), type);
    checkGradients(w);
  });
}

/// A scalar that is taken out of a tensor, and that all elements of another one are or that a fill repeats.
TEST(TensorGradients, ScalarsBetweenTensors) {
  forSeeds(4, [](W &w) {
    int64_t m = w.extent(), n = w.extent();
    std::string x = w.argument({2, 3}), type = W::tensor({m, n});
    std::string one = w.define("arith.constant 1 : index");
    std::string scalar = w.define("tensor.extract " + x + "[" + one + ", " + one + "] : tensor<2x3xf32>");
    std::string y = w.define("tensor.splat " + scalar + " : " + type);
    std::string z = w.define("linalg.fill ins(" + scalar + " : f32) outs(" + w.define("tensor.empty() : " + type) +
                             " : " + type + ") -> " + type);
    w.returns(w.define("arith.mulf " + y + ", " + z + " : " + type), type);
    checkGradients(w);
  });
}

//===----------------------------------------------------------------------===//
// tensor
//===----------------------------------------------------------------------===//

TEST(TensorGradients, Reshapes) {
  forSeeds(6, [](W &w) {
    int64_t a = w.extent(), b = w.extent();
    std::string x = w.argument({a * b}), tx = W::tensor({a * b}), te = W::tensor({a, b});
    std::string y = w.define("tensor.expand_shape " + x + " [[0, 1]] output_shape [" + std::to_string(a) + ", " +
                             std::to_string(b) + "] : " + tx + " into " + te);
    y = w.define("math.exp " + y + " : " + te);
    y = w.define("tensor.collapse_shape " + y + " [[0, 1]] : " + te + " into " + tx);
    w.returns(w.define("arith.mulf " + y + ", " + y + " : " + tx), tx);
    checkGradients(w);
  });
}

TEST(TensorGradients, Slices) {
  forSeeds(6, [](W &w) {
    int64_t n = w.extent(3);
    std::string x = w.argument({n, 4}), y = w.argument({n, 4}), type = W::tensor({n, 4}), row = "tensor<4xf32>";
    std::string slice = w.define("tensor.extract_slice " + x + "[1, 0] [1, 4] [1, 1] : " + type + " to " + row);
    slice = w.define("math.exp " + slice + " : " + row);
    w.returns(
        w.define("tensor.insert_slice " + slice + " into " + y + "[2, 0] [1, 4] [1, 1] : " + row + " into " + type),
        type);
    checkGradients(w);
  });
}

TEST(TensorGradients, ConcatAndPad) {
  forSeeds(6, [](W &w) {
    int64_t a = w.extent(), b = w.extent();
    std::string x = w.argument({a, 3}), y = w.argument({b, 3}), type = W::tensor({a + b, 3});
    std::string z = w.define("tensor.concat dim(0) " + x + ", " + y + ", " + x + " : (" + W::tensor({a, 3}) + ", " +
                             W::tensor({b, 3}) + ", " + W::tensor({a, 3}) + ") -> " + W::tensor({a + b + a, 3}));
    std::string zero = w.define("arith.constant 0.0 : f32"), padded = W::tensor({a + b + a + 3, 5});
    z = w.define("tensor.pad " + z + " low[1, 2] high[2, 0] {\n  ^bb0(%i: index, %j: index):\n    tensor.yield " +
                 zero + " : f32\n  } : " + W::tensor({a + b + a, 3}) + " to " + padded);
    w.returns(w.define("arith.mulf " + z + ", " + z + " : " + padded), padded);
    checkGradients(w);
  });
}

/// Extents that only the arguments know.
TEST(TensorGradients, DynamicExtents) {
  forSeeds(6, [](W &w) {
    int64_t m = w.extent(), n = w.extent();
    std::string x = w.argument({m, n}), y = w.argument({n}), type = W::tensor({m, n}), open = "tensor<?x?xf32>";
    x = w.define("tensor.cast " + x + " : " + type + " to " + open);
    y = w.define("tensor.cast " + y + " : " + W::tensor({n}) + " to tensor<?xf32>");
    std::string e = w.define("math.exp " + x + " : " + open);
    std::string r =
        w.define("linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, "
                 "affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(" +
                 e + ", " + y + " : " + open + ", tensor<?xf32>) outs(" + x + " : " + open +
                 ") {\n  ^bb0(%x: f32, %y: f32, %o: f32):\n    %r = arith.mulf %x, %y : f32\n    "
                 "linalg.yield %r : f32\n  } -> " +
                 open);
    w.returns(w.define("tensor.cast " + r + " : " + open + " to " + type), type);
    checkGradients(w);
  });
}

//===----------------------------------------------------------------------===//
// spnn
//===----------------------------------------------------------------------===//

TEST(TensorGradients, SPNNMatmul) {
  for (std::string activation : {"none", "relu", "sigmoid", "tanh", "silu", "gelu_erf", "gelu_tanh"})
    forSeeds(8, [&](W &w) {
      int64_t m = w.extent(), k = w.extent(), n = w.extent(), axis = w.pick(0, 1);
      bool transposeLhs = w.pick(0, 1), transposeRhs = w.pick(0, 1);
      SmallVector<int64_t> ls{m, k}, rs{k, n};
      if (transposeLhs)
        std::swap(ls[0], ls[1]);
      if (transposeRhs)
        std::swap(rs[0], rs[1]);
      std::string l = w.argument(ls), r = w.argument(rs), b = w.argument({axis ? n : m}), type = W::tensor({m, n});
      w.returns(w.define("spnn.matmul " + l + ", " + r + " bias(" + b + " : " + W::tensor({axis ? n : m}) + ")" +
                         (activation == "none" ? "" : " activation(" + activation + ")") + " {" +
                         (transposeLhs ? "transpose_lhs, " : "") + (transposeRhs ? "transpose_rhs, " : "") +
                         "bias_axis = " + std::to_string(axis) + " : i64} : (" + W::tensor(ls) + ", " + W::tensor(rs) +
                         ") -> " + type),
                type);
      checkGradients(w);
    });
}

/// A sparse constant has no gradient, but its other operand has.
TEST(TensorGradients, SPNNMatmulBySparseConstant) {
  forSeeds(4, [](W &w) {
    int64_t n = w.extent();
    std::string sparse = "tensor<2x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), "
                         "posWidth = 32, crdWidth = 32}>>";
    std::string c =
        w.define("spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : "
                 "tensor<3xi32>, values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : " +
                 sparse);
    std::string x = w.argument({4, n});
    w.returns(w.define("spnn.matmul " + c + ", " + x + " : (" + sparse + ", " + W::tensor({4, n}) + ") -> " +
                       W::tensor({2, n})),
              W::tensor({2, n}));
    checkGradients(w);
  });
}

TEST(TensorGradients, Dropout) {
  forSeeds(6, [](W &w) {
    int64_t n = w.extent(), m = w.extent();
    std::string x = w.argument({n, m}), type = W::tensor({n, m});
    w.returns(w.define("spnn.dropout " + x + " seed(" + w.seed() + ") rate(0.4) stream(2) : " + type), type);
    checkGradients(w);
  });
}

TEST(TensorGradients, Losses) {
  for (std::string kind : {"cross_entropy", "binary_cross_entropy", "mean_squared"})
    for (bool masked : {false, true})
      forSeeds(5, [&](W &w) {
        int64_t n = w.extent(), classes = w.extent(1);
        std::string x = w.argument({n, classes}), type = W::tensor({n, classes});
        bool areClasses = kind == "cross_entropy";
        std::string target = areClasses ? w.integers("i32", {n}, classes) : w.data({n, classes}, 0, 1);
        std::string mask =
            masked ? " mask(" + w.integers("i1", {n}, 2) + " : " + W::tensor({n}, "i1") + ")" : std::string();
        w.returns(w.define("spnn.loss " + kind + " " + x + ", " + target + mask + " : " + type + ", " +
                           (areClasses ? W::tensor({n}, "i32") : type) + " -> tensor<f32>"),
                  "tensor<f32>");
        checkGradients(w);
      });
}

/// A value that is used several times, and an argument that nothing depends on.
TEST(TensorGradients, SharedAndUnusedValues) {
  forSeeds(4, [](W &w) {
    int64_t n = w.extent();
    std::string x = w.argument({n}), unused = w.argument({n}), type = W::tensor({n});
    std::string e = w.define("math.exp " + x + " : " + type);
    std::string p = w.define("arith.mulf " + e + ", " + x + " : " + type);
    std::string s = w.define("arith.addf " + p + ", " + e + " : " + type);
    w.returns(w.define("arith.mulf " + s + ", " + e + " : " + type), type);
    w.returns(x, type);
    checkGradients(w);
  });
}
} // namespace
