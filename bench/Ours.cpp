//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our side of the benchmarks.
//
//===----------------------------------------------------------------------===//
#include "Ours.h"

#include "spnn/Format/NmgPatterns.h"
#include "spnn/IR/SPNN.h"
#include "spnn/InitAll.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/Passes.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Target/Emit.h"
#include "spnn/Tuning/KernelFunction.h"
#include "spnn/Tuning/Tuner.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

using namespace mlir;
using namespace spnn;
using namespace spnn::bench;

const char *spnn::bench::formName(Form form) {
  return form == Form::Linear ? "linear" : form == Form::Rows ? "rows" : "packed";
}

static DialectRegistry &getRegistry() {
  static DialectRegistry *registry = [] {
    auto *all = new DialectRegistry;
    registerAllDialects(*all);
    registerAllExtensions(*all);
    registerDialect(*all);
    target::registerTranslations(*all);
    tuning::registerTuner(*all);
    return all;
  }();
  return *registry;
}

namespace {
/// Builds the module of a set of products and takes it through the pipeline.
class ModuleBuilder {
public:
  ModuleBuilder(MLIRContext &context, const CompileOptions &options)
      : context(context), builder(&context), module(ModuleOp::create(builder.getUnknownLoc())) {
    pipeline.threads = options.threads;
    pipeline.targetCpu = options.cpu;
    pipeline.targetFile = options.targetFile;
    if (std::sscanf(options.format.c_str(), "nmg%" SCNd64 ":%" SCNd64 ":%" SCNd64, &nmg.n, &nmg.m, &nmg.g) == 3)
      encoding = NmgAttr::get(&context, nmg.n, nmg.m, nmg.g);
    else
      pipeline.format = options.format;
    pipeline.kernel = options.kernel;
    pipeline.packElementwise = options.packElementwise;
    pipeline.splitColumns = options.splitColumns;
    pipeline.clusterRows = options.clusterRows;
    pipeline.tune = options.tune;
    pipeline.tuneCache = options.tuneCache;
    pipeline.weights = options.types.weights;
    pipeline.activations = options.types.activations;
  }

  void add(size_t number, const Product &product);
  runtime::Error selectKernels(const std::vector<Product> &products, std::vector<Compiled::Info> &infos);
  runtime::Error parse(StringRef text);
  /// All that is left of the pipeline, into a library that is loaded.
  runtime::Error load(std::unique_ptr<runtime::Model> &model);

private:
  runtime::Error emit(StringRef path);
  runtime::Error run(function_ref<void(PassManager &)> build);

  MLIRContext &context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  CpuPipelineOptions pipeline;
  format::Nmg nmg;
  Attribute encoding; ///< of all weights; null where they are dense
};
} // namespace

/// Floats of a cache line.
static constexpr int64_t kLineFloats = 16;

static std::string functionName(size_t number) { return "f" + std::to_string(number); }

void ModuleBuilder::add(size_t number, const Product &product) {
  Location loc = builder.getUnknownLoc();
  int64_t m = product.weights->rows, k = product.weights->cols, n = product.columns;
  bool linear = product.form == Form::Linear;
  Type f32 = builder.getF32Type();
  auto type = [&](int64_t rows, int64_t cols) { return RankedTensorType::get({rows, cols}, f32); };
  auto xType = linear ? type(n, k) : type(k, n), yType = linear ? type(n, m) : type(m, n);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, functionName(number), builder.getFunctionType({xType}, {yType}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Value weights = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type(m, k), ArrayRef<float>(product.weights->dense)));
  if (encoding)
    weights = ConvertOp::create(builder, loc, RankedTensorType::get({m, k}, f32, encoding), weights);
  Value result = MatmulOp::create(builder, loc, type(m, n), weights, function.getArgument(0), /*lhs_scales=*/Value(),
                                  /*rhs_scales=*/Value(), /*bias=*/Value(),
                                  /*transpose_lhs=*/false, /*transpose_rhs=*/linear);
  if (product.activationDensity < 1)
    result.getDefiningOp()->setDiscardableAttr(kActivationDensityAttrName,
                                               builder.getF64FloatAttr(product.activationDensity));
  // The kernel alone has one layout for all columns.
  if (product.form == Form::Packed)
    result.getDefiningOp()->setDiscardableAttr(
        kColumnsAttrName, builder.getDictionaryAttr(builder.getNamedAttr("slices", builder.getDenseI64ArrayAttr({n}))));
  if (linear) {
    Value init = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{n, m}, f32);
    result = linalg::TransposeOp::create(builder, loc, result, init, ArrayRef<int64_t>{1, 0})->getResult(0);
  }
  func::ReturnOp::create(builder, loc, result);
}

runtime::Error ModuleBuilder::run(function_ref<void(PassManager &)> build) {
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = diagnostic.str();
    return success();
  });
  PassManager pm(&context);
  pm.enableVerifier(false);
  build(pm);
  if (succeeded(pm.run(*module)))
    return std::nullopt;
  return "the pipeline failed: " + message;
}

