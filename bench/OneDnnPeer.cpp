//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// oneDNN as the dense reference.
//
//===----------------------------------------------------------------------===//
#include "Peers.h"

#include "llvm/ADT/StringRef.h"

#include <dnnl.hpp>

#include <unordered_map>

using namespace spnn::bench;
using Memory = dnnl::memory;

std::string spnn::bench::oneDnnVersion() {
  const dnnl_version_t *version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
}

namespace {
/// One matmul primitive with its arguments. `weights` names the operand that holds W; it is reordered once into the
/// layout that the primitive likes best.
struct Primitive {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::matmul matmul;
  std::unordered_map<int, Memory> arguments;
};

/// dst[rows][cols] = src[rows][inner] weights[inner][cols], tags as the plain operands lie. Null if oneDNN has no
/// optimised code for it.
std::shared_ptr<Primitive> makePrimitive(int64_t rows, int64_t inner, int64_t cols, Memory::format_tag srcTag,
                                         Memory::format_tag weightsTag, Memory::format_tag dstTag, const float *src,
                                         const float *weights, float *dst, bool constantIsSrc) {
  auto result = std::make_shared<Primitive>();
  auto desc = [](int64_t r, int64_t c, Memory::format_tag tag) {
    return Memory::desc({r, c}, Memory::data_type::f32, tag);
  };
  auto any = Memory::format_tag::any;
  Memory::desc srcPlain = desc(rows, inner, srcTag), weightsPlain = desc(inner, cols, weightsTag);
  dnnl::matmul::desc description(constantIsSrc ? desc(rows, inner, any) : srcPlain,
                                 constantIsSrc ? weightsPlain : desc(inner, cols, any), desc(rows, cols, dstTag));
  dnnl::matmul::primitive_desc primitive(description, result->engine);
  // The reference loops would take a second a call.
  if (llvm::StringRef(primitive.impl_info_str()).starts_with("ref"))
    return nullptr;
  result->matmul = dnnl::matmul(primitive);
  Memory srcMemory(srcPlain, result->engine, const_cast<float *>(src));
  Memory weightsMemory(weightsPlain, result->engine, const_cast<float *>(weights));
  Memory &constant = constantIsSrc ? srcMemory : weightsMemory;
  Memory::desc wanted = constantIsSrc ? primitive.src_desc() : primitive.weights_desc();
  if (wanted != constant.get_desc()) {
    Memory packed(wanted, result->engine);
    dnnl::reorder(constant, packed).execute(result->stream, constant, packed);
    result->stream.wait();
    constant = packed;
  }
  result->arguments = {{DNNL_ARG_SRC, srcMemory},
                       {DNNL_ARG_WEIGHTS, weightsMemory},
                       {DNNL_ARG_DST, Memory(desc(rows, cols, dstTag), result->engine, dst)}};
  return result;
}
} // namespace

std::vector<PeerVariant> spnn::bench::makeOneDnnPeers(const Matrix &matrix, const Operands &operands) {
  int64_t m = matrix.rows, k = matrix.cols, n = operands.columns;
  const float *w = matrix.dense.data(), *x = operands.x, *xt = operands.xTransposed;
  float *y = operands.y;
  std::vector<PeerVariant> variants;
  auto add = [&](const char *variant, bool linear, std::function<void(int)> run) {
    variants.push_back({"onednn", variant, linear, false, 1, std::move(run)});
  };
  add("sgemm", false, [=](int) { dnnl_sgemm('N', 'N', m, n, k, 1, w, k, x, n, 0, y, n); });
  add("sgemm", true, [=](int) { dnnl_sgemm('N', 'T', n, m, k, 1, xt, k, w, k, 0, y, m); });
  auto addPrimitive = [&](const char *variant, bool linear, int64_t rows, int64_t cols, Memory::format_tag srcTag,
                          Memory::format_tag weightsTag, Memory::format_tag dstTag, const float *src,
                          const float *weights, bool constantIsSrc) {
    try {
      auto primitive = makePrimitive(rows, k, cols, srcTag, weightsTag, dstTag, src, weights, y, constantIsSrc);
      if (!primitive)
        return;
      auto run = [primitive](int) {
        primitive->matmul.execute(primitive->stream, primitive->arguments);
        primitive->stream.wait();
      };
      // Some that can be made cannot be executed, on a single column for one.
      run(0);
      add(variant, linear, run);
    } catch (const dnnl::error &) {
      // This version has no such primitive; the others remain.
    }
  };
  auto ab = Memory::format_tag::ab, ba = Memory::format_tag::ba;
  addPrimitive("matmul W X, W packed", false, m, n, ab, ab, ab, w, x, true);
  addPrimitive("matmul X^T W^T, W packed", false, n, m, ba, ba, ba, x, w, false);
  addPrimitive("matmul X W^T, W packed", true, n, m, ab, ba, ab, xt, w, false);
  return variants;
}
