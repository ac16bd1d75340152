//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random models in the many spellings of exporters: each graph pass must keep what the reference evaluator computes.
//
//===----------------------------------------------------------------------===//
#include "../Reference/Evaluate.h"

#include "spnn/IR/SPNN.h"
#include "spnn/InitAll.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <cmath>
#include <functional>
#include <sstream>

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

namespace {
/// Writes a model of two or three layers over f64 as text. Activations have the shape (batches) x rows x features.
class ModelWriter {
public:
  explicit ModelWriter(unsigned seed) : generator(seed) {}

  std::string write();

  /// The shape of the argument of @f.
  SmallVector<int64_t> inputShape;
  /// Whether nothing but products and changes of layout should be left behind spnn-fuse-epilogues.
  bool fusesWholly = true;

private:
  int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(generator); }
  std::string fresh() { return "%v" + std::to_string(counter++); }
  std::ostream &line() { return body << "  "; }

  std::string tensor(ArrayRef<int64_t> shape);
  std::string empty(ArrayRef<int64_t> shape);
  std::string number(double value);
  std::string constant(const std::string &type, double value);
  std::vector<double> makeWeights(int64_t rows, int64_t cols);
  std::string matrix(const std::vector<double> &values, int64_t rows, int64_t cols, bool transposed);
  std::string vector(int64_t size, bool splat);
  std::string zeros(ArrayRef<int64_t> shape);
  std::string transpose(const std::string &value, int64_t rows, int64_t cols);
  std::string maps(std::initializer_list<const char *> access);

  std::string writeProduct(const std::string &x, int64_t inner, int64_t outer, const std::string &init);
  std::string writeBias(const std::string &x, int64_t features);
  /// Writes an activation of `x` of type `type` (a tensor or a scalar) in one of its spellings.
  std::string writeActivation(const std::string &x, const std::string &type, int kind);
  std::string writeElementwise(const std::string &x, int64_t features, const std::string &bias, int activation);
  SmallVector<int64_t> shapeOf(int64_t features) {
    SmallVector<int64_t> shape(free);
    if (isDynamic)
      shape.assign(free.size(), ShapedType::kDynamic);
    shape.push_back(features);
    return shape;
  }

  std::mt19937 generator;
  int counter = 0;
  SmallVector<int64_t> free; ///< batches and rows
  bool isDynamic = false;    ///< whether the types leave them open
  std::ostringstream body;
};
} // namespace

std::string ModelWriter::number(double value) {
  std::ostringstream text;
  text.precision(17);
  text << std::scientific << value;
  return text.str();
}

std::string ModelWriter::tensor(ArrayRef<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += (extent == ShapedType::kDynamic ? "?" : std::to_string(extent)) + "x";
  return text + "f64>";
}

/// A tensor.empty; the dynamic extents of a shape are those of the argument, in order.
std::string ModelWriter::empty(ArrayRef<int64_t> shape) {
  std::string name = fresh();
  line() << name << " = tensor.empty(";
  for (int64_t i = 0, count = llvm::count(shape, ShapedType::kDynamic); i < count; ++i)
    body << (i ? ", " : "") << "%n" << i;
  body << ") : " << tensor(shape) << "\n";
  return name;
}

std::string ModelWriter::constant(const std::string &type, double value) {
  std::string name = fresh();
  bool isScalar = type == "f64";
  line() << name << " = arith.constant " << (isScalar ? number(value) : "dense<" + number(value) + ">") << " : " << type
         << "\n";
  return name;
}

/// Sparse, with some rows and columns of zeros.
std::vector<double> ModelWriter::makeWeights(int64_t rows, int64_t cols) {
  std::vector<double> values(rows * cols);
  std::uniform_real_distribution<double> distribution(-1, 1);
  double density = 0.2 + 0.2 * pick(5);
  std::vector<bool> deadRow(rows), deadCol(cols);
  for (int64_t i = 0; i < rows; ++i)
    deadRow[i] = pick(4) == 0;
  for (int64_t i = 0; i < cols; ++i)
    deadCol[i] = pick(4) == 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      if (!deadRow[i] && !deadCol[j] && std::uniform_real_distribution<double>(0, 1)(generator) < density)
        values[i * cols + j] = distribution(generator);
  return values;
}

