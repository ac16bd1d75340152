//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Intel MKL's sparse product as a peer. MKL is neither free software nor in Debian, so it is opened at run time where
// somebody has it, and its few types are declared here as its reference manual has them.
//
//===----------------------------------------------------------------------===//
#include "Peers.h"

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>

using namespace spnn::bench;

namespace {
using Handle = void *;
struct Descriptor {
  int type = 20; // SPARSE_MATRIX_TYPE_GENERAL
  int mode = 0, diagonal = 0;
};
constexpr int kNoTranspose = 10, kRowMajor = 101, kZeroBased = 0, kSequential = 1, kLp64 = 0;

/// The functions of libmkl_rt; all null where there is none.
struct Mkl {
  int (*setInterface)(int) = nullptr;
  int (*setThreading)(int) = nullptr;
  void (*version)(char *, int) = nullptr;
  int (*createCsr)(Handle *, int, int32_t, int32_t, int32_t *, int32_t *, int32_t *, float *) = nullptr;
  int (*setHint)(Handle, int, Descriptor, int, int32_t, int32_t) = nullptr;
  int (*optimize)(Handle) = nullptr;
  int (*multiply)(int, float, Handle, Descriptor, int, const float *, int32_t, int32_t, float, float *,
                  int32_t) = nullptr;
  int (*destroy)(Handle) = nullptr;
  bool isComplete = false;
};
} // namespace

/// $SPNN_MKL, or libmkl_rt from the loader's path.
static const Mkl &getMkl() {
  static const Mkl mkl = [] {
    Mkl found;
    const char *asked = std::getenv("SPNN_MKL");
    void *library = nullptr;
    for (const char *name : {asked ? asked : "", "libmkl_rt.so.2", "libmkl_rt.so.3", "libmkl_rt.so"})
      if (!library && *name)
        library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return found;
    found.isComplete = true;
    auto resolve = [&](const char *name, auto &function) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      found.isComplete &= function != nullptr;
    };
    resolve("MKL_Set_Interface_Layer", found.setInterface);
    resolve("MKL_Set_Threading_Layer", found.setThreading);
    resolve("MKL_Get_Version_String", found.version);
    resolve("mkl_sparse_s_create_csr", found.createCsr);
    resolve("mkl_sparse_set_mm_hint", found.setHint);
    resolve("mkl_sparse_optimize", found.optimize);
    resolve("mkl_sparse_s_mm", found.multiply);
    resolve("mkl_sparse_destroy", found.destroy);
    if (found.isComplete) {
      found.setInterface(kLp64);
      found.setThreading(kSequential);
    }
    return found;
  }();
  return mkl;
}

std::string spnn::bench::mklVersion() {
  const Mkl &mkl = getMkl();
  if (!mkl.isComplete)
    return "";
  char text[200] = "";
  mkl.version(text, sizeof(text) - 1);
  // "Intel(R) oneAPI Math Kernel Library Version 2024.0-Product Build ... for Intel(R) 64 architecture applications"
  std::string version = text;
  size_t begin = version.find("Version "), end = version.find_first_of(" -", begin + 8);
  return begin == std::string::npos ? version : version.substr(begin + 8, end - begin - 8);
}

std::vector<PeerVariant> spnn::bench::makeMklPeers(const std::vector<Matrix> &matrices, const Operands &operands) {
  const Mkl &mkl = getMkl();
  if (!mkl.isComplete)
    return {};
  /// Handles read the arrays of the matrices, which outlive the peers.
  struct Handles {
    std::vector<Handle> all;
    ~Handles() {
      for (Handle handle : all)
        getMkl().destroy(handle);
    }
  };
  auto handles = std::make_shared<Handles>();
  int32_t n = static_cast<int32_t>(operands.columns);
  for (const Matrix &matrix : matrices) {
    auto *positions = const_cast<int32_t *>(matrix.positions.data());
    Handle handle = nullptr;
    if (mkl.createCsr(&handle, kZeroBased, static_cast<int32_t>(matrix.rows), static_cast<int32_t>(matrix.cols),
                      positions, positions + 1, const_cast<int32_t *>(matrix.indices.data()),
                      const_cast<float *>(matrix.values.data())))
      return {};
    handles->all.push_back(handle);
    // Both may say that there is nothing to do, which is no error.
    mkl.setHint(handle, kNoTranspose, {}, kRowMajor, n, 100000);
    mkl.optimize(handle);
  }
  const float *x = operands.x;
  float *y = operands.y;
  auto run = [=, &mkl](int i) { mkl.multiply(kNoTranspose, 1, handles->all[i], {}, kRowMajor, x, n, n, 0, y, n); };
  return {{"mkl", "mkl_sparse_s_mm, optimized", false, false, static_cast<int>(matrices.size()), run}};
}
