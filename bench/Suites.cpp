//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the suites share: the file of their rows.
//
//===----------------------------------------------------------------------===//
#include "Suites.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace spnn::bench;

bool spnn::bench::writeRows(const SuiteOptions &options, llvm::json::Array rows) {
  if (options.json.empty())
    return true;
  std::error_code error;
  llvm::raw_fd_ostream os(options.json, error);
  if (error) {
    llvm::errs() << "spnn-bench: cannot write " << options.json << ": " << error.message() << "\n";
    return false;
  }
  os << llvm::formatv("{0:2}", llvm::json::Value(std::move(rows))) << "\n";
  return true;
}
