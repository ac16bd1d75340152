//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models of graph neural networks: checks what was asked for, makes constants of what is known, arguments of the rest,
// and builds @predict and @loss.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Gnn.h"

#include "GnnLayers.h"
#include "spnn/IR/Graphs.h"
#include "spnn/Import/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

/// Constants of more elements are resources, which parse and print fast.
static constexpr int64_t kInlineElements = 16;
/// Sparse features pay below this density: a stored element costs an index besides, and no vector of them is
/// contiguous.
static constexpr double kSparseDensity = 0.25;
/// Widths and numbers of heads beyond it are mistakes.
static constexpr int64_t kMaxWidth = int64_t(1) << 24;
/// Elements of dense features, 8 GB: a model with more is no file that anyone wants.
static constexpr int64_t kMaxDenseElements = int64_t(1) << 31;

namespace {

/// A graph that is a constant, or assembled from two arguments.
struct GraphSource {
  std::string name; ///< of the arguments, before "_indptr" and "_indices"
  RankedTensorType type;
  DictionaryAttr buffers; ///< null: arguments
  int64_t edges = ShapedType::kDynamic;
};

/// A tensor that is a constant or an argument.
struct TensorSource {
  std::string name;
  RankedTensorType type;
  TypedAttr value; ///< null: an argument
};

class Model {
public:
  Model(MLIRContext &context, const GnnOptions &options)
      : context(context), options(options), module(ModuleOp::create(UnknownLoc::get(&context))),
        builder(module->getBodyRegion()) {}
  llvm::Expected<OwningOpRef<ModuleOp>> build();

private:
  static llvm::Error fail(const Twine &sentence) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), sentence);
  }
  void warn(const Twine &sentence) {
    if (options.warn)
      options.warn(sentence.str());
  }
  Location named(const Twine &name) { return NameLoc::get(builder.getStringAttr(name)); }

  // What is asked for.
  llvm::Error checkType();
  llvm::Error checkWidths();
  llvm::Error checkGraph();

  // What is known.
  TypedAttr denseAttr(RankedTensorType type, const void *data, size_t bytes, StringRef name);
  template <typename T> TypedAttr vectorAttr(const std::vector<T> &elements, Type element, StringRef name) {
    auto type = RankedTensorType::get({static_cast<int64_t>(elements.size())}, element);
    return denseAttr(type, elements.data(), elements.size() * sizeof(T), name);
  }
  GraphSource makeGraph(const graph::SparseRows &rows, StringRef name);
  GraphSource makeRuntimeGraph(StringRef name, int64_t rows, int64_t columns, int64_t edges);
  void makeNeighbourhood();
  void makeScales(const graph::SparseRows &rows);
  void makeFeatures();
  void makeTargets();

  // The functions.
  struct Function {
    func::FuncOp op;
    std::vector<Value> parameters;
    llvm::StringMap<Value> inputs;
  };
  std::vector<TensorSource> runtimeInputs(bool hasLoss) const;
  Function begin(StringRef name, bool hasLoss);
  Value materialize(GnnBuilder &b, Function &function, const TensorSource &source);
  Value materialize(GnnBuilder &b, Function &function, const GraphSource &source);
  void buildFunction(StringRef name, bool hasLoss);

  MLIRContext &context;
  const GnnOptions &options;
  OwningOpRef<ModuleOp> module;
  OpBuilder builder;

  const LayerType *type = nullptr;
  int64_t nodes = 0;
  std::vector<LayerShape> layers;
  std::vector<GraphSource> graphs;
  std::optional<TensorSource> scales; ///< absent: computed from the graph's degrees
  std::optional<TensorSource> dense;  ///< dense features
  GraphSource sparse;                 ///< or sparse ones
  TensorSource values;                ///< with these
  TensorSource labels, mask;
};

} // namespace

//===----------------------------------------------------------------------===//
// What is asked for
//===----------------------------------------------------------------------===//

