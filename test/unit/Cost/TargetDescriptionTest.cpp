//===- TargetDescriptionTest.cpp - Tests of target descriptions -----------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The built-in descriptions, files and their refusals, the choice for a host.
//
//===----------------------------------------------------------------------===//

#include "PrototypeTarget.h"

#include "spnn/Cost/TargetDescription.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

using namespace spnn::cost;
using llvm::StringRef;

namespace {

// What select-formats asks for.
const char *const kernelNames[] = {"dense", "csr", "block", "nm", "bitmap-matvec"};

TEST(TargetDescriptionTest, BuiltinTargets) {
  EXPECT_EQ(getBuiltinTargets().size(), 3u);
  unsigned vectorBytes = 64;
  for (const char *name : {"generic-avx512", "generic-avx2", "generic-128"}) {
    const TargetDescription *target = findTarget(name);
    ASSERT_NE(target, nullptr) << name;
    EXPECT_EQ(target->name, name);
    EXPECT_EQ(target->vectorBytes, vectorBytes);
    vectorBytes /= 2;
    for (const char *kernel : kernelNames)
      EXPECT_NE(target->findKernel(kernel), nullptr) << name << " " << kernel;
    EXPECT_EQ(target->findKernel("csr-"), nullptr);
  }
  EXPECT_EQ(findTarget("generic"), nullptr);
}

TEST(TargetDescriptionTest, PicksByFeatures) {
  llvm::StringMap<bool> features;
  EXPECT_EQ(pickTargetName(features), "generic-128");
  features["avx2"] = true;
  features["fma"] = false;
  EXPECT_EQ(pickTargetName(features), "generic-128");
  features["fma"] = true;
  EXPECT_EQ(pickTargetName(features), "generic-avx2");
  features["avx512f"] = true; // Knights Landing had no more than this
  EXPECT_EQ(pickTargetName(features), "generic-avx2");
  features["avx512bw"] = features["avx512dq"] = features["avx512vl"] = true;
  EXPECT_EQ(pickTargetName(features), "generic-avx512");
  EXPECT_NE(findTarget(detectHostName()), nullptr);
}

TEST(TargetDescriptionTest, KappaTable) {
  KernelCoefficients kernel;
  EXPECT_EQ(kernel.getKappa(0.5), 0);
  kernel.kappa = {{0.1, 2}, {0.5, 1}};
  EXPECT_EQ(kernel.getKappa(0), 2);
  EXPECT_EQ(kernel.getKappa(0.1), 2);
  EXPECT_EQ(kernel.getKappa(0.5), 1);
  EXPECT_EQ(kernel.getKappa(1), 1);
  EXPECT_EQ(kernel.getKappa(std::nan("")), 2);
  // Cycles per position: 0.2 at 0.1 and 0.5 at 0.5, hence 0.35 half way.
  EXPECT_DOUBLE_EQ(kernel.getKappa(0.3), 0.35 / 0.3);
}

TEST(TargetDescriptionTest, PrintedTextReadsBack) {
  for (const TargetDescription &target : getBuiltinTargets()) {
    std::string text = printTarget(target);
    auto again = parseTarget(text, "again");
    ASSERT_TRUE(static_cast<bool>(again)) << llvm::toString(again.takeError());
    EXPECT_EQ(printTarget(*again), text);
    EXPECT_EQ(again->kernels.size(), target.kernels.size());
    EXPECT_EQ(again->findKernel("csr")->getKappa(0.17),
              target.findKernel("csr")->getKappa(0.17));
  }
}

TEST(TargetDescriptionTest, SavesAndLoads) {
  TargetDescription target = *findTarget("generic-avx2");
  target.name = "mine";
  target.frequencyGHz = 1.0 / 3;
  std::string path = testing::TempDir() + "spnn-target-test.json";
  ASSERT_FALSE(static_cast<bool>(saveTarget(target, path)));
  auto loaded = loadTarget(path);
  std::remove(path.c_str());
  ASSERT_TRUE(static_cast<bool>(loaded)) << llvm::toString(loaded.takeError());
  EXPECT_EQ(loaded->name, "mine");
  EXPECT_EQ(loaded->frequencyGHz, 1.0 / 3);
}

TEST(TargetDescriptionTest, FileErrorsNameTheFile) {
  std::string path = testing::TempDir() + "no-such-folder/target.json";
  std::string problem = llvm::toString(loadTarget(path).takeError());
  EXPECT_EQ(problem.find(path + ": "), 0u) << problem;
  problem = llvm::toString(saveTarget(*findTarget("generic-128"), path));
  EXPECT_EQ(problem.find(path + ": "), 0u) << problem;
}

/// The problem of a description with `from` replaced by `to`.
std::string replaceAndParse(StringRef from, StringRef to) {
  std::string text = printTarget(llvm::cantFail(parseTarget(kPrototypeTarget, "prototypes")));
  size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos) << from.str();
  text.replace(at, from.size(), to.str());
  auto target = parseTarget(text, "t.json");
  return target ? "accepted" : llvm::toString(target.takeError());
}

