//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Damaged ONNX models, from seeded flips, cuts and splices of valid ones: each is imported or refused by one sentence.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Onnx.h"

#include "OnnxProto.h"

#include "mlir/IR/MLIRContext.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace spnn;

static const char *const kModels[] = {
    R"(<ir_version: 8, opset_import: ["" : 13]>
       mlp (float[N,4] x, float[3,4] w = {1,2,3,4,5,6,7,8,9,10,11,12}, float[3] c = {1,2,3}) => (float[N,3] y) {
         h = Gemm<transB=1, alpha=2.0>(x, w, c)
         r = Relu(h)
         y = Softmax<axis=-1>(r)
       })",
    R"(<ir_version: 8, opset_import: ["" : 13]>
       shapes (float[B,6,4] x, int64[2] minus = {0,-1}, int64[1] zero = {0}) => (float[B,24] y) {
         s = Shape(x)
         first = Gather(s, zero)
         rest = Constant<value_ints=[-1]>()
         t = Concat<axis=0>(first, rest)
         flat = Reshape(x, t)
         y = Reshape(flat, minus)
       })",
    R"(<ir_version: 8, opset_import: ["" : 13]>
       cnn (float[1,2,5,5] x, float[2,1,2,2] w = {1,2,3,4,5,6,7,8}) => (float[1,2,1,1] y) {
         c = Conv<group=2, pads=[1,1,0,0], strides=[1,1]>(x, w)
         p = MaxPool<kernel_shape=[2,2], strides=[2,2], ceil_mode=1>(c)
         a = AveragePool<kernel_shape=[2,2], auto_pad="SAME_UPPER">(p)
         y = GlobalAveragePool(a)
       })",
    R"(<ir_version: 8, opset_import: ["" : 17]>
       mix (float[3,4] x, int64[2] i = {2,-1}, int64[1] k = {2}) => (float[2,2] v) {
         g = Gather<axis=0>(x, i)
         e = Einsum<equation="ij,kj->ik">(g, x)
         n = LayerNormalization<axis=-1>(e, e)
         t = Transpose<perm=[1,0]>(e)
         m = MatMul(e, t)
         v, p = TopK<axis=1>(m, k)
       })",
};

/// Imports and checks the form of a refusal.
static bool importOrRefuse(mlir::MLIRContext &context, const std::string &bytes,
                           const OnnxImportOptions &options = {}) {
  auto module = importOnnx(context, bytes, "model.onnx", options);
  if (module)
    return true;
  std::string sentence = llvm::toString(module.takeError());
  EXPECT_EQ(sentence.rfind("model.onnx: ", 0), 0u) << sentence;
  EXPECT_EQ(sentence.find("defect of the importer"), std::string::npos) << sentence;
  return false;
}

