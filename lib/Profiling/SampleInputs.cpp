//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sample inputs of a function, read from NumPy's files and cut into samples.
//
//===----------------------------------------------------------------------===//
#include "SampleInputs.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::profiling;

/// NumPy's name of the element type; null if it has none.
static const char *getNumpyName(Type type) {
  if (type.isF16())
    return "float16";
  if (type.isF32())
    return "float32";
  if (type.isF64())
    return "float64";
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return isa<IndexType>(type) ? "int64" : nullptr;
  switch (integer.getWidth()) {
  case 1:
    return "bool";
  case 8:
    return integer.isUnsigned() ? "uint8" : "int8";
  case 16:
    return integer.isUnsigned() ? "uint16" : "int16";
  case 32:
    return integer.isUnsigned() ? "uint32" : "int32";
  case 64:
    return integer.isUnsigned() ? "uint64" : "int64";
  default:
    return nullptr;
  }
}

/// Whether an array of shape `shape` is a tensor of type `type`.
static bool fits(ArrayRef<int64_t> shape, ArrayRef<int64_t> type) {
  return shape.size() == type.size() && llvm::all_of(llvm::zip(shape, type), [](auto extents) {
           return ShapedType::isDynamic(std::get<1>(extents)) || std::get<0>(extents) == std::get<1>(extents);
         });
}

Error SampleInputs::add(const std::string &name, const std::string &file, Type type, numpy::Array array) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  const char *numpyName = tensor && !tensor.getEncoding() ? getNumpyName(tensor.getElementType()) : nullptr;
  std::string typeText;
  llvm::raw_string_ostream(typeText) << type;
  if (!numpyName)
    return "input '" + name + "' has type " + typeText + ", which no NumPy array has";
  if (numpyName != StringRef(numpy::dtypeName(array.dtype)))
    return "input '" + name + "' has type " + typeText + ", and the array in '" + file + "' holds " +
           numpy::dtypeName(array.dtype) + " instead of " + numpyName;
  Input input;
  input.elementType = tensor.getElementType();
  ArrayRef<int64_t> shape(array.shape), wanted = tensor.getShape();
  if (fits(shape, wanted)) {
    input.shape.assign(shape.begin(), shape.end());
  } else if (!shape.empty() && fits(shape.drop_front(), wanted)) {
    input.samples = shape[0];
    input.shape.assign(shape.begin() + 1, shape.end());
  } else if (!wanted.empty() && shape.size() == wanted.size() && !ShapedType::isDynamic(wanted[0]) && wanted[0] > 0 &&
             shape[0] % wanted[0] == 0 && fits(shape.drop_front(), wanted.drop_front())) {
    input.samples = shape[0] / wanted[0];
    input.shape.assign(shape.begin(), shape.end());
    input.shape[0] = wanted[0];
  } else {
    std::string extents;
    for (int64_t extent : shape)
      extents += (extents.empty() ? "" : "x") + std::to_string(extent);
    return "input '" + name + "' has type " + typeText + ", and the array in '" + file + "' has shape " +
           (extents.empty() ? "of a scalar" : extents);
  }
  if (input.samples == 0)
    return "the array for input '" + name + "' in '" + file + "' holds no samples";
  if (input.samples != 1 && samples != 1 && input.samples != samples)
    return "the array for input '" + name + "' in '" + file + "' holds " + std::to_string(input.samples) +
           " samples, another input has " + std::to_string(samples);
  samples = std::max(samples, input.samples);
  input.array = std::move(array);
  inputs.push_back(std::move(input));
  return std::nullopt;
}

Error SampleInputs::read(func::FuncOp function, ArrayRef<std::string> files) {
  SmallVector<std::string> names;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, "spnn.name");
    names.push_back(name ? name.str() : "in" + std::to_string(i));
  }
  bool isArchive = files.size() == 1 && StringRef(files[0]).ends_with(".npz");
  if (!isArchive && files.size() != names.size())
    return "function '" + function.getName().str() + "' has " + std::to_string(names.size()) + " inputs, and " +
           std::to_string(files.size()) + " files of samples were named";
  if (!isArchive) {
    for (unsigned i = 0; i < names.size(); ++i) {
      numpy::Array array;
      if (Error error = numpy::readNpy(files[i], array))
        return error;
      if (Error error = add(names[i], files[i], function.getArgumentTypes()[i], std::move(array)))
        return error;
    }
    return std::nullopt;
  }
  std::vector<numpy::NamedArray> arrays;
  if (Error error = numpy::readNpz(files[0], arrays))
    return error;
  for (const numpy::NamedArray &array : arrays)
    if (!llvm::is_contained(names, array.name))
      return "'" + files[0] + "' holds an array '" + array.name + "', and function '" + function.getName().str() +
             "' has no input of that name";
  for (unsigned i = 0; i < names.size(); ++i) {
    auto found = llvm::find_if(arrays, [&](const numpy::NamedArray &array) { return array.name == names[i]; });
    if (found == arrays.end())
      return "'" + files[0] + "' holds no array for input '" + names[i] + "'";
    if (Error error = add(names[i], files[0], function.getArgumentTypes()[i], found->array))
      return error;
  }
  return std::nullopt;
}

SmallVector<reference::Tensor> SampleInputs::get(int64_t sample) const {
  SmallVector<reference::Tensor> result;
  for (const Input &input : inputs) {
    size_t bytes = input.array.bytes.size() / input.samples;
    const uint8_t *data = input.array.bytes.data() + (input.samples == 1 ? 0 : sample) * bytes;
    result.push_back(reference::Tensor::fromBytes(input.elementType, input.shape, data));
  }
  return result;
}