std::string ModelWriter::matrix(const std::vector<double> &values, int64_t rows, int64_t cols, bool transposed) {
  std::string name = fresh();
  if (transposed)
    std::swap(rows, cols);
  line() << name << " = arith.constant dense<[";
  for (int64_t i = 0; i < rows; ++i) {
    body << (i ? ", [" : "[");
    for (int64_t j = 0; j < cols; ++j)
      body << (j ? ", " : "") << number(transposed ? values[j * rows + i] : values[i * cols + j]);
    body << "]";
  }
  body << "]> : " << tensor({rows, cols}) << "\n";
  return name;
}

std::string ModelWriter::vector(int64_t size, bool splat) {
  std::uniform_real_distribution<double> distribution(-1, 1);
  double value = distribution(generator);
  std::string name = fresh();
  line() << name << " = arith.constant dense<[";
  for (int64_t i = 0; i < size; ++i)
    body << (i ? ", " : "") << number(splat ? value : distribution(generator));
  body << "]> : " << tensor({size}) << "\n";
  return name;
}

std::string ModelWriter::zeros(ArrayRef<int64_t> shape) {
  if (!isDynamic && pick(2))
    return constant(tensor(shape), 0);
  std::string zero = constant("f64", 0), init = empty(shape), name = fresh();
  line() << name << " = linalg.fill ins(" << zero << " : f64) outs(" << init << " : " << tensor(shape) << ") -> "
         << tensor(shape) << "\n";
  return name;
}

std::string ModelWriter::transpose(const std::string &value, int64_t rows, int64_t cols) {
  std::string init = empty({cols, rows}), name = fresh();
  line() << name << " = linalg.transpose ins(" << value << " : " << tensor({rows, cols}) << ") outs(" << init << " : "
         << tensor({cols, rows}) << ") permutation = [1, 0]\n";
  return name;
}

std::string ModelWriter::maps(std::initializer_list<const char *> access) {
  std::string text = "[";
  for (const char *results : access) {
    std::string dims = free.size() == 2 ? "(b, r, f, k)" : "(r, f, k)";
    text += (text.size() > 1 ? ", " : "") + ("affine_map<" + dims + " -> (" + results + ")>");
  }
  return text + "]";
}