runtime::Error ModuleBuilder::selectKernels(const std::vector<Product> &products, std::vector<Compiled::Info> &infos) {
  if (runtime::Error error = run([&](PassManager &pm) { buildCpuGraphStage(pm, pipeline); }))
    return error;
  if (runtime::Error error = run([&](PassManager &pm) { pm.addPass(createSelectKernels()); }))
    return error;
  for (auto [number, product] : llvm::enumerate(products)) {
    auto function = module->lookupSymbol<func::FuncOp>(functionName(number));
    Compiled::Info &info = infos[number];
    info.kernel = "onednn";
    info.format = "dense";
    KernelMatmulOp kernel; // the first of several slices
    SmallVector<DictionaryAttr> decisions;
    function.walk([&](Operation *op) {
      if (auto matmul = dyn_cast<KernelMatmulOp>(op); matmul && !kernel)
        kernel = matmul;
      if (auto attr = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName))
        decisions.push_back(attr);
    });
    std::string kernels;
    for (DictionaryAttr decision : decisions) {
      if (auto attr = decision.getAs<StringAttr>("format"); attr && decision == decisions.front())
        info.format = attr.getValue().str();
      if (auto attr = decision.getAs<StringAttr>("kernel"))
        kernels += (kernels.empty() ? "" : " + ") + attr.getValue().str();
      if (auto attr = decision.getAs<FloatAttr>("predicted_us"))
        info.predicted += attr.getValueAsDouble();
      if (auto attr = decision.getAs<FloatAttr>("layout_us"))
        info.layout += attr.getValueAsDouble();
    }
    if (!decisions.empty()) {
      DictionaryAttr decision = decisions.front();
      double best = std::numeric_limits<double>::infinity();
      if (auto candidates = decision.getAs<ArrayAttr>("candidates"))
        for (DictionaryAttr candidate : candidates.getAsRange<DictionaryAttr>()) {
          auto kernelName = candidate.getAs<StringAttr>("kernel");
          if (auto time = candidate.getAs<FloatAttr>("predicted_us"))
            info.candidates.push_back({candidate.getAs<StringAttr>("format").getValue().str(),
                                       kernelName ? kernelName.getValue().str() : "", time.getValueAsDouble()});
          if (auto time = candidate.getAs<FloatAttr>("predicted_us"); time && time.getValueAsDouble() < best) {
            best = time.getValueAsDouble();
            info.preferred = candidate.getAs<StringAttr>("format").getValue().str();
            if (kernelName)
              info.preferred += "/" + kernelName.getValue().str();
          }
        }
    }
    info.storedValues = product.weights->rows * product.weights->cols;
    if (!kernel) {
      if (product.form == Form::Packed)
        return "product " + std::to_string(number) + " stayed dense: a dense kernel has no packed form";
      continue;
    }
    info.kernel = kernel.getKernel().str();
    llvm::raw_string_ostream(info.parameters) << kernel.getParameters();
    info.panelWidth = kernel.getPanels().getWidth();
    info.panelVector = kernel.getPanels().getVector();
    info.storedValues = product.weights->nonzeros();
    // Values are the last buffer.
    if (!kernel.getStorage().empty())
      info.storedValues = cast<ShapedType>(kernel.getStorage().back().getType()).getNumElements();
    info.costName = findCpuKernel(info.kernel)->getCostName(kernel.getParameters());
    info.valueCost = findCpuKernel(info.kernel)->getValueCost(kernel.getParameters(), product.columns);
    if (decisions.size() > 1)
      info.kernel = kernels;
    if (product.form == Form::Packed)
      tuning::reduceToKernel(function, kernel);
  }
  return std::nullopt;
}

runtime::Error ModuleBuilder::emit(StringRef path) {
  if (runtime::Error error = run([&](PassManager &pm) {
        buildCpuKernelStage(pm, pipeline);
        buildCpuLoopStage(pm, pipeline);
        buildCpuLLVMStage(pm, pipeline);
      }))
    return error;
  return target::emit(*module, target::EmitKind::So, path);
}

runtime::Error ModuleBuilder::load(std::unique_ptr<runtime::Model> &model) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code status = llvm::sys::fs::createTemporaryFile("spnn-bench", "so", descriptor, path))
    return "cannot create a temporary file: " + status.message();
  runtime::Error error = emit(path);
  if (!error)
    error = runtime::Model::open(path.str().str(), model);
  // The mapping stays.
  llvm::sys::fs::remove(path);
  llvm::sys::path::replace_extension(path, "h");
  llvm::sys::fs::remove(path);
  return error;
}

runtime::Error ModuleBuilder::parse(StringRef text) {
  module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return "the module does not parse";
  return run([&](PassManager &pm) { buildCpuGraphStage(pm, pipeline); });
}

runtime::Error spnn::bench::compileModel(const std::string &text, const CompileOptions &options,
                                         std::unique_ptr<runtime::Model> &result) {
  MLIRContext context(getRegistry(), MLIRContext::Threading::DISABLED);
  ModuleBuilder builder(context, options);
  if (runtime::Error error = builder.parse(text))
    return error;
  return builder.load(result);
}

