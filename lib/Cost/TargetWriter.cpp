//===- TargetWriter.cpp - Target descriptions to JSON ---------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes target descriptions as JSON.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/TargetDescription.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <cstdlib>
#include <limits>

using namespace spnn::cost;
using llvm::StringRef;

/// The shortest decimal that reads back as `value`; llvm::json prints 17
/// digits.
static std::string printNumber(double value) {
  char text[40];
  for (int digits = 6; digits <= std::numeric_limits<double>::max_digits10;
       ++digits) {
    snprintf(text, sizeof(text), "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  return text;
}

static void printAttribute(llvm::json::OStream &json, StringRef field,
                           double value) {
  json.attributeBegin(field);
  json.rawValue(printNumber(value));
  json.attributeEnd();
}

static void printKernel(llvm::json::OStream &json,
                        const KernelCoefficients &kernel) {
  auto number = [&](StringRef field, double value) {
    if (value != 0)
      printAttribute(json, field, value);
  };
  if (kernel.vectorizesRows)
    json.attribute("vectorizesRows", true);
  if (!kernel.kappa.empty()) {
    json.attribute("panelVectors", kernel.panelVectors);
    json.attributeArray("kappa", [&] {
      for (const KappaPoint &point : kernel.kappa)
        json.rawValue("{\"density\": " + printNumber(point.density) +
                      ", \"cycles\": " + printNumber(point.cycles) + "}");
    });
  }
  number("perEntryCycles", kernel.perEntryCycles);
  number("perRowCycles", kernel.perRowCycles);
  number("perTileCycles", kernel.perTileCycles);
  number("perDramByteCycles", kernel.perDramByteCycles);
  number("perNonzeroMatvecNs", kernel.perNonzeroMatvecNs);
  number("perPositionMatvecNs", kernel.perPositionMatvecNs);
  number("perRowMatvecNs", kernel.perRowMatvecNs);
}

static void printGrid(llvm::json::OStream &json, StringRef field,
                      const Grid &grid, StringRef x, StringRef y) {
  if (grid.values.empty())
    return;
  auto list = [](const std::vector<double> &numbers) {
    std::string text;
    for (double number : numbers)
      text += (text.empty() ? "" : ", ") + printNumber(number);
    return "[" + text + "]";
  };
  json.attributeObject(field, [&] {
    json.attributeBegin(x);
    json.rawValue(list(grid.x));
    json.attributeEnd();
    json.attributeBegin(y);
    json.rawValue(list(grid.y));
    json.attributeEnd();
    json.attributeArray("values", [&] {
      for (const std::vector<double> &row : grid.values)
        json.rawValue(list(row));
    });
  });
}

std::string spnn::cost::printTarget(const TargetDescription &target) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, /*IndentSize=*/2);
  auto number = [&](StringRef field, double value) {
    printAttribute(json, field, value);
  };
  json.object([&] {
    json.attribute("version", targetFileVersion);
    json.attribute("name", target.name);
    json.attribute("source", target.source);
    json.attribute("llvmCpu", target.llvmCpu);
    json.attribute("vectorBytes", target.vectorBytes);
    json.attribute("hasFma", target.hasFma);
    number("frequencyGHz", target.frequencyGHz);
    number("fmaPerCycle", target.fmaPerCycle);
    json.attributeObject("cacheBytes", [&] {
      json.attribute("l1d", target.l1Bytes);
      json.attribute("l2", target.l2Bytes);
      json.attribute("l3", target.l3Bytes);
    });
    json.attributeObject("bandwidthGBs", [&] {
      number("l1", target.bandwidth.l1);
      number("l2", target.bandwidth.l2);
      number("l3", target.bandwidth.l3);
      number("dram", target.bandwidth.dram);
      if (target.bandwidth.repack != 0)
        number("repack", target.bandwidth.repack);
      if (target.bandwidth.repackL3 != 0)
        number("repackL3", target.bandwidth.repackL3);
    });
    json.attribute("cores", target.cores);
    number("parallelRegionMicroseconds", target.parallelRegionMicroseconds);
    if (!target.spmmEdgeNs.values.empty() ||
        !target.gemmGflops.values.empty() ||
        !target.gemmLongInnerGflops.values.empty() ||
        target.attentionScoreNs != 0)
      json.attributeObject("products", [&] {
        if (target.spmmRowNs != 0)
          number("spmmRowNs", target.spmmRowNs);
        printGrid(json, "spmmEdgeNs", target.spmmEdgeNs, "columns", "bytes");
        printGrid(json, "gemmGflops", target.gemmGflops, "inner", "columns");
        printGrid(json, "gemmLongInnerGflops", target.gemmLongInnerGflops,
                  "rows", "columns");
        if (target.attentionScoreNs != 0)
          number("attentionScoreNs", target.attentionScoreNs);
        if (target.attentionCoefficientEdgeNs != 0)
          number("attentionCoefficientEdgeNs",
                 target.attentionCoefficientEdgeNs);
      });
    json.attributeObject("kernels", [&] {
      for (const auto &[name, kernel] : target.kernels) {
        const KernelCoefficients &coefficients = kernel;
        json.attributeObject(name, [&] { printKernel(json, coefficients); });
      }
    });
  });
  os << '\n';
  return text;
}

llvm::Error spnn::cost::saveTarget(const TargetDescription &target,
                                   StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os << printTarget(target);
    os.close();
    error = os.error();
    os.clear_error(); // otherwise the destructor ends the process
  }
  if (error)
    return llvm::createStringError(error, path + ": " + error.message());
  return llvm::Error::success();
}