/// x W^T + init, or with zeros for an empty `init`.
std::string ModelWriter::writeProduct(const std::string &x, int64_t inner, int64_t outer, const std::string &bias) {
  std::vector<double> weights = makeWeights(outer, inner);
  SmallVector<int64_t> inShape = shapeOf(inner), outShape = shapeOf(outer);
  std::string in = tensor(inShape), out = tensor(outShape), name = fresh();
  std::string init;
  if (bias.empty()) {
    init = zeros(outShape);
  } else {
    std::string target = empty(outShape);
    init = fresh();
    line() << init << " = linalg.broadcast ins(" << bias << " : " << tensor({outer}) << ") outs(" << target << " : "
           << out << ") dimensions = " << (free.size() == 2 ? "[0, 1]" : "[0]") << "\n";
  }
  auto finish = [&](const std::string &op, const std::string &w, const std::string &type) {
    line() << name << " = " << op << " ins(" << x << ", " << w << " : " << in << ", " << type << ") outs(" << init
           << " : " << out << ")";
  };
  bool is3d = free.size() == 2;
  const char *xMap = is3d ? "b, r, k" : "r, k", *outMap = is3d ? "b, r, f" : "r, f";
  int spelling = pick(is3d ? 3 : 5);
  bool stored = pick(2); // the weights as inner x outer
  std::string w = matrix(weights, outer, inner, stored);
  std::string type = stored ? tensor({inner, outer}) : tensor({outer, inner});
  if (spelling == 0) {
    finish("linalg.contract indexing_maps = " + maps({xMap, stored ? "k, f" : "f, k", outMap}), w, type);
    body << " -> " << out << "\n";
  } else if (spelling == 1) {
    std::string parallel = is3d ? "\"parallel\", \"parallel\", \"parallel\"" : "\"parallel\", \"parallel\"";
    line() << name << " = linalg.generic {indexing_maps = " << maps({stored ? "k, f" : "f, k", xMap, outMap})
           << ", iterator_types = [" << parallel << ", \"reduction\"]} ins(" << w << ", " << x << " : " << type << ", "
           << in << ") outs(" << init << " : " << out << ") {\n";
    line() << "^bb0(%p: f64, %q: f64, %a: f64):\n";
    line() << "  %m = arith.mulf %p, %q : f64\n    %s = arith.addf %a, %m : f64\n    linalg.yield %s : f64\n  } -> "
           << out << "\n";
  } else if (is3d) {
    if (!stored)
      w = transpose(w, outer, inner);
    SmallVector<int64_t> batchedShape{inShape[0], inner, outer};
    std::string target = empty(batchedShape), batched = fresh(), batchedType = tensor(batchedShape);
    line() << batched << " = linalg.broadcast ins(" << w << " : " << tensor({inner, outer}) << ") outs(" << target
           << " : " << batchedType << ") dimensions = [0]\n";
    finish("linalg.batch_matmul", batched, batchedType);
    body << " -> " << out << "\n";
  } else if (spelling == 2) {
    std::string indexing = stored ? "" : " indexing_maps = " + maps({"r, k", "f, k", "r, f"});
    finish("linalg.matmul" + indexing, w, type);
    body << " -> " << out << "\n";
  } else if (spelling == 3) {
    if (!stored)
      w = transpose(w, outer, inner);
    finish("linalg.matmul", w, tensor({inner, outer}));
    body << " -> " << out << "\n";
  } else {
    // W x^T, transposed back; the accumulator is then added.
    if (stored)
      w = transpose(w, inner, outer);
    std::string xt = transpose(x, inShape[0], inner), columns = zeros({outer, inShape[0]}), left = fresh();
    line() << left << " = linalg.matmul ins(" << w << ", " << xt << " : " << tensor({outer, inner}) << ", "
           << tensor({inner, inShape[0]}) << ") outs(" << columns << " : " << tensor({outer, inShape[0]}) << ") -> "
           << tensor({outer, inShape[0]}) << "\n";
    std::string back = transpose(left, outer, inShape[0]);
    line() << name << " = arith.addf " << back << ", " << init << " : " << out << "\n";
    if (bias.empty())
      return back;
  }
  return name;
}

