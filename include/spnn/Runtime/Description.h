//===- Description.h - What a compiled model says of itself -----*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of a compiled model with the types of their inputs and outputs,
// as structs, and the reader and writer of their text form, which every model
// carries as `spnn_model_description` (docs/runtime-abi.md). No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_RUNTIME_DESCRIPTION_H
#define SPNN_RUNTIME_DESCRIPTION_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spnn::runtime {

/// Nothing, or one sentence that says what went wrong.
using Error = std::optional<std::string>;

/// Element types; the values are those of spnn_dtype in Engine.h. I1 is one
/// byte, 0 or 1. Integers have no sign of their own, as in MLIR.
enum class DType : int32_t { F32, F64, F16, BF16, I1, I8, I16, I32, I64 };

/// "f32", "i1", ...
const char *dtypeName(DType dtype);
std::optional<DType> dtypeFromName(std::string_view name);
/// Bytes of one element: 1, 2, 4 or 8.
unsigned dtypeBytes(DType dtype);

/// One extent of a tensor.
struct Extent {
  enum class Kind {
    Static,  ///< always `value`
    Dynamic, ///< of an input: chosen by the caller, `?` or `?name`
    OfInput, ///< of an output: input `input`'s dynamic extent `dim` + `offset`
  };
  Kind kind = Kind::Static;
  int64_t value = 0;
  /// Dynamic extents of one function with the same name (not "") are equal.
  std::string name;
  unsigned input = 0;
  unsigned dim = 0;
  int32_t offset = 0;
};

/// An input or an output of a function.
struct TensorSpec {
  std::string name;
  DType dtype = DType::F32;
  std::vector<Extent> shape;
};

struct FunctionSpec {
  std::string name;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

struct ModelDescription {
  std::string producer; ///< who compiled the model, e.g. "sparse-opt 0.1.0"
  std::string target;   ///< the CPU it was compiled for, e.g. "znver5"
  std::vector<FunctionSpec> functions;

  /// The function of that name, or nullptr.
  const FunctionSpec *find(std::string_view name) const;
};

/// Reads the text form. The error names line, tensor and rule; `result` is
/// then unspecified. Any bytes are safe.
[[nodiscard]] Error parseDescription(std::string_view text,
                                     ModelDescription &result);

/// The text form; parseDescription reads it back to an equal description if
/// the names hold no line break.
std::string printDescription(const ModelDescription &description);

/// "f32[?batch, 784]"; with extents resolved by `shape` if it is given.
std::string typeString(const TensorSpec &spec);
std::string typeString(DType dtype, const std::vector<int64_t> &shape);

/// Elements of a tensor of `shape`; nullopt if an extent is negative or if
/// the elements' bytes (8 each at most) would not fit 63 bits.
std::optional<int64_t> elementCount(const std::vector<int64_t> &shape);

/// Checks the inputs' shapes against `function` (ranks, static extents, equal
/// names), appends the values of the dynamic extents, in order, to `dims` and
/// the outputs' shapes to `outputs`. The error names the tensor and the rule.
[[nodiscard]] Error
resolveShapes(const FunctionSpec &function,
              const std::vector<std::vector<int64_t>> &inputs,
              std::vector<int64_t> &dims,
              std::vector<std::vector<int64_t>> &outputs);

} // namespace spnn::runtime

#endif // SPNN_RUNTIME_DESCRIPTION_H