llvm::Error Model::checkType() {
  std::string names;
  for (const LayerType &candidate : layerTypes()) {
    if (candidate.name == options.layer)
      type = &candidate;
    names += (names.empty() ? "" : ", ") + candidate.name.str();
  }
  if (!type)
    return fail("there is no layer type '" + options.layer + "'; there are " + names);
  for (auto [what, rate] :
       {std::pair("dropout", options.dropout), std::pair("attention dropout", options.attentionDropout)})
    if (!(rate >= 0 && rate < 1))
      return fail("a rate of " + Twine(what) + " is at least 0 and below 1");
  if (!(options.weightDecay >= 0) || !std::isfinite(options.weightDecay))
    return fail("weight decay is a number that is not negative");
  if (options.attentionDropout > 0 && !type->hasHeads)
    return fail("layer type '" + Twine(type->name) + "' has no attention to drop coefficients of");
  if (!options.relations.empty() && !type->hasRelations)
    return fail("layer type '" + Twine(type->name) + "' takes one graph, and further relations are given");
  if (options.features == GnnOptions::Features::Sparse && type->needsDense)
    return fail("layer type '" + Twine(type->name) + "' cannot take sparse features");
  if (options.bases < 1 || options.bases > kMaxWidth)
    return fail("RGCN has at least one basis, not " + Twine(options.bases));
  return llvm::Error::success();
}

llvm::Error Model::checkWidths() {
  size_t count = options.widths.size();
  if (count < 2)
    return fail("a model has at least one layer: give the widths of its input and of its output");
  for (int64_t width : options.widths)
    if (width < 1 || width > kMaxWidth)
      return fail("a width is a number from 1 to " + Twine(kMaxWidth) + ", not " + Twine(width));
  if (!options.heads.empty() && !type->hasHeads)
    return fail("layer type '" + Twine(type->name) + "' has no heads");
  if (!options.heads.empty() && options.heads.size() != count - 1)
    return fail(Twine(options.heads.size()) + " numbers of heads are given for " + Twine(count - 1) + " layers");
  int64_t inputs = options.widths[0];
  for (size_t i = 1; i < count; ++i) {
    LayerShape layer;
    layer.inputs = inputs;
    layer.outputs = options.widths[i];
    layer.heads = options.heads.empty() ? 1 : options.heads[i - 1];
    layer.isLast = i + 1 == count;
    layer.attentionDropout = options.attentionDropout;
    layer.bases = options.bases;
    layer.relations = options.graph ? 1 + options.relations.size() : options.runtimeRelations;
    if (layer.heads < 1 || layer.heads > kMaxWidth / layer.outputs)
      return fail("layer " + Twine(i) + " cannot have " + Twine(layer.heads) + " heads");
    inputs = layer.width();
    layers.push_back(layer);
  }
  return llvm::Error::success();
}

llvm::Error Model::checkGraph() {
  if (!options.graph) {
    nodes = options.nodes;
    if (nodes < 0 || nodes >= INT32_MAX || options.edges < -1 || options.edges > INT32_MAX)
      return fail("a graph for run time has a number of nodes below 2^31 - 1, and of edges up to it");
    if (options.runtimeRelations < 1 || options.runtimeRelations > 1000 ||
        (options.runtimeRelations > 1 && !type->hasRelations))
      return fail("layer type '" + Twine(type->name) + "' cannot have " + Twine(options.runtimeRelations) +
                  " relations");
    return llvm::Error::success();
  }
  const graph::GraphData &graph = *options.graph;
  nodes = graph.nodes();
  for (const graph::SparseRows &relation : options.relations)
    if (relation.rows != nodes)
      return fail("a relation has " + Twine(relation.rows) + " nodes, and the graph has " + Twine(nodes));
  if (graph.features.columns > 0 && graph.features.columns != options.widths.front())
    return fail("the graph has " + Twine(graph.features.columns) + " features, and the first layer takes " +
                Twine(options.widths.front()));
  if (graph.classes > options.widths.back())
    return fail("the graph has " + Twine(graph.classes) + " classes, and the last layer makes " +
                Twine(options.widths.back()));
  bool isDense = options.features == GnnOptions::Features::Dense || type->needsDense ||
                 (options.features == GnnOptions::Features::Auto && graph.features.density() > kSparseDensity);
  if (isDense && graph.features.columns > kMaxDenseElements / std::max<int64_t>(nodes, 1))
    return fail("dense features of " + Twine(nodes) + " nodes would have " + Twine(nodes * graph.features.columns) +
                " elements, and " + Twine(kMaxDenseElements) + " is the most");
  int64_t splits = graph.splits.size();
  if (options.split < 0 || options.split >= std::max<int64_t>(splits, 1))
    return fail("the graph has " + Twine(splits) + " splits, and number " + Twine(options.split) + " is asked for");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// What is known
//===----------------------------------------------------------------------===//

TypedAttr Model::denseAttr(RankedTensorType type, const void *data, size_t bytes, StringRef name) {
  ArrayRef<char> raw(static_cast<const char *>(data), bytes);
  // An empty buffer is no splat, which getFromRawBuffer would take it for.
  if (raw.empty())
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  if (type.getNumElements() <= kInlineElements)
    return DenseElementsAttr::getFromRawBuffer(type, raw);
  return DenseResourceElementsAttr::get(type, name, HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, 64));
}

