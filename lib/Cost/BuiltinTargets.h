//===- BuiltinTargets.h - Texts of the built-in targets ---------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The JSON texts of lib/Cost/targets, which the build embeds into the library.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_COST_BUILTINTARGETS_H
#define SPNN_LIB_COST_BUILTINTARGETS_H

#include <cstddef>

namespace spnn::cost::detail {

extern const char *const builtinTargets[];
extern const size_t numBuiltinTargets;

} // namespace spnn::cost::detail

#endif // SPNN_LIB_COST_BUILTINTARGETS_H