static std::string mutate(std::string bytes, std::mt19937_64 &random) {
  if (bytes.empty())
    return bytes;
  switch (random() % 5) {
  case 0:
    bytes.resize(random() % bytes.size());
    break;
  case 1: { // a piece of the model, again somewhere else
    size_t from = random() % bytes.size(), count = random() % (bytes.size() - from) % 32;
    bytes.insert(random() % bytes.size(), bytes.substr(from, count));
    break;
  }
  case 2: // extreme numbers
    bytes[random() % bytes.size()] = static_cast<char>(random() % 2 ? 0xff : 0x7f);
    break;
  default:
    for (uint64_t i = 0, count = 1 + random() % 4; i < count; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
  }
  return bytes;
}

/// A number that checks tend to forget.
static int64_t oddNumber(std::mt19937_64 &random) {
  const int64_t numbers[] = {0,
                             1,
                             2,
                             3,
                             5,
                             -1,
                             -2,
                             -3,
                             64,
                             INT32_MAX,
                             INT32_MIN,
                             INT64_MAX,
                             INT64_MIN,
                             int64_t(1) << 40,
                             7,
                             16,
                             1000000,
                             -INT32_MAX,
                             INT64_MAX - 1};
  return numbers[random() % std::size(numbers)];
}

template <typename Repeated> static auto *pick(Repeated *list, std::mt19937_64 &random) {
  return list->empty() ? nullptr : list->Mutable(random() % list->size());
}

static void mutateTensor(onnx::TensorProto &tensor, std::mt19937_64 &random) {
  if (tensor.dims_size() > 0 && random() % 3 == 0)
    tensor.set_dims(random() % tensor.dims_size(), oddNumber(random));
  else if (tensor.int64_data_size() > 0)
    tensor.set_int64_data(random() % tensor.int64_data_size(), oddNumber(random));
  else if (tensor.raw_data().size() >= 8 && tensor.data_type() == onnx::TensorProto::INT64) {
    int64_t number = oddNumber(random);
    size_t at = random() % (tensor.raw_data().size() / 8) * 8;
    tensor.mutable_raw_data()->replace(at, 8, reinterpret_cast<const char *>(&number), 8);
  } else
    tensor.set_data_type(random() % 17);
}

/// A change that leaves the protobuf valid, so that it reaches the ops.
static void mutateModel(onnx::ModelProto &model, std::mt19937_64 &random) {
  onnx::GraphProto &graph = *model.mutable_graph();
  onnx::NodeProto *node = pick(graph.mutable_node(), random);
  switch (random() % 6) {
  case 0:
    if (auto *input = pick(graph.mutable_input(), random))
      if (auto *dim = pick(input->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(), random)) {
        if (random() % 3 == 0)
          dim->set_dim_param("N");
        else
          dim->set_dim_value(random() % 2 ? random() % 6 : oddNumber(random));
      }
    break;
  case 1:
    if (auto *input = pick(graph.mutable_input(), random)) {
      auto *type = input->mutable_type()->mutable_tensor_type();
      if (random() % 2)
        type->set_elem_type(random() % 17);
      else if (random() % 2)
        type->mutable_shape()->add_dim()->set_dim_value(random() % 4);
      else if (type->shape().dim_size() > 0)
        type->mutable_shape()->mutable_dim()->RemoveLast();
    }
    break;
  case 2:
    if (auto *tensor = pick(graph.mutable_initializer(), random))
      mutateTensor(*tensor, random);
    break;
  case 3:
    if (node && node->input_size() > 0 && graph.input_size() > 0)
      *node->mutable_input(random() % node->input_size()) =
          random() % 3 ? graph.input(random() % graph.input_size()).name() : "";
    break;
  default:
    if (node)
      if (onnx::AttributeProto *attribute = pick(node->mutable_attribute(), random)) {
        if (attribute->ints_size() > 0 && random() % 4)
          attribute->set_ints(random() % attribute->ints_size(), oddNumber(random));
        else if (attribute->ints_size() > 0)
          attribute->mutable_ints()->RemoveLast();
        else if (attribute->has_t())
          mutateTensor(*attribute->mutable_t(), random);
        else if (attribute->has_s())
          attribute->set_s(random() % 2 ? "" : "j" + attribute->s() + ",k->");
        else
          attribute->set_i(oddNumber(random));
      }
  }
}

TEST(OnnxMutation, SmallModels) {
  std::mt19937_64 random(42);
  for (const char *text : kModels) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    llvm::Expected<std::string> bytes = assembleOnnx(text, OnnxImportOptions::Syntax::Text);
    ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    ASSERT_TRUE(importOrRefuse(context, *bytes)) << text;
    int imported = 0;
    for (int i = 0; i < 1500; ++i)
      imported += importOrRefuse(context, mutate(*bytes, random));
    // Most flips hit names and weights: a test whose mutants all fail to parse would show nothing.
    EXPECT_GT(imported, 20);
  }
}

TEST(OnnxMutation, EveryTruncation) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  llvm::Expected<std::string> bytes = assembleOnnx(kModels[0], OnnxImportOptions::Syntax::Text);
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  for (size_t size = 0; size < bytes->size(); ++size)
    importOrRefuse(context, bytes->substr(0, size));
}

TEST(OnnxMutation, TestData) {
  std::error_code code;
  std::vector<std::string> files;
  for (llvm::sys::fs::directory_iterator it(SPNN_ONNX_TESTDATA "/node", code), end; it != end && !code;
       it.increment(code))
    files.push_back(it->path() + "/model.onnx");
  if (files.empty())
    GTEST_SKIP() << "the package libonnx-testdata is not installed";
  std::sort(files.begin(), files.end());
  std::mt19937_64 random(7);
  std::unique_ptr<mlir::MLIRContext> context;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i % 100 == 0)
      context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
    auto file = llvm::MemoryBuffer::getFile(files[i], false, false);
    if (!file)
      continue;
    SCOPED_TRACE(files[i]);
    std::string bytes = (*file)->getBuffer().str();
    for (int round = 0; round < 10; ++round)
      importOrRefuse(*context, mutate(bytes, random));
    auto model = onnximport::parseModel(bytes, onnximport::Syntax::Binary);
    ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
    // Shapes and the like, inputs of these models, become initializers, which the mutations then reach.
    onnx::GraphProto &graph = *(*model)->mutable_graph();
    std::string folder = llvm::StringRef(files[i]).drop_back(llvm::StringRef("model.onnx").size()).str();
    for (int input = 0; input < graph.input_size(); ++input) {
      auto data = llvm::MemoryBuffer::getFile(folder + "test_data_set_0/input_" + std::to_string(input) + ".pb");
      onnx::TensorProto tensor;
      if (data && graph.input(input).type().tensor_type().elem_type() == onnx::TensorProto::INT64 &&
          onnximport::parseTensor((*data)->getBuffer(), tensor)) {
        tensor.set_name(graph.input(input).name());
        *graph.add_initializer() = tensor;
      }
    }
    for (int round = 0; round < 30; ++round) {
      onnx::ModelProto mutant = **model;
      for (uint64_t k = 0, count = 1 + random() % 3; k < count; ++k)
        mutateModel(mutant, random);
      llvm::Expected<std::string> mutated = onnximport::serialize(mutant);
      ASSERT_TRUE(bool(mutated));
      importOrRefuse(*context, *mutated);
    }
  }
}