GraphSource Model::makeGraph(const graph::SparseRows &rows, StringRef name) {
  GraphSource source;
  source.name = name.str();
  source.type = getGraphType(&context, rows.rows, rows.columns);
  source.edges = rows.entries();
  Type i32 = builder.getI32Type();
  source.buffers = builder.getDictionaryAttr(
      {builder.getNamedAttr("positions", vectorAttr(rows.positions, i32, source.name + ".positions")),
       builder.getNamedAttr("indices", vectorAttr(rows.indices, i32, source.name + ".indices"))});
  return source;
}

GraphSource Model::makeRuntimeGraph(StringRef name, int64_t rows, int64_t columns, int64_t edges) {
  GraphSource source;
  source.name = name.str();
  source.type = getGraphType(&context, rows, columns);
  source.edges = edges < 0 ? ShapedType::kDynamic : edges;
  return source;
}

void Model::makeNeighbourhood() {
  // Whoever feeds the model knows by the name that nodes hear from themselves here.
  std::string base = type->hasSelfLoops ? "adj_self" : "adj";
  if (!options.graph) {
    for (int64_t r = 0; r < options.runtimeRelations; ++r)
      graphs.push_back(makeRuntimeGraph(r == 0 ? base : base + std::to_string(r), nodes, nodes, options.edges));
    return;
  }
  graph::SparseRows rows =
      type->hasSelfLoops ? graph::addSelfLoops(options.graph->adjacency) : options.graph->adjacency;
  graphs.push_back(makeGraph(rows, base));
  for (auto [r, relation] : llvm::enumerate(options.relations))
    graphs.push_back(makeGraph(relation, base + std::to_string(r + 1)));
  if (type->isNormalized)
    makeScales(rows);
}

void Model::makeScales(const graph::SparseRows &rows) {
  std::vector<float> elements(nodes);
  for (int64_t i = 0; i < nodes; ++i)
    elements[i] = static_cast<float>(1 / std::sqrt(std::max(rows.positions[i + 1] - rows.positions[i], 1)));
  TypedAttr value = vectorAttr(elements, builder.getF32Type(), "scales");
  scales = TensorSource{"scales", cast<RankedTensorType>(value.getType()), value};
}

void Model::makeFeatures() {
  using Kind = GnnOptions::Features;
  int64_t width = options.widths.front();
  Type f32 = builder.getF32Type();
  bool isKnown = options.graph && options.graph->features.columns > 0;
  bool isSparse = options.features == Kind::Sparse || (options.features == Kind::Auto && isKnown && !type->needsDense &&
                                                       options.graph->features.density() <= kSparseDensity);
  if (!isKnown && isSparse) {
    sparse = makeRuntimeGraph("x", nodes, width, -1);
    values = {"x_values", RankedTensorType::get({ShapedType::kDynamic}, f32), {}};
    return;
  }
  auto denseType = RankedTensorType::get({nodes, width}, f32);
  if (!isKnown) {
    dense = TensorSource{"x", denseType, {}};
    return;
  }
  graph::SparseRows features = options.graph->features;
  if (options.normalizeFeatures) {
    if (llvm::any_of(features.values, [](float value) { return value < 0; }))
      warn("some features are negative, so the rows are used as they are");
    else
      graph::normalizeRows(features);
  }
  if (features.values.empty())
    features.values.assign(features.indices.size(), 1);
  if (isSparse) {
    sparse = makeGraph(features, "x");
    TypedAttr value = vectorAttr(features.values, f32, "x.values");
    values = {"x_values", cast<RankedTensorType>(value.getType()), value};
    return;
  }
  if (type->needsDense && features.density() <= kSparseDensity)
    warn("layer type '" + Twine(type->name) + "' makes the sparse features a dense matrix of " +
         Twine(nodes * width * 4 / 1000000) + " MB");
  std::vector<float> matrix = graph::toDense(features);
  dense = TensorSource{"x", denseType, denseAttr(denseType, matrix.data(), matrix.size() * sizeof(float), "x")};
}

