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
#ifndef SPNN_LIB_TARGET_MODELHEADER_H
#define SPNN_LIB_TARGET_MODELHEADER_H

#include "spnn/Target/Emit.h"

namespace spnn::target {

/// Appends the header of the model `name` with that description (docs/runtime-abi.md) to `header`.
Error writeModelHeader(llvm::StringRef description, llvm::StringRef name, std::string &header);

} // namespace spnn::target

#endif // SPNN_LIB_TARGET_MODELHEADER_H
