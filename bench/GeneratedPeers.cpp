//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Peers that are compiled for one shape: MLIR's sparsifier and a plain C loop nest.
//
//===----------------------------------------------------------------------===//
#include "Peers.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

#include <regex>

using namespace spnn::bench;
using llvm::StringRef;

namespace {
/// A memref descriptor of rank R, as `llvm.emit_c_interface` takes it.
template <typename T, int R> struct MemRef {
  T *base, *data;
  int64_t offset = 0;
  int64_t sizes[R], strides[R];
};

template <typename T> MemRef<T, 1> vectorRef(const std::vector<T> &values) {
  T *data = const_cast<T *>(values.data());
  return {data, data, 0, {static_cast<int64_t>(values.size())}, {1}};
}

MemRef<float, 2> matrixRef(const float *data, int64_t rows, int64_t cols) {
  float *base = const_cast<float *>(data);
  return {base, base, 0, {rows, cols}, {cols, 1}};
}

using SparsifierFn = void(MemRef<float, 2> *, MemRef<int32_t, 1> *, MemRef<int32_t, 1> *, MemRef<float, 1> *,
                          MemRef<float, 2> *, MemRef<float, 2> *);
using PlainFn = void(const int32_t *, const int32_t *, const float *, const float *, float *);

/// What the sparsifier is given: Y += W X, static extents, 32-bit positions and indices.
constexpr const char *kProduct = R"mlir(
#rows = #sparse_tensor.encoding<{ map = (i, k) -> (i : dense, k : compressed), posWidth = 32, crdWidth = 32 }>
func.func @NAME(%positions: tensor<?xi32>, %indices: tensor<?xi32>, %values: tensor<?xf32>, %x: tensor<KxNxf32>,
                %y: tensor<MxNxf32> {bufferization.writable = true}) -> tensor<MxNxf32>
    attributes {llvm.emit_c_interface} {
  %w = sparse_tensor.assemble (%positions, %indices), %values
      : (tensor<?xi32>, tensor<?xi32>), tensor<?xf32> to tensor<MxKxf32, #rows>
  %sum = linalg.matmul ins(%w, %x : tensor<MxKxf32, #rows>, tensor<KxNxf32>) outs(%y : tensor<MxNxf32>)
      -> tensor<MxNxf32>
  return %sum : tensor<MxNxf32>
}
)mlir";

constexpr const char *kPlain = R"c(
#include <stdint.h>
void plain(const int32_t *restrict positions, const int32_t *restrict indices, const float *restrict values,
           const float *restrict x, float *restrict y) {
  for (int i = 0; i < ROWS; ++i) {
    for (int j = 0; j < COLUMNS; ++j)
      y[i * COLUMNS + j] = 0;
    for (int32_t p = positions[i]; p < positions[i + 1]; ++p)
      for (int j = 0; j < COLUMNS; ++j)
        y[i * COLUMNS + j] += values[p] * x[indices[p] * COLUMNS + j];
  }
}
)c";

struct Variant {
  const char *symbol, *peer, *label, *options;
  bool patched; ///< noalias and contraction written into the LLVM IR by hand
};

const char kPlainOptions[] = "enable-runtime-library=false vl=16";
const char kAllOptions[] =
    "enable-runtime-library=false vl=16 reassociate-fp-reductions=true enable-index-optimizations=true";
const Variant kVariants[] = {
    {"sparsifier_plain", "mlir-sparsifier", "vl=16", kPlainOptions, false},
    {"sparsifier_all", "mlir-sparsifier", "vl=16 reassociate-fp-reductions enable-index-optimizations", kAllOptions,
     false},
    {"sparsifier_patched", "mlir-sparsifier-patched", "vl=16, noalias and fast contraction added by hand", kAllOptions,
     true},
};

/// Builds in a folder, remembering the first failure.
class Toolchain {
public:
  Toolchain(StringRef folder, std::string &problem) : folder(folder), problem(problem) {}

  std::string path(const std::string &name) const { return folder + "/" + name; }
  void write(const std::string &name, StringRef text) {
    std::error_code status;
    llvm::raw_fd_ostream os(path(name), status);
    if (status)
      problem = "cannot write " + path(name) + ": " + status.message();
    else
      os << text;
  }
  void run(StringRef tool, const std::vector<std::string> &arguments) {
    if (!problem.empty())
      return;
    std::string program = std::string(SPNN_LLVM_TOOLS) + "/" + tool.str(), log = path("log");
    std::vector<StringRef> all{program};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
    std::string message;
    if (llvm::sys::ExecuteAndWait(program, all, std::nullopt, redirects, 0, 0, &message))
      problem = tool.str() + " failed, see " + log + " " + message;
  }

private:
  std::string folder;
  std::string &problem;
};

std::string replaced(std::string text, const std::vector<std::pair<std::string, std::string>> &words) {
  for (const auto &[word, by] : words)
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
      text.replace(at, word.size(), by);
  return text;
}