std::string ModelWriter::writeActivation(const std::string &x, const std::string &type, int kind) {
  auto binary = [&](const char *op, const std::string &a, const std::string &b) {
    std::string name = fresh();
    line() << name << " = " << op << " " << a << ", " << b << " : " << type << "\n";
    return name;
  };
  auto unary = [&](const char *op, const std::string &a) {
    std::string name = fresh();
    line() << name << " = " << op << " " << a << " : " << type << "\n";
    return name;
  };
  auto c = [&](double value) { return constant(type, value); };
  auto add = [&](const std::string &a, const std::string &b) {
    return pick(2) ? binary("arith.addf", a, b) : binary("arith.addf", b, a);
  };
  auto mul = [&](const std::string &a, const std::string &b) {
    return pick(2) ? binary("arith.mulf", a, b) : binary("arith.mulf", b, a);
  };
  auto neg = [&](const std::string &a) {
    int spelling = pick(3);
    return spelling == 0 ? unary("arith.negf", a) : spelling == 1 ? mul(a, c(-1)) : binary("arith.subf", c(0), a);
  };
  auto half = [&](const std::string &a) { return pick(2) ? mul(a, c(0.5)) : binary("arith.divf", a, c(2)); };
  auto select = [&](const char *predicate, const std::string &a, const std::string &b, const std::string &yes,
                    const std::string &no) {
    std::string flag = fresh(), name = fresh();
    std::string flagType = type == "f64" ? "i1" : type.substr(0, type.size() - 4) + "i1>";
    line() << flag << " = arith.cmpf " << predicate << ", " << a << ", " << b << " : " << type << "\n";
    line() << name << " = arith.select " << flag << ", " << yes << ", " << no << " : ";
    body << (type == "f64" ? type : flagType + ", " + type) << "\n";
    return name;
  };
  // 1 + exp(-x)
  auto denominator = [&](const std::string &a) { return add(unary("math.exp", neg(a)), c(1)); };
  const double pi = 3.14159265358979323846;
  auto cube = [&]() {
    int spelling = pick(3);
    if (spelling == 0)
      return mul(x, mul(x, x));
    if (spelling == 1)
      return binary("math.powf", x, c(3));
    return mul(mul(x, x), x);
  };
  // x + 0.044715 x^3, times `factor`
  auto inner = [&](double factor) {
    if (pick(2))
      return mul(add(x, mul(cube(), c(0.044715))), c(factor));
    return add(mul(x, c(factor)), mul(c(0.044715 * factor), cube()));
  };
  switch (kind) {
  case 0:
    switch (pick(5)) {
    case 0:
      return binary("arith.maximumf", x, c(0));
    case 1:
      return binary("arith.maximumf", c(0), x);
    case 2: {
      std::string zero = c(0);
      return select("ugt", x, zero, x, zero);
    }
    case 3: {
      std::string zero = c(0);
      return select("olt", x, zero, zero, x);
    }
    default: {
      std::string zero = c(0);
      return select("oge", zero, x, zero, x);
    }
    }
  case 1:
    return pick(3) ? binary("arith.divf", c(1), denominator(x)) : half(add(c(1), unary("math.tanh", half(x))));
  case 2:
    return unary("math.tanh", x);
  case 3:
    return pick(2) ? binary("arith.divf", x, denominator(x)) : mul(x, binary("arith.divf", c(1), denominator(x)));
  case 4: {
    std::string scaled = pick(2) ? mul(x, c(std::sqrt(0.5))) : binary("arith.divf", x, c(std::sqrt(2.0)));
    switch (pick(4)) {
    case 0:
      return mul(half(x), add(c(1), unary("math.erf", scaled)));
    case 1:
      return half(mul(x, add(c(1), unary("math.erf", scaled))));
    case 2:
      return add(half(x), mul(half(x), unary("math.erf", scaled)));
    default:
      return mul(half(x), unary("math.erfc", neg(scaled)));
    }
  }
  case 5: {
    double factor = std::sqrt(2 / pi);
    if (pick(3) == 0)
      return binary("arith.divf", x, denominator(inner(2 * factor)));
    std::string sum = add(c(1), unary("math.tanh", inner(factor)));
    return pick(2) ? mul(half(x), sum) : half(mul(x, sum));
  }
  case 6: // NaN becomes 0: stays
    fusesWholly = false;
    return binary("arith.maxnumf", x, c(0));
  case 7: // almost silu: stays
    fusesWholly = false;
    return mul(x, binary("arith.divf", c(1), add(unary("math.exp", neg(x)), c(1.125))));
  default:
    return x;
  }
}

