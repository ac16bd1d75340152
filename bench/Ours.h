//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our side of the benchmarks: products compiled by the CPU pipeline in this process, loaded and called.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_OURS_H
#define SPNN_BENCH_OURS_H

#include "ElementTypes.h"
#include "Matrix.h"

#include "spnn/Runtime/Loader.h"

#include "mlir/IR/MLIRContext.h"

#include <map>
#include <memory>

namespace spnn::bench {

/// What a compiled function takes and gives, all row-major or packed panels:
/// Linear: X[n][k] to Y[n][m], as a layer of a network has it;
/// Rows: X[k][n] to Y[m][n], as peers that compute W X have it, panels packed and unpacked inside;
/// Packed: panels to panels, the kernel alone.
enum class Form { Linear, Rows, Packed };
const char *formName(Form form);

struct Product {
  const Matrix *weights;
  int64_t columns;
  Form form;
  double activationDensity = 1; ///< told to the compiler
};

struct CompileOptions {
  /// Forced; empty leaves the choice to the cost model. A format that the compiler does not look for, such as
  /// nmg2:4:16, is given to the weights as their encoding.
  std::string format;
  std::string kernel; ///< likewise
  int threads = 1;
  std::string cpu = "native", targetFile;
  bool packElementwise = true; ///< of a whole model: what stands between products works on packed activations
  std::string splitColumns = "auto"; ///< of the forms with row-major operands
  std::string clusterRows = "auto"; ///< whether rows of constant graphs come in clusters
  bool tune = false;     ///< choose by measuring
  std::string tuneCache; ///< and keep the times there
  ElementTypes types;
};

/// Compiles a module given as text into a library and loads it.
runtime::Error compileModel(const std::string &text, const CompileOptions &options,
                            std::unique_ptr<runtime::Model> &result);

/// Products compiled into one library, each called on buffers of its own choice.
class Compiled {
public:
  static runtime::Error compile(const std::vector<Product> &products, const CompileOptions &options,
                                std::unique_ptr<Compiled> &result);

  /// A format and kernel that were possible; the kernel of "dense" is "".
  struct Candidate {
    std::string format, kernel;
    double predicted = 0; ///< microseconds of the kernel alone
  };
  /// What the compiler made of a product.
  struct Info {
    std::string format, kernel; ///< kernel "onednn" for a product left dense; "csr + csr-matvec" for slices of columns
    std::string parameters;
    std::string costName; ///< of the kernel's coefficients (CpuKernel::getCostName)
    int64_t storedValues = 0; ///< padding included
    double valueCost = 1;     ///< of a stored value, relative to the kernel's coefficients (CpuKernel::getValueCost)
    double predicted = 0;     ///< microseconds of the kernel alone, by the cost model
    double layout = 0;        ///< and of packing and unpacking
    std::vector<Candidate> candidates;
    std::string preferred;    ///< the format that the cost model would choose
    int64_t panelWidth = 0, panelVector = 1;
  };
  const Info &info(size_t product) const { return infos[product]; }

  /// The operand that the product wants, from X[k][n], its bytes as floats: of bf16 or i8 in the packed form, and behind
  /// them, on a cache line, the scales of the columns; and Y[m][n] from its result.
  std::vector<float> pack(size_t product, const std::vector<float> &x) const;
  std::vector<float> unpack(size_t product, const std::vector<float> &y) const;
  int64_t inputElements(size_t product) const { return inputs[product]; }
  int64_t outputElements(size_t product) const { return outputs[product]; }

  /// Must precede `run`; the buffers stay the caller's.
  runtime::Error bind(size_t product, float *x, float *y);
  runtime::Error run(size_t product) { return calls[product].run(context); }

private:
  std::vector<Product> products;
  std::vector<Info> infos;
  std::vector<int64_t> inputs, outputs; ///< in floats; bytes of other types are rounded up
  std::string activations;
  std::unique_ptr<runtime::Model> model;
  runtime::Context context; ///< after the model: goes first
  std::vector<runtime::Call> calls;
};

} // namespace spnn::bench

#endif // SPNN_BENCH_OURS_H
