//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emission of compiled modules: LLVM IR, assembly, objects, shared libraries with a C header.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TARGET_EMIT_H
#define SPNN_TARGET_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spnn::target {

/// Nothing, or one sentence that says what went wrong.
using Error = std::optional<std::string>;

/// Hears what emission does next, such as "linking", and an empty text before it writes to standard output.
using EmitProgress = llvm::function_ref<void(llvm::StringRef)>;

enum class EmitKind { Mlir, Bytecode, LLVM, Asm, Obj, So };

/// The kind of that name ("mlir", "bytecode", "llvm", "asm", "obj", "so").
std::optional<EmitKind> parseEmitKind(llvm::StringRef name);

/// Adds the translations to LLVM IR that emission needs.
void registerTranslations(mlir::DialectRegistry &registry);

/// Writes `module` to `path` ("-": standard output, for all but a shared library). All kinds beyond MLIR want the LLVM
/// dialect, as the pipelines leave it; code is optimised (-O3) for the CPU of the module's `spnn.target`. A shared
/// library `m.so` gets a C header `m.h` beside it. Files appear whole or not at all.
Error emit(mlir::ModuleOp module, EmitKind kind, llvm::StringRef path, EmitProgress progress = [](llvm::StringRef) {});

} // namespace spnn::target

#endif // SPNN_TARGET_EMIT_H
