//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shows on a terminal which pass runs.
//
//===----------------------------------------------------------------------===//
#include "PassProgress.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace {
/// MLIR calls instrumentations under a lock, so nested passes on several threads do no harm.
class PassProgress : public PassInstrumentation {
public:
  PassProgress(PassManager &pm, spnn::Progress &progress) : pm(pm), progress(progress) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    // Only now, because the pass manager merges adjacent nested pipelines when it begins to run.
    if (positions.empty())
      for (auto [i, topLevel] : llvm::enumerate(pm.getPasses()))
        positions[&topLevel] = i + 1;
    if (auto found = positions.find(pass); found != positions.end())
      position = found->second;
    // What runs a nested pipeline is a pass without a flag; the passes inside have names to show.
    if (pass->getArgument().empty())
      return;
    running.push_back(pass);
    show();
  }
  void runAfterPass(Pass *pass, Operation *op) override { finish(pass); }
  void runAfterPassFailed(Pass *pass, Operation *op) override { finish(pass); }

private:
  void show() {
    progress.show(llvm::formatv("[{0}/{1}] {2}", position, positions.size(), running.back()->getArgument()).str());
  }
  void finish(Pass *pass) {
    // Others print after a pass, such as --explain. The last instrumentation is the first to hear that a pass is over.
    progress.clear();
    llvm::erase(running, pass);
    // It was nested in another, or ran beside it on another function.
    if (!running.empty())
      show();
  }

  PassManager &pm;
  spnn::Progress &progress;
  llvm::DenseMap<const Pass *, size_t> positions;
  size_t position = 0;
  SmallVector<Pass *> running;
};
} // namespace

void spnn::addProgress(PassManager &pm, Progress &progress) {
  pm.addInstrumentation(std::make_unique<PassProgress>(pm, progress));
}