runtime::Error Compiled::compile(const std::vector<Product> &products, const CompileOptions &options,
                                 std::unique_ptr<Compiled> &result) {
  // The benchmark shares its machine: compile on one core.
  MLIRContext context(getRegistry(), MLIRContext::Threading::DISABLED);
  context
      .loadDialect<SPNNDialect, func::FuncDialect, arith::ArithDialect, tensor::TensorDialect, linalg::LinalgDialect>();
  result = std::make_unique<Compiled>();
  result->products = products;
  result->activations = options.types.activations;
  result->infos.resize(products.size());
  result->calls.resize(products.size());
  ModuleBuilder builder(context, options);
  for (auto [number, product] : llvm::enumerate(products))
    builder.add(number, product);
  if (runtime::Error error = builder.selectKernels(products, result->infos))
    return error;
  if (runtime::Error error = builder.load(result->model))
    return error;
  for (auto [number, product] : llvm::enumerate(products)) {
    const runtime::FunctionSpec *function = result->model->description().find(functionName(number));
    if (!function)
      return "the compiled model lacks function " + functionName(number);
    auto count = [](const runtime::TensorSpec &spec) {
      uint64_t bytes = runtime::dtypeBytes(spec.dtype);
      for (const runtime::Extent &extent : spec.shape)
        bytes *= extent.value;
      return static_cast<int64_t>((bytes + sizeof(float) - 1) / sizeof(float));
    };
    int64_t floats = count(function->inputs[0]);
    if (function->inputs.size() > 1)
      floats = llvm::alignTo(floats, kLineFloats) + count(function->inputs[1]);
    result->inputs.push_back(floats);
    result->outputs.push_back(count(function->outputs[0]));
  }
  return result->model->createContext(options.threads, result->context);
}

/// Calls `visit(element of the panels, row, column)` for a matrix in packed panels.
static void forEachPacked(int64_t rows, int64_t columns, const Compiled::Info &info,
                          function_ref<void(int64_t, int64_t, int64_t)> visit) {
  for (int64_t first = 0; first < columns; first += info.panelWidth) {
    int64_t left = std::min(info.panelWidth, columns - first);
    int64_t stride = llvm::alignTo(left, info.panelVector);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < left; ++column)
        visit(first * rows + row * stride + column, row, first + column);
  }
}

std::vector<float> Compiled::pack(size_t number, const std::vector<float> &x) const {
  const Product &product = products[number];
  int64_t k = product.weights->cols, n = product.columns;
  if (product.form == Form::Rows)
    return x;
  if (product.form == Form::Linear)
    return transposed(x, k, n);
  std::vector<float> result(inputs[number], 0.0f);
  NarrowActivations narrowed = narrow(x, n, activations);
  auto *bytes = reinterpret_cast<uint8_t *>(result.data());
  forEachPacked(k, n, infos[number], [&](int64_t at, int64_t row, int64_t column) {
    float value = narrowed.values[row * n + column];
    if (activations == "i8")
      bytes[at] = static_cast<uint8_t>(static_cast<int8_t>(value));
    else if (activations == "bf16")
      // The upper half of an f32 of which the lower one is zero.
      std::memcpy(bytes + 2 * at, reinterpret_cast<const uint8_t *>(&value) + 2, 2);
    else
      result[at] = value;
  });
  if (!narrowed.scales.empty()) {
    int64_t padded = llvm::alignTo(n, infos[number].panelVector);
    std::copy(narrowed.scales.begin(), narrowed.scales.end(), result.end() - padded);
  }
  return result;
}

std::vector<float> Compiled::unpack(size_t number, const std::vector<float> &y) const {
  const Product &product = products[number];
  int64_t m = product.weights->rows, n = product.columns;
  std::vector<float> result(m * n);
  if (product.form == Form::Packed) {
    forEachPacked(m, n, infos[number],
                  [&](int64_t at, int64_t row, int64_t column) { result[row * n + column] = y[at]; });
    return result;
  }
  for (int64_t row = 0; row < m; ++row)
    for (int64_t column = 0; column < n; ++column)
      result[row * n + column] = product.form == Form::Rows ? y[row * n + column] : y[column * m + row];
  return result;
}

runtime::Error Compiled::bind(size_t number, float *x, float *y) {
  const runtime::FunctionSpec *function = model->description().find(functionName(number));
  auto tensor = [](const runtime::TensorSpec &spec, float *data) {
    runtime::TensorRef ref{spec.dtype, {}, data};
    for (const runtime::Extent &extent : spec.shape)
      ref.shape.push_back(extent.value);
    return ref;
  };
  std::vector<runtime::TensorRef> operands{tensor(function->inputs[0], x)};
  if (function->inputs.size() > 1)
    operands.push_back(tensor(function->inputs[1], x + inputs[number] - function->inputs[1].shape[0].value));
  return model->bind(*function, operands, {tensor(function->outputs[0], y)}, calls[number]);
}
