//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// --gnn and --gnn-graph of sparse-import.
//
//===----------------------------------------------------------------------===//
#include "GnnCommands.h"

#include "spnn/Import/GraphGenerators.h"

using namespace llvm;
using namespace spnn;
using namespace spnn::importtool;

cl::OptionCategory spnn::importtool::gnnCategory("graph neural networks");

static cl::opt<std::string> layerType("gnn", cl::desc("Build a model of this layer type; 'list' lists them"),
                                      cl::value_desc("type"), cl::cat(gnnCategory));
static cl::list<int64_t> widths("layers", cl::desc("Features, hidden widths, classes"), cl::CommaSeparated,
                                cl::value_desc("1433,16,7"), cl::cat(gnnCategory));
static cl::list<int64_t> heads("heads", cl::desc("Heads of each attention layer (default: 1)"), cl::CommaSeparated,
                               cl::value_desc("8,1"), cl::cat(gnnCategory));
static cl::opt<double> dropout("dropout", cl::desc("Rate of dropout on the input of each layer (default: 0)"),
                               cl::init(0), cl::cat(gnnCategory));
static cl::opt<double> attentionDropout("attention-dropout",
                                        cl::desc("Rate of dropout on attention coefficients (default: 0)"), cl::init(0),
                                        cl::cat(gnnCategory));
static cl::opt<double>
    weightDecay("weight-decay",
                cl::desc("Weight decay, of the first layer, or of all attention layers (default: 5e-4)"),
                cl::init(5e-4), cl::cat(gnnCategory));
static cl::opt<int64_t> bases("bases", cl::desc("Bases of RGCN's relations (default: 2)"), cl::init(2),
                              cl::cat(gnnCategory));
static cl::opt<std::string> graphFile("graph", cl::desc("The graph, a constant of the model"),
                                      cl::value_desc("file.npz"), cl::cat(gnnCategory));
static cl::list<std::string> relationFiles("relation", cl::desc("A further relation of RGCN: the edges of this graph"),
                                           cl::value_desc("file.npz"), cl::cat(gnnCategory));
static cl::opt<int64_t> split("split", cl::desc("Which split of the graph file (default: 0)"), cl::init(0),
                              cl::cat(gnnCategory));
static cl::opt<bool> symmetrize("symmetrize", cl::desc("Add the reverse of each edge that lacks it"),
                                cl::cat(gnnCategory));
static cl::opt<int64_t> nodes("nodes", cl::desc("Nodes of a graph that is given at run time, or generated"),
                              cl::cat(gnnCategory));
static cl::opt<int64_t> edges("edges",
                              cl::desc("Edges of a graph at run time (default: any number), or undirected edges of a "
                                       "generated one"),
                              cl::cat(gnnCategory));
static cl::opt<int64_t> relations("relations", cl::desc("Relations of RGCN at run time (default: 1)"), cl::init(1),
                                  cl::cat(gnnCategory));
static cl::opt<bool> denseFeatures("dense-features", cl::desc("Features are a dense matrix"), cl::cat(gnnCategory));
static cl::opt<bool> sparseFeatures("sparse-features", cl::desc("Features are a sparse matrix"), cl::cat(gnnCategory));
static cl::opt<bool> rawFeatures("raw-features", cl::desc("Do not make the features of a node sum to 1"),
                                 cl::cat(gnnCategory));

enum class Generator { None, Arxiv, Citation };
static cl::opt<Generator>
    generator("gnn-graph", cl::desc("Write a generated graph instead of a model"),
              cl::values(clEnumValN(Generator::Arxiv, "arxiv-like", "structure with the skew of ogbn-arxiv"),
                         clEnumValN(Generator::Citation, "citation-like", "classes, words and splits like Cora's")),
              cl::init(Generator::None), cl::cat(gnnCategory));
static cl::opt<uint64_t> seed("graph-seed", cl::desc("Seed of a generated graph (default: 0)"), cl::init(0),
                              cl::cat(gnnCategory));

bool spnn::importtool::wantsModel() { return layerType.getNumOccurrences() > 0; }
bool spnn::importtool::listsLayers() { return layerType == "list"; }
bool spnn::importtool::wantsGraph() { return generator != Generator::None; }

static Error fail(const Twine &sentence) { return createStringError(inconvertibleErrorCode(), sentence); }

static Error check(const graph::Error &error) { return error ? fail(*error) : Error::success(); }

Expected<mlir::OwningOpRef<mlir::ModuleOp>> spnn::importtool::makeModel(mlir::MLIRContext &context,
                                                                        std::function<void(const std::string &)> warn) {
  if (graphFile.empty() && nodes.getNumOccurrences() == 0)
    return fail("a model needs a graph: give --graph FILE.npz, or --nodes N for a graph at run time");
  if (!graphFile.empty() &&
      (nodes.getNumOccurrences() > 0 || edges.getNumOccurrences() > 0 || relations.getNumOccurrences() > 0))
    return fail("--nodes, --edges and --relations are for graphs at run time, and --graph gives one");
  if (graphFile.empty() && !relationFiles.empty())
    return fail("--relation adds to the graph of --graph");
  if (denseFeatures && sparseFeatures)
    return fail("features cannot be both dense and sparse");
  GnnOptions options;
  options.layer = layerType;
  options.widths.assign(widths.begin(), widths.end());
  options.heads.assign(heads.begin(), heads.end());
  options.dropout = dropout;
  options.attentionDropout = attentionDropout;
  options.weightDecay = weightDecay;
  options.bases = bases;
  options.features = denseFeatures    ? GnnOptions::Features::Dense
                     : sparseFeatures ? GnnOptions::Features::Sparse
                                      : GnnOptions::Features::Auto;
  options.normalizeFeatures = !rawFeatures;
  options.split = split;
  options.warn = warn;
  graph::GraphReadOptions reading;
  reading.symmetrize = symmetrize;
  reading.warn = warn;
  graph::GraphData data;
  if (!graphFile.empty()) {
    if (Error error = check(graph::readGraph(graphFile, reading, data)))
      return error;
    options.graph = &data;
  }
  for (const std::string &file : relationFiles) {
    graph::GraphData relation;
    if (Error error = check(graph::readGraph(file, reading, relation)))
      return error;
    options.relations.push_back(std::move(relation.adjacency));
  }
  options.nodes = nodes;
  if (edges.getNumOccurrences() > 0)
    options.edges = edges;
  options.runtimeRelations = relations;
  return makeGnn(context, options);
}

Error spnn::importtool::writeGeneratedGraph(StringRef output) {
  if (output == "-")
    return fail("a graph is written to a file: give -o FILE.npz");
  graph::GraphData data;
  if (generator == Generator::Arxiv) {
    graph::ChungLuOptions options;
    options.nodes = nodes.getNumOccurrences() > 0 ? nodes : options.nodes;
    options.edges = edges.getNumOccurrences() > 0 ? edges : options.edges;
    options.seed = seed;
    if (Error error = check(graph::makeChungLuGraph(options, data)))
      return error;
  } else {
    graph::CitationOptions options;
    options.nodes = nodes.getNumOccurrences() > 0 ? nodes : options.nodes;
    options.edges = edges.getNumOccurrences() > 0 ? edges : options.edges;
    options.seed = seed;
    if (Error error = check(graph::makeCitationGraph(options, data)))
      return error;
  }
  return check(graph::writeGraph(output.str(), data));
}