void Model::makeTargets() {
  labels = {"y", RankedTensorType::get({nodes}, builder.getI32Type()), {}};
  mask = {"train_mask", RankedTensorType::get({nodes}, builder.getI1Type()), {}};
  if (!options.graph || options.graph->labels.empty())
    return;
  labels.value = vectorAttr(options.graph->labels, builder.getI32Type(), "y");
  if (options.graph->splits.empty())
    return;
  std::vector<uint8_t> bytes = graph::toMask(options.graph->splits[options.split].train, nodes);
  SmallVector<bool> bits(bytes.begin(), bytes.end());
  mask.value = DenseElementsAttr::get(mask.type, bits);
}

//===----------------------------------------------------------------------===//
// The functions
//===----------------------------------------------------------------------===//

/// In the order of the arguments.
std::vector<TensorSource> Model::runtimeInputs(bool hasLoss) const {
  std::vector<TensorSource> inputs;
  auto addTensor = [&](const TensorSource &source) {
    if (!source.value)
      inputs.push_back(source);
  };
  auto addGraph = [&](const GraphSource &source) {
    if (source.buffers)
      return;
    Type i32 = IntegerType::get(&context, 32);
    inputs.push_back({source.name + "_indptr", RankedTensorType::get({source.type.getDimSize(0) + 1}, i32), {}});
    inputs.push_back({source.name + "_indices", RankedTensorType::get({source.edges}, i32), {}});
  };
  for (const GraphSource &source : graphs)
    addGraph(source);
  if (dense) {
    addTensor(*dense);
  } else {
    addGraph(sparse);
    addTensor(values);
  }
  if (hasLoss) {
    addTensor(labels);
    addTensor(mask);
  }
  return inputs;
}

Model::Function Model::begin(StringRef name, bool hasLoss) {
  struct Argument {
    std::string name;
    Type type;
    double decay = 0;
    bool isParameter = false;
  };
  std::vector<Argument> arguments;
  for (auto [i, layer] : llvm::enumerate(layers))
    for (const Parameter &parameter : type->parameters(layer)) {
      bool decays = i == 0 || type->decaysEverywhere;
      arguments.push_back({"layer" + std::to_string(i + 1) + "." + parameter.name,
                           RankedTensorType::get(parameter.shape, builder.getF32Type()),
                           decays ? options.weightDecay : 0, true});
    }
  for (const TensorSource &input : runtimeInputs(hasLoss))
    arguments.push_back({input.name, input.type});
  if (hasLoss)
    arguments.push_back({"seed", builder.getI64Type()});

  auto logits = RankedTensorType::get({nodes, options.widths.back()}, builder.getF32Type());
  SmallVector<Type> types, results;
  for (const Argument &argument : arguments)
    types.push_back(argument.type);
  if (hasLoss)
    results.push_back(RankedTensorType::get({}, builder.getF32Type()));
  results.push_back(logits);

  Function function;
  builder.setInsertionPointToEnd(module->getBody());
  function.op = func::FuncOp::create(builder, UnknownLoc::get(&context), name, builder.getFunctionType(types, results));
  Block *block = function.op.addEntryBlock();
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    function.op.setArgAttr(i, kNameAttrName, builder.getStringAttr(argument.name));
    if (argument.isParameter) {
      function.op.setArgAttr(i, "spnn.parameter", builder.getUnitAttr());
      if (argument.decay > 0)
        function.op.setArgAttr(i, "spnn.weight_decay", builder.getF64FloatAttr(argument.decay));
      function.parameters.push_back(block->getArgument(i));
    } else {
      function.inputs[argument.name] = block->getArgument(i);
    }
    std::string ssaName = argument.name;
    std::replace(ssaName.begin(), ssaName.end(), '.', '_');
    block->getArgument(i).setLoc(named(ssaName));
  }
  for (auto [i, text] :
       llvm::enumerate(hasLoss ? SmallVector<StringRef>{"loss", "logits"} : SmallVector<StringRef>{"logits"}))
    function.op.setResultAttr(i, kNameAttrName, builder.getStringAttr(text));
  builder.setInsertionPointToStart(block);
  return function;
}

