//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer's C++ interface: options, warnings, constants bit by bit.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace spnn;
using Syntax = OnnxImportOptions::Syntax;

static const char *const kLinear = R"(<ir_version: 8, opset_import: ["" : 13]>
    g (float[N,2] x, float[2,2] w = {1,2,3,4}) => (float[N,2] y) { y = MatMul(x, w) })";

namespace {
class OnnxTest : public ::testing::Test {
protected:
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> import(const std::string &text, Syntax syntax = Syntax::Text) {
    options.syntax = syntax;
    options.warn = [this](const std::string &sentence) { warnings.push_back(sentence); };
    return importOnnx(context, text, "m", options);
  }
  std::string refusal(const std::string &text, Syntax syntax = Syntax::Text) {
    auto module = import(text, syntax);
    return module ? "" : llvm::toString(module.takeError());
  }

  mlir::MLIRContext context;
  OnnxImportOptions options;
  std::vector<std::string> warnings;
};
} // namespace

TEST_F(OnnxTest, FixesSymbolicDimensions) {
  options.dims["N"] = 3;
  auto module = import(kLinear);
  ASSERT_TRUE(bool(module));
  auto main = *(*module)->getOps<mlir::func::FuncOp>().begin();
  EXPECT_EQ(llvm::cast<mlir::RankedTensorType>(main.getArgumentTypes()[0]).getDimSize(0), 3);
  EXPECT_EQ(main.getArgAttrOfType<mlir::StringAttr>(0, kNameAttrName).getValue(), "x");
  EXPECT_EQ(main.getResultAttrOfType<mlir::StringAttr>(0, kNameAttrName).getValue(), "y");
}

TEST_F(OnnxTest, RefusesUnknownNamesInOptions) {
  options.dims["M"] = 3;
  EXPECT_EQ(refusal(kLinear), "m: no input has a dimension named 'M'");
  options.dims.clear();
  options.constants["z"] = "";
  EXPECT_EQ(refusal(kLinear), "m: there is no input 'z' to make a constant");
}

TEST_F(OnnxTest, WarnsOfNaN) {
  std::string weights = R"(ir_version: 8 opset_import { version: 13 } graph { name: "g"
      node { input: "x" input: "w" output: "y" op_type: "Add" }
      initializer { dims: 1 data_type: 1 float_data: nan name: "w" }
      input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_value: 1 } } } } }
      output { name: "y" } })";
  ASSERT_TRUE(bool(import(weights, Syntax::ProtobufText)));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "m: tensor 'w' holds 1 NaN value");
}

TEST_F(OnnxTest, KeepsWeightsBitByBit) {
  // 20 f16 values with payloads that no conversion would keep: signalling NaNs and subnormals.
  std::string raw, escaped;
  for (int i = 0; i < 20; ++i) {
    raw += static_cast<char>(i);
    raw += static_cast<char>(i % 2 ? 0x7c : 0x80);
  }
  for (unsigned char byte : raw) {
    char text[8];
    std::snprintf(text, sizeof(text), "\\%03o", byte);
    escaped += text;
  }
  auto module = import(R"(ir_version: 8 opset_import { version: 13 } graph { name: "g"
      node { input: "x" input: "w" output: "y" op_type: "Add" }
      initializer { dims: 20 data_type: 10 raw_data: ")" +
                           escaped + R"(" name: "w" }
      input { name: "x" type { tensor_type { elem_type: 10 shape { dim { dim_value: 20 } } } } }
      output { name: "y" } })",
                       Syntax::ProtobufText);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  bool found = false;
  (*module)->walk([&](mlir::arith::ConstantOp op) {
    auto attr = llvm::dyn_cast<mlir::DenseResourceElementsAttr>(op.getValue());
    if (!attr)
      return;
    found = true;
    llvm::ArrayRef<char> data = attr.getRawHandle().getBlob()->getData();
    ASSERT_EQ(data.size(), raw.size());
    EXPECT_EQ(std::memcmp(data.data(), raw.data(), raw.size()), 0);
  });
  EXPECT_TRUE(found);
}

TEST_F(OnnxTest, RefusesDuplicatesAndUndefinedNames) {
  auto node = [](const std::string &body) {
    return "<ir_version: 8, opset_import: [\"\" : 13]> g (float[2] x) => (float[2] y) {" + body + "}";
  };
  EXPECT_EQ(refusal(node("y = Relu(x) y = Abs(x)")),
            "m: 1 unsupported node: 'y' (Abs: its output 'y' is already defined)");
  EXPECT_EQ(refusal(node("y = Relu(z)")),
            "m: 1 unsupported node: 'y' (Relu: no input, initializer or earlier node defines its input 'z')");
  // A cycle is a use before the definition.
  EXPECT_EQ(refusal(node("a = Relu(y) y = Relu(a)")),
            "m: 1 unsupported node: 'a' (Relu: no input, initializer or earlier node defines its input 'y')");
  EXPECT_EQ(refusal(node("a = Relu(x)")), "m: output 'y' is computed by no node");
}

// Each of these once overflowed or read past an array.
TEST_F(OnnxTest, RefusesHostileNumbers) {
  auto model = [](const std::string &inputs, const std::string &body) {
    return "<ir_version: 8, opset_import: [\"\" : 13]> g (" + inputs + ") => (float[2] y) {" + body + "}";
  };
  EXPECT_EQ(refusal(model("float[2] x, int64[3] s = {4294967296, 4294967296, 2}", "y = Reshape(x, s)")),
            "m: 1 unsupported node: 'y' (Reshape: the tensor would have more than 2^40 bytes)");
  EXPECT_EQ(refusal(model("float[1,0,5,9223372036854775807] x", "y = MaxPool<kernel_shape=[5,5]>(x)")),
            "m: input 'x': extent 9223372036854775807 is above 2^40");
  EXPECT_EQ(refusal(model("float[2] x", "y = Einsum<equation=\"i->i\">()")),
            "m: 1 unsupported node: 'y' (Einsum: Node () has input size 0 not in range [min=1, max=2147483647].)");
  EXPECT_EQ(refusal(model("float[2] x, int64 a = {9223372036854775807}, int64 b = {0}, int64 c = {1}",
                          "r = Range(a, b, c) y = Relu(x)")),
            "");
}
