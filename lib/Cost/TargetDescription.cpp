//===- TargetDescription.cpp - What a machine can do ----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The built-in target descriptions, and the choice of one for the host.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/TargetDescription.h"

#include "BuiltinTargets.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/TargetParser/Host.h"

using namespace spnn::cost;
using llvm::StringRef;

double KernelCoefficients::getKappa(double density) const {
  if (kappa.empty())
    return 0;
  // Written so that a NaN falls to the first point.
  if (!(density > kappa.front().density))
    return kappa.front().cycles;
  if (density >= kappa.back().density)
    return kappa.back().cycles;
  size_t i = 1;
  while (kappa[i].density < density)
    ++i;
  const KappaPoint &low = kappa[i - 1], &high = kappa[i];
  double along = (density - low.density) / (high.density - low.density);
  double lowCost = low.density * low.cycles;
  double highCost = high.density * high.cycles;
  return (lowCost + along * (highCost - lowCost)) / density;
}

const KernelCoefficients *
TargetDescription::findKernel(StringRef kernel) const {
  auto it = kernels.find(kernel.str());
  return it == kernels.end() ? nullptr : &it->second;
}

static std::vector<TargetDescription> parseBuiltinTargets() {
  std::vector<TargetDescription> targets;
  for (size_t i = 0; i < detail::numBuiltinTargets; ++i) {
    llvm::Expected<TargetDescription> target =
        parseTarget(detail::builtinTargets[i], "built-in target");
    // The texts are part of the library, and a unit test reads them all.
    if (!target)
      llvm::report_fatal_error(target.takeError());
    targets.push_back(std::move(*target));
  }
  return targets;
}

llvm::ArrayRef<TargetDescription> spnn::cost::getBuiltinTargets() {
  static const std::vector<TargetDescription> targets = parseBuiltinTargets();
  return targets;
}

const TargetDescription *spnn::cost::findTarget(StringRef name) {
  for (const TargetDescription &target : getBuiltinTargets())
    if (target.name == name)
      return &target;
  return nullptr;
}

StringRef spnn::cost::pickTargetName(const llvm::StringMap<bool> &features) {
  auto has = [&](StringRef feature) { return features.lookup(feature); };
  // What x86-64-v4 and x86-64-v3 add over their predecessors, as far as the
  // kernels use it.
  if (has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl"))
    return "generic-avx512";
  if (has("avx2") && has("fma"))
    return "generic-avx2";
  return "generic-128";
}

StringRef spnn::cost::detectHostName() {
  return pickTargetName(llvm::sys::getHostCPUFeatures());
}
