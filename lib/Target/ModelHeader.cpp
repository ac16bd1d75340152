//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C header of a compiled model: one typed inline function for each function of the model.
//
//===----------------------------------------------------------------------===//
#include "ModelHeader.h"

#include "spnn/Runtime/Description.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace spnn;
using runtime::DType;
using runtime::Extent;

static llvm::StringRef cType(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return "float";
  case DType::F64:
    return "double";
  case DType::F16:
  case DType::BF16:
    return "uint16_t";
  case DType::I1:
    return "uint8_t";
  case DType::I8:
    return "int8_t";
  case DType::I16:
    return "int16_t";
  case DType::I32:
    return "int32_t";
  case DType::I64:
    return "int64_t";
  }
  llvm_unreachable("all element types are handled");
}

namespace {
/// Turns names into C identifiers that are neither keywords nor taken (docs/runtime-abi.md, "The C header").
class Identifiers {
public:
  std::string make(llvm::StringRef name) {
    static const llvm::StringSet<> reserved = {
        "main",      "auto",   "break",    "case",     "char",     "const",    "continue",  "default", "do",
        "double",    "else",   "enum",     "extern",   "float",    "for",      "goto",      "if",      "inline",
        "int",       "long",   "register", "restrict", "return",   "short",    "signed",    "sizeof",  "static",
        "struct",    "switch", "typedef",  "union",    "unsigned", "void",     "volatile",  "while",   "and",
        "bool",      "catch",  "class",    "delete",   "explicit", "export",   "false",     "friend",  "mutable",
        "namespace", "new",    "not",      "operator", "or",       "private",  "protected", "public",  "template",
        "this",      "throw",  "true",     "try",      "typeid",   "typename", "using",     "virtual", "xor",
        "asm",       "data",   "dims",     "context"};
    std::string result;
    for (char c : name)
      result += llvm::isAlnum(c) || c == '_' ? c : '_';
    if (result.empty() || llvm::isDigit(result[0]))
      result = "_" + result;
    while (reserved.contains(result) || !taken.insert(result).second)
      result += "_";
    return result;
  }

private:
  llvm::StringSet<> taken;
};

bool isIdentifier(llvm::StringRef name) {
  return !name.empty() && !llvm::isDigit(name[0]) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

void writeFunction(const runtime::FunctionSpec &function, Identifiers &global, llvm::raw_ostream &os) {
  std::string entry = "spnn_entry_" + function.name, entryName = entry;
  if (!isIdentifier(function.name))
    entryName = global.make(entry);
  os << "\nint32_t " << entryName << "(spnn_context *, void *const *, const int64_t *)";
  if (entryName != entry)
    os << " __asm__(\"" << entry << "\")";
  os << ";\n\n";

  Identifiers local;
  std::string parameters = "spnn_context *context", pointers, extents, inputs, outputs;
  std::vector<std::vector<std::string>> names; // of each input's extents
  auto add = [&](const Extent &extent) {
    std::string offset = std::to_string(std::abs(int64_t(extent.offset)));
    return names[extent.input][extent.dim] + (extent.offset == 0 ? "" : (extent.offset > 0 ? " + " : " - ") + offset);
  };
  auto shape = [&](const runtime::TensorSpec &tensor, llvm::ArrayRef<std::string> own) {
    std::string result;
    for (auto [dim, extent] : llvm::enumerate(tensor.shape))
      result += (dim ? ", " : "") + (extent.kind == Extent::Kind::Static    ? std::to_string(extent.value)
                                     : extent.kind == Extent::Kind::OfInput ? add(extent)
                                                                            : own[dim]);
    return (llvm::Twine(runtime::dtypeName(tensor.dtype)) + "[" + result + "]").str();
  };
  for (const runtime::TensorSpec &tensor : function.inputs) {
    std::string name = local.make(tensor.name);
    parameters += (", const " + cType(tensor.dtype) + " *" + name).str();
    pointers += (pointers.empty() ? "" : ", ") + ("(void *)" + name);
    std::vector<std::string> own(tensor.shape.size());
    for (auto [dim, extent] : llvm::enumerate(tensor.shape)) {
      if (extent.kind != Extent::Kind::Dynamic)
        continue;
      own[dim] = local.make(name + "_d" + std::to_string(dim));
      parameters += ", int64_t " + own[dim];
      extents += (extents.empty() ? "" : ", ") + own[dim];
    }
    inputs += (inputs.empty() ? "" : ", ") + name + " " + shape(tensor, own);
    names.push_back(own);
  }
  for (const runtime::TensorSpec &tensor : function.outputs) {
    std::string name = local.make(tensor.name);
    parameters += (", " + cType(tensor.dtype) + " *" + name).str();
    pointers += (pointers.empty() ? "" : ", ") + ("(void *)" + name);
    outputs += (outputs.empty() ? "" : ", ") + name + " " + shape(tensor, {});
  }
  os << "/* " << outputs << " = " << function.name << "(" << inputs
     << "). Returns 0, or another value: see spnn_context_error. */\n"
     << "static inline int " << global.make(function.name) << "(" << parameters << ") {\n";
  if (!pointers.empty())
    os << "  void *const data[] = {" << pointers << "};\n";
  if (!extents.empty())
    os << "  const int64_t dims[] = {" << extents << "};\n";
  os << "  return " << entryName << "(context, " << (pointers.empty() ? "0" : "data") << ", "
     << (extents.empty() ? "0" : "dims") << ");\n}\n";
}
} // namespace

target::Error target::writeModelHeader(llvm::StringRef text, llvm::StringRef name, std::string &header) {
  runtime::ModelDescription description;
  if (runtime::Error error = runtime::parseDescription(std::string_view(text.data(), text.size()), description))
    return "the module's description is not valid: " + *error;
  llvm::raw_string_ostream os(header);
  Identifiers global;
  std::string guard = "SPNN_MODEL_" + llvm::StringRef(global.make(name)).upper() + "_H";
  os << "/* " << name << ".h - written by " << description.producer << "; do not edit. */\n#ifndef " << guard
     << "\n#define " << guard << R"(

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spnn_context spnn_context;
spnn_context *spnn_context_create(int32_t threads); /* below 1: as many as OpenMP would use */
void spnn_context_destroy(spnn_context *context);
const char *spnn_context_error(const spnn_context *context);
)";
  for (const runtime::FunctionSpec &function : description.functions)
    writeFunction(function, global, os);
  os << R"(
#ifdef __cplusplus
}
#endif
#endif
)";
  return std::nullopt;
}