Value Model::materialize(GnnBuilder &b, Function &function, const TensorSource &source) {
  b.name(source.name);
  return source.value ? arith::ConstantOp::create(b, source.value) : function.inputs.lookup(source.name);
}

Value Model::materialize(GnnBuilder &b, Function &function, const GraphSource &source) {
  b.name(source.name);
  if (source.buffers)
    return ConstantOp::create(b, source.type, source.buffers);
  return AssembleOp::create(b, source.type, function.inputs.lookup(source.name + "_indptr"),
                            function.inputs.lookup(source.name + "_indices"), /*columns=*/Value(),
                            /*symmetric=*/false);
}

void Model::buildFunction(StringRef name, bool hasLoss) {
  Function function = begin(name, hasLoss);
  GnnBuilder b(builder.getUnknownLoc(), builder, hasLoss ? function.inputs.lookup("seed") : Value());

  // What all layers share comes first.
  Neighbourhood neighbourhood;
  for (const GraphSource &source : graphs)
    neighbourhood.graphs.push_back(materialize(b, function, source));
  if (scales) {
    neighbourhood.scales = materialize(b, function, *scales);
  } else if (type->isNormalized) {
    b.name("scales");
    Value degrees = DegreeOp::create(b, b.tensor({nodes}), neighbourhood.graphs[0]);
    neighbourhood.scales = b.elementwise({degrees}, [](ImplicitLocOpBuilder &s, ValueRange v) -> Value {
      // A node that hears from nobody, not even from itself, stays 0.
      Value one = arith::ConstantOp::create(s, s.getF32FloatAttr(1));
      return math::RsqrtOp::create(s, arith::MaximumFOp::create(s, v[0], one));
    });
  }
  Features features;
  if (dense) {
    features.dense = materialize(b, function, *dense);
  } else {
    features.graph = materialize(b, function, sparse);
    features.values = materialize(b, function, values);
  }

  auto parameter = function.parameters.begin();
  for (auto [i, layer] : llvm::enumerate(layers)) {
    b.name("layer" + Twine(i + 1));
    size_t count = type->parameters(layer).size();
    SmallVector<Value> own(parameter, parameter + count);
    parameter += count;
    b.part("input");
    Features input = b.dropout(features, options.dropout);
    Value output = type->build(b, layer, neighbourhood, input, own);
    b.part("hidden");
    if (!layer.isLast)
      output = type->isElu ? b.elu(output) : b.relu(output);
    features = {output, {}, {}};
  }
  if (!hasLoss) {
    func::ReturnOp::create(b, features.dense);
    return;
  }
  Value targets = materialize(b, function, labels), selected = materialize(b, function, mask);
  b.name("loss");
  Value loss = LossOp::create(b, b.tensor({}), LossKind::CrossEntropy, features.dense, targets, selected);
  func::ReturnOp::create(b, ValueRange{loss, features.dense});
}

llvm::Expected<OwningOpRef<ModuleOp>> Model::build() {
  if (llvm::Error error = checkType())
    return error;
  if (llvm::Error error = checkWidths())
    return error;
  if (llvm::Error error = checkGraph())
    return error;
  makeNeighbourhood();
  makeFeatures();
  makeTargets();
  buildFunction("predict", false);
  buildFunction("loss", true);
  return std::move(module);
}

llvm::Expected<OwningOpRef<ModuleOp>> spnn::makeGnn(MLIRContext &context, const GnnOptions &options) {
  context.loadAllAvailableDialects();
  return Model(context, options).build();
}

void spnn::registerGnnDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  tensor::TensorDialect, SPNNDialect>();
}