std::string readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// Builds the shared library of one shape unless the cache has it. Returns its path.
std::string build(int64_t m, int64_t k, int64_t n, const std::string &cache, std::string &problem) {
  std::string shape = std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
  std::string folder = cache + "/" + shape, library = folder + "/peers.so";
  if (llvm::sys::fs::exists(library))
    return library;
  if (std::error_code status = llvm::sys::fs::create_directories(folder)) {
    problem = "cannot create " + folder + ": " + status.message();
    return "";
  }
  Toolchain tools(folder, problem);
  std::vector<std::string> link{"-shared", "-o", library + ".tmp"};
  // mlir-translate names no target, and without one nothing is vectorised.
  const std::string triple = "-mtriple=x86_64-pc-linux-gnu", cpu = "-mcpu=native";
  for (const Variant &variant : kVariants) {
    std::string name = variant.symbol;
    tools.write(name + ".mlir", replaced(kProduct, {{"NAME", name},
                                                    {"MxNx", std::to_string(m) + "x" + std::to_string(n) + "x"},
                                                    {"KxNx", std::to_string(k) + "x" + std::to_string(n) + "x"},
                                                    {"MxKx", std::to_string(m) + "x" + std::to_string(k) + "x"}}));
    tools.run("mlir-opt", {tools.path(name + ".mlir"), std::string("--sparsifier=") + variant.options, "-o",
                           tools.path(name + ".llvm.mlir")});
    tools.run("mlir-translate", {"--mlir-to-llvmir", tools.path(name + ".llvm.mlir"), "-o", tools.path(name + ".ll")});
    if (variant.patched && problem.empty()) {
      std::string text = readFile(tools.path(name + ".ll"));
      // Distinct operands, and what -ffp-contract=fast means: neither is an option of the sparsifier.
      std::string head = "@" + name + "(";
      size_t begin = text.find(head), end = text.find(") {", begin);
      if (begin != std::string::npos && end != std::string::npos)
        text.replace(begin, end - begin, replaced(text.substr(begin, end - begin), {{"ptr %", "ptr noalias %"}}));
      text = std::regex_replace(text, std::regex("= f(mul|add) <"), "= f$1 contract <");
      tools.write(name + ".ll", text);
    }
    tools.run("opt", {"-O3", triple, cpu, tools.path(name + ".ll"), "-o", tools.path(name + ".bc")});
    tools.run("llc", {"-O3", triple, cpu, "-relocation-model=pic", "-filetype=obj", tools.path(name + ".bc"), "-o",
                      tools.path(name + ".o")});
    link.push_back(tools.path(name + ".o"));
  }
  tools.write("plain.c", kPlain);
  tools.run("clang", {"-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=fast", "-fPIC",
                      "-DROWS=" + std::to_string(m), "-DCOLUMNS=" + std::to_string(n), "-c", tools.path("plain.c"),
                      "-o", tools.path("plain.o")});
  link.push_back(tools.path("plain.o"));
  tools.run("clang", link);
  if (problem.empty())
    llvm::sys::fs::rename(library + ".tmp", library);
  return library;
}
} // namespace

std::vector<PeerVariant> spnn::bench::makeGeneratedPeers(const std::vector<Matrix> &matrices, const Operands &operands,
                                                         const std::string &cache, std::string &problem) {
  int64_t m = matrices[0].rows, k = matrices[0].cols, n = operands.columns;
  std::string path = build(m, k, n, cache, problem);
  if (!problem.empty())
    return {};
  // Never closed: the process ends soon.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = std::string("cannot load generated peers: ") + dlerror();
    return {};
  }
  std::vector<PeerVariant> variants;
  const std::vector<Matrix> *all = &matrices;
  const float *x = operands.x;
  float *y = operands.y;
  int count = static_cast<int>(matrices.size());
  for (const Variant &variant : kVariants) {
    std::string symbol = std::string("_mlir_ciface_") + variant.symbol;
    auto *function = reinterpret_cast<SparsifierFn *>(dlsym(library, symbol.c_str()));
    if (!function) {
      problem = "generated peers lack " + symbol;
      return {};
    }
    variants.push_back({variant.peer, variant.label, false, true, count, [=](int i) {
                          const Matrix &matrix = (*all)[i];
                          auto positions = vectorRef(matrix.positions), indices = vectorRef(matrix.indices);
                          auto values = vectorRef(matrix.values);
                          auto in = matrixRef(x, k, n), out = matrixRef(y, m, n);
                          MemRef<float, 2> result;
                          function(&result, &positions, &indices, &values, &in, &out);
                        }});
  }
  auto *plain = reinterpret_cast<PlainFn *>(dlsym(library, "plain"));
  if (!plain) {
    problem = "generated peers lack plain";
    return {};
  }
  variants.push_back({"plain-c", "clang -O3 -march=native, static columns", false, false, count, [=](int i) {
                        const Matrix &matrix = (*all)[i];
                        plain(matrix.positions.data(), matrix.indices.data(), matrix.values.data(), x, y);
                      }});
  return variants;
}