/// activation(x + bias) in the body of one linalg.generic; without a bias for an empty `bias`.
std::string ModelWriter::writeElementwise(const std::string &x, int64_t features, const std::string &bias,
                                          int activation) {
  bool is3d = free.size() == 2;
  std::string type = tensor(shapeOf(features)), dims = is3d ? "(b, r, f)" : "(r, f)";
  std::string identity = "affine_map<" + dims + " -> " + dims + ">", last = "affine_map<" + dims + " -> (f)>";
  std::string target = empty(shapeOf(features));
  std::string name = fresh(), in = fresh(), b = fresh(), out = fresh();
  line() << name << " = linalg.generic {indexing_maps = [" << identity << ", " << (bias.empty() ? "" : last + ", ")
         << identity << "], iterator_types = [" << (is3d ? "\"parallel\", " : "") << "\"parallel\", \"parallel\"]} ins("
         << x << (bias.empty() ? "" : ", " + bias) << " : " << type << (bias.empty() ? "" : ", " + tensor({features}))
         << ") outs(" << target << " : " << type << ") {\n";
  line() << "^bb0(" << in << ": f64, " << (bias.empty() ? "" : b + ": f64, ") << out << ": f64):\n";
  std::string value = in;
  if (!bias.empty()) {
    value = fresh();
    line() << value << " = arith.addf " << (pick(2) ? in + ", " + b : b + ", " + in) << " : f64\n";
  }
  value = writeActivation(value, "f64", activation);
  line() << "linalg.yield " << value << " : f64\n";
  line() << "} -> " << type << "\n";
  return name;
}

std::string ModelWriter::writeBias(const std::string &x, int64_t features) {
  std::string bias = vector(features, pick(4) == 0), type = tensor(shapeOf(features));
  if (pick(2))
    return writeElementwise(x, features, bias, /*activation=*/-1);
  std::string target = empty(shapeOf(features)), repeated = fresh(), name = fresh();
  line() << repeated << " = linalg.broadcast ins(" << bias << " : " << tensor({features}) << ") outs(" << target
         << " : " << type << ") dimensions = " << (free.size() == 2 ? "[0, 1]" : "[0]") << "\n";
  if (pick(2))
    line() << name << " = linalg.add ins(" << repeated << ", " << x << " : " << type << ", " << type << ") outs("
           << target << " : " << type << ") -> " << type << "\n";
  else
    line() << name << " = arith.addf " << x << ", " << repeated << " : " << type << "\n";
  return name;
}

std::string ModelWriter::write() {
  static const int64_t extents[] = {1, 2, 3, 5, 7, 8, 13};
  bool is3d = pick(4) == 0;
  if (is3d)
    free.push_back(1 + pick(3));
  free.push_back(extents[pick(7)]);
  int64_t features = extents[pick(7)];
  inputShape = shapeOf(features);
  isDynamic = pick(3) == 0;
  std::string x = "%x";
  std::string inputType = tensor(shapeOf(features));
  if (isDynamic) {
    for (size_t dim = 0; dim < free.size(); ++dim) {
      line() << "%c" << dim << " = arith.constant " << dim << " : index\n";
      line() << "%n" << dim << " = tensor.dim %x, %c" << dim << " : " << inputType << "\n";
    }
  }
  int layers = 2 + pick(2);
  for (int layer = 0; layer < layers; ++layer) {
    bool residual = pick(4) == 0;
    int64_t next = residual ? features : extents[pick(7)];
    int activation = pick(12); // above 7: none
    std::string before = x, y;
    int spelling = pick(4);
    if (spelling == 0) {
      y = writeProduct(x, features, next, vector(next, pick(4) == 0));
    } else {
      y = writeProduct(x, features, next, "");
    }
    std::string type = tensor(shapeOf(next));
    if (spelling == 1) {
      y = writeElementwise(y, next, vector(next, pick(4) == 0), activation);
    } else {
      if (spelling == 2)
        y = writeBias(y, next);
      if (activation <= 7)
        y = !isDynamic && pick(2) ? writeActivation(y, type, activation) : writeElementwise(y, next, "", activation);
    }
    x = y;
    features = next;
    if (residual) {
      fusesWholly = false;
      x = fresh();
      line() << x << " = arith.addf " << y << ", " << before << " : " << type << "\n";
    }
  }
  std::string out = tensor(shapeOf(features));
  return "func.func @f(%x: " + inputType + ") -> " + out + " {\n" + body.str() + "  return " + x + " : " + out +
         "\n}\n";
}