TEST(TargetDescriptionTest, RefusesFields) {
  EXPECT_EQ(replaceAndParse("prototypes", "others"), "accepted");
  EXPECT_EQ(replaceAndParse("\"version\": 1", "\"version\": 2"),
            "t.json: version: must be 1, got 2");
  EXPECT_EQ(replaceAndParse("\"version\": 1,", ""),
            "t.json: version: is missing");
  EXPECT_EQ(replaceAndParse("\"llvmCpu\"", "\"cpu\""),
            "t.json: llvmCpu: is missing");
  EXPECT_EQ(replaceAndParse("\"cores\": 0", "\"cores\": 0, \"core\": 1"),
            "t.json: core: is not a known field");
  EXPECT_EQ(replaceAndParse("\"vectorBytes\": 64", "\"vectorBytes\": 24"),
            "t.json: vectorBytes: must be 16, 32 or 64, got 24");
  EXPECT_EQ(replaceAndParse("\"hasFma\": true", "\"hasFma\": 1"),
            "t.json: hasFma: must be true or false");
  EXPECT_EQ(replaceAndParse("\"frequencyGHz\": 4.17", "\"frequencyGHz\": -1"),
            "t.json: frequencyGHz: must be positive, got -1.000000");
  EXPECT_EQ(replaceAndParse("\"l1d\": 49152", "\"l1d\": 9999999"),
            "t.json: cacheBytes.l2: must be at least cacheBytes.l1d, 9999999, "
            "got 1048576");
  EXPECT_EQ(replaceAndParse("\"dram\": 36", "\"dram\": \"fast\""),
            "t.json: bandwidthGBs.dram: must be a number");
  EXPECT_EQ(replaceAndParse("\"cores\": 0", "\"cores\": 1.5"),
            "t.json: cores: must be an integer");
  EXPECT_EQ(replaceAndParse("\"cores\": 0", "\"cores\": -2"),
            "t.json: cores: must be at least 0, got -2");
}

TEST(TargetDescriptionTest, RefusesKernels) {
  EXPECT_EQ(replaceAndParse("\"panelVectors\": 4", "\"panelVectors\": 0"),
            "t.json: kernels.block.panelVectors: must be at least 1, got 0");
  EXPECT_EQ(replaceAndParse("\"density\": 0.1,", "\"density\": 0.05,"),
            "t.json: kernels.csr.kappa[1].density: must be more than the "
            "density before it");
  EXPECT_EQ(replaceAndParse("\"cycles\": 1.71", "\"cycles\": 0.1"),
            "t.json: kernels.csr.kappa[4].cycles: times the density must not "
            "be less than at the point before it: a denser matrix must not "
            "cost less");
  EXPECT_EQ(replaceAndParse("\"density\": 0.7,", "\"density\": 70,"),
            "t.json: kernels.csr.kappa[5].density: must be at most 1, got "
            "70.000000");
  // Without a matvec coefficient a kernel needs its table.
  EXPECT_EQ(replaceAndParse("\"perPositionMatvecNs\": 0.041", ""),
            "t.json: kernels.bitmap-matvec.panelVectors: is missing");
}

TEST(TargetDescriptionTest, RefusesWhatIsNoDescription) {
  auto parse = [](StringRef text) {
    return llvm::toString(parseTarget(text, "t.json").takeError());
  };
  EXPECT_EQ(parse("[]"), "t.json: document: must be an object");
  EXPECT_EQ(parse(std::string(1000000, '[')),
            "t.json: document: is nested too deeply");
  EXPECT_EQ(parse("").find("t.json: "), 0u);
  EXPECT_EQ(parse("{\"version\": ").find("t.json: "), 0u);
  EXPECT_EQ(parse("{}"), "t.json: version: is missing");
}

} // namespace
