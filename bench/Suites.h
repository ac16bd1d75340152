//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The suites and tools that spnn-bench offers.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_SUITES_H
#define SPNN_BENCH_SUITES_H

#include "ElementTypes.h"
#include "Matrix.h"

#include "llvm/Support/JSON.h"

#include <string>

namespace spnn::bench {

struct SuiteOptions {
  bool quick = false;
  int threads = 1;
  std::string json;           ///< file of the rows; empty: none
  std::string dlmc;           ///< folder with .smtx files; empty: none
  std::string data;           ///< folder with graphs in .npz files; empty: none
  std::string cache;          ///< folder that keeps peers compiled for a shape
  std::string filter;         ///< regular expression that a case's name must contain a match of
  std::string targetFile;     ///< target description of our cost model
  bool tune = false;          ///< suite sweep: what the tuner would choose, too
  std::string format;         ///< forces our format instead of the one that the pattern is made for
  std::string kernel;         ///< forces our kernel
  std::string splitColumns = "auto"; ///< whether ours are computed slice by slice of their columns
  std::string clusterRows = "auto"; ///< whether rows of constant graphs come in clusters
  std::string cpu = "native"; ///< to compile our kernels for
  ElementTypes types;         ///< of our products
  double activationDensity = 1; ///< share of the activations that are not zero
  double seconds = 0;         ///< of measuring a case; 0: the suite's own
  int cases = 0;              ///< of a suite that makes its own; 0: the suite's own number
  int rotate = 0;             ///< matrices of a case; 0: the suite's own
};

/// A product of a matrix with `pattern` and n columns.
struct ProductCase {
  int64_t m, k, n;
  Pattern pattern;

  std::string name() const {
    return std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) + "/" + pattern.name();
  }
};

/// Writes what a suite found to the file of its options, if they name one. False, with a message, if that fails.
bool writeRows(const SuiteOptions &options, llvm::json::Array rows);

/// Products of sparse weights with dense activations, ours and peers. Returns the exit status.
int runMatmulSuite(const SuiteOptions &options);
/// Seeded layers of all sizes: the chosen kernel beside dense and beside every other candidate, measured and predicted.
int runSweepSuite(const SuiteOptions &options);

/// Blocks of a network, layers and what joins them: activations packed throughout, packed for products only, and dense.
int runBlockSuite(const SuiteOptions &options);
/// A layer of graph attention, forward and backward, on real graphs.
int runGatSuite(const SuiteOptions &options);

/// Sums over neighbours on real and generated graphs, beside loops written by hand.
int runSpmmSuite(const SuiteOptions &options);

/// Our kernels on one thread and on several, with nothing between the calls.
int runScalingSuite(const SuiteOptions &options);

struct CalibrateOptions {
  std::string output = "-";
  std::string splitColumns = "auto"; ///< whether ours are computed slice by slice of their columns
  std::string cpu = "native"; ///< to compile the kernels for
  std::string name;
  std::string kernel; ///< measure this one alone; everything else is that of `base`
  std::string base;   ///< a target description, by name or file
};

/// Measures this machine and our kernels and writes a target description. Returns the exit status.
int calibrate(const CalibrateOptions &options);
/// Compares predictions with measurements, for the target description in `file`. Returns the exit status.
int checkCalibration(const std::string &file, const std::string &cpu);

} // namespace spnn::bench

#endif // SPNN_BENCH_SUITES_H
