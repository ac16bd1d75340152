//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types of MLIR as the C interface of models knows them.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/ElementTypes.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spnn;

std::optional<runtime::DType> spnn::getDType(Type type) {
  using runtime::DType;
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (type.isIndex())
    return DType::I64;
  if (auto integer = dyn_cast<IntegerType>(type))
    return runtime::dtypeFromName("i" + std::to_string(integer.getWidth()));
  return std::nullopt;
}

RankedTensorType spnn::getArgumentTensor(Type type) {
  if (isa<FloatType, IntegerType>(type) && getDType(type))
    return RankedTensorType::get({}, type);
  return dyn_cast<RankedTensorType>(type);
}

std::optional<std::string> spnn::checkInterfaceType(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getEncoding())
    stream << "arguments and results of a model are dense ranked tensors, got " << type;
  else if (!getDType(tensor.getElementType()))
    stream << "element type " << tensor.getElementType() << " cannot cross the C interface";
  else
    return std::nullopt;
  return text;
}