namespace {
class GraphPasses : public ::testing::TestWithParam<unsigned> {
protected:
  static void SetUpTestSuite() {
    spnn::registerPassesAndPipelines();
    mlir::registerTransformsPasses();
  }
};
} // namespace

static void runPass(ModuleOp module, StringRef pass) {
  ScopedDiagnosticHandler handler(module.getContext(), [](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      ADD_FAILURE() << diagnostic.str();
    return success();
  });
  PassManager manager(module.getContext());
  ASSERT_TRUE(succeeded(parsePassPipeline(pass, manager))) << pass.str();
  ASSERT_TRUE(succeeded(manager.run(module))) << pass.str();
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

/// True if only products and changes of layout are left.
static bool isWhollyFused(ModuleOp module) {
  return !module
              .walk([](Operation *op) {
                bool allowed = isa<ModuleOp, func::FuncOp, func::ReturnOp, arith::ConstantOp, spnn::MatmulOp,
                                   linalg::TransposeOp, linalg::YieldOp, tensor::EmptyOp, tensor::ExpandShapeOp,
                                   tensor::CollapseShapeOp, tensor::CastOp>(op) ||
                               llvm::all_of(op->getResultTypes(), llvm::IsaPred<IndexType>);
                return allowed ? WalkResult::advance() : WalkResult::interrupt();
              })
              .wasInterrupted();
}

/// Every product has the form that kernels take.
static void expectDecomposed(ModuleOp module) {
  module.walk([](spnn::MatmulOp op) {
    EXPECT_TRUE(op.getLhs().getDefiningOp<arith::ConstantOp>());
    EXPECT_FALSE(op.getTransposeLhs());
    EXPECT_TRUE(!op.getBias() || op.getBiasAxis() == 0);
  });
  module.walk([](linalg::LinalgOp op) { EXPECT_FALSE(linalg::isaContractionOpInterface(op)); });
}

TEST_P(GraphPasses, KeepWhatIsComputed) {
  ModelWriter writer(GetParam());
  std::string source = writer.write();
  SCOPED_TRACE(source);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &getContext());
  ASSERT_TRUE(module);
  std::mt19937 generator(GetParam());
  Tensor input = Tensor::zeros(Float64Type::get(&getContext()), writer.inputShape);
  for (double &value : input.floats)
    value = std::uniform_real_distribution<double>(-2, 2)(generator);
  auto evaluateNow = [&]() { return evaluate(module->lookupSymbol<func::FuncOp>("f"), {input}); };
  FailureOr<SmallVector<Tensor>> expected = evaluateNow();
  ASSERT_TRUE(succeeded(expected));

  SmallVector<StringRef> passes{"spnn-raise", "spnn-fuse-epilogues", "spnn-analyze-sparsity", "spnn-decompose"};
  for (StringRef pass : passes) {
    runPass(*module, pass);
    if (generator() % 2)
      runPass(*module, "canonicalize,cse");
    SCOPED_TRACE(pass.str() + "\n" + print(*module));
    FailureOr<SmallVector<Tensor>> actual = evaluateNow();
    ASSERT_TRUE(succeeded(actual));
    EXPECT_EQ((*actual)[0].shape, (*expected)[0].shape);
    expectNear((*actual)[0].floats, (*expected)[0].floats, 1e-9);
    if (pass == "spnn-fuse-epilogues" && writer.fusesWholly)
      EXPECT_TRUE(isWhollyFused(*module));
    if (HasFailure())
      return;
  }
  expectDecomposed(*module);
}

INSTANTIATE_TEST_SUITE_P(RandomModels, GraphPasses, ::testing::Range(0u, 400u));
