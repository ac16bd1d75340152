//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Work on many items, each in a process of its own, so that one that crashes or hangs takes no other with it.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_ONNX_CHILDREN_H
#define SPNN_TEST_ONNX_CHILDREN_H

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spnn::test {

/// What became of an item.
struct ChildResult {
  std::string text;                 ///< what the work returned
  std::optional<std::string> death; ///< how its process ended, if not as it should: "it was ended by signal 11 (...)"
};

/// Calls `work` with 0 to count - 1, each in a forked process, `jobs` at a time and for `seconds` at most. The calling
/// process has one thread.
std::vector<ChildResult> runInChildren(size_t count, unsigned jobs, unsigned seconds,
                                       const std::function<std::string(size_t)> &work);

} // namespace spnn::test

#endif // SPNN_TEST_ONNX_CHILDREN_H
